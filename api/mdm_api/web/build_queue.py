"""The desk of a steward, and the queue as its page shows it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mdm.services.review_desk import ReviewItem
from mdm_api.web import shown, words
from mdm_api.web.i18n import Translate
from mdm_api.web.i18n import mark as _
from mdm_api.web.known_sources import KnownSource, title_of
from mdm_api.web.views.review import QueuePage, QueueRow

LISTED: Final = 50
"""Pairs that the queue lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Who looks, and what names mean.

    Attributes:
        actor: The reader's account.
        names: Account -> name that colleagues read.
        sources: The declared sources.
        say: The reader's language.
    """

    actor: str
    names: Mapping[str, str]
    sources: Mapping[str, KnownSource]
    say: Translate

    def name(self, account: str | None) -> str | None:
        """What colleagues call an account."""
        return None if account is None else self.names.get(account, account)

    def can_open(self, item: ReviewItem) -> bool:
        """Whether the reader may answer it now."""
        is_held = item.claimed_by is not None and item.claimed_by != self.actor
        return not is_held and item.first_steward != self.actor


def queue_page(items: Sequence[ReviewItem], desk: Desk, *, more: bool) -> QueuePage:
    """The queue; `more`: there are pairs beyond those given."""
    counted = Counter(_tag(item, desk.say) for item in items)
    return QueuePage(
        counts=tuple(counted.most_common()),
        rows=tuple(_row(item, desk) for item in items),
        total=len(items),
        more=more,
    )


def _row(item: ReviewItem, desk: Desk) -> QueueRow:
    unknown = desk.say(_("Name not given"))
    names = [unknown if name is None else shown.person_name(name) for name in item.names]
    mine = item.claimed_by == desk.actor
    return QueueRow(
        review_id=item.review_id,
        reason=_tag(item, desk.say),
        people=(names[0], names[1]),
        sources=(title_of(desk.sources, item.sources[0]), title_of(desk.sources, item.sources[1])),
        held_by=None if mine else desk.name(item.claimed_by),
        until=shown.hour(item.lease_until),
        mine=mine,
        second=item.needs_second,
        second_by=desk.name(item.first_steward),
        can_open=desk.can_open(item),
    )


def _tag(item: ReviewItem, say: Translate) -> str:
    if item.guard is not None:
        return words.word(words.GUARD_TAGS, item.guard, say)
    return words.word(words.REASONS, item.kind, say)
