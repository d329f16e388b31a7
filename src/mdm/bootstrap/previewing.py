"""What a decision would do, shown before it is taken."""

from mdm.bootstrap.application import Application
from mdm.domain.scored_pair import Guard
from mdm.services.preview_join import JoinPreview, guards_between, preview_join
from mdm.services.refresh_golden import GoldenRules
from mdm.services.review_desk import ReviewItem


def preview_same(
    application: Application, rules: GoldenRules, item: ReviewItem
) -> tuple[JoinPreview | None, tuple[Guard, ...]]:
    """What *same* would make of a question's two citizens, and what needs a second steward.

    It belongs to the answer of `Reads.review`, whose entry notes it. There is no preview where
    there are not two citizens.
    """
    left, right = item.municipal_ids
    today = application.today()
    with application.store.reading() as session:
        guards = guards_between(session, item.pair, today=today)
        if left is None or right is None or left == right:
            return None, guards
        return preview_join(session, rules, (left, right), today=today), guards
