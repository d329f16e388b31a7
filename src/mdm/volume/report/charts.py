"""Tables with bars, and the one real plot, as HTML and inline SVG that need nothing else.

Every figure stands as text beside its bar: nothing is told by colour or length alone. SVG holds
shapes only and may be stretched; words are HTML, so they keep their size on a narrow screen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from mdm.volume.report.facts import WeightBin
from mdm.volume.report.labels import decimal, number, percent

# A label nearer to the edge than this share, in percent, would stick out.
_EDGE = 3
NOTHING = '<p class="none">Nada a mostrar.</p>'


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its header, and whether it holds figures."""

    title: str
    figure: bool = True


@dataclass(frozen=True, slots=True)
class Mark:
    """A threshold drawn into the histogram."""

    at: float
    title: str
    style: str


def table(caption: str, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> str:
    """A table whose cells are ready HTML; the first cell of a row is its header."""
    if not rows:
        return NOTHING
    head = "".join(
        f'<th scope="col"{_figure(column)}>{escape(column.title)}</th>' for column in columns
    )
    body = "".join(f"<tr>{_row(columns, row)}</tr>" for row in rows)
    return (
        f'<div class="wide" role="region" aria-label="{escape(caption)}" tabindex="0"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(columns: Sequence[Column], row: Sequence[str]) -> str:
    cells = [f'<th scope="row"{_figure(columns[0])}>{row[0]}</th>']
    cells += [
        f"<td{_figure(column)}>{cell}</td>"
        for column, cell in zip(columns[1:], row[1:], strict=True)
    ]
    return "".join(cells)


def _figure(column: Column) -> str:
    return ' class="figure"' if column.figure else ""


def bars(caption: str, what: str, rows: Sequence[tuple[str, int]], *, total: int) -> str:
    """One bar for each count, as long as its share of the largest; shares are of `total`."""
    most = max((count for _, count in rows), default=0)
    cells = [
        [
            escape(title),
            number(count),
            percent(count / total) if total > 0 else "–",
            bar(count / most if most > 0 else 0.0),
        ]
        for title, count in rows
    ]
    columns = [
        Column(what, figure=False),
        Column("quantidade"),
        Column("parte"),
        Column("", figure=False),
    ]
    return table(caption, columns, cells)


def bar(share: float) -> str:
    """A horizontal bar; the figure that it draws stands in the same row."""
    width = max(share * 100, 0.6 if share > 0 else 0.0)
    return (
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{width:.2f}" height="10"/></svg>'
    )


def histogram(bins: Sequence[WeightBin], marks: Sequence[Mark]) -> str:
    """Pairs by match weight, with the thresholds; the figures follow as a table to open."""
    if not bins:
        return NOTHING
    low, high = bins[0].low, bins[-1].high
    most = max(found.pairs for found in bins) or 1

    def across(weight: float) -> float:
        return (weight - low) / (high - low) * 100

    shapes = "".join(
        f'<rect x="{across(b.low):.3f}" y="{100 - b.pairs / most * 100:.3f}" '
        f'width="{max(across(b.high) - across(b.low) - 0.15, 0.05):.3f}" '
        f'height="{b.pairs / most * 100:.3f}"/>'
        for b in bins
    )
    inside = [mark for mark in marks if low <= mark.at <= high]
    lines = "".join(
        f'<line class="{m.style}" x1="{across(m.at):.3f}" x2="{across(m.at):.3f}" y1="0" y2="100"/>'
        for m in inside
    )
    legend = "".join(
        f'<li><svg class="key" viewBox="0 0 20 10" aria-hidden="true">'
        f'<line class="{m.style}" x1="0" x2="20" y1="5" y2="5"/></svg>'
        f"{escape(m.title)}: {decimal(m.at)} bits</li>"
        for m in marks
    )
    ticks = "".join(
        f'<span style="left:{across(tick):.2f}%">{decimal(tick, 0)}</span>'
        for tick in _ticks(low, high)
        if _EDGE <= across(tick) <= 100 - _EDGE
    )
    total = sum(found.pairs for found in bins)
    spoken = (
        f"Histograma de {number(total)} pares por peso, de {decimal(low)} a {decimal(high)} bits"
    )
    return (
        f'<figure class="plot"><div class="most">{number(most)} pares</div>'
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(spoken)}">{shapes}{lines}</svg>'
        f'<div class="ticks" aria-hidden="true">{ticks}</div>'
        f'<p class="axis">peso da ligação (bits)</p><ul class="legend">{legend}</ul>'
        f"<details><summary>Ver os números</summary>{_bin_table(bins)}</details></figure>"
    )


def _bin_table(bins: Sequence[WeightBin]) -> str:
    rows = [
        [f"{decimal(found.low)} a {decimal(found.high)}", number(found.pairs)]
        for found in bins
        if found.pairs > 0
    ]
    return table("Pares por peso", [Column("bits"), Column("pares")], rows)


def _ticks(low: float, high: float) -> list[float]:
    """Round weights inside the axis, at most seven, so that labels do not touch."""
    most = 7
    for step in (1, 2, 5, 10, 20, 50, 100, 200):
        first = -int(-low // step) * step
        ticks = [float(tick) for tick in range(first, int(high) + 1, step) if tick >= low]
        if len(ticks) <= most:
            return ticks
    return [low, high]


def tint(share: float) -> str:
    """A share as text on a background that is darker the fuller it is, always readable."""
    if share <= 0:
        return percent(share)
    return f'<span class="tint" style="--share:{share * 100:.0f}%">{percent(share)}</span>'
