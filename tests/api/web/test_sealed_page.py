"""The pages of a sealed citizen: the officer reads on what ground, everybody else that none is."""

import pytest

from mdm.bootstrap.sealing import seal
from mdm.domain.access import Role
from mdm.domain.seal import SealReason
from support.api_city import City

pytestmark = pytest.mark.slow
OFFICER = (Role.DATA_PROTECTION_OFFICER, "health", "court_order")
SEAL = "Cidadão sob sigilo legal"


def pages(city: City, who: tuple[Role, str, str], municipal_id: str) -> list[tuple[int, str]]:
    """The citizen's page and history, once the purpose is stated."""
    role, sector, purpose = who
    headers = city.person(role, sector, purpose)
    form = {"csrf_token": headers.pop("X-CSRF-Token"), "purpose": purpose}
    city.client.post(f"/cidadaos/{municipal_id}/finalidade", data=form, headers=headers)
    paths = (f"/cidadaos/{municipal_id}", f"/cidadaos/{municipal_id}/historia")
    answers = [city.client.get(path, headers=headers) for path in paths]
    return [(answer.status_code, answer.text) for answer in answers]


def test_the_officer_reads_the_ground_of_a_seal_and_nobody_else_that_there_is_one(
    city: City,
) -> None:
    adult = city.ids["adult"]
    before = pages(city, OFFICER, adult)
    assert [status for status, _ in before] == [200, 200]
    assert not any(SEAL in text for _, text in before)
    day = city.application.today().strftime("%d/%m/%Y")
    seal(city.application, ("municipal", adult), SealReason.PROTECTION, second="rita")

    for status, text in pages(city, OFFICER, adult):
        assert status == 200
        assert SEAL in text
        assert f"Proteção de pessoa ameaçada, desde {day}." in text
    for who in ((Role.CASEWORKER, "health", "care"), (Role.STEWARD, "health", "stewardship")):
        for status, text in pages(city, who, adult):
            assert status == 404
            assert SEAL not in text


def test_a_life_is_told_in_the_names_that_people_know(city: City) -> None:
    """No weight in bits, no name that only the registry's declarations know."""
    ((_, _), (status, text)) = pages(city, (Role.CASEWORKER, "health", "care"), city.ids["adult"])

    assert status == 200
    assert "(este)." in text
    assert "bits" not in text
