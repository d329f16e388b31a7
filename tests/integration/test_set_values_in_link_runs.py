"""Golden values that stewards set, before and after link runs: both paths give one answer."""

from dataclasses import replace
from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.bootstrap.stewarding import golden_rules
from mdm.services.set_value import Setting, set_value, undo_value
from support.link_runs import (
    ANA,
    CARLOS,
    CLINIC,
    SCHOOL,
    app,
    assert_sound,
    built,
    deliver,
    homes,
    link,
    revert,
    templates,
    who,
)

__all__ = ["app", "built", "templates"]

pytestmark = pytest.mark.slow
RIGHT = "Ana Paula Ferreira de Sousa"


def put(application: Application, home: str, attribute: str, value: str) -> int:
    header = replace(application.header("golden_set"), actor="ines")
    setting = Setting(municipal_id=home, attribute=attribute, value=value, reason="seen")
    done = set_value(application.store, golden_rules(application), header, setting)
    return int(str(done["override_id"]))


def shown(application: Application, home: str, column: str = "name") -> object:
    with application.store.reading() as session:
        return session.value(
            f"SELECT {column} FROM golden_record WHERE municipal_id = :id", {"id": home}
        )


def test_a_run_keeps_what_a_steward_set_until_the_source_is_corrected(
    built: Application, tmp_path: Path
) -> None:
    ana = homes(built)[CLINIC, "1"]
    put(built, ana, "name", RIGHT)
    put(built, ana, "birth_date", "1987-03-22")
    put(built, homes(built)[CLINIC, "2"], "sex", "")
    assert_sound(built)

    moved = who("1", ANA, street="Rua Nova", district="Centro")
    deliver(built, tmp_path, [moved, who("2", CARLOS)], CLINIC)
    deliver(built, tmp_path, [who("7", ANA), who("8", CARLOS)], SCHOOL)
    assert_sound(built)
    link(built)
    assert_sound(built)
    assert (shown(built, ana), shown(built, ana, "birth_date")) == (RIGHT, "1987-03-22")

    both = who("1", ANA, full_name="Ana Paula Ferreira Sousa")
    deliver(built, tmp_path, [both, who("2", CARLOS)], CLINIC)
    deliver(
        built,
        tmp_path,
        [who("7", ANA, full_name="Ana Paula Ferreira Sousa"), who("8", CARLOS)],
        SCHOOL,
    )
    link(built)
    assert_sound(built)
    assert shown(built, ana) == "Ana Paula Ferreira Sousa"
    assert shown(built, ana, "birth_date") == "1987-03-22"


def test_a_reverted_plan_leaves_what_was_set_with_its_record(
    built: Application, tmp_path: Path
) -> None:
    ana = homes(built)[CLINIC, "1"]
    put(built, ana, "name", RIGHT)
    deliver(built, tmp_path, [who("7", ANA), who("8", ANA)], SCHOOL)
    plan = link(built)
    assert shown(built, ana) == RIGHT
    revert(built, plan["plan_id"])

    assert shown(built, ana) == RIGHT
    assert_sound(built)


def test_a_value_taken_back_after_a_run_leaves_what_the_run_would_give(
    built: Application,
) -> None:
    ana = homes(built)[CLINIC, "1"]
    number = put(built, ana, "cpf", "168.995.350-09")
    link(built)
    assert shown(built, ana, "cpf") == "16899535009"
    undo_value(built.store, golden_rules(built), built.header("golden_undo"), number)

    assert shown(built, ana, "cpf") == "52998224725"
    assert_sound(built)
