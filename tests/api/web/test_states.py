"""States in the words of the pages."""

from pathlib import Path

import pytest

from mdm.domain.access import Purpose, Role
from mdm.domain.events import RecordState
from mdm_api.web import words
from support.api_city import city_served

SHOWN_AS_THE_SERVICE_SAYS, NEVER_SHOWN = RecordState.PRESENT, RecordState.ERASED


def test_every_state_of_a_record_that_is_shown_has_its_word() -> None:
    states = {*RecordState} - {SHOWN_AS_THE_SERVICE_SAYS, NEVER_SHOWN}

    assert {state.value for state in states} <= words.STATUSES.keys()


@pytest.mark.slow
def test_an_erased_citizen_is_told_as_such_and_a_dormant_one_is_shown(tmp_path: Path) -> None:
    with city_served(tmp_path / "home") as city:
        headers = city.person(Role.STEWARD, "health", Purpose.STEWARDSHIP.value)
        csrf = {"csrf_token": headers.pop("X-CSRF-Token")}

        def opened(name: str) -> tuple[int, str]:
            home = city.ids[name]
            asked = {**csrf, "purpose": Purpose.STEWARDSHIP.value}
            city.client.post(f"/cidadaos/{home}/finalidade", data=asked, headers=headers)
            answer = city.client.get(f"/cidadaos/{home}", headers=headers)
            return answer.status_code, answer.text

        status, text = opened("erased")
        assert status == 410
        assert "foi apagado" in text
        status, text = opened("dormant")
        assert status == 200
        assert "sem registro atual" in text
