"""What a read answered then is what is answered later, asked as of that time.

Random histories: deliveries, link runs, judgements about numbers, set values, reverts. What is
not kept is left out: the weakest link, open doubts and the declared family are of today alone.
"""

import random
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.bootstrap.stewarding import golden_rules
from mdm.domain.access import Purpose, Reader, Role
from mdm.domain.ownership import Ownership
from mdm.errors import MdmError
from mdm.services.citizen_state import Question
from mdm.services.crosswalk import look_up, look_up_then
from mdm.services.judge_identifier import Said, judge_identifier
from mdm.services.read_citizen import read_citizen
from mdm.services.set_value import Setting, set_value
from mdm.services.sight import sight_of
from support.databases import SteppingClock
from support.link_runs import (
    ANA,
    CARLOS,
    CLINIC,
    SCHOOL,
    deliver,
    homes,
    link,
    opened,
    revert,
    templates,
)

__all__ = ["templates"]
pytestmark = pytest.mark.slow
READER = Reader(actor="dpo", role=Role.DATA_PROTECTION_OFFICER, sector="health",
                purpose=Purpose.COURT_ORDER, request_id="r")  # fmt: skip
OWNER = {"full_name": "Paulo Andrade Reis", "birth_date": "1970-07-01", "sex": "M",
         "mother_name": "Dora Reis", "cpf": "168.995.350-09", "cns": "705000000000014"}  # fmt: skip
THIEF = {"full_name": "Ivone Teixeira Braga", "birth_date": "1999-02-11", "sex": "F",
         "mother_name": "Ruth Braga", "cpf": "168.995.350-09"}  # fmt: skip
CHILD = {"full_name": "Caio Souza Melo", "birth_date": "2008-01-03", "mother_name": "Lara Melo"}
PEOPLE = (ANA, CARLOS, OWNER, THIEF, CHILD)
CHANGES: tuple[Mapping[str, str], ...] = (
    {"phone": "51981112233"}, {"phone": "51987776655", "email": "a@example.org"},
    {"mother_name": "Rosa Ferreira Souza"}, {"cpf": "168.995.350-09"}, {"cpf": ""},
    {"cns": "705000000000014,177835337400018"}, {"street": "Rua Nova", "street_number": "7"},
    {"race": "04"}, {"nickname": "Nina"}, {"deceased_on": "2025-10-01"},
)  # fmt: skip
NOT_KEPT = ("as_of", "weakest_link", "doubts", "family", "told", "municipal_ids")
KEYS = [(source, f"{n}") for source in (CLINIC, SCHOOL) for n in range(len(PEOPLE))]


def citizens(application: Application, ids: set[str], as_of: str | None) -> dict[str, object]:
    """What is answered under each ID ever seen: the answer, or the refusal."""
    found: dict[str, object] = {}
    with application.store.reading() as session:
        for name in sorted(ids):
            question = Question(municipal_id=name, as_of=as_of)
            try:
                answer = asdict(
                    read_citizen(session, golden_rules(application), READER, question,
                                 today=application.today())
                )  # fmt: skip
            except MdmError as error:
                found[name] = error.code
            else:
                found[name] = {k: v for k, v in answer.items() if k not in NOT_KEPT}
    return found


def crosswalk(application: Application, as_of: str | None) -> dict[object, object]:
    found: dict[object, object] = {}
    with application.store.reading() as session:
        sight = sight_of(session, READER)
        now = look_up(session, sight, KEYS)
        for key in KEYS:
            entry = now.get(key)
            if as_of is not None:
                try:
                    day = application.today().isoformat()
                    entry = look_up_then(session, sight, key, as_of=as_of, today=day)
                except MdmError:
                    entry = None
            found[key] = entry and replace(entry, linked_at=None)
    return found


class History:
    """A registry to which things happen, and what it answered after each."""

    def __init__(self, application: Application, folder: Path, seed: int) -> None:
        self.app, self.folder, self.rng = application, folder, random.Random(seed)
        self.said = {key: dict(PEOPLE[int(key[1])]) for key in KEYS}
        self.present = set(KEYS)
        self.ids: set[str] = set()
        self.plans: list[object] = []
        self.remembered: list[tuple[str, dict[str, object], dict[object, object]]] = []

    def deliver(self) -> None:
        for _ in range(self.rng.randint(1, 3)):
            key = self.rng.choice(KEYS)
            self.said[key] |= self.rng.choice(CHANGES)
        if self.rng.random() < 0.5:
            self.present ^= {self.rng.choice(KEYS)}
        source = self.rng.choice((CLINIC, SCHOOL))
        rows = [{**self.said[key], "local_id": key[1]}
                for key in KEYS if key in self.present and key[0] == source]  # fmt: skip
        deliver(self.app, self.folder, rows, source)

    def link(self) -> None:
        self.plans.append(link(self.app, accept_changes=10)["plan_id"])

    def revert(self) -> None:
        if len(self.plans) > 1:
            revert(self.app, self.plans.pop())

    def judge(self) -> None:
        verdict = self.rng.choice((Ownership.OWN, Ownership.NOT_THEIRS))
        said = Said(verdict=verdict, key=self.rng.choice(KEYS), identifier="cpf", number=None,
                    reason="seen")  # fmt: skip
        judge_identifier(self.app.store, golden_rules(self.app), self.app.header("judge"), said)

    def set_value(self) -> None:
        name = self.rng.choice(sorted(set(homes(self.app).values())))
        attribute, value = self.rng.choice((("mother", "Lia Paz"), ("birth_date", "1980-02-03")))
        setting = Setting(municipal_id=name, attribute=attribute, value=value, reason="seen")
        set_value(self.app.store, golden_rules(self.app), self.app.header("golden"), setting)

    def go_on(self) -> None:
        step = self.rng.choice(
            (self.deliver, self.deliver, self.link, self.link, self.judge, self.set_value,
             self.revert)
        )  # fmt: skip
        try:
            step()
        except MdmError:
            return
        self.remember()

    def remember(self) -> None:
        clock = self.app.clock
        assert isinstance(clock, SteppingClock)
        clock.now += timedelta(hours=self.rng.choice((1, 30)))
        moment = clock().isoformat()
        self.ids |= set(homes(self.app).values())
        self.remembered.append(
            (moment, citizens(self.app, self.ids, None), crosswalk(self.app, None))
        )


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.extended)])
def test_what_was_answered_then_is_what_is_answered_as_of_then(
    templates: dict[str, Path], tmp_path: Path, seed: int
) -> None:
    shutil.copytree(templates["declared"], tmp_path / "home")
    with opened(tmp_path / "home") as application:
        history = History(application, tmp_path, seed)
        history.deliver()
        history.deliver()
        history.link()
        history.remember()
        for _ in range(14):
            history.go_on()

        told = 0
        for moment, answers, keys in history.remembered:
            assert citizens(application, set(answers), moment) == answers
            assert crosswalk(application, moment) == keys
            told += sum(isinstance(answer, dict) for answer in answers.values())
    assert len(history.remembered) > 8
    assert told > 30


def test_a_number_that_was_doubted_then_is_doubted_as_of_then(
    templates: dict[str, Path], tmp_path: Path
) -> None:
    """And one that was not is not: what settles it, or begins it, came later."""
    shutil.copytree(templates["declared"], tmp_path / "home")
    without = {**OWNER, "cpf": ""}
    answers: list[dict[str, object]] = []
    moments = []
    with opened(tmp_path / "home") as application:
        clock = application.clock
        assert isinstance(clock, SteppingClock)
        for owner in (without, OWNER, without):
            rows = [{**owner, "local_id": "1"}, {**THIEF, "local_id": "2"}]
            deliver(application, tmp_path, rows, CLINIC)
            link(application, accept_changes=10)
            clock.now += timedelta(hours=30)
            moments.append(clock().isoformat())
            answers.append(citizens(application, set(homes(application).values()), None))

        thief = homes(application)[CLINIC, "2"]
        shown = [bool(answer[thief]["values"].get("cpf")) for answer in answers]  # type: ignore[index]
        assert shown == [True, False, True]
        for moment, answer in zip(moments, answers, strict=True):
            assert citizens(application, set(answer), moment) == answer
