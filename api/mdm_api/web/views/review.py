"""What the pages for pair review show."""

from dataclasses import dataclass
from enum import StrEnum

from mdm.linkage.waterfall import Waterfall
from mdm_api.web.diff import Piece


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """A pair that waits.

    Attributes:
        review_id: Its number.
        reason: Why it is asked, in words.
        people: The two, as far as a list may name them.
        sources: Titles of the two sources.
        held_by: Who has it reserved; None where nobody has.
        until: Until when, hh:mm.
        mine: Whether the reader has it reserved.
        second: Whether one steward has answered and another must.
        second_by: Who answered first.
        can_open: False where the reader gave the first answer, or somebody else holds it.
    """

    review_id: int
    reason: str
    people: tuple[str, str]
    sources: tuple[str, str]
    held_by: str | None = None
    until: str = ""
    mine: bool = False
    second: bool = False
    second_by: str | None = None
    can_open: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePage:
    """The queue.

    Attributes:
        counts: Label and number by reason, the largest first.
        rows: The first pairs, in the order in which to answer them.
        total: How many are listed.
        more: Whether others wait beyond them.
    """

    counts: tuple[tuple[str, int], ...]
    rows: tuple[QueueRow, ...]
    total: int
    more: bool = False


class Likeness(StrEnum):
    """How the two sides of a field compare."""

    DIFFERENT = "different"
    ALIKE = "alike"
    EQUAL = "equal"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One field of both records.

    Attributes:
        label: What it is.
        left, right: The two values, cut where they differ; empty where there is none.
        likeness: How they compare.
        note: What the comparison says beyond that; "" where nothing.
        can_reveal: Whether a side is hidden until somebody asks for it.
    """

    label: str
    left: tuple[Piece, ...]
    right: tuple[Piece, ...]
    likeness: Likeness
    note: str = ""
    can_reveal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two records.

    Attributes:
        letter: "A" or "B".
        name: The name it goes by.
        source, local_id: Where it is from.
        unit: The unit that keeps it; "" where not given.
        updated: dd/mm/aaaa; "" where unknown.
        municipal_id, shown_id: Of its citizen; None while it has none.
        companions: Titles of the sources of the citizen's other records.
    """

    letter: str
    name: str
    source: str
    local_id: str
    unit: str
    updated: str
    municipal_id: str | None
    shown_id: str | None
    companions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What becomes of the two if they are called one person.

    Attributes:
        kept_id, joined_id: IDs as people write them; `joined_id` goes on answering.
        changes: Label, value now, value then.
        records: How many records the citizen then has.
    """

    kept_id: str | None
    joined_id: str | None
    changes: tuple[tuple[str, str, str], ...]
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPage:
    """A pair to decide.

    Attributes:
        review_id: Its number.
        position: "Par 3 de 19".
        reason: Why it is asked.
        guard: What forbids the machine to join them, as a sentence; None where nothing does.
        sides: The two records.
        rows: Fields, differences first.
        sentences: The evidence in two sentences, in Portuguese.
        pros, cons: Evidence in plain words, the weightiest first.
        silent: What cannot be compared.
        verdict_hint: How strong the evidence is, in words.
        waterfall: None where the pair was never scored.
        model: Version of the model, and the weight, for who wants to know.
        preview: What would become of them.
        lease: hh:mm until which the pair is reserved for the reader; "" where it is not.
        lease_at: The same, for the page's clock (ISO).
        version: What the decision is about; sent back with it.
        second: Whether *same* needs a second steward.
        first_steward: Who gave the first answer, if anybody did.
        is_first: Whether that is the reader, who then waits for another.
        reason_text: What was typed as reason, to go on with.
        error: Why the decision was refused.
        warnings: What changed while it was open.
    """

    review_id: int
    position: str
    reason: str
    sides: tuple[Side, Side]
    rows: tuple[FieldRow, ...]
    sentences: tuple[str, ...]
    pros: tuple[str, ...]
    cons: tuple[str, ...]
    silent: tuple[str, ...]
    verdict_hint: str
    lease: str
    lease_at: str
    version: str
    guard: str | None = None
    waterfall: Waterfall | None = None
    model: str = ""
    preview: Preview | None = None
    second: bool = False
    first_steward: str | None = None
    is_first: bool = False
    reason_text: str = ""
    error: str | None = None
    warnings: tuple[str, ...] = ()
