"""The feed as readers of a serving process get it: a page with the entry that notes it."""

from collections.abc import Sequence

from mdm.bootstrap.application import Application
from mdm.bootstrap.reads import Reads
from mdm.domain.access import Reader
from mdm.domain.audit import AuditAction, AuditEntry, entry_of
from mdm.services.changes import Cursor, Page, read_changes
from mdm.services.follow_changes import scope_of


def changes_page(
    application: Application, reads: Reads, reader: Reader, asked: tuple[Sequence[str], str, int]
) -> tuple[Page, AuditEntry]:
    """What changed since a cursor, of some sources or of all that the reader may speak for.

    Who asks for what comes after a cursor, of all its sources, has read all before it.

    Args:
        application: The registry.
        reads: Who may speak for what.
        reader: Who asks.
        asked: Sources (none: all), the cursor (empty: from the beginning), how many entries.

    Raises:
        UsageError: The cursor is none.
        ForbiddenError: The reader may not speak for one of the sources, or for none.
    """
    sources, after, limit = asked
    cursor = Cursor.parse(after)
    with application.store.reading() as session:
        names = sorted(set(sources)) or reads.spoken_for(session, reader)
        sight = reads.speaking(session, reader, names)
        page = read_changes(
            session, scope_of(sight.visible("r"), names, reader.holder), cursor, limit
        )
    entry = entry_of(
        reader,
        AuditAction.CHANGES_READ,
        told=page.told,
        feed_read=after if after and not sources else None,
    )
    return page, entry
