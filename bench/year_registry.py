"""A registry that lives through a year: deliveries, link runs and stewards, on the year's dates.

Everything goes through the services that the commands call; only the clock is the year's.
"""

import csv
import json
import re
import resource
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from mdm.bootstrap import create_application
from mdm.bootstrap.declarations import declared_file
from mdm.bootstrap.stewarding import decision_rules
from mdm.domain.judgement import Verdict
from mdm.errors import (
    LoadHeldError,
    MdmError,
    ReviewFileError,
    SplitHeldError,
    TooManyChangesError,
)
from mdm.services.exports import ExportRequest, export_crosswalk
from mdm.services.judge_pair import judge_pair
from mdm.services.keep_ids import SAID_BY_RULE, Keep
from mdm.services.load_source import LoadContext, accept_load, load_source
from mdm.services.review_file import COLUMNS, import_review
from mdm.services.review_queue import list_questions
from mdm.services.sources import add_source

Key = tuple[str, str]
ROUNDS = 3
_STEWARDS = ("ana", "bruno")


class YearClock:
    """Gives times of the month that the bench has set, each later than the one before."""

    def __init__(self) -> None:
        self._now = datetime(2026, 10, 31, 8, tzinfo=UTC)

    def set(self, day: date) -> None:
        """Go to the morning of a day."""
        self._now = max(self._now, datetime(day.year, day.month, day.day, 8, tzinfo=UTC))

    def __call__(self) -> datetime:
        self._now += timedelta(milliseconds=1)
        return self._now


@dataclass(slots=True)
class Month:
    """What happened to the registry in a month.

    Attributes:
        loads: One a delivery: source, file, what was expected, what came of it, the counts.
        link: The counts of the link run.
        accepted: IDs that `--accept-changes` had to allow, 0 where it was not needed.
        asked: Pairs that stewards were asked about, those that follow from answers as well.
        answers: Stewards' answers by verdict; refused ones and splits held by themselves.
        seconds: Processor seconds by command, workers included.
    """

    loads: list[dict[str, Any]] = field(default_factory=list)
    link: dict[str, Any] = field(default_factory=dict)
    accepted: int = 0
    asked: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


class YearRegistry:
    """The registry of a city, and those who work with it."""

    def __init__(self, home: Path, city: Path, seed: int) -> None:
        self.clock = YearClock()
        self.home = home
        self.application = create_application(home, clock=self.clock)
        self._seed = seed
        for declared in sorted((city / "sources").glob("*.toml")):
            add_source(
                self.application.store,
                declared_file(declared),
                header=self.application.header("source"),
                replace=False,
            )

    def load(self, source: str, file: Path, expected: str) -> dict[str, Any]:
        """Deliver a file; a held one is accepted only where a person would accept it."""
        application = self.application
        told = {"source": source, "file": file.name, "expected": expected}
        with application.intake() as intake:
            context = LoadContext(
                store=application.store,
                intake=intake,
                header=application.header("load"),
                progress=_silent,
            )
            try:
                return {**told, "came": "applied", **load_source(context, source, [file])}
            except LoadHeldError as held:
                if expected == "held":
                    return {**told, "came": "held", "withdrawn": 0}
                load_id = int(str(held.where))
        # `mdm load accept` is a command of its own.
        with application.intake() as intake:
            context = LoadContext(
                store=application.store,
                intake=intake,
                header=application.header("load_accept"),
                progress=_silent,
            )
            return {**told, "came": "accepted", **accept_load(context, load_id)}

    def link(self, month: Month, model: Path, *, accept_model: bool = False) -> None:
        """`mdm link --apply`; more changed IDs than usual are looked at, then accepted."""
        from mdm.bootstrap.link_commands import run_link
        from mdm.services.link_records import LinkOptions

        options = LinkOptions(apply=True, accept_model=accept_model)
        try:
            month.link = run_link(self.application, _silent, options, model=model)
        except TooManyChangesError:
            plan = run_link(self.application, _silent, replace(options, apply=False), model=model)
            month.accepted = self._changed_ids(int(str(plan["plan_id"])))
            options = replace(options, accept_changes=month.accepted)
            month.link = run_link(self.application, _silent, options, model=model)

    def _changed_ids(self, plan_id: int) -> int:
        with self.application.store.reading() as session:
            counts = session.value("SELECT counts FROM plan WHERE plan_id = :id", {"id": plan_id})
        return int(json.loads(str(counts))["changed_ids"])

    def answer(self, month: Month, people: dict[Key, str], errors: float, unsure: float) -> None:
        """Stewards answer every open question, those that follow from answers as well."""
        told = {"same": 0, "different": 0, "unsure": 0, "refused": 0, "held_splits": 0}
        said: set[tuple[Key, Key, str]] = set()
        for number in range(2 * ROUNDS):
            steward = _STEWARDS[number % 2]
            with self.application.store.reading() as session:
                questions = list_questions(session)
            answers = []
            for question in questions:
                left = (str(question["source_l"]), str(question["local_id_l"]))
                right = (str(question["source_r"]), str(question["local_id_r"]))
                if number % 2 == 1 and not question["needs_second"]:
                    continue
                if (left, right, steward) in said or left == right:
                    continue
                said.add((left, right, steward))
                same = people[left] == people[right]
                verdict = self._verdict(
                    (left, right, steward), same=same, errors=errors, unsure=unsure
                )
                answers.append((left, right, verdict))
            self._take(answers, steward, people, told)
        month.answers = told
        month.asked = len({(left, right) for left, right, _ in said})

    def _verdict(
        self, question: tuple[Key, Key, str], *, same: bool, errors: float, unsure: float
    ) -> Verdict:
        draw = Random(zlib.crc32(f"{self._seed} {question}".encode()))
        if draw.random() < unsure:
            return Verdict.UNSURE
        truthful = draw.random() >= errors
        return Verdict.SAME if same == truthful else Verdict.DIFFERENT

    def _take(
        self,
        answers: Sequence[tuple[Key, Key, Verdict]],
        steward: str,
        people: dict[Key, str],
        told: dict[str, int],
    ) -> None:
        """*Different* one by one, since it may split a citizen; the others as a file."""
        self._import([one for one in answers if one[2] is not Verdict.DIFFERENT], steward, told)
        rules = decision_rules(self.application)
        for left, right, verdict in answers:
            if verdict is not Verdict.DIFFERENT:
                continue
            header = replace(self.application.header("judge"), actor=steward)
            keep = SAID_BY_RULE
            for _ in range(2):
                try:
                    judge_pair(
                        self.application.store,
                        rules,
                        header,
                        (left, right),
                        (verdict, "documents compared"),
                        keep=keep,
                    )
                    told["different"] += 1
                    break
                except SplitHeldError:
                    told["held_splits"] += 1
                    keep = Keep(records=(self._holder(left, right, people),))
                except MdmError:
                    told["refused"] += 1
                    break

    def _holder(self, left: Key, right: Key, people: dict[Key, str]) -> Key:
        """Of two records of one citizen, that of the person whose record anchors the ID."""
        with self.application.store.reading() as session:
            row = session.row(
                "SELECT a.source, a.local_id FROM record r JOIN membership m "
                "ON m.record_id = r.record_id JOIN municipal_id i "
                "ON i.municipal_id = m.municipal_id JOIN record a "
                "ON a.record_id = i.anchor_record_id WHERE r.source = :s AND r.local_id = :l",
                {"s": left[0], "l": left[1]},
            )
        if row is None:
            return left
        anchor = (str(row["source"]), str(row["local_id"]))
        return right if people.get(anchor) == people[right] else left

    def _import(
        self, answers: Sequence[tuple[Key, Key, Verdict]], steward: str, told: dict[str, int]
    ) -> None:
        """`mdm review import`; lines that contradict earlier answers are left out."""
        rules = decision_rules(self.application)
        open_ = list(answers)
        path = self.home / "answers.csv"
        while open_:
            _write_answers(path, open_)
            header = replace(self.application.header("review_import"), actor=steward)
            try:
                import_review(self.application.store, rules, header, path)
                break
            except ReviewFileError as refusal:
                lines = _refused_lines(str(refusal))
                told["refused"] += len(lines)
                open_ = [one for n, one in enumerate(open_, start=2) if n not in lines]
            except MdmError:
                # An answer of *unsure* takes a judgement back and thereby splits.
                told["refused"] += len(open_)
                open_ = []
        for _, _, verdict in open_:
            told[str(verdict.value)] += 1

    def tell(self) -> None:
        """`mdm export crosswalk --for painel`: another system has read every ID."""
        request = ExportRequest(
            store=self.application.store,
            header=self.application.header("export"),
            path=self.home / "crosswalk.parquet",
            holder="painel",
        )
        export_crosswalk(request)

    def file_size(self) -> int:
        """Bytes of the registry's database, with what is not yet checkpointed."""
        return sum(path.stat().st_size for path in self.home.glob("registry.db*"))


def _write_answers(path: Path, answers: Sequence[tuple[Key, Key, Verdict]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        lines = csv.writer(stream)
        lines.writerow(COLUMNS)
        for left, right, verdict in answers:
            lines.writerow([*left, *right, verdict.value, "documents compared"])


def _refused_lines(message: str) -> set[int]:
    return {int(number) for number in re.findall(r"line (\d+):", message)}


@contextmanager
def timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    """Add the processor seconds of this process and its children, and those of the clock."""
    start, wall = _processor(), time.perf_counter()
    yield
    seconds[name] = seconds.get(name, 0.0) + _processor() - start
    wall_name = f"{name} (clock)"
    seconds[wall_name] = seconds.get(wall_name, 0.0) + time.perf_counter() - wall


def _processor() -> float:
    used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _silent(step: str, share: float) -> None:
    del step, share
