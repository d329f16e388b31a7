"""What the API answers, held cell by cell to the hand-kept `tests/golden/visibility.csv`."""

import csv
from collections.abc import Mapping
from pathlib import Path

import pytest

from mdm.bootstrap.sealing import seal
from mdm.domain.access import Role
from mdm.domain.seal import SealReason
from mdm.domain.visibility import Field, Flag, Side
from support.api_city import ADULT_CLINIC, City, refresh

pytestmark = pytest.mark.slow
EXPECTED = Path(__file__).parents[1] / "golden" / "visibility.csv"
FULL = {**ADULT_CLINIC, "household_id": "zqseenhousehold", "household_role": "03"}
SOCIAL = {"social_name": "Joana Zqseensocial Prado"}
"""With a nome social nicknames are former names: such citizens tell of the civil name alone."""
PEOPLE: Mapping[Flag, Mapping[str, str]] = {
    Flag.ORDINARY: FULL,
    Flag.CHILD: {**FULL, "birth_date": "2018-04-09"},
    Flag.DECEASED: {**FULL, "deceased_on": "2025-10-01"},
    Flag.RESTRICTED: {**FULL, "restricted": "1"},
    Flag.SEALED: FULL,
}
"""One citizen of each flag, who has every field from the clinic."""
DIED = {"full_name": ADULT_CLINIC["full_name"], "deceased_on": "2025-10-01"}
"""A second source that says so: a death that one source reports is not confirmed."""
UNTOLD = {Field.DOUBTS}
"""What a citizen of one record has none of."""
Body = dict[str, object]


def citizens(city: City, name: str, **more: str) -> dict[Flag, str]:
    """The municipal ID of each."""
    clusters = []
    for flag, said in PEOPLE.items():
        given = [("clinic", f"{name}-{flag}", {**said, **more})]
        if flag is Flag.DECEASED:
            given.append(("school", f"{name}-{flag}", {**DIED, "birth_date": "1980-05-17"}))
        clusters.append(tuple(city.registry.records(*given)))
    ids = city.registry.citizens(*clusters)
    refresh(city.application, ids)
    named = dict(zip(PEOPLE, map(str, ids), strict=True))
    key = ("municipal", named[Flag.SEALED])
    seal(city.application, key, SealReason.ADOPTION, second="another")
    return named


def reader(city: City, row: Mapping[str, str]) -> dict[str, str]:
    """Headers of somebody of the row's role, on its side of the clinic."""
    is_own = Side(row["side"]) is Side.OWN
    if Role(row["role"]) is Role.SYSTEM:
        return city.system(("clinic",) if is_own else ("school",), row["purpose"])
    sector = "health" if is_own else "education"
    return city.person(Role(row["role"]), sector, row["purpose"])


def level(shown: list[dict[str, object]]) -> str:
    """How the values of one field came."""
    if not shown:
        return "hidden"
    if all(value["on_request"] for value in shown):
        return "on_request"
    masked = {bool(value["masked"]) for value in shown}
    assert len(masked) == 1
    return "masked" if masked == {True} else "shown"


def seen(body: Body) -> dict[Field, str]:
    """How each field came in an answer."""
    told = body["values"]
    assert isinstance(told, dict)
    values = [value for several in told.values() for value in several]
    found = {field: level([v for v in values if v["field"] == field]) for field in Field}
    for field, part in ((Field.FAMILY, "family"), (Field.RECORDS, "members")):
        parts = body[part]
        assert isinstance(parts, list)
        clinics = [one for one in parts if one["source"] == "clinic"]
        found[field] = level([{**one, "on_request": False} for one in clinics])
    for field, is_told in (
        (Field.SERVICES, bool(body["services"])),
        (Field.DEATH, body["deceased"] is not None),
        (Field.ORIGIN, any(value["source"] is not None for value in values)),
    ):
        found[field] = "shown" if is_told else "hidden"
    return found


def asked(city: City, municipal_id: str, row: Mapping[str, str]) -> dict[Field, str]:
    """How each field came to a reader; nothing where they are refused."""
    path = f"/api/v1/citizens/{municipal_id}"
    answer = city.client.get(path, headers=reader(city, row))
    assert answer.status_code in {200, 403, 404}
    return seen(answer.json()) if answer.status_code == 200 else {}


def test_every_cell_kept_by_hand_is_what_is_answered(city: City) -> None:
    ids, social = citizens(city, "seen"), citizens(city, "social", **SOCIAL)
    with EXPECTED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    compared, faults = 0, {}
    for row in rows:
        flag = Flag(row["flag"])
        found = asked(city, ids[flag], row)
        found[Field.CIVIL] = asked(city, social[flag], row).get(Field.CIVIL, "hidden")
        for field in set(Field) - UNTOLD - (set() if flag is Flag.DECEASED else {Field.DEATH}):
            compared += 1
            if found.get(field, "hidden") != row[field.value]:
                place = (row["role"], row["side"], row["purpose"], flag.value, field.value)
                faults[place] = (found.get(field), row[field.value])

    assert faults == {}
    assert compared >= 150
