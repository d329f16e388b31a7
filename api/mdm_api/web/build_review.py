"""A pair to decide, as its page shows it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from types import MappingProxyType
from typing import Final

from mdm.bootstrap.reads import ReviewRead
from mdm.clustering.decision import Thresholds
from mdm.domain.municipal_id import shown as written
from mdm.domain.scored_pair import Guard
from mdm.linkage.explain import MISSING, Explanation
from mdm.linkage.person_model import CONFLICTS
from mdm.linkage.waterfall import Step, Waterfall, bits_text, waterfall
from mdm.services.disclosure import CIVIL_NAME
from mdm.services.preview_join import JoinPreview
from mdm.services.review_desk import ReviewItem
from mdm.services.review_sides import ReviewSide
from mdm.services.take_answers import TWO_STEWARDS
from mdm_api.web import shown, words
from mdm_api.web.build_queue import Desk
from mdm_api.web.diff import Piece, folded, pieces
from mdm_api.web.i18n import Translate
from mdm_api.web.i18n import mark as _
from mdm_api.web.known_sources import title_of
from mdm_api.web.sentences import COMPARISON_NAMES, sentence
from mdm_api.web.values import text_of
from mdm_api.web.views.review import (
    FieldRow,
    Likeness,
    PairPage,
    Preview,
    Side,
)

TOLD: Final = 7
"""Sentences of one side of the evidence, at most."""
_LEAST_BITS = 0.3
_ALIKE = 0.75

COMPARED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "name": ("given", "surname", "suffix", "twin_mark"),
        CIVIL_NAME: (),
        "birth_date": ("birth_date",),
        "mother": ("mother",),
        "father": ("father",),
        "sex": ("sex",),
        "cpf": ("cpf",),
        "cns": ("cns",),
        "nis": ("nis",),
        "inep_id": ("inep_id",),
        "documents": ("rg", "birth_certificate", "dnv"),
        "phones": ("phone",),
        "emails": ("email",),
        "address": ("address",),
        "birth_municipality": (),
        "deceased_on": (),
    }
)
"""Fields of the comparison, in order, with the comparisons of the model that read them."""
_ORDER: Final = (Likeness.DIFFERENT, Likeness.ALIKE, Likeness.EQUAL, Likeness.MISSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What surrounds a pair.

    Attributes:
        position: Place and number in the queue; None where it does not wait.
        thresholds: Of the model in use.
        preview: What would become of the two citizens; None where there are not two.
        guards: What needs a second steward for *same*, the gravest first.
        civil: Whether civil names were asked for.
        reason_text: What was typed.
        error: Why the decision was refused.
        warnings: What else the steward must know.
    """

    position: tuple[int, int] | None
    thresholds: Thresholds
    preview: JoinPreview | None = None
    guards: tuple[Guard, ...] = ()
    civil: bool = False
    reason_text: str = ""
    error: str | None = None
    warnings: tuple[str, ...] = ()


def pair_page(found: ReviewRead, desk: Desk, situation: Situation) -> PairPage:
    """The page of a pair."""
    item, evidence, say = found.item, found.evidence, desk.say
    left, right = (
        _side(letter, side, desk) for letter, side in zip("AB", found.sides, strict=True)
    )
    mine = item.claimed_by == desk.actor
    guard = item.guard if item.guard is not None else next(iter(situation.guards), None)
    pros, cons, silent = _told(evidence, say)
    return PairPage(
        review_id=item.review_id,
        position=_position(situation, say),
        reason=words.word(words.ASKED, item.kind, say),
        guard=None if guard is None else words.word(words.GUARDS, guard, say),
        sides=(left, right),
        rows=tuple(_rows(found, situation, say)),
        sentences=found.sentences,
        pros=pros,
        cons=cons,
        silent=silent,
        verdict_hint=say(_hint(item, situation.thresholds)),
        waterfall=None if evidence is None else _drawn(evidence, situation.thresholds, say),
        model=_model(evidence, situation.thresholds, say),
        preview=_preview(situation.preview, say),
        lease=shown.hour(item.lease_until) if mine else "",
        lease_at="" if item.lease_until is None else item.lease_until,
        version=item.content_hash,
        second=needs_two(item, situation.guards),
        first_steward=desk.name(item.first_steward),
        is_first=item.first_steward == desk.actor,
        reason_text=situation.reason_text,
        error=situation.error,
        warnings=situation.warnings,
    )


def needs_two(item: ReviewItem, guards: Sequence[Guard]) -> bool:
    """Whether *same* takes effect only when two stewards have answered so."""
    asked = item.guard in {guard.value for guard in TWO_STEWARDS}
    return asked or item.needs_second or bool(guards)


def _position(situation: Situation, say: Translate) -> str:
    if situation.position is None:
        return ""
    place, total = situation.position
    return say(_("Pair %(place)s of %(total)s")) % {"place": place, "total": total}


def _side(letter: str, side: ReviewSide, desk: Desk) -> Side:
    name = next(iter(side.values.get("name", ())), None)
    days = [v.as_of for values in side.values.values() for v in values if v.as_of is not None]
    unit = side.service.unit_name
    return Side(
        letter=letter,
        name="" if name is None else text_of("name", name.value, desk.say),
        source=title_of(desk.sources, side.source),
        local_id=side.local_id,
        unit="" if unit is None else shown.place(unit),
        updated=shown.day(max(days, default=None)),
        municipal_id=side.municipal_id,
        shown_id=None if side.municipal_id is None else written(side.municipal_id),
        companions=tuple(title_of(desk.sources, source) for source in side.companions),
    )


def _rows(found: ReviewRead, situation: Situation, say: Translate) -> list[FieldRow]:
    levels = (
        {} if found.evidence is None else {f.comparison: f.level for f in found.evidence.findings}
    )
    rows = []
    for attribute, comparisons in COMPARED.items():
        texts = [_texts(side, attribute, say) for side in found.sides]
        if attribute == CIVIL_NAME:
            rows += _civil(found, situation, say)
        elif any(texts):
            given = {name: levels[name] for name in comparisons if name in levels}
            rows.append(_field_row(attribute, texts[0], texts[1], given, say))
    return sorted(rows, key=lambda row: _ORDER.index(row.likeness))


def _texts(side: ReviewSide, attribute: str, say: Translate) -> list[str]:
    texts = []
    for value in side.values.get(attribute, ()):
        text = text_of(attribute, value.value, say)
        if attribute == "documents" and isinstance(value.value, dict):
            kind = words.word(words.DOCUMENTS, str(value.value["kind"]), say)
            text = f"{kind} {text}"
        texts.append(text)
    return texts


def _field_row(
    attribute: str,
    left: list[str],
    right: list[str],
    levels: Mapping[str, str],
    say: Translate,
) -> FieldRow:
    one, other = ", ".join(left), ", ".join(right)
    likeness = likeness_of(left, right, levels)
    if likeness in {Likeness.DIFFERENT, Likeness.ALIKE}:
        parts = pieces(one, other)
        notes = [sentence(name, level) for name, level in levels.items() if level != MISSING]
        notes = [note for name, note in zip(levels, notes, strict=False) if levels[name] != "equal"]
    else:
        parts = (_whole(one), _whole(other))
        notes = []
    return FieldRow(
        label=words.word(words.ATTRIBUTES, attribute, say),
        left=parts[0],
        right=parts[1],
        likeness=likeness,
        note=" ".join(map(say, notes)),
    )


def _whole(text: str) -> tuple[Piece, ...]:
    return () if text == "" else (Piece(text, differs=False),)


def likeness_of(left: list[str], right: list[str], levels: Mapping[str, str]) -> Likeness:
    """How the values of a field compare.

    Args:
        left: As it is shown: two masked numbers may differ all the same.
        right: The other.
        levels: What the model found, by comparison.
    """
    if not left or not right:
        return Likeness.MISSING
    found = {level for level in levels.values() if level != MISSING}
    contradicts = not CONFLICTS.isdisjoint(found)
    if set(map(folded, left)) == set(map(folded, right)) and not contradicts:
        return Likeness.EQUAL
    if found:
        return Likeness.DIFFERENT if contradicts else Likeness.ALIKE
    # What the model could not compare: part of an address, one of several numbers.
    in_part = any(one in other or other in one for one in left for other in right)
    if in_part:
        return Likeness.ALIKE
    ratio = SequenceMatcher(None, ", ".join(left), ", ".join(right), autojunk=False).ratio()
    return Likeness.ALIKE if ratio >= _ALIKE else Likeness.DIFFERENT


def _civil(found: ReviewRead, situation: Situation, say: Translate) -> list[FieldRow]:
    """Where a side goes by a nome social, its civil name stands here once it was asked for."""
    if not any(CIVIL_NAME in side.values for side in found.sides):
        return []
    sides: list[tuple[Piece, ...]] = []
    for side in found.sides:
        has_civil = CIVIL_NAME in side.values
        if has_civil and not situation.civil:
            sides.append((Piece(say(_("hidden")), differs=False),))
        else:
            texts = _texts(side, CIVIL_NAME if has_civil else "name", say)
            sides.append(_whole(", ".join(map(shown.person_name, texts))))
    return [
        FieldRow(
            label=say(_("Civil name")),
            left=sides[0],
            right=sides[1],
            likeness=Likeness.MISSING,
            can_reveal=not situation.civil,
        )
    ]


def _told(
    evidence: Explanation | None, say: Translate
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """What speaks in favour and against, weightiest first, and what cannot be compared."""
    if evidence is None:
        return (), (), ()
    findings = sorted(evidence.findings, key=lambda finding: -abs(finding.bits))
    told = [f for f in findings if abs(f.bits) >= _LEAST_BITS]
    pros = [say(sentence(f.comparison, f.level)) for f in told if f.bits > 0]
    cons = [say(sentence(f.comparison, f.level)) for f in told if f.bits < 0]
    silent = [say(sentence(f.comparison, f.level)) for f in evidence.findings if f.level == MISSING]
    return tuple(pros[:TOLD]), tuple(cons[:TOLD]), tuple(silent)


def _hint(item: ReviewItem, thresholds: Thresholds) -> str:
    if item.is_blind:
        return _("This pair is judged by the two records alone: the machine says nothing of it.")
    if item.kind == "over_merge":
        return _("These two are one citizen already, and contradict each other.")
    if item.match_weight is None:
        return _("These two were never weighed by the machine.")
    if item.match_weight >= thresholds.link:
        return _("The evidence is strong; only the rule keeps them apart.")
    if item.match_weight >= (thresholds.link + thresholds.review) / 2:
        return _("The evidence leans in favour, but is not enough.")
    return _("The evidence is weak: it may be one person or two.")


def _drawn(evidence: Explanation, thresholds: Thresholds, say: Translate) -> Waterfall:
    findings = sorted(evidence.findings, key=lambda finding: -abs(finding.bits))
    steps = [
        Step(
            label=say(_("Before comparing")),
            text=say(_("Two records at random are hardly ever one person.")),
            bits=evidence.prior,
            kind="start",
        ),
        *(
            Step(
                label=say(COMPARISON_NAMES[f.comparison]),
                text=say(sentence(f.comparison, f.level)),
                bits=f.bits,
            )
            for f in findings
        ),
        Step(
            label=say(_("Rarity of the names")),
            text=say(_("Rare names in common say more than usual ones.")),
            bits=evidence.rarity,
        ),
        Step(
            label=say(_("Close relatives")),
            text=say(_("Relatives have much in common as well.")),
            bits=evidence.relatives,
            kind="family",
        ),
    ]
    total = Step(
        label=say(_("Sum")),
        text=say(_("What remains.")),
        bits=evidence.weight,
        kind="total",
    )
    return waterfall(steps, total=total, marks=[(thresholds.link, say(_("joins")))])


def _model(evidence: Explanation | None, thresholds: Thresholds, say: Translate) -> str:
    if evidence is None:
        return ""
    text = _("Weight %(weight)s bits; from %(link)s on the machine joins.")
    return say(text) % {
        "weight": bits_text(evidence.weight),
        "link": bits_text(thresholds.link),
    }


def _preview(found: JoinPreview | None, say: Translate) -> Preview | None:
    if found is None:
        return None
    changes: Iterator[tuple[str, str, str]] = (
        (
            words.word(words.ATTRIBUTES, change.attribute, say),
            text_of(change.attribute, change.now, say),
            text_of(change.attribute, change.then, say),
        )
        for change in found.changes
    )
    return Preview(
        kept_id=written(found.kept),
        joined_id=written(found.joined),
        changes=tuple(changes),
        records=found.records,
    )
