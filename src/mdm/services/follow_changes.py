"""Follow the registry: read the feed, and note what it told and how far it was read."""

from collections.abc import Sequence
from dataclasses import dataclass

from mdm.domain.ledger import TxHeader
from mdm.errors import UsageError
from mdm.ports import Clock, ReadSession, Store
from mdm.services.changes import MOST, Cursor, Page, Scope, read_changes
from mdm.services.feed_marks import feed_mark, mark_read
from mdm.services.keys import check_source
from mdm.services.seals import unsealed
from mdm.services.told import Telling, is_told, tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """What is asked.

    Attributes:
        after: A cursor of an earlier answer; empty for the beginning.
        sources: Whose records; empty for all.
        holder: The system that is told; None for the actor.
        limit: How many entries are wanted.
        restricted: Whether restricted records are among them.
    """

    after: str = ""
    sources: Sequence[str] = ()
    holder: str | None = None
    limit: int = 1_000
    restricted: bool = False

    def scope(self, holder: str) -> Scope:
        """Whose changes are told to a system."""
        known = unsealed("r") if self.restricted else "NOT r.restricted"
        return scope_of(known, self.sources, holder)


def scope_of(known: str, sources: Sequence[str], holder: str | None = None) -> Scope:
    """The changes of some sources' records.

    Args:
        known: SQL condition on alias `r` of table `record`.
        sources: Names; empty for all.
        holder: The system that reads.
    """
    if not sources:
        return Scope(known, {}, holder)
    named = {f"source{n}": source for n, source in enumerate(sorted(sources))}
    listed = ", ".join(f":{name}" for name in named)
    return Scope(f"({known}) AND r.source IN ({listed})", named, holder)


def follow_changes(
    store: Store, clock: Clock, header: TxHeader, asked: Following
) -> dict[str, object]:
    """The changes after a cursor, noted as told.

    Who asks for what comes after a cursor has read all before it; that counts where all sources
    are followed.

    Returns:
        changes, cursor, more.

    Raises:
        UsageError: The cursor or the limit is none.
        UnknownSourceError: A source is not declared.
    """
    if not 1 <= asked.limit <= MOST:
        raise UsageError(f"the limit must lie between 1 and {MOST}")
    after = Cursor.parse(asked.after)
    holder = header.actor if asked.holder is None else asked.holder
    with store.reading() as session:
        for source in asked.sources:
            check_source(session, source)
        page = read_changes(session, asked.scope(holder), after, asked.limit)
        day = clock().date().isoformat()
        known = _is_noted(session, page, holder, day)
        reads = not asked.sources and _is_further(session, holder, after)
    if not known or reads:
        with store.writing(header) as writing:
            tell(writing, [Telling(*told) for told in page.told], holder)
            if reads:
                mark_read(writing, holder, after)
    return {
        "changes": [change.as_dict() for change in page.changes],
        "cursor": str(page.cursor),
        "more": page.more,
    }


def _is_noted(session: ReadSession, page: Page, holder: str, day: str) -> bool:
    return all(is_told(session, Telling(*told), holder, day) for told in page.told)


def _is_further(session: ReadSession, holder: str, cursor: Cursor) -> bool:
    mark = feed_mark(session, holder)
    return (cursor.at, cursor.citizen) > (mark.at, mark.citizen)
