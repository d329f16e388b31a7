"""Judgements about numbers before and after link runs: pairs, guards, golden records."""

from dataclasses import replace
from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.bootstrap.stewarding import decision_rules, golden_rules
from mdm.domain.ownership import Ownership
from mdm.services.judge_identifier import Said, judge_identifier
from mdm.services.judge_pair import undo_judgement
from support.link_runs import (
    ANA,
    CARLOS,
    CLINIC,
    SCHOOL,
    Key,
    app,
    assert_sound,
    built,
    deliver,
    homes,
    link,
    partition,
    templates,
    who,
)

__all__ = ["app", "built", "templates"]

pytestmark = pytest.mark.slow
OTHER_CPF = "168.995.350-09"
MORE = {"cns": "177835337400018", "phone": "51999998888", "street": "Rua das Flores",
        "street_number": "12", "postal_code": "90010-150"}  # fmt: skip


def say(
    application: Application, verdict: str, key: Key, by: str = "ines", cns: str | None = None
) -> int:
    header = replace(application.header("judge_identifier"), actor=by)
    said = Said(
        verdict=Ownership(verdict),
        key=key,
        identifier="cpf" if cns is None else "cns",
        number=cns,
        reason="seen",
    )
    done = judge_identifier(application.store, golden_rules(application), header, said)
    return int(str(done["judgement_id"]))


def cpf(application: Application, key: Key, column: str = "cpf") -> object:
    with application.store.reading() as session:
        return session.value(
            f"SELECT {column} FROM golden_record WHERE municipal_id = :id",
            {"id": homes(application)[key]},
        )


def weight(application: Application) -> object:
    with application.store.reading() as session:
        return session.value("SELECT MAX(match_weight) FROM scored_pair")


def test_a_number_judged_anothers_is_no_evidence_from_the_next_run_on(
    built: Application,
) -> None:
    before = weight(built)
    number = say(built, "not_theirs", (SCHOOL, "7"))
    assert cpf(built, (SCHOOL, "7")) == "52998224725"
    assert_sound(built)
    assert weight(built) == before
    link(built)
    assert_sound(built)
    assert float(str(weight(built))) < float(str(before))

    undo_judgement(built.store, decision_rules(built), built.header("judge_undo"), number)
    assert_sound(built)
    link(built)
    assert weight(built) == before
    assert_sound(built)


def test_a_childs_number_judged_own_is_its_mothers_no_longer(
    app: Application, tmp_path: Path
) -> None:
    child = who("2", ANA, full_name="Davi Souza", birth_date="2015-02-01", sex="M",
                mother_name="Ana Paula Ferreira Souza")  # fmt: skip
    deliver(app, tmp_path, [who("1", ANA), child], CLINIC)
    link(app)
    assert (cpf(app, (CLINIC, "1")), cpf(app, (CLINIC, "2"))) == ("52998224725", None)
    say(app, "own", (CLINIC, "2"))
    assert cpf(app, (CLINIC, "2")) == "52998224725"
    assert_sound(app)
    link(app)

    assert (cpf(app, (CLINIC, "1")), cpf(app, (CLINIC, "2"))) == (None, "52998224725")
    assert_sound(app)


def test_the_guard_between_two_cpfs_opens_for_two_stewards_at_the_next_run(
    app: Application, tmp_path: Path
) -> None:
    deliver(app, tmp_path, [who("1", ANA, **MORE), who("2", CARLOS)], CLINIC)
    deliver(app, tmp_path, [who("7", ANA, **MORE | {"cpf": OTHER_CPF})], SCHOOL)
    link(app)
    apart = partition(app)
    assert len(apart) == 3
    say(app, "own", (CLINIC, "1"))
    say(app, "own", (SCHOOL, "7"))
    link(app)
    assert partition(app) == apart
    say(app, "own", (SCHOOL, "7"), by="rui")
    assert partition(app) == apart
    assert_sound(app)
    link(app)

    assert homes(app)[CLINIC, "1"] == homes(app)[SCHOOL, "7"]
    assert_sound(app)


def test_one_of_several_cns_is_judged_and_given_back(app: Application, tmp_path: Path) -> None:
    one, other = "177835337400018", "700501572752653"
    deliver(app, tmp_path, [who("1", ANA, cns=f"{one};{other}")], CLINIC)
    link(app)
    number = say(app, "not_theirs", (CLINIC, "1"), cns=other)
    assert cpf(app, (CLINIC, "1"), "cns") == f'["{one}"]'
    assert_sound(app)
    link(app)
    assert cpf(app, (CLINIC, "1"), "cns") == f'["{one}"]'
    assert_sound(app)

    undo_judgement(app.store, decision_rules(app), app.header("judge_undo"), number)
    assert_sound(app)
    link(app)
    assert cpf(app, (CLINIC, "1"), "cns") == f'["{one}","{other}"]'
    assert_sound(app)
