"""The tables of `bench.accuracy`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from bench.accuracy_calibration import binned
from bench.accuracy_musts import NEVER, musts, wrong_at_recall, wrong_of_peer
from bench.accuracy_rates import Line
from bench.accuracy_review import hours


@dataclass(frozen=True, slots=True)
class Row:
    """One city: the peer's answer, ours, and the bound at each cut."""

    people: int
    seed: int
    peer: dict[str, Any]
    ours: dict[str, Any]
    bound: list[dict[str, float]]

    @property
    def name(self) -> str:
        """Size and seed."""
        return f"{self.people:,} / {self.seed}"


def tables(rows: Sequence[Row], changed: Sequence[Line]) -> Iterator[Table]:
    """All tables of a run: the one that is asked for first, then what goes into it."""
    yield accuracy(rows, changed)
    yield musts([(row.name, row.peer, row.ours) for row in rows])
    yield review(rows)
    yield subgroups(rows)
    yield traps(rows)
    yield blocking(rows[-1])
    yield calibration(rows)
    yield thresholds(rows[-1])


def _shares(found: dict[str, float]) -> list[str]:
    return [f"{found[name]:.4f}" for name in ("precision", "recall", "f1")]


def _at_recall(curve: Sequence[dict[str, float]], recall: float) -> str:
    """The fewest wrong links at no less than a recall."""
    wrong = wrong_at_recall(curve, recall)
    return "not reached" if wrong == NEVER else f"{wrong:.0f}"


def accuracy(rows: Sequence[Row], changed: Sequence[Line]) -> Table:
    """Plain Splink and the bound at their best thresholds, ours as applied and at its best.

    Below, ours in cities with other rates: as assumed, all errors and the worst of each kind.
    """
    table = Table(title="Accuracy (pairs of records)")
    for name in ("people / seed", "what", "precision", "recall", "F1", "best F1",
                 "wrong links", "wrong at the peer's recall", "review / 1,000",
                 "recall with review"):  # fmt: skip
        table.add_column(name, justify="left" if name == "what" else "right")
    for row in rows:
        best = row.peer["best"]
        wrong = wrong_of_peer(row.peer, row.ours)
        recall = best["recall"]
        top = max(row.ours["sweep"], key=lambda one: one["f1"])
        ideal = max(row.bound, key=lambda one: one["f1"])
        applied = row.ours["applied"]
        table.add_row(row.name, "plain Splink, best threshold", *_shares(best),
                      f"{best['f1']:.4f}", f"{wrong:.0f}", f"{wrong:.0f}", "", "")  # fmt: skip
        table.add_row("", "ours, as applied", *_shares(applied), f"{top['f1']:.4f}",
                      f"{applied['wrong']}", _at_recall(row.ours["sweep"], recall),
                      f"{row.ours['review_per_1000']:.1f}",
                      f"{row.ours['answered']['recall']:.4f}")  # fmt: skip
        table.add_row("", "supervised bound, best threshold", *_shares(ideal),
                      f"{ideal['f1']:.4f}", f"{ideal['wrong']:.0f}",
                      _at_recall(row.bound, recall), "", "")  # fmt: skip
    for kind, (name, found) in _shown_changes(changed):
        table.add_row(
            "other rates", f"ours, {kind}: {name}" if kind else f"ours, {name}", *_shares(found),
            "", f"{found['wrong']:.0f}", "", f"{found['review_per_1000']:.1f}",
            f"{found['recall_with_review']:.4f}",
        )  # fmt: skip
    return table


def _shown_changes(changed: Sequence[Line]) -> Iterator[tuple[str, Line]]:
    """Of the cities with other rates those that the one table shows, with what they are."""
    if changed:
        yield "", changed[0]
    for kind, sign in (("worst halved", "× 0.5"), ("worst doubled", "× 2"), ("", "copied")):
        of_kind = [line for line in changed if sign in line[0]]
        if kind and of_kind:
            yield kind, min(of_kind, key=lambda line: line[1]["f1"])
        else:
            yield from (("", line) for line in of_kind)


def review(rows: Sequence[Row]) -> Table:
    """What stewards are asked and what comes of their answers."""
    table = Table(title="Review: answered truthfully, and with 3 % errors and 15 % unsure")
    for name in ("people / seed", "items", "per 1,000 citizens", "hours", "recall", "precision",
                 "recall (people)", "precision (people)", "asked next"):  # fmt: skip
        table.add_column(name, justify="right")
    for row in rows:
        found, truthful, human = row.ours, row.ours["answered"], row.ours["answered_by_people"]
        table.add_row(
            row.name, f"{found['review']:,}", f"{found['review_per_1000']:.2f}",
            f"{hours(found['review']):.0f}", f"{truthful['recall']:.4f}",
            f"{truthful['precision']:.5f}", f"{human['recall']:.4f}",
            f"{human['precision']:.5f}", str(found["follow_up"]),
        )  # fmt: skip
    return table


def subgroups(rows: Sequence[Row]) -> Table:
    """Recall, recall with truthful review, and false links of each subgroup."""
    table = Table(title="Subgroups: recall, with review, false links (wrong of linked)")
    table.add_column("subgroup")
    for row in rows:
        table.add_column(row.name, justify="right")
    for name in rows[0].ours["groups"]:
        cells = []
        for row in rows:
            found, later = row.ours["groups"][name], row.ours["groups_with_review"][name]
            cells.append(
                f"{found['recall']:.4f}  {later['recall']:.4f}  {found['false_links']:.4f} "
                f"({found['wrong']} of {found['linked']:,})"
            )
        table.add_row(name, *cells)
    return table


def traps(rows: Sequence[Row]) -> Table:
    """Borrowed CPFs, children with adults, twins."""
    table = Table(title="Traps (counts)")
    table.add_column("what")
    for row in rows:
        table.add_column(row.name, justify="right")
    for name in rows[0].ours["traps"]:
        table.add_row(name.replace("_", " "), *(f"{row.ours['traps'][name]:,}" for row in rows))
    return table


def blocking(row: Row) -> Table:
    """Candidate recall, and what each rule alone contributes."""
    found = row.ours["blocking"]
    per_record = found["pairs"] / row.ours["records"]
    table = Table(
        title=f"Blocking, {row.name}: recall {found['recall']:.4f}, {per_record:.2f} pairs a record"
    )
    for name in ("rule", "pairs", "true", "only this rule", "true, only this rule"):
        table.add_column(name, justify="left" if name == "rule" else "right")
    for name, rule in found["rules"].items():
        counts = (f"{rule[key]:,}" for key in ("pairs", "true", "alone", "true_alone"))
        table.add_row(name, *counts)
    return table


def calibration(rows: Sequence[Row]) -> Table:
    """Stated and true shares of matches in bins of equal count, and of nearly sure pairs.

    The last row takes the pairs of all cities together: few pairs are uncertain, and of few pairs
    even true probabilities show an error (`by chance`).
    """
    table = Table(title="Calibration: pairs given 0.05 to 0.95, stated / true; sure links, wrong")
    for name in ("people / seed", "pairs", "error", "by chance", "bins",
                 "given 0.9999: links", "stated wrong", "wrong"):  # fmt: skip
        table.add_column(name, justify="left" if name == "bins" else "right")
    together = [pair for row in rows for pair in row.ours["calibration"]["between"]]
    shown = [(row.name, row.ours["calibration"], [row]) for row in rows]
    for name, found, of in (*shown, ("together", binned(together), rows)):
        bins = "  ".join(f"{b['stated']:.2f}/{b['true']:.2f}" for b in found["bins"])
        sure = [row.ours["calibration"]["sure"]["0.9999"] for row in of]
        table.add_row(
            name, f"{found['n']:,}", f"{found['error']:.3f}", f"{found['chance']:.3f}", bins,
            f"{sum(one['n'] for one in sure):,}",
            f"{sum(one['stated'] * one['n'] for one in sure):.2f}",
            f"{sum(one['wrong'] * one['n'] for one in sure):.0f}",
        )  # fmt: skip
    return table


def thresholds(row: Row) -> Table:
    """What each link threshold would give."""
    table = Table(title=f"Link threshold, {row.name}")
    for name in ("bits", "precision", "recall", "F1", "wrong links"):
        table.add_column(name, justify="right")
    for one in row.ours["sweep"]:
        table.add_row(f"{one['bits']:.0f}", *_shares(one), f"{one['wrong']:.0f}")
    return table
