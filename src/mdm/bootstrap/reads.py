"""What readers ask a serving process: each answer with the entry that notes it.

The caller notes the entry before it answers; nothing here leaves without one.
"""

import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import pyarrow as pa

from mdm.bootstrap.application import Application
from mdm.bootstrap.explaining import stored_evidence
from mdm.bootstrap.review_entries import outcome_entry, review_entry
from mdm.bootstrap.stewarding import decision_rules, used_model
from mdm.domain.access import Reader, Role
from mdm.domain.audit import AuditAction, AuditEntry, entry_of
from mdm.domain.judgement import Verdict
from mdm.domain.ledger import TxHeader
from mdm.domain.told_sets import ToldKind, ToldSet
from mdm.domain.visibility import Field, Shown, Side
from mdm.errors import ForbiddenError, PostOnlyError, PurposeRequiredError
from mdm.linkage.explain import Explanation
from mdm.linkage.model import PersonModel
from mdm.ports import ReadSession
from mdm.services.changes import level_cursor
from mdm.services.citizen_state import Question
from mdm.services.crosswalk import (
    CrosswalkEntry,
    Key,
    look_up,
    look_up_then,
    unknown_record,
)
from mdm.services.exports import CROSSWALK, crosswalk_batches
from mdm.services.find_citizens import Found, Wanted, find_citizens
from mdm.services.follow_changes import scope_of
from mdm.services.miss_budget import MissBudget
from mdm.services.read_citizen import CitizenAnswer, read_citizen
from mdm.services.redecide import DecisionRules
from mdm.services.review_desk import (
    ReviewItem,
    claim_review,
    decide_review,
    desk_sight,
    list_reviews,
    read_review,
    release_review,
    undo_review,
)
from mdm.services.review_sides import ReviewSide, read_sides
from mdm.services.seals import Hidden
from mdm.services.show_life import ShownLife, show_life
from mdm.services.sight import Sight, sight_of
from mdm.services.told import WITHOUT_RECORD
from mdm.storage.store import iso

LOOKED_AGAIN = 2.0
"""Seconds after which it is looked whether sources were declared or plans applied."""

_FOLLOWED = (
    "SELECT name, rows, sum_a, sum_b FROM state_digest WHERE name IN ('source', 'plan') "
    "ORDER BY name"
)
Cursor = tuple[int, float, int, int]


@dataclass(frozen=True, slots=True)
class Export:
    """Rows of an export, which read an open snapshot until they end or are closed.

    Attributes:
        batches: The rows.
        schema: Their columns.
        cursor: Of the feed: what comes after it is not in the rows; empty where nothing was told.
    """

    batches: Generator[pa.RecordBatch]
    schema: pa.Schema
    cursor: str = ""

    def close(self) -> None:
        """Let go of the snapshot."""
        self.batches.close()


@dataclass(frozen=True, slots=True)
class ReviewRead:
    """A question with both records and, where the pair was scored, its evidence.

    Attributes:
        sentences: The evidence in two plain Portuguese sentences; none where it is not told.
    """

    item: ReviewItem
    sides: tuple[ReviewSide, ReviewSide]
    evidence: Explanation | None
    sentences: tuple[str, ...] = ()


class Reads:
    """Answers readers; safe to share between threads.

    Args:
        application: The registry.
        budget: Counts who looks for nobody.
        now: Monotonic seconds.
    """

    def __init__(
        self,
        application: Application,
        budget: MissBudget,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.budget = budget
        self._application = application
        self._now = now
        self._lock = threading.Lock()
        self._rules: tuple[DecisionRules, PersonModel, str] | None = None
        self._looked_at = float("-inf")

    def rules(self) -> DecisionRules:
        """Thresholds, survivorship policy and the standing of each source."""
        return self._known()[0]

    def _known(self) -> tuple[DecisionRules, PersonModel, str]:
        """Rules, model, and the state of the tables that they follow from."""
        with self._lock:
            if self._rules is None or self._now() - self._looked_at > LOOKED_AGAIN:
                with self._application.store.reading() as session:
                    state = str(session.rows(_FOLLOWED))
                if self._rules is None or self._rules[2] != state:
                    rules = decision_rules(self._application)
                    self._rules = (rules, used_model(self._application), state)
                self._looked_at = self._now()
            return self._rules

    # ------------------------------------------------------------------ citizens

    def citizen(
        self, reader: Reader, question: Question, asked: frozenset[Field] = frozenset()
    ) -> tuple[CitizenAnswer, AuditEntry]:
        """One citizen; `asked`: groups that are to come whole. See `read_citizen`."""
        self.budget.check(reader)
        rules = self.rules().golden
        with self._application.store.reading() as session:
            answer = read_citizen(
                session, rules, reader, question, today=self._application.today(), asked=asked
            )
        entry = entry_of(
            reader,
            AuditAction.CITIZEN_REVEAL if asked else AuditAction.CITIZEN_READ,
            municipal_ids=answer.municipal_ids,
            fields=answer.fields,
            told=answer.told,
        )
        return answer, entry

    def life(self, reader: Reader, municipal_id: str) -> tuple[ShownLife, AuditEntry]:
        """What happened to one citizen, in sentences; see `show_life`."""
        self.budget.check(reader)
        rules, day = self.rules().golden, self._application.today()
        titles = self._application.titles()
        with self._application.store.reading() as session:
            life = show_life(session, rules, reader, municipal_id, today=day, titles=titles)
        entry = entry_of(
            reader,
            AuditAction.CITIZEN_READ,
            municipal_ids=life.municipal_ids,
            fields=("history",),
            told=tuple((name, WITHOUT_RECORD) for name in life.municipal_ids),
        )
        return life, entry

    def search(self, reader: Reader, wanted: Wanted) -> tuple[Found, AuditEntry]:
        """Few citizens; see `find_citizens`."""
        self.budget.check(reader)
        with self._application.store.reading() as session:
            found = find_citizens(session, reader, wanted, today=self._application.today())
        ids = tuple(hit.municipal_id for hit in found.hits)
        entry = entry_of(
            reader,
            AuditAction.CITIZEN_SEARCH,
            municipal_ids=ids,
            fields=("name" if wanted.kind is None else wanted.kind.value,),
            told=tuple(hit.told for hit in found.hits),
        )
        return found, entry

    # ------------------------------------------------------------------ crosswalk

    def crosswalk(
        self, reader: Reader, key: Key, *, as_of: str | None = None, in_path: bool = False
    ) -> tuple[CrosswalkEntry, AuditEntry]:
        """The citizen of one record.

        Args:
            reader: Who asks.
            key: Source and local ID.
            as_of: A day or a time; None for now.
            in_path: Whether the key came in an address.

        Raises:
            PostOnlyError: It did, and the source's local ID is the number of a document.
            ForbiddenError: The reader may not speak for the source.
            NotFoundError: There is no such record, or the reader may not know of it.
        """
        self.budget.check(reader)
        store = self._application.store
        # A system's own sources are known already, so that its question is one statement.
        single = as_of is None and reader.role is Role.SYSTEM
        with store.asking() if single else store.reading() as session:
            sight = self.speaking(session, reader, [key[0]])
            if in_path and self.is_document(key[0]):
                raise PostOnlyError(
                    "this source's local ID is the number of a document: "
                    "POST /api/v1/crosswalk/lookup",
                    where=key[0],
                )
            if as_of is None:
                found = look_up(session, sight, [key]).get(key)
                if found is None:
                    raise unknown_record(key[0])
            else:
                today = self._application.today().isoformat()
                found = look_up_then(session, sight, key, as_of=as_of, today=today)
        entry = entry_of(
            reader,
            AuditAction.CROSSWALK_READ,
            municipal_ids=tuple(told[0] for told in found.told),
            records=(found.record_id,),
            told=found.told,
        )
        return found, entry

    def crosswalk_batch(
        self, reader: Reader, keys: Sequence[Key]
    ) -> tuple[dict[Key, CrosswalkEntry], AuditEntry]:
        """The citizens of many records; keys that name none are left out.

        Raises:
            ForbiddenError: The reader may not speak for one of the sources.
        """
        self.budget.check(reader)
        with self._application.store.reading() as session:
            sight = self.speaking(session, reader, sorted({source for source, _ in keys}))
            found = look_up(session, sight, dict.fromkeys(keys))
        told = tuple(pair for entry in found.values() for pair in entry.told)
        entry = entry_of(reader, AuditAction.CROSSWALK_BATCH, told=told)
        return found, entry

    def crosswalk_export(
        self, reader: Reader, sources: Sequence[str]
    ) -> tuple[Export, list[AuditEntry]]:
        """The crosswalk of some sources, or of all that the reader may speak for, as batches.

        Raises:
            ForbiddenError: The reader may not speak for one of the sources, or for none.
        """
        with ExitStack() as stack:
            session = stack.enter_context(self._application.store.reading())
            names = sorted(set(sources)) or self.spoken_for(session, reader)
            sight = self.speaking(session, reader, names)
            last = session.number("SELECT MAX(tx_id) FROM ledger_tx")
            today = self._application.today().isoformat()
            cursor = level_cursor(session, scope_of(sight.visible("r"), names))
            batches = crosswalk_batches(session, sight, names, today)
            opened = stack.pop_all()
        entries = [
            entry_of(
                reader,
                AuditAction.CROSSWALK_EXPORT,
                told_set=ToldSet(name, last, _told_kind(sight, name)),
            )
            for name in names
        ]

        def read() -> Generator[pa.RecordBatch]:
            with opened:
                yield from batches

        return Export(read(), CROSSWALK, str(cursor)), entries

    # ------------------------------------------------------------------ reviews

    def reviews(
        self, reader: Reader, *, limit: int, after: Cursor | None = None
    ) -> tuple[list[ReviewItem], AuditEntry]:
        """Questions that wait; see `list_reviews`."""
        with self._application.store.reading() as session:
            sight = desk_sight(session, reader)
            now = iso(self._application.clock())
            items = list_reviews(session, sight, now=now, limit=limit, after=after)
        return items, review_entry(reader, AuditAction.REVIEW_LIST, items)

    def review(
        self, reader: Reader, review_id: int, asked: frozenset[Field] = frozenset()
    ) -> tuple[ReviewRead, AuditEntry]:
        """One question with both records and the evidence."""
        rules, model, _ = self._known()
        with self._application.store.reading() as session:
            sight = desk_sight(session, reader)
            now = iso(self._application.clock())
            item = read_review(session, sight, review_id, now=now)
            today = self._application.today()
            sides = read_sides(session, rules.golden, sight, item, today=today, asked=asked)
            told = None if item.is_blind else stored_evidence(session, model, item, today=today)
        answer = ReviewRead(item, sides, *((None, ()) if told is None else told))
        entry = review_entry(reader, AuditAction.REVIEW_READ, [item], fields=tuple(sorted(asked)))
        return answer, entry

    def question(self, reader: Reader, review_id: int) -> ReviewItem:
        """How a question stands, for what is said of it: nothing of the records may leave."""
        with self._application.store.reading() as session:
            sight = desk_sight(session, reader)
            return read_review(session, sight, review_id, now=iso(self._application.clock()))

    def claim(self, reader: Reader, review_id: int) -> tuple[ReviewItem, AuditEntry]:
        """Reserve a pair; see `claim_review`."""
        header = _header(reader, "claim")
        item = claim_review(self._application.store, header, reader, review_id)
        return item, review_entry(reader, AuditAction.REVIEW_WRITE, [item])

    def release(self, reader: Reader, review_id: int) -> tuple[ReviewItem, AuditEntry]:
        """Let go of a pair, if the reader holds it; see `release_review`."""
        item = self.question(reader, review_id)
        if item.claimed_by == reader.actor:
            release_review(self._application.store, _header(reader, "claim"), reader, review_id)
        return item, review_entry(reader, AuditAction.REVIEW_WRITE, [item])

    def decide(
        self, reader: Reader, review_id: int, said: tuple[Verdict, str], content_hash: str
    ) -> tuple[dict[str, object], AuditEntry]:
        """Answer a question; see `decide_review`."""
        outcome = decide_review(
            self._application.store,
            self.rules(),
            _header(reader, "judge"),
            reader,
            review_id,
            said=said,
            content_hash=content_hash,
        )
        return outcome, outcome_entry(reader, outcome)

    def undo(self, reader: Reader, review_id: int) -> tuple[dict[str, object], AuditEntry]:
        """Take an answer back; see `undo_review`."""
        header = _header(reader, "judge")
        store = self._application.store
        outcome = undo_review(store, self.rules(), header, reader, review_id)
        return outcome, outcome_entry(reader, outcome)

    # ------------------------------------------------------------------ helpers

    def is_document(self, source: str) -> bool:
        """Whether a source's local ID is itself a CPF, CNS or NIS."""
        standing = self.rules().golden.standings.get(source)
        return standing is not None and standing.local_id_is != "opaque"

    def speaking(self, session: ReadSession, reader: Reader, sources: Sequence[str]) -> Sight:
        """The reader before some sources.

        Whether a source exists is not told to who may not speak for it.
        """
        if reader.purpose is None:
            raise PurposeRequiredError("personal data need a purpose: X-Purpose-Of-Use")
        sight = sight_of(session, reader)
        for source in sources:
            if sight.shown(source, (), Field.RECORDS) is not Shown.SHOWN:
                raise ForbiddenError("the reader may not speak for this source", where=source)
        if not sources:
            raise ForbiddenError("the reader may speak for no source")
        return sight

    def spoken_for(self, session: ReadSession, reader: Reader) -> list[str]:
        """The sources that a reader may speak for."""
        if reader.role is Role.SYSTEM:
            return sorted(reader.sources)
        sight = sight_of(session, reader)
        sides = [s for s in Side if sight.shown_on(s, (), Field.RECORDS) is Shown.SHOWN]
        rows = session.rows("SELECT name FROM source ORDER BY name")
        return [str(r["name"]) for r in rows if sight.side(str(r["name"])) in sides]


def _told_kind(sight: Sight, source: str) -> ToldKind:
    """What an export of a source tells a reader."""
    everything = sight.may_know(source, Hidden.RESTRICTED)
    return ToldKind.ALL_RECORDS if everything else ToldKind.OPEN_RECORDS


def _header(reader: Reader, kind: str) -> TxHeader:
    return TxHeader(
        kind=kind, actor=reader.actor, purpose=str(reader.purpose), request=reader.request_id
    )
