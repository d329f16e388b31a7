"""What a decision would do, shown before it is taken."""

from mdm.bootstrap.application import Application
from mdm.services.preview_join import JoinPreview, preview_join
from mdm.services.refresh_golden import GoldenRules
from mdm.services.review_desk import ReviewItem


def preview_same(
    application: Application, rules: GoldenRules, item: ReviewItem
) -> JoinPreview | None:
    """What would become of a question's two citizens; None where there are not two.

    It belongs to the answer of `Reads.review`, whose entry notes it.
    """
    left, right = item.municipal_ids
    if left is None or right is None or left == right:
        return None
    with application.store.reading() as session:
        return preview_join(session, rules, (left, right), today=application.today())
