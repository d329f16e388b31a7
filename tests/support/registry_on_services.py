"""The real services on a real database as a registry under test.

Only two things are not real: no file is read (a delivery's payloads are staged as they are), and
nothing is scored (a link run takes the weights that it is given).
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import duckdb

from mdm.bootstrap import Application
from mdm.bootstrap.erasing import erase
from mdm.bootstrap.link_run import survivorship_policy
from mdm.bootstrap.maintenance import verify_registry
from mdm.bootstrap.sealing import seal, unseal
from mdm.bootstrap.stewarding import golden_rules
from mdm.domain.delivery import HoldRule
from mdm.domain.erasure import ErasureReason
from mdm.domain.events import RecordState
from mdm.domain.fold import fold
from mdm.domain.identity import broken_rules
from mdm.domain.judgement import Verdict
from mdm.domain.seal import SealReason
from mdm.errors import MdmError
from mdm.linkage.model import PersonModel
from mdm.linkage.model import Thresholds as ModelThresholds
from mdm.ports import ReadSession
from mdm.services.apply_plan import apply_stored
from mdm.services.judge_pair import undo_judgement
from mdm.services.link_records import LinkContext, LinkOptions, link_records
from mdm.services.load_source import LoadContext, load_source
from mdm.services.redecide import DecisionRules
from mdm.services.refresh_golden import read_members
from mdm.services.resolve import Question, answer_of, resolve
from mdm.services.revert_plan import revert_plan
from mdm.survivorship.build import build_golden
from support.dying import Death, dying_after
from support.given_payloads import GivenPayloads
from support.given_scores import GivenScores
from support.intake import declare, made_application, silent
from support.registry_state import read_log, read_state
from support.registry_under_test import THRESHOLDS, Content, Weights, is_restricted
from support.stewards import judge_keeping_anchors

_T = TypeVar("_T")
SOURCES = ("even", "odd")
CPFS = {1: "529.982.247-25", 2: "111.444.777-35"}
EVERYTHING = HoldRule(percent=100, handful=100)
_MODEL = PersonModel(
    levels={},
    matches_per_record=1.0,
    relatives_per_record=1.0,
    term_frequencies={},
    given_tokens=(),
    fingerprint={},
    thresholds=ModelThresholds(
        link=THRESHOLDS.link,
        review=THRESHOLDS.review,
        fracture=THRESHOLDS.fracture,
        margin=THRESHOLDS.margin,
    ),
    digest="0" * 64,
)
# Citizens of whose records something was loaded since a plan was last applied show it later.
_GOLDEN_DUE = """
SELECT m.municipal_id FROM membership m JOIN record r ON r.record_id = m.record_id
JOIN load l ON l.load_id = r.last_load_id
WHERE l.tx_id > (SELECT COALESCE(MAX(applied_tx), 0) FROM plan)
"""


@dataclass(slots=True)
class _Loaded:
    content: Content
    payload: str
    here: bool = True


class ServicesRegistry:
    """`RegistryUnderTest` on the services.

    Args:
        application: A fresh registry with the two sources declared.

    Attributes:
        dies_after: The process dies after so many writes in the next command that writes, and the
            command is given again; None: it lives.
    """

    dies_after: int | None = None

    def __init__(self, application: Application) -> None:
        self.application = application
        self.store = application.store
        self._con = duckdb.connect(":memory:", config={"threads": 1})
        self._loaded: dict[int, _Loaded] = {}
        self._versions = 0
        self._answers: dict[Question, str | MdmError | None] = {}
        self._weights: dict[int, Weights] = {}
        self._rules = DecisionRules(thresholds=THRESHOLDS, golden=golden_rules(application))

    def close(self) -> None:
        """Free the volume database."""
        self._con.close()

    def lose_the_volume(self) -> None:
        """Begin with an empty volume database: it may be deleted at any time."""
        self._con.close()
        self._con = duckdb.connect(":memory:", config={"threads": 1})

    def load(self, record: int, content: Content) -> None:
        known = self._loaded.get(record)
        if known is None or known.content != content:
            # A content of before is another one when it comes back: it was judged anew.
            self._versions += 1
            self._loaded[record] = _Loaded(content, _payload(record, content, self._versions))
        else:
            known.here = True
        self._deliver(record % 2)

    def load_unheard(self, record: int, content: Content) -> None:
        """Deliver a record of which nothing is stored any more, and go back to what it said."""
        known = self._loaded[record]
        self._versions += 1
        self._loaded[record] = _Loaded(content, _payload(record, content, self._versions))
        self._deliver(record % 2)
        self._loaded[record] = known

    def deliver_again(self, parity: int) -> None:
        """Deliver what a source delivered last, which must change nothing.

        New are a load, its transaction, and under which load a record was delivered last.
        """
        self._deliver(parity)
        noted = {"ledger_tx", "load", "record"}

        def content() -> list[dict[str, object]]:
            return [row for row in self._tables() if row.get("name") not in noted]

        before, events = content()[:-1], self._events()
        self._deliver(parity)
        assert content()[:-1] == before, "a delivery that came twice changed something"
        assert self._events() == events, "a delivery that came twice is an event"

    def withdraw(self, record: int) -> None:
        self._loaded[record].here = False
        self._deliver(record % 2)

    def link(self, weights: Weights) -> int:
        linking = self._linking(weights)
        context = LinkContext(
            store=self.store,
            linking=linking,
            header=self.application.header("link", model_version=linking.model_version),
            clock=self.application.clock,
        )
        made = self._done(lambda: link_records(context, LinkOptions()))
        plan = int(str(made["plan_id"]))
        self._weights[plan] = weights
        return plan

    def apply(self, plan: int) -> None:
        linking = self._linking(self._weights[plan])
        header = self.application.header("apply", model_version=linking.model_version)
        self._done(lambda: apply_stored(self.store, linking, header, plan))

    def revert(self, plan: int) -> None:
        header = self.application.header("revert")
        self._done(lambda: revert_plan(self.store, self._linking({}), header, plan))

    def judge(self, verdict: Verdict, left: int, right: int) -> int:
        keys = _key(left), _key(right)
        answer = partial(judge_keeping_anchors, self.store, self._rules)
        for steward in ("ines", "joel"):
            header = replace(self.application.header("judge"), actor=steward)
            said = self._done(partial(answer, header, keys, (verdict, "seen")))
            if said["state"] == "active":
                break
        assert said["state"] == "active"
        return int(str(said["judgement_id"]))

    def undo(self, judgement: int) -> None:
        header = self.application.header("judge")
        self._done(lambda: undo_judgement(self.store, self._rules, header, judgement))

    def seal(self, record: int) -> None:
        """Seal the citizen of a placed record."""
        reason = SealReason.ADOPTION
        self._done(lambda: seal(self.application, _key(record), reason, second="joel"))

    def unseal(self, municipal_id: str) -> None:
        """Take the seal off a citizen."""
        self._done(lambda: unseal(self.application, ("municipal", municipal_id), second="joel"))

    def erase(self, record: int, *, whole: bool) -> None:
        """Erase a record, or all of its citizen."""
        gone = partial(erase, self.application, _key(record), ErasureReason.COURT_ORDER, silent)
        self._done(lambda: gone(whole_citizen=whole))

    def home(self, record: int) -> str | None:
        """The citizen that the registry has a record under, whether it may be told or not."""
        with self.store.reading() as session:
            sql = "SELECT municipal_id FROM membership WHERE record_id = :record"
            found = session.value(sql, {"record": record})
        return None if found is None else str(found)

    def resolve(self, record: int, system: str | None = None) -> str | None:
        source, local_id = _key(record)
        question = Question(source=source, local_id=local_id, holder=system)
        if system is None:
            return self._answer(question)
        header = self.application.header("resolve")
        told = self._done(lambda: resolve(self.store, self.application.clock, header, question))
        answer = told["municipal_id"]
        return None if answer is None else str(answer)

    def resolve_id(self, municipal_id: str) -> str:
        answer = self._answer(Question(source="municipal", local_id=municipal_id))
        assert answer is not None
        return answer

    def broken(self) -> list[str]:
        with self.store.reading() as session:
            told, log = read_state(session), read_log(session)
            states = session.rows("SELECT record_id, state FROM record ORDER BY record_id")
            found = self._golden_broken(session)
        folded = fold(log)
        for name in ("ids", "membership", "links", "judgements", "sealed"):
            if getattr(folded, name) != getattr(told, name):
                found.append(f"{name} are not the fold of the ledger")
        for row in states:
            record = int(str(row["record_id"]))
            if row["state"] != folded.records.get(record, RecordState.PENDING):
                found.append(f"record {record}: state is not the fold of the ledger")
        restricted = frozenset(r for r in self._loaded if is_restricted(r))
        return found + broken_rules(told, restricted)

    def stored_weights(self) -> Weights:
        """The scored pairs that the registry keeps."""
        with self.store.reading() as session:
            rows = session.rows("SELECT record_l, record_r, match_weight FROM scored_pair")
        return {
            (int(str(row["record_l"])), int(str(row["record_r"]))): float(str(row["match_weight"]))
            for row in rows
        }

    def verify(self) -> list[str]:
        """`mdm verify`, in full."""
        checks = verify_registry(self.application, silent)
        return [f"{check.name}: {check.first}" for check in checks if not check.ok]

    def _done(self, command: Callable[[], _T]) -> _T:
        """Give a command; once more after the process died in it, which must leave nothing."""
        self._answers.clear()
        if self.dies_after is None:
            return command()
        writes, self.dies_after = self.dies_after, None
        before = self._tables()
        try:
            with dying_after(writes):
                return command()
        except Death:
            self.store.close()
            assert self._tables() == before, "a crash left something"
        return command()

    def _events(self) -> int:
        with self.store.reading() as session:
            return session.number("SELECT COUNT(*) FROM ledger_event")

    def _tables(self) -> list[dict[str, object]]:
        """What the tables hold, in digests, and the last transaction."""
        with self.store.reading() as session:
            return [
                *session.rows("SELECT * FROM state_digest ORDER BY name"),
                *session.rows("SELECT MAX(tx_id) AS last, MAX(at) AS at FROM ledger_tx"),
            ]

    def _answer(self, question: Question) -> str | None:
        """The answer, asked once between two commands."""
        if question not in self._answers:
            today = self.application.today().isoformat()
            with self.store.reading() as session:
                try:
                    self._answers[question] = answer_of(session, question, today).municipal_id
                except MdmError as refusal:
                    self._answers[question] = refusal
        answer = self._answers[question]
        if isinstance(answer, MdmError):
            raise answer
        return answer

    def _deliver(self, parity: int) -> None:
        """Deliver all that a source holds: what is left out was withdrawn."""
        sync = partial(self.application.sync_with, progress=silent)
        today = self.application.today()
        intake = GivenPayloads(self._con, held=Path(), today=today, sync=sync)
        intake.payloads = {
            record: one.payload
            for record, one in sorted(self._loaded.items())
            if one.here and record % 2 == parity
        }
        context = LoadContext(
            store=self.store,
            intake=intake,
            header=self.application.header("load"),
            hold=EVERYTHING,
            progress=silent,
        )
        self._done(lambda: load_source(context, SOURCES[parity], []))

    def _linking(self, weights: Weights) -> GivenScores:
        linking = GivenScores(
            self._con,
            model=_MODEL,
            policy=survivorship_policy(self.application),
            sources=[(name, 50, []) for name in SOURCES],
            sync=lambda con, session: self.application.sync_with(con, session, silent),
            progress=silent,
        )
        linking.weights = weights
        return linking

    def _golden_broken(self, session: ReadSession) -> list[str]:
        """Golden records that are not what their citizens' records say."""
        due = {row["municipal_id"] for row in session.rows(_GOLDEN_DUE)}
        citizens = {
            str(row["municipal_id"])
            for row in session.rows("SELECT DISTINCT municipal_id FROM membership")
        }
        stored = {
            str(row["municipal_id"]): row["content_digest"]
            for row in session.rows("SELECT municipal_id, content_digest FROM golden_record")
        }
        members = read_members(
            session, self._rules.golden, citizens, today=self.application.today()
        )
        built = {
            name: build_golden(records, self._rules.golden.policy).to_row(name)["content_digest"]
            for name, records in members.items()
            if any(record.eligible for record in records)
        }
        return [
            f"golden record of {name}"
            for name in sorted({*stored, *built} - due)
            if stored.get(name) != built.get(name)
        ]


@contextmanager
def services_registry(home: Path, database_url: str | None = None) -> Iterator[ServicesRegistry]:
    """An empty registry in a folder; its database is SQLite there, or the one named."""
    with made_application(home, database_url) as application:
        for name in SOURCES:
            declare(application, name)
        registry = ServicesRegistry(application)
        try:
            yield registry
        finally:
            registry.close()


def _key(record: int) -> tuple[str, str]:
    return SOURCES[record % 2], str(record)


def _payload(record: int, content: Content, version: int) -> str:
    values = {
        "full_name": "Ana Paula Souza",
        "phone": f"5199999{record:02}{version % 100:02}",
        "service_status": f"version {version}",
    }
    if content.cpf is not None:
        values["cpf"] = CPFS[content.cpf]
    if content.family is not None:
        values["household_id"] = f"familia {content.family}"
    if content.merged_into is not None:
        values["merged_into"] = str(content.merged_into)
    if is_restricted(record):
        values["restricted"] = "1"
    return json.dumps(values)
