"""Golden records of a few citizens, built anew: the rows that the volume plane would write."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from mdm.domain.ownership import Ownership
from mdm.ports import ReadSession, WriteSession
from mdm.services.citizen_facts import KnownRecord, Memo, read_records
from mdm.services.golden_changes import golden_digests, note_golden
from mdm.services.lists import as_int, rows_of_texts
from mdm.services.overrides import by_citizen, overrides_on
from mdm.survivorship.build import Override, build_golden
from mdm.survivorship.member import PRESENT, MemberRecord
from mdm.survivorship.policy import Policy

DEFAULT_TRUST = 50


@dataclass(frozen=True, slots=True)
class Standing:
    """What a source's declaration says of its values.

    Attributes:
        trust: 0 to 100.
        authoritative: Policy groups for which it is authoritative.
        local_id_is: `opaque`, or the kind of number that its local ID is: cpf, cns, nis.
    """

    trust: int = DEFAULT_TRUST
    authoritative: frozenset[str] = frozenset()
    local_id_is: str = "opaque"


UNKNOWN_STANDING = Standing()


@dataclass(frozen=True, slots=True)
class GoldenRules:
    """How golden records are built.

    Attributes:
        policy: The survivorship policy.
        standings: By source.
    """

    policy: Policy
    standings: Mapping[str, Standing]


def read_members(
    session: ReadSession,
    rules: GoldenRules,
    municipal_ids: Iterable[str],
    *,
    today: date,
    memo: Memo | None = None,
) -> dict[str, list[MemberRecord]]:
    """All records of citizens as survivorship sees them, by municipal ID.

    Args:
        session: A snapshot of the registry.
        rules: Policy and standing of the sources.
        municipal_ids: The citizens.
        today: The day that dates are measured against.
        memo: See `read_records`.
    """
    wanted = sorted(set(municipal_ids))
    homes = memberships(session, wanted)
    known = read_records(session, homes, today=today, memo=memo)
    listed = listed_cns(session, known.values(), wanted)
    found: dict[str, list[MemberRecord]] = {}
    for record_id, municipal_id in sorted(homes.items()):
        if record_id in known:
            member = member_of(known[record_id], rules, listed)
            found.setdefault(municipal_id, []).append(member)
    return found


def read_overrides(
    session: ReadSession, members: Mapping[str, Sequence[MemberRecord]]
) -> dict[str, list[Override]]:
    """The values that stewards set for citizens, by municipal ID.

    Args:
        session: A snapshot of the registry.
        members: All records of the citizens.
    """
    homes = {one.record_id: name for name, records in members.items() for one in records}
    return by_citizen(overrides_on(session, homes), homes)


def memberships(session: ReadSession, municipal_ids: Iterable[str]) -> dict[int, str]:
    """Record -> ID of its citizen, for all records of some citizens."""
    sql = "SELECT record_id, municipal_id FROM membership WHERE municipal_id IN ({keys})"
    return {
        as_int(row["record_id"]): str(row["municipal_id"])
        for row in rows_of_texts(session, sql, municipal_ids)
    }


def refresh_golden(
    session: WriteSession,
    rules: GoldenRules,
    municipal_ids: Iterable[str],
    memo: Memo | None = None,
) -> int:
    """Write the golden records of citizens anew; those that are no more lose theirs.

    Returns:
        How many of them have a golden record now.
    """
    wanted = sorted(set(municipal_ids))
    if not wanted:
        return 0
    today = date.fromisoformat(session.at[:10])
    members = read_members(session, rules, wanted, today=today, memo=memo)
    set_values = read_overrides(session, members)
    rows = [
        build_golden(records, rules.policy, set_values.get(municipal_id, ())).to_row(municipal_id)
        for municipal_id, records in sorted(members.items())
        if any(record.eligible for record in records)
    ]
    before = golden_digests(session, wanted)
    session.replace_rows("golden_record", [{"municipal_id": name} for name in wanted], rows)
    after = {str(row["municipal_id"]): str(row["content_digest"]) for row in rows}
    note_golden(session, before, after)
    return len(rows)


def member_of(known: KnownRecord, rules: GoldenRules, listed: frozenset[str]) -> MemberRecord:
    """A record as survivorship sees it.

    Args:
        known: The record.
        rules: Policy and standing of the sources.
        listed: See `listed_cns`.
    """
    standing = rules.standings.get(known.source, UNKNOWN_STANDING)
    return MemberRecord(
        record_id=known.record_id,
        source=known.source,
        record=known.record,
        state=PRESENT if known.state == "pending" else known.state,
        load_order=known.last_load_id,
        trust=standing.trust,
        authoritative=standing.authoritative,
        not_theirs=_not_theirs(known, listed),
        restricted=known.restricted,
    )


def _not_theirs(known: KnownRecord, listed: frozenset[str]) -> frozenset[str]:
    """The numbers judged to be another person's.

    Of a record with several CNS the registry tells only that one of them is: those that the
    last golden records of the citizens concerned list had been found to be own. What a steward
    said of one of them goes before.
    """
    if not _has_others_cns(known):
        return known.not_own
    others = set()
    for number in known.record.cns:
        said = known.judged.get(("cns", number))
        is_own = "cns" not in known.doubted or number in listed
        if not is_own if said is None else said.verdict is Ownership.NOT_THEIRS:
            others.add(f"cns:{number}")
    return known.not_own - {"cns"} | others


def _has_others_cns(known: KnownRecord) -> bool:
    """Whether one of several CNS is not the record's own."""
    return "cns" in known.not_own and len(known.record.cns) > 1


def listed_cns(
    session: ReadSession, known: Iterable[KnownRecord], municipal_ids: Iterable[str]
) -> frozenset[str]:
    """The CNS that the last golden records of some citizens list as their own.

    Args:
        session: A snapshot of the registry.
        known: Their records: nothing is asked where none of them needs the answer.
        municipal_ids: The citizens.
    """
    if not any(_has_others_cns(one) for one in known):
        return frozenset()
    sql = "SELECT cns FROM golden_record WHERE cns IS NOT NULL AND municipal_id IN ({keys})"
    rows = rows_of_texts(session, sql, municipal_ids)
    return frozenset(number for row in rows for number in json.loads(str(row["cns"])))
