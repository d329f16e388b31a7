"""Synthetic member records: plain ones for examples, drawn ones for properties."""

import itertools
import random
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from hypothesis import strategies as st

from mdm.domain.standard_record import StandardRecord
from mdm.survivorship.member import MemberRecord

SOURCES = ("cadunico", "educacao", "saude")
TRUST = {"cadunico": 60, "educacao": 40, "saude": 60}
AUTHORITATIVE: dict[str, frozenset[str]] = {
    "cadunico": frozenset({"family", "race"}),
    "educacao": frozenset({"inep_id"}),
    "saude": frozenset({"deceased", "cns"}),
}


def member(record_id: int, source: str = "saude", **values: Any) -> MemberRecord:
    """A member record; columns of `MemberRecord` and of `StandardRecord` alike by name."""
    own = {f: values.pop(f) for f in tuple(values) if f in MemberRecord.__dataclass_fields__}
    if "restricted" in own:
        values["restricted"] = own.pop("restricted")
    return MemberRecord(
        record_id=record_id,
        source=source,
        record=StandardRecord(**values),
        **({"trust": TRUST.get(source, 50)} | own),
    )


_NAMES = (
    "ANA S LIMA", "ANA SOUZA LIMA", "ANA SOUZA", "BIA LIMA", "ANA SOUZA LIMA DE ANDRADE REI",
    "ANA LIMA", "ANA SUOZA LIMA", "ANA MOTA SOUZA LIMA", "ANA LIMMA", "ANA M S LIMA",
)  # fmt: skip
_DAYS = (date(2001, 1, 1), date(2001, 3, 2), date(2001, 2, 3))
_TIMES = (datetime(2026, 1, 5, 8, 30), datetime(2026, 1, 5, 8, 31), datetime(2024, 6, 1))  # noqa: DTZ001  # sources give local time


def _subsets(*values: str) -> tuple[tuple[str, ...], ...]:
    """Nothing, each value, and each two of them, sorted as the standard form is."""
    return ((), *((v,) for v in values), *itertools.combinations(sorted(values), 2))


POOLS: dict[str, tuple[Any, ...]] = {
    "name": (None, *_NAMES),
    "suffix": (None, "NETO"),
    "social_name": (None, "LIA LIMA"),
    "nickname": (None, "NINA", "BIBI"),
    "mother": (None, "RITA LIMA", "RITA M LIMA", "RITA MOTA LIMA"),
    "father": (None, "RITA LIMA", "RITA M LIMA", "JOSE LIMA"),
    "birth_date": (None, *_DAYS),
    "birth_municipality": (None, "4314902", "4300000"),
    "sex": (None, "F", "M"),
    "race": (None, "01", "03"),
    "cpf": (None, "52998224725", "11144477735"),
    "cns": _subsets("123456789010000", "705000000000014", "898000000043208"),
    "nis": (None, "12068910251", "12056412547"),
    "inep_id": (None, "123456789012"),
    "voter_id": (None, "123456780493"),
    "rg": (None, "RS:1234567890", "SC:1"),
    "phones": _subsets("51999998888", "5133334444", "51988887777"),
    "emails": _subsets("ana@example.org", "lima@example.org"),
    "street": (None, "RUA DOS ANDRADAS", "DOS ANDRADAS", "AVENIDA IPIRANGA"),
    "street_number": (None, "10", "12"),
    "district": (None, "CENTRO"),
    "postal_code": (None, "90020005"),
    "municipality": (None, "4314902"),
    "household_id": (None, "1", "2"),
    "household_role": (None, "01"),
    "guardian": (None, "RITA LIMA"),
    "unit_code": (None, "2237571"),
    "unit_name": (None, 'UBS "Bom Jesus" \\ Ação'),
    "service_status": (None, "active"),
    "service_since": (None, *_DAYS),
    "last_contact_on": (None, *_DAYS),
    "updated_at": (None, *_TIMES),
    "deceased_on": (None, None, date(2025, 5, 5), date(2025, 5, 6)),
    "restricted": (False, False, False, True),
}
_HOW_SHOWN = ("title", "title", "none")
_NEWBORN = (None, "RN de Rita Lima", "RN II de Rita Lima")
_STATES = ("present", "present", "present", "withdrawn", "superseded", "erased")
_NOT_THEIRS: tuple[tuple[str, ...], ...] = (
    *((),) * 4,
    *((column,) for column in ("cpf", "nis", "cns", "rg", "cns:705000000000014")),
)
_SHOWN = {"name", "social_name", "mother", "father", "street", "district"}


def _with_shown(record: StandardRecord, how: str, newborn: str | None) -> StandardRecord:
    """Adds shown values: title case, or none at all (the comparable ones then stand in)."""
    shown = {f"{c}_shown": getattr(record, c) for c in _SHOWN if how == "title"}
    title: dict[str, Any] = {c: None if v is None else v.title() for c, v in shown.items()}
    default = record.birth_date is not None and record.birth_date == _DAYS[0]
    drawn = replace(record, birth_date_default=default, **title)
    if record.name is None and newborn is not None:
        return replace(drawn, name_shown=newborn, name_kind="newborn")
    return drawn


def _member(
    record_id: int, values: dict[str, Any], looks: tuple[Any, ...], facts: tuple[Any, ...]
) -> MemberRecord:
    source, state, load_order, not_theirs = facts
    return MemberRecord(
        record_id=record_id,
        source=source,
        record=_with_shown(StandardRecord(**values), *looks),
        state=state,
        load_order=load_order,
        trust=TRUST[source],
        authoritative=AUTHORITATIVE[source],
        not_theirs=frozenset(not_theirs),
    )


_FACTS: tuple[tuple[Any, ...], ...] = (SOURCES, _STATES, (1, 2, 3), _NOT_THEIRS)
_LOOKS: tuple[tuple[Any, ...], ...] = (_HOW_SHOWN, _NEWBORN)
_DRAWN = st.tuples(
    st.fixed_dictionaries({column: st.sampled_from(pool) for column, pool in POOLS.items()}),
    st.tuples(*map(st.sampled_from, _LOOKS)),
    st.tuples(*map(st.sampled_from, _FACTS)),
)
CITIZENS = st.lists(_DRAWN, min_size=1, max_size=5).map(
    lambda drawn: [_member(number, *one) for number, one in enumerate(drawn, start=1)]
)


def drawn_city(seed: int, citizens: int) -> dict[str, list[MemberRecord]]:
    """Many citizens of one to five records, quickly; record IDs of a citizen lie apart."""
    rng = random.Random(seed)
    city: dict[str, list[MemberRecord]] = {}
    for number in range(citizens):
        city[f"C{number:05}"] = [
            _member(
                order * citizens + number + 1,
                {column: rng.choice(pool) for column, pool in POOLS.items()},
                tuple(map(rng.choice, _LOOKS)),
                tuple(map(rng.choice, _FACTS)),
            )
            for order in range(rng.choice((1, 2, 2, 3, 3, 4, 5)))
        ]
    return city
