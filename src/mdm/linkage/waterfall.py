"""The evidence added up, step by step, as bars of a drawing: no chart library, no script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from types import MappingProxyType
from typing import Final

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One step of the waterfall, in pixels of the drawing.

    Attributes:
        label: What was compared.
        text: What was found.
        bits: With sign, as people read it.
        kind: "for", "against", "start", "family" or "total".
        x, y, width, height: Its rectangle.
        text_x, anchor: Where its number stands.
        from_x: Where the line from the step before begins.
    """

    label: str
    text: str
    bits: str
    kind: str
    x: float
    y: float
    width: float
    height: float
    text_x: float
    anchor: str
    from_x: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """The evidence added up, step by step.

    Attributes:
        bars: The steps, the weightiest first; the sum last.
        width, height: Of the drawing.
        zero: Where the axis lies.
        marks: Thresholds: place, label.
    """

    bars: tuple[Bar, ...]
    width: float
    height: float
    zero: float
    marks: tuple[tuple[float, str], ...]


def bits_text(value: float) -> str:
    """A weight with its sign and a decimal comma."""
    return f"{value:+.1f}".replace(".", ",").replace("-", "−")


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
        bits=bits_text(step.bits),
        kind=kind,
        x=min(start, end),
        y=_TOP + row * _ROW,
        width=max(1.0, round(abs(end - start), 1)),
        height=_BAR,
        text_x=max(start, end) + 5 if rises else min(start, end) - 5,
        anchor="start" if rises else "end",
        from_x=from_x,
    )


_COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "for": "#4d8055",
        "against": "#b50909",
        "start": "#71767a",
        "family": "#71767a",
        "total": "#005ea2",
    }
)


def svg(drawn: Waterfall, *, title: str) -> str:
    """The drawing as a file of its own.

    Args:
        drawn: As `waterfall` gives it.
        title: What it is a drawing of.
    """
    bottom = drawn.height - 4
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {drawn.width} {drawn.height}" '
        'role="img" font-family="sans-serif" font-size="12">'
    )
    paper = f'<rect width="{drawn.width}" height="{drawn.height}" fill="#fff"/>'
    marks = [
        f'<line x1="{x}" x2="{x}" y1="16" y2="{bottom}" stroke="#71767a" stroke-dasharray="4 3"/>'
        + _text(x, 11, "middle", label)
        for x, label in drawn.marks
    ]
    zero = f'<line x1="{drawn.zero}" x2="{drawn.zero}" y1="16" y2="{bottom}" stroke="#1b1b1b"/>'
    rows = [head, f"<title>{escape(title)}</title>", paper, *marks, zero]
    return "\n".join([*rows, *map(_bar_svg, drawn.bars), "</svg>"]) + "\n"


def _bar_svg(bar: Bar) -> str:
    box = f'x="{bar.x}" y="{bar.y}" width="{bar.width}" height="{bar.height}"'
    return (
        f"<g><title>{escape(bar.text)}</title>"
        + _text(182, bar.y + 13, "end", bar.label)
        + f'<rect {box} fill="{_COLOURS[bar.kind]}"/>'
        + _text(bar.text_x, bar.y + 13, bar.anchor, bar.bits)
        + "</g>"
    )


def _text(x: float, y: float, anchor: str, words: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'
