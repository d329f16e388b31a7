"""What issue 4 asks of accuracy, line by line, beside what a run measured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Must:
    """One line.

    Attributes:
        what: What is measured.
        limit: What it must reach.
        value: Reads it off the peer's answer and ours.
        least: The limit is a lower one.
    """

    what: str
    limit: float
    value: Callable[[dict[str, Any], dict[str, Any]], float]
    least: bool = True

    def is_met(self, value: float) -> bool:
        """Whether a value reaches the limit."""
        return value >= self.limit if self.least else value <= self.limit


def wrong_at_recall(curve: Sequence[dict[str, float]], recall: float) -> float:
    """The fewest wrong links at no less than a recall; infinite where it is never reached."""
    return min((one["wrong"] for one in curve if one["recall"] >= recall), default=NEVER)


def wrong_of_peer(peer: dict[str, Any], ours: dict[str, Any]) -> float:
    """Wrong links of the peer at its best threshold."""
    best = peer["best"]
    return float(ours["applied"]["true"] * best["recall"] * (1 / best["precision"] - 1))


def _against_peer(peer: dict[str, Any], ours: dict[str, Any]) -> float:
    return wrong_at_recall(ours["sweep"], peer["best"]["recall"]) / wrong_of_peer(peer, ours)


def _of(*path: str) -> Callable[[dict[str, Any], dict[str, Any]], float]:
    def read(peer: dict[str, Any], ours: dict[str, Any]) -> float:
        del peer
        found: Any = ours
        for name in path:
            found = found[name]
        return float(found)

    return read


MUSTS = (
    Must("precision, as applied", 0.9985, _of("applied", "precision")),
    Must("recall, as applied", 0.980, _of("applied", "recall")),
    Must("best F1 over thresholds", 0.990, lambda _, o: max(s["f1"] for s in o["sweep"])),
    Must("wrong links at the peer's recall, of the peer's", 0.1, _against_peer, least=False),
    Must("candidate recall", 0.998, _of("blocking", "recall")),
    Must("candidate pairs a record", 8, lambda _, o: o["candidate_pairs"] / o["records"],
         least=False),
    Must("review items per 1,000 citizens", 8, _of("review_per_1000"), least=False),
    Must("recall, answered truthfully", 0.994, _of("answered", "recall")),
    Must("recall, 3 % errors and 15 % unsure", 0.992, _of("answered_by_people", "recall")),
    Must("precision, the same", 0.998, _of("answered_by_people", "precision")),
    Must("recall without CPF", 0.95, _of("groups", "no CPF", "recall")),
    Must("recall of RN records", 0.90, _of("groups", "RN record", "recall")),
    Must("recall of foreign names", 0.93, _of("groups", "foreign", "recall")),
    Must("recall of one-token names", 0.93, _of("groups", "one token", "recall")),
    Must("false links, the worst subgroup", 0.003,
         lambda _, o: max(one["false_links"] for one in o["groups"].values()), least=False),
    Must("children under a relative's CPF that reach their citizen", 0.95,
         lambda _, o: o["traps"]["borrowed_reach_own_citizen"]
         / max(o["traps"]["borrowed_with_own_records"], 1)),
    Must("citizens that mix a child with an adult", 0, _of("traps", "adult_and_child"),
         least=False),
)  # fmt: skip


def musts(cities: Sequence[tuple[str, dict[str, Any], dict[str, Any]]]) -> Table:
    """Every must with its value in each city (name, the peer's answer, ours): do all meet it?"""
    table = Table(title="What must be reached")
    table.add_column("what")
    table.add_column("must", justify="right")
    for name, _, _ in cities:
        table.add_column(name, justify="right")
    table.add_column("met")
    for must in MUSTS:
        values = [must.value(peer, ours) for _, peer, ours in cities]
        sign = "≥" if must.least else "≤"
        shown = ("not reached" if value == NEVER else f"{value:.4f}" for value in values)
        met = "yes" if all(must.is_met(value) for value in values) else "NO"
        table.add_row(must.what, f"{sign} {must.limit:g}", *shown, met)
    return table
