"""Random small worlds: records, pairs, judgements and citizens, in DuckDB and as plain values.

Many worlds share one database; their records, IDs and judgements are disjoint.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import duckdb
import pyarrow as pa

from mdm.domain.identity import IdFacts, IdState, citizen_id
from mdm.domain.judgement import Judgement, JudgementState, Verdict, refuse_contradiction
from mdm.domain.record_facts import RecordFacts
from mdm.domain.scored_pair import ScoredPair
from mdm.errors import JudgementConflictError

REVIEW, LINK, FRACTURE, MARGIN = 0.0, 7.0, 2.0, 3.0
_NAMES = (
    "MARIA SILVA", "MARIA JULIA SILVA", "MARIA CLARA SILVA", "JOAO SILVA", "JOANA SILVA",
    "PEDRO LIMA", None,
)  # fmt: skip
_MOTHERS = ("ROSA SILVA", "ROSA LIMA SILVA", None)
_BORN = (date(2015, 3, 2), date(2015, 3, 2), date(1980, 1, 1), None)


@dataclass
class World:
    """One world, as plain values."""

    facts: dict[int, RecordFacts] = field(default_factory=dict)
    pairs: list[ScoredPair] = field(default_factory=list)
    judgements: list[Judgement] = field(default_factory=list)
    membership: dict[int, str] = field(default_factory=dict)
    statuses: dict[int, str] = field(default_factory=dict)
    ids: dict[str, IdFacts] = field(default_factory=dict)
    told: dict[tuple[str, int], frozenset[str]] = field(default_factory=dict)


def draw_world(seed: int, first: int) -> World:
    """A world whose records are numbered from `first`; calm or quarrelsome as the seed has it."""
    rng = random.Random(seed)
    world = World()
    spice = rng.choice((0.0, 0.15, 0.5))
    records = [first + n for n in range(rng.randint(2, 9))]
    for record_id in records:
        world.facts[record_id] = _facts(rng, record_id, spice, first)
    for record_id in records:
        if rng.random() < spice * 0.15:
            into = rng.choice([r for r in records if r != record_id])
            world.facts[record_id] = _with(world.facts[record_id], superseded_by=into, active=False)
    for left in records:
        for right in records:
            if left < right and rng.random() < 0.45:
                weight = rng.choice((rng.uniform(0, 7), rng.uniform(7, 20), 9.0, 6.9, 7.0, 2.0))
                world.pairs.append(ScoredPair(left, right, round(weight, 6)))
    _judge(rng, world, records, spice, first)
    _place(rng, world, records, first)
    return world


def _facts(rng: random.Random, record_id: int, spice: float, first: int) -> RecordFacts:
    def maybe(value: object, share: float = 1.0) -> object | None:
        return value if rng.random() < spice * share else None

    # Records of equal names, born on one day, differ in nothing but their twin marks.
    twins = first % 3 == 0
    name = "MARIA SILVA" if twins or not spice else rng.choice(_NAMES)
    born = _BORN[0] if twins else rng.choice(_BORN) if spice else None
    mother = "ROSA SILVA" if twins else rng.choice(_MOTHERS)
    source = rng.choice(("health", "school"))
    died = maybe(date(2020, 5, 5), 0.3)
    return RecordFacts(
        record_id=record_id,
        source=source,
        household_key=maybe(f"{source}|{first}-{rng.randint(1, 3)}"),  # type: ignore[arg-type]
        class_key=maybe(f"{source}||{first}-{rng.randint(1, 3)}", 0.5),  # type: ignore[arg-type]
        own_cpf=maybe(f"{rng.randint(1, 2)}"),  # type: ignore[arg-type]
        own_cpf_by=_stewards(record_id) if spice else frozenset(),
        documents=_documents(record_id) if spice else frozenset(),
        social=_social(record_id) if spice else (),
        name=() if name is None else tuple(name.split()),
        name_phonetic=() if name is None else tuple(name.split()),
        twin_order=rng.randint(0, 2) if twins and rng.random() < 0.3 else None,
        mother=() if mother is None else tuple(mother.split()),
        birth_date=born,
        deceased_on=died,  # type: ignore[arg-type]
        last_activity=maybe(date(2020, 5, 5) + timedelta(days=rng.choice((10, 90)))),  # type: ignore[arg-type]
        restricted=rng.random() < spice * 0.2,
        active=rng.random() > spice * 0.3,
    )


def _stewards(record_id: int) -> frozenset[str]:
    """Who judged the CPF to be the record's own: mostly nobody."""
    rng = random.Random(record_id)
    return frozenset(rng.sample(("ana", "rui"), rng.choice((0, 0, 1, 2))))


def _documents(record_id: int) -> frozenset[tuple[str, str]]:
    """Numbers that it shares with half of the others that have one of the kind."""
    rng = random.Random(f"documents {record_id}")
    kinds = rng.sample(("social", "certificate", "dnv", "school"), rng.choice((0, 0, 1, 2, 4)))
    return frozenset((kind, rng.choice(("1", "2", "12"))) for kind in kinds)


def _social(record_id: int) -> tuple[str, ...]:
    rng = random.Random(f"social {record_id}")
    return tuple((rng.choice(_NAMES) or "").split()) if rng.random() < 0.2 else ()


def _with(facts: RecordFacts, **changes: object) -> RecordFacts:
    values = {name: getattr(facts, name) for name in RecordFacts.__slots__}
    return RecordFacts(**{**values, **changes})


def _judge(rng: random.Random, world: World, records: list[int], spice: float, first: int) -> None:
    for number in range(rng.choice((0, 0, 1, 3)) if spice else 0):
        left, right = sorted(rng.sample(records, 2))
        new = Judgement(first + number, rng.choice(list(Verdict)), left, right)
        try:
            refuse_contradiction(new, world.judgements)
        except JudgementConflictError:
            continue
        state = rng.choice((JudgementState.ACTIVE, JudgementState.ACTIVE, JudgementState.SUSPENDED))
        known = [j for j in world.judgements if j.pair == new.pair]
        if not known:
            world.judgements.append(Judgement(new.judgement_id, new.verdict, left, right, state))


def _place(rng: random.Random, world: World, records: list[int], first: int) -> None:
    """Citizens of today: every ID follows its anchor, each citizen has the oldest of its IDs."""
    if rng.random() < 0.3:
        return
    placed = [r for r in records if rng.random() < 0.7]
    citizens: dict[int, list[int]] = {}
    for record_id in placed:
        citizens.setdefault(rng.randint(1, 3), []).append(record_id)
    pending = [r for r in records if r not in placed]
    seq = first * 10
    restricted = frozenset(r for r in records if world.facts[r].restricted)
    for members in citizens.values():
        candidates = [r for r in members if r not in restricted] or members
        anchors = [rng.choice(candidates), *rng.sample(members, rng.randint(0, len(members) - 1))]
        mine = []
        for anchor in anchors:
            seq += 1
            founder = anchor if rng.random() < 0.85 else rng.choice(records)
            mine.append(
                IdFacts(municipal_id=f"I{seq}", founder=founder, anchor=anchor, minted_seq=seq)
            )
        # Some records were not restricted yet, or still were, when the citizen got its ID.
        flags = rng.choice((restricted, restricted, frozenset[int](), frozenset(members[:1])))
        named = citizen_id(members, mine, flags) or citizen_id(members, mine)
        assert named is not None
        world.ids |= {facts.municipal_id: facts for facts in mine}
        world.membership |= dict.fromkeys(members, named)
    for record_id in pending:
        if rng.random() < 0.3:
            seq += 1
            world.ids[f"I{seq}"] = IdFacts(
                municipal_id=f"I{seq}", founder=record_id, anchor=record_id, minted_seq=seq,
                state=IdState.WITHDRAWN,
            )  # fmt: skip
    statuses = ("alone", "automatic", "confirmed")
    world.statuses = {r: rng.choice(statuses) for r in world.membership}
    for record_id, municipal_id in world.membership.items():
        if rng.random() < 0.3:
            systems = rng.sample(("crm", "portal", "feed"), rng.randint(1, 2))
            world.told[municipal_id, rng.choice((record_id, record_id, 0))] = frozenset(systems)


def _last(key: str | None) -> str | None:
    return None if key is None else key.rsplit("|", 1)[1]


def _numbers(
    facts: RecordFacts,
) -> tuple[list[str], str | None, str | None, str | None, str | None]:
    """CNS, NIS, birth certificate, DNV and INEP number: a social number of even length is a CNS."""
    of = {kind: number for kind, number in facts.documents if kind != "social"}
    social = sorted(number for kind, number in facts.documents if kind == "social")
    cns = [number for number in social if len(number) % 2 == 0]
    nis = next((number for number in social if len(number) % 2), None)
    return cns, nis, of.get("certificate"), of.get("dnv"), of.get("school")


def _text(tokens: tuple[str, ...]) -> str | None:
    return " ".join(tokens) if tokens else None


_STANDARD = {
    "record_id": "BIGINT", "source": "VARCHAR", "household_id": "VARCHAR", "class_code": "VARCHAR",
    "unit_code": "VARCHAR", "cpf": "VARCHAR", "name": "VARCHAR", "name_phonetic": "VARCHAR",
    "suffix": "VARCHAR", "name_kind": "VARCHAR", "twin_order": "SMALLINT", "mother": "VARCHAR",
    "birth_date": "DATE", "deceased_on": "DATE", "last_contact_on": "DATE", "restricted": "BOOLEAN",
    "service_since": "DATE", "updated_at": "TIMESTAMP", "social_name": "VARCHAR",
    "cns": "VARCHAR[]", "nis": "VARCHAR", "birth_certificate": "VARCHAR", "dnv": "VARCHAR",
    "inep_id": "VARCHAR",
}  # fmt: skip


def write_worlds(con: duckdb.DuckDBPyConnection, worlds: list[World]) -> None:
    """The tables that deciding reads."""
    facts = [f for world in worlds for f in world.facts.values()]
    _table(
        con,
        "standard",
        _STANDARD,
        [
            (
                f.record_id, f.source, _last(f.household_key), _last(f.class_key), None, f.own_cpf,
                _text(f.name), _text(f.name_phonetic), f.suffix, f.name_kind, f.twin_order,
                _text(f.mother),
                f.birth_date, f.deceased_on, f.last_activity,
                # Half of the flags come from the source, the others were set by a person.
                f.restricted and f.record_id % 2 == 0,
                None, None, _text(f.social), *_numbers(f),
            )
            for f in facts
        ],
    )  # fmt: skip
    states = {"record_id": "BIGINT", "state": "VARCHAR", "restricted": "BOOLEAN"}
    _table(con, "record_state", states, [(f.record_id, _state(f), f.restricted) for f in facts])
    merges = [(f.record_id, f.superseded_by) for f in facts if f.superseded_by is not None]
    _table(con, "source_merge", {"record_id": "BIGINT", "into_id": "BIGINT"}, merges)
    flags = {"record_id": "BIGINT", "cpf": "BOOLEAN", "cns": "BOOLEAN", "nis": "BOOLEAN"}
    _table(con, "not_own", flags, [])
    stewards = {"record_id": "BIGINT", "stewards": "VARCHAR[]"}
    said = [(f.record_id, sorted(f.own_cpf_by)) for f in facts if f.own_cpf_by]
    _table(con, "own_cpf_by", stewards, said)
    owned = {"record_id": "BIGINT", "identifier": "VARCHAR", "value": "VARCHAR", "state": "VARCHAR"}
    _table(con, "ownership", owned, [])
    scored = {"record_l": "BIGINT", "record_r": "BIGINT", "match_weight": "DOUBLE",
              "pattern": "BIGINT"}  # fmt: skip
    pairs = [p for world in worlds for p in world.pairs]
    _table(con, "scored", scored, [(p.record_l, p.record_r, p.match_weight, 0) for p in pairs])
    placed = {"record_id": "BIGINT", "municipal_id": "VARCHAR", "link_status": "VARCHAR"}
    members = [
        (record_id, municipal_id, world.statuses[record_id])
        for world in worlds
        for record_id, municipal_id in world.membership.items()
    ]
    _table(con, "placed", placed, members)
    columns = {"municipal_id": "VARCHAR", "founder_record_id": "BIGINT",
               "anchor_record_id": "BIGINT", "minted_seq": "BIGINT", "state": "VARCHAR",
               "ambiguous_until": "VARCHAR"}  # fmt: skip
    ids = [i for world in worlds for i in world.ids.values()]
    rows = [(i.municipal_id, i.founder, i.anchor, i.minted_seq, i.state.value, None) for i in ids]
    _table(con, "id_fact", columns, rows)


def _state(facts: RecordFacts) -> str:
    return "present" if facts.active else "withdrawn"


def _table(
    con: duckdb.DuckDBPyConnection,
    name: str,
    columns: dict[str, str],
    rows: Sequence[tuple[object, ...]],
) -> None:
    kinds = {"VARCHAR": pa.string(), "DATE": pa.date32(), "TIMESTAMP": pa.timestamp("us"),
             "BOOLEAN": pa.bool_(),
             "DOUBLE": pa.float64(), "SMALLINT": pa.int16(),
             "VARCHAR[]": pa.list_(pa.string())}  # fmt: skip
    arrays = {
        column: pa.array([row[n] for row in rows], kinds.get(kind, pa.int64()))
        for n, (column, kind) in enumerate(columns.items())
    }
    con.register("world_rows", pa.table(arrays))
    con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM world_rows")
    con.unregister("world_rows")
