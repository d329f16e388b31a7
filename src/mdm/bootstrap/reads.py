"""What readers ask a serving process: each answer with the entry that notes it.

The caller notes the entry before it answers; nothing here leaves without one.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import pyarrow as pa

from mdm.bootstrap.application import Application
from mdm.bootstrap.stewarding import decision_rules
from mdm.domain.access import Reader, Role
from mdm.domain.audit import AuditAction, AuditEntry, ToldSet, entry_of
from mdm.domain.visibility import Field, Shown, Side
from mdm.errors import ForbiddenError, PostOnlyError, PurposeRequiredError
from mdm.ports import ReadSession
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
from mdm.services.miss_budget import MissBudget
from mdm.services.read_citizen import CitizenAnswer, read_citizen
from mdm.services.redecide import DecisionRules
from mdm.services.sight import Sight, sight_of

READ_AGAIN = 5.0
"""Seconds after which declarations, policy and thresholds are read again."""


@dataclass(frozen=True, slots=True)
class Export:
    """Rows of an export, which read an open snapshot until they end or are closed."""

    batches: Iterator[pa.RecordBatch]
    schema: pa.Schema


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
        self._rules: DecisionRules | None = None
        self._read_at = float("-inf")

    def rules(self) -> DecisionRules:
        """Thresholds, survivorship policy and the standing of each source."""
        with self._lock:
            if self._rules is None or self._now() - self._read_at > READ_AGAIN:
                self._rules = decision_rules(self._application)
                self._read_at = self._now()
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
        with self._application.store.reading() as session:
            sight = self._speaking(session, reader, [key[0]])
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
            sight = self._speaking(session, reader, sorted({source for source, _ in keys}))
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
            names = sorted(set(sources)) or self._spoken_for(session, reader)
            sight = self._speaking(session, reader, names)
            last = session.number("SELECT MAX(seq) FROM ledger_event")
            today = self._application.today().isoformat()
            batches = crosswalk_batches(session, sight, names, today)
            opened = stack.pop_all()
        restricted = sight.visible("r") == "true"
        entries = [
            entry_of(
                reader,
                AuditAction.CROSSWALK_EXPORT,
                told_set=ToldSet(source=name, seq=last, restricted=restricted),
            )
            for name in names
        ]

        def read() -> Iterator[pa.RecordBatch]:
            with opened:
                yield from batches

        return Export(read(), CROSSWALK), entries

    def is_document(self, source: str) -> bool:
        """Whether a source's local ID is itself a CPF, CNS or NIS."""
        standing = self.rules().golden.standings.get(source)
        return standing is not None and standing.local_id_is != "opaque"

    def _speaking(self, session: ReadSession, reader: Reader, sources: Sequence[str]) -> Sight:
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

    def _spoken_for(self, session: ReadSession, reader: Reader) -> list[str]:
        """The sources that a reader may speak for."""
        if reader.role is Role.SYSTEM:
            return sorted(reader.sources)
        sight = sight_of(session, reader)
        sides = [s for s in Side if sight.shown_on(s, (), Field.RECORDS) is Shown.SHOWN]
        rows = session.rows("SELECT name FROM source ORDER BY name")
        return [str(r["name"]) for r in rows if sight.side(str(r["name"])) in sides]
