"""What is told of a citizen besides values: IDs, the weakest link, open doubts, family."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date

from mdm.domain.golden_record import DECEASED_SHOWN, GoldenRecord, Value
from mdm.ports import ReadSession, Rows
from mdm.services.citizen_state import Member
from mdm.services.lists import as_int, as_text, rows_of_numbers, rows_of_texts
from mdm.services.masking import masked, masked_cpf
from mdm.services.refresh_golden import UNKNOWN_STANDING, GoldenRules
from mdm.services.weakest_link import weakest_link

Keys = Mapping[int, Mapping[str, object]]
"""Record -> its source and local ID, as they are shown."""

RELATIVES = 20
"""Members of one declared family that are told, at most."""

_DOUBTS = """
SELECT v.review_id, v.kind, v.record_l, v.record_r, l.source AS source_l, l.local_id AS local_id_l,
       r.source AS source_r, r.local_id AS local_id_r, v.match_weight, v.match_probability,
       v.reason
FROM review_item v JOIN record l ON l.record_id = v.record_l
JOIN record r ON r.record_id = v.record_r
WHERE v.state IN ('open', 'claimed') AND v.kind <> 'control' AND {open_l}
  AND {open_r} AND v.record_{end} IN ({{keys}})
"""
# Two steps: in one, a database may read all records of the source first.
_DECLARED = """
SELECT v.record_id, v.version, {household} AS household, {role} AS role
FROM record_version v WHERE {household} IN ({{keys}})
"""
_RELATIVES = """
SELECT r.record_id, r.version, r.source, m.municipal_id, g.name, g.social_name
FROM record r JOIN membership m ON m.record_id = r.record_id
JOIN golden_record g ON g.municipal_id = m.municipal_id
WHERE r.record_id IN ({{keys}}) AND r.state = 'present' AND {visible}
"""
Family = tuple[str, str]
"""A declared family: its source, and the source's key of it as it was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """A member of a declared family.

    Attributes:
        record_id: Their record at the source that declares the family.
        municipal_id: Who they are.
        name: The name they go by.
        role: Their role in the family, 01 to 11; None where the source gives none.
    """

    record_id: int
    municipal_id: str
    name: str | None
    role: str | None


def shown_local_id(source: str, local_id: str, rules: GoldenRules, *, whole: bool) -> str:
    """The local ID; masked where it is itself the number of a document."""
    standing = rules.standings.get(source, UNKNOWN_STANDING)
    if whole or standing.local_id_is == "opaque":
        return local_id
    return masked_cpf(local_id) if standing.local_id_is == "cpf" else masked(local_id)


def plain(value: Value) -> object:
    """A value as JSON holds it: dates as ISO text, dataclasses without record numbers."""
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value):
        names = (field.name for field in fields(value))
        return {name: _cell(getattr(value, name)) for name in names if name != "record_id"}
    return value


def _cell(cell: object) -> object:
    return cell.isoformat() if isinstance(cell, date) else cell


def deceased_of(golden: GoldenRecord) -> dict[str, object] | None:
    """Whether the citizen is reported dead, in what standing, on which days."""
    if golden.deceased_status is None:
        return None
    reported = [r.value.isoformat() for r in golden.deceased_reports if isinstance(r.value, date)]
    return {
        "status": golden.deceased_status.value,
        "shown": DECEASED_SHOWN[golden.deceased_status],
        "rule": golden.deceased_rule,
        "reported": reported,
    }


def ids_of(members: Iterable[Member], keys: Keys) -> Rows:
    """All IDs that name a citizen, oldest records first, with the record each follows."""
    return [
        {"municipal_id": municipal_id, **keys[member.record_id]}
        for member in members
        for municipal_id in member.ids
    ]


def weakest_of(session: ReadSession, keys: Keys) -> dict[str, object] | None:
    """The link without which the citizen would fall apart first."""
    link = weakest_link(session, keys.keys())
    if link is None:
        return None
    left, right = keys[link.record_l], keys[link.record_r]
    return {
        "source_l": left["source"],
        "local_id_l": left["local_id"],
        "source_r": right["source"],
        "local_id_r": right["local_id"],
        "match_weight": link.match_weight,
        "basis": link.basis,
    }


def doubts_of(session: ReadSession, keys: Keys, visible: Mapping[str, str]) -> Rows:
    """Open questions on the citizen's records, with the numbers of both records.

    Args:
        session: The snapshot.
        keys: The citizen's records.
        visible: SQL conditions on the aliases `l` and `r` of table `record`.
    """
    found: dict[int, dict[str, object]] = {}
    for end in ("l", "r"):
        sql = _DOUBTS.format(end=end, open_l=visible["l"], open_r=visible["r"])
        for row in rows_of_numbers(session, sql, keys):
            found[as_int(row["review_id"])] = row
    return [row for _, row in sorted(found.items())]


def relatives_of(
    session: ReadSession, families: Collection[Family], visible: str
) -> dict[Family, list[Relative]]:
    """Who belongs to some declared families.

    Args:
        session: The snapshot.
        families: The families; a key stands for one family within its source.
        visible: SQL condition on the alias `r` of table `record`.
    """
    columns = {name: session.payload_sql("v", f"household_{name}") for name in ("id", "role")}
    declared = {
        (as_int(row["record_id"]), as_int(row["version"])): row
        for row in rows_of_texts(
            session,
            _DECLARED.format(household=columns["id"], role=columns["role"]),
            (key for _, key in families),
        )
    }
    found: dict[Family, list[Relative]] = {family: [] for family in families}
    sql = _RELATIVES.format(visible=visible)
    # Asked for in SQL, the source is what SQLite searches by: half of all records.
    rows = list(rows_of_numbers(session, sql, (record_id for record_id, _ in declared)))
    for row in sorted(rows, key=lambda row: as_int(row["record_id"])):
        said = declared.get((as_int(row["record_id"]), as_int(row["version"])))
        if said is None:
            continue  # an earlier version of the record declared the family
        family = found.get((str(row["source"]), str(said["household"])))
        if family is not None and len(family) < RELATIVES:
            family.append(_relative(row, said["role"]))
    return found


def _relative(row: Mapping[str, object], role: object) -> Relative:
    return Relative(
        record_id=as_int(row["record_id"]),
        municipal_id=str(row["municipal_id"]),
        name=as_text(row["name"] if row["social_name"] is None else row["social_name"]),
        role=_role(role),
    )


def _role(received: object) -> str | None:
    """A role as sources write it, `3`, in the two digits of the code."""
    text = "" if received is None else str(received).strip()
    return text.zfill(2) if text.isdigit() else None
