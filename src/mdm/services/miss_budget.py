"""How often a reader may look for somebody who is not there: scanning numbers must not pay.

People have 20 misses an hour and 100 a day; systems, past a thousand look-ups an hour, one miss
in a hundred. The counts are shared by all workers; a worker adds its hits only when it has a miss
to add, or many hits, so that finding somebody costs nothing.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mdm.domain.access import Reader, Role
from mdm.errors import OverBudgetError
from mdm.ports import Clock, ServiceSession, ServiceStore

PERSON_HOUR, PERSON_DAY = 20, 100
SYSTEM_FREE, SYSTEM_SHARE = 1_000, 0.01
"""Look-ups of a system in an hour before its share of misses counts; that share."""

ASKED_EVERY = 1.0
"""Seconds after which a worker asks what the others have counted."""
_HITS_AT_ONCE = 500
_ADD = (
    "INSERT INTO looked (subject, span, looks, misses) VALUES (:subject, :span, :looks, "
    ":misses) ON CONFLICT (subject, span) DO UPDATE SET looks = looked.looks + excluded.looks, "
    "misses = looked.misses + excluded.misses"
)
_READ = "SELECT looks, misses FROM looked WHERE subject = :subject AND span = :span"
_FORGET = "DELETE FROM looked WHERE span < :oldest"


@dataclass(slots=True)
class _Known:
    """What a worker knows of one subject: hits not yet added, whether over, when asked."""

    hits: int = 0
    over: bool = False
    asked: float = float("-inf")
    window: str = ""


class MissBudget:
    """Counts look-ups; safe to share between threads.

    Args:
        beside: Where the counts lie.
        clock: Gives the hour and the day.
        now: Monotonic seconds.
    """

    def __init__(
        self, beside: ServiceStore, clock: Clock, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._beside = beside
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}

    def check(self, reader: Reader) -> None:
        """Refuse a reader who has looked for nobody too often.

        Raises:
            OverBudgetError: They have.
        """
        moment, subject = self._clock(), _subject(reader)
        with self._lock:
            known = self._known.setdefault(subject, _Known())
            if self._now() - known.asked < ASKED_EVERY and known.window == _hour(moment):
                over = known.over
            else:
                with self._beside.reading() as session:
                    over = self._note(session, reader, known, moment)
        if over:
            raise OverBudgetError("too many look-ups found nobody: try again later")

    def count(self, reader: Reader, *, hits: int, misses: int) -> None:
        """Count look-ups that were answered.

        Args:
            reader: Who looked.
            hits: How many found somebody.
            misses: How many found nobody.
        """
        moment, subject = self._clock(), _subject(reader)
        with self._lock:
            known = self._known.setdefault(subject, _Known())
            known.hits += hits
            if misses == 0 and known.hits < _HITS_AT_ONCE:
                return
            looks, known.hits = known.hits + misses, 0
            with self._beside.writing() as session:
                for span in (_hour(moment), _day(moment)):
                    values = {"looks": looks, "misses": misses}
                    session.execute(_ADD, {"subject": subject, "span": span, **values})
                session.execute(_FORGET, {"oldest": _day(moment)})
                self._note(session, reader, known, moment)

    def _note(
        self, session: ServiceSession, reader: Reader, known: _Known, moment: datetime
    ) -> bool:
        known.over = _is_over(session, reader, moment)
        known.asked, known.window = self._now(), _hour(moment)
        return known.over


def _is_over(session: ServiceSession, reader: Reader, moment: datetime) -> bool:
    looks, misses = _counted(session, _subject(reader), _hour(moment))
    if reader.role is Role.SYSTEM:
        return misses > max(looks, SYSTEM_FREE) * SYSTEM_SHARE
    return misses >= PERSON_HOUR or (
        _counted(session, _subject(reader), _day(moment))[1] >= PERSON_DAY
    )


def _counted(session: ServiceSession, subject: str, span: str) -> tuple[int, int]:
    row = session.row(_READ, {"subject": subject, "span": span})
    return (0, 0) if row is None else (int(str(row["looks"])), int(str(row["misses"])))


def _subject(reader: Reader) -> str:
    return reader.actor


def _hour(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H")


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")
