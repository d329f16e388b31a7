"""The hand-written pairs of `tests/golden/pairs/`, decided as the registry decides.

A record is written in short: `both` holds what the two share, `left` and `right` the rest, `others`
the records that stand beside them, `crowd` how many strangers live at the same address. A number is
a name, `@a`: the same name is the same number within its pair, and no number is anybody's but by
chance. `@a~` has two neighbouring digits exchanged; a CNS whose name begins with a capital is a
definitive one; a birth certificate is named with its year, `@2018a`. `miss` says why the machine
does not do as the clerk would.
"""

import json
import tomllib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np

from mdm.clustering import decision
from mdm.clustering.constrained import cluster_component
from mdm.clustering.guards import pair_guards
from mdm.domain.ownership import IDENTIFIERS
from mdm.domain.record_facts import RecordFacts, documents
from mdm.domain.scored_pair import Guard, ScoredPair
from mdm.ingest.standardise_batch import standardise_payloads
from mdm.linkage.model import PersonModel
from mdm.linkage.ownership import decide_ownership
from mdm.linkage.pair_scorer import PairScorer, PairWeight
from mdm.linkage.plain_words import Evidence, findings_of, two_sentences
from mdm.linkage.settling import would_settle
from mdm.synth import numbers
from support.linkage_city import KEYS, TODAY
from support.linkage_run import prepared_one_by_one, rows_of

FOLDER: Final = Path(__file__).resolve().parents[1] / "golden" / "pairs"
POPULATION: Final = 1 << 21
"""The city's population class: 1.8 million records."""

LINKED: Final = "linked"
REVIEW: Final = "review"
APART: Final = "apart"
RIGHT: Final[Mapping[str, frozenset[str]]] = {
    "certainly": frozenset({LINKED}),
    "probably": frozenset({LINKED, REVIEW}),
    "unsure": frozenset({REVIEW}),
    "probably-not": frozenset({REVIEW, APART}),
    "certainly-not": frozenset({REVIEW, APART}),
}
"""Grade of a careful clerk -> what the machine may do with the pair.

Linked: one citizen without anybody asked. Review: two citizens, and a steward is asked. Apart: two
citizens, and nobody is asked. Of *certainly-not* no pair may be linked; of the others few may miss.
"""
_COLUMNS: Final = {
    "name": "full_name",
    "social": "social_name",
    "mother": "mother_name",
    "father": "father_name",
    "born": "birth_date",
    "cert": "birth_certificate",
    "inep": "inep_id",
    "seen": "last_contact_on",
    "died": "deceased_on",
    "household": "household_id",
    "class": "class_code",
    "unit": "unit_code",
    "guardian": "guardian_name",
}
_SOURCES: Final = {"left": "health", "right": "social", "others": "education"}
Record = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenPair:
    """A pair as a person wrote it; `records` are left, right and the others, canonical values."""

    pair_id: str
    trap: str
    grade: str
    reason: str
    records: tuple[Record, ...]
    miss: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the machine did with a pair, and why."""

    outcome: str
    weight: PairWeight
    guards: tuple[Guard, ...] = field(default=())
    not_theirs: frozenset[str] = frozenset()


def golden_pairs() -> list[GoldenPair]:
    """All pairs, in the order of the files."""
    return [
        _pair(written, path.stem.split("_", 1)[1])
        for path in sorted(FOLDER.glob("[0-9]*_*.toml"))
        for written in tomllib.loads(path.read_text("utf-8"))["pair"]
    ]


def _pair(written: Mapping[str, Any], trap: str) -> GoldenPair:
    own, both = str(written["id"]), written.get("both", {})
    sides = [("left", both | written["left"]), ("right", both | written["right"])]
    sides += [("others", other) for other in written.get("others", ())]
    sides += [("others", stranger) for stranger in _crowd(written.get("crowd", 0), both)]
    return GoldenPair(
        pair_id=own,
        trap=trap,
        grade=written["grade"],
        reason=written["reason"],
        records=tuple(
            _record({"source": _SOURCES[side], **values}, own, place)
            for place, (side, values) in enumerate(sides)
        ),
        miss=written.get("miss"),
    )


def _crowd(size: int, both: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Strangers of the same address."""
    given = ("Alcione", "Benhur", "Cleni", "Derli", "Edelmar", "Flávia")
    surnames = ("Zago", "Thomé", "Backes", "Lovatto", "Rehbein")
    for n in range(size):
        name = f"{given[n % len(given)]} {surnames[n // len(given)]}"
        born = f"{1950 + n}-{1 + n % 12:02}-{1 + n % 28:02}"
        yield {
            "name": name,
            "mother": f"Ivone {name.split()[1]}",
            "born": born,
            "home": both["home"],
        }


def _record(values: Mapping[str, Any], pair_id: str, place: int) -> Record:
    found = {"local_id": f"{pair_id}.{place}"}
    for name, value in values.items():
        if name == "home":
            street, number, district = str(value).split(", ")
            found |= {"street": street, "street_number": number, "district": district}
            continue
        many = value if isinstance(value, list) else [value]
        texts = [_number(name, text, pair_id) if text.startswith("@") else text for text in many]
        found[_COLUMNS.get(name, name)] = ";".join(texts)
    return found


def _number(column: str, name: str, pair_id: str) -> str:
    """The number of a name: made by a seeded draw, with right check digits."""
    kind = {"guardian_cpf": "cpf"}.get(column, column)
    label = name[1:].rstrip("~")
    rng = np.random.default_rng(zlib.crc32(f"{kind} {pair_id} {label}".encode()))
    match kind:
        case "cpf":
            text = f"{int(numbers.cpf(rng, 1, 1.0)[0]):011}"
        case "nis":
            text = f"{int(numbers.nis(rng, 1)[0]):011}"
        case "cns" if label[0].isupper():
            text = f"{int(numbers.cns_definitive(numbers.nis(rng, 1))[0]):015}"
        case "cns":
            text = f"{int(numbers.cns_provisional(rng, 1)[0]):015}"
        case "cert":
            text = str(numbers.birth_certificate(rng, np.asarray([int(label[:4])]))[0])
        case "phone":
            text = f"519{rng.integers(81_000_000, 98_999_999):08}"
        case "dnv":
            text = f"30{rng.integers(100_000_000, 999_999_999)}"
        case "inep":
            text = f"1{rng.integers(10_000_000_000, 39_999_999_999)}"
        case "rg":
            text = f"RS {rng.integers(1_000_000_000, 9_099_999_999)}"
        case _:
            raise ValueError(f"{column} of {pair_id}: no such number")
    return _slipped(text) if name.endswith("~") else text


def _slipped(text: str) -> str:
    place = next(n for n in range(3, len(text)) if text[n] != text[n - 1])
    return text[: place - 1] + text[place] + text[place - 1] + text[place + 1 :]


def decide(pairs: Sequence[GoldenPair], model: PersonModel) -> dict[str, Answer]:
    """What the registry does with each pair, its records being all that it holds."""
    with duckdb.connect(":memory:", config={"threads": 1}) as con:
        _fill(con, pairs)
        decide_ownership(con)
        prepared = prepared_one_by_one(con, model)
        facts = _facts(con)
        not_own: dict[int, set[str]] = {}
        for record_id, name in con.execute(
            "SELECT record_id, identifier FROM ownership"
        ).fetchall():
            not_own.setdefault(record_id, set()).add(name)
        numbered = {str(r["local_id"]): int(str(r["record_id"])) for r in rows_of(con, "standard")}
    scorer = PairScorer(model, POPULATION)
    limits = decision.Thresholds(
        review=model.thresholds.review,
        link=model.thresholds.link,
        fracture=model.thresholds.fracture,
        margin=model.thresholds.margin,
    )
    answers = {}
    for pair in pairs:
        ids = [numbered[record["local_id"]] for record in pair.records]
        weights = {
            ends: scorer.weight(prepared[ends[0]], prepared[ends[1]])
            for ends in combinations(sorted(ids), 2)
        }
        scored = [ScoredPair(*ends, weight.total) for ends, weight in weights.items()]
        known = {number: facts[number] for number in ids}
        decided = cluster_component(scored, known, (), limits, {})
        answers[pair.pair_id] = Answer(
            outcome=_outcome(decided, ids[0], ids[1]),
            weight=weights[ids[0], ids[1]],
            guards=pair_guards(facts[ids[0]], facts[ids[1]]),
            not_theirs=frozenset().union(*(not_own.get(number, ()) for number in ids[:2])),
        )
    return answers


def _outcome(decided: decision.ComponentDecision, left: int, right: int) -> str:
    cluster = {member: n for n, members in enumerate(decided.clusters) for member in members}
    ends = {cluster[left], cluster[right]}
    if len(ends) == 1:
        return LINKED
    asked = any({cluster[q.record_l], cluster[q.record_r]} == ends for q in decided.review)
    return REVIEW if asked else APART


def sentences(answer: Answer, model: PersonModel) -> tuple[str, str]:
    """The two sentences that explain what the machine did."""
    weight = answer.weight
    return two_sentences(
        Evidence(
            outcome=answer.outcome,
            findings=findings_of(weight),
            relatives=weight.relatives,
            guards=() if answer.outcome == LINKED else answer.guards,
            settling=would_settle(model, POPULATION, weight.pattern, weight.total),
            not_theirs=answer.not_theirs,
        )
    )


def _fill(con: duckdb.DuckDBPyConnection, pairs: Sequence[GoldenPair]) -> None:
    """`standard` of all records, numbered in their order."""
    records = [record for pair in pairs for record in pair.records]
    con.execute(
        "CREATE TABLE received (record_id BIGINT, source VARCHAR, local_id VARCHAR, "
        "version BIGINT, content_hash VARCHAR, payload VARCHAR)"
    )
    con.executemany(
        "INSERT INTO received VALUES ($1, $2, $3, 1, md5($4), $4)",
        [
            [n, record["source"], record["local_id"], json.dumps(_payload(record))]
            for n, record in enumerate(records, 1)
        ],
    )
    standardise_payloads(con, "received", "standard", today=TODAY, keys=KEYS)


def _payload(record: Record) -> Record:
    return {name: value for name, value in record.items() if name != "source"}


def _facts(con: duckdb.DuckDBPyConnection) -> dict[int, RecordFacts]:
    not_own = {
        (name, row[0])
        for name in IDENTIFIERS
        for row in con.execute(f"SELECT record_id FROM not_own WHERE {name}").fetchall()
    }
    return {facts.record_id: facts for facts in _all_facts(rows_of(con, "standard"), not_own)}


def _all_facts(
    rows: Sequence[Mapping[str, Any]], not_own: set[tuple[str, int]]
) -> Iterator[RecordFacts]:
    for row in rows:
        household, school_class = row["household_id"], row["class_code"]
        yield RecordFacts(
            record_id=row["record_id"],
            source=row["source"],
            household_key=None if household is None else f"{row['source']}|{household}",
            class_key=None if school_class is None else f"{row['unit_code']}|{school_class}",
            own_cpf=None if ("cpf", row["record_id"]) in not_own else row["cpf"],
            documents=documents(
                cns=() if ("cns", row["record_id"]) in not_own else row["cns"] or (),
                nis=None if ("nis", row["record_id"]) in not_own else row["nis"],
                birth_certificate=row["birth_certificate"],
                dnv=row["dnv"],
                inep_id=row["inep_id"],
            ),
            name=_tokens(row["name"]),
            social=_tokens(row["social_name"]),
            name_phonetic=_tokens(row["name_phonetic"]),
            suffix=row["suffix"],
            name_kind=row["name_kind"],
            twin_order=row["twin_order"],
            mother=_tokens(row["mother"]),
            birth_date=row["birth_date"],
            deceased_on=row["deceased_on"],
            last_activity=row["last_contact_on"],
        )


def _tokens(text: str | None) -> tuple[str, ...]:
    return () if text is None else tuple(text.split())
