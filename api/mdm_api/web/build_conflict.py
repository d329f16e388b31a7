"""What is said where a pair cannot be answered: somebody was first, or something contradicts."""

from dataclasses import dataclass

from mdm.errors import JudgementConflictError, StaleContentError
from mdm.services.review_desk import ReviewItem
from mdm_api.web import words
from mdm_api.web.build_queue import Desk
from mdm_api.web.i18n import Translate
from mdm_api.web.i18n import mark as _


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictPage:
    """Somebody else was first.

    Attributes:
        heading, text: What happened, and who did it.
        reason_text: What was typed, so that it is not lost.
        next_id: The pair to go on with.
    """

    heading: str
    text: str
    reason_text: str = ""
    next_id: int | None = None


def who_was_first(item: ReviewItem, desk: Desk) -> tuple[str, str]:
    """Heading and text for a pair that the reader can answer no more, or not now."""
    say = desk.say
    if item.state == "decided":
        verdict = words.word(words.VERDICTS, str(item.verdict), say)
        text = say(_("%(name)s answered “%(verdict)s”.")) % {
            "name": desk.name(item.decided_by),
            "verdict": verdict,
        }
        return say(_("This pair is decided already.")), text
    if item.claimed_by is not None and item.claimed_by != desk.actor:
        text = say(_("%(name)s has reserved it and is answering it now.")) % {
            "name": desk.name(item.claimed_by)
        }
        return say(_("Somebody else has this pair.")), text
    if item.first_steward == desk.actor:
        text = _("You gave the first answer; another steward must give the second.")
        return say(_("This pair waits for somebody else.")), say(text)
    text = _("The records have changed since; nobody needs to answer it any more.")
    return say(_("This pair is no longer asked about.")), say(text)


def refusal_text(error: JudgementConflictError | StaleContentError, say: Translate) -> str:
    """Why an answer was not taken."""
    if isinstance(error, StaleContentError):
        return say(
            _("One of the records changed while you were reading. Look again at what differs.")
        )
    text = _("It contradicts an earlier decision (%(which)s); that must be taken back first.")
    return say(text) % {"which": (error.where or "").replace("judgement", say(_("judgement")))}
