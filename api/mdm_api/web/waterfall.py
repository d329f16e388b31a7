"""The evidence added up, step by step, as bars of a drawing: no chart library, no script."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mdm_api.web.shown import bits
from mdm_api.web.views.review import Bar, Waterfall

CLAMP: Final = 60.0
"""Bits beyond which a bar is cut: a number that nothing was learnt of must not squeeze the others.
What is learnt stays under it, so that the steps add up to the sum."""
_WIDTH, _ROW, _BAR, _TOP = 640.0, 26.0, 18.0, 24.0
_LEFT, _RIGHT = 190.0, 60.0
_LEAST = 0.05
"""Bits under which a step is not drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: what was compared, what was found, and what it adds in bits."""

    label: str
    text: str
    bits: float
    kind: str = "evidence"


def waterfall(
    steps: Sequence[Step],
    *,
    total: Step,
    marks: Sequence[tuple[float, str]],
) -> Waterfall:
    """Draw steps from 0 to their sum.

    Args:
        steps: In the order to draw; those too small to see are left out.
        total: The sum, as it is stored.
        marks: Thresholds in bits, with their labels.
    """
    seen = [step for step in steps if abs(step.bits) >= _LEAST]
    ends, at = [], 0.0
    for step in seen:
        start, at = at, at + max(-CLAMP, min(CLAMP, step.bits))
        ends.append((start, at))
    # Cut bars do not add up to it: the sum says what is true, beside the thresholds.
    ends.append((0.0, max(-CLAMP, min(CLAMP, total.bits))))
    low = min([0.0, *(m for m, _ in marks), *(min(pair) for pair in ends)])
    high = max([1.0, *(m for m, _ in marks), *(max(pair) for pair in ends)])
    scale = (_WIDTH - _LEFT - _RIGHT - 46) / (high - low)

    def x(value: float) -> float:
        return round(_LEFT + 46 + (value - low) * scale, 1)

    bars = tuple(
        _bar(step, n, x(start), x(end), x(start))
        for n, (step, (start, end)) in enumerate(zip([*seen, total], ends, strict=True))
    )
    return Waterfall(
        bars=bars,
        width=_WIDTH,
        height=_TOP + _ROW * len(bars) + 8,
        zero=x(0.0),
        marks=tuple((x(value), label) for value, label in marks),
    )


def _bar(step: Step, row: int, start: float, end: float, from_x: float) -> Bar:
    rises = step.bits >= 0
    kind = step.kind if step.kind != "evidence" else ("for" if rises else "against")
    return Bar(
        label=step.label,
        text=step.text,
        bits=bits(step.bits),
        kind=kind,
        x=min(start, end),
        y=_TOP + row * _ROW,
        width=max(1.0, round(abs(end - start), 1)),
        height=_BAR,
        text_x=max(start, end) + 5 if rises else min(start, end) - 5,
        anchor="start" if rises else "end",
        from_x=from_x,
    )
