"""What the accuracy bench says of cities with other rates."""

from pathlib import Path

import pytest
from bench.accuracy_rates import AS_ASSUMED, CARD_LINE, Line, changes, worst, write_card


def _line(name: str, f1: float) -> Line:
    names = ("precision", "recall", "wrong", "review_per_1000", "recall_with_review")
    return name, {"f1": f1, **dict.fromkeys(names, 1.0)}


def test_every_change_has_a_name_of_its_own_and_rates_of_its_own() -> None:
    found = list(changes())

    assert found[0][0] == AS_ASSUMED
    assert len({name for name, _ in found}) == len(found)
    assert len({repr(rates) for _, rates in found}) == len(found)


def test_the_card_names_the_line_with_the_least_f1() -> None:
    told = worst([_line(AS_ASSUMED, 0.99), _line("twins × 2", 0.98), _line("twins × 0.5", 1)], 5)

    assert told.startswith(CARD_LINE)
    assert "twins × 2:" in told
    assert told.count("\n") == 1


def test_the_worst_line_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    card = tmp_path / "CARD.md"
    card.write_text(f"# Model\n\n{CARD_LINE} Before.\n\nMore.\n", "utf-8")

    write_card(card, f"{CARD_LINE} After.\n")

    assert card.read_text("utf-8") == f"# Model\n\n{CARD_LINE} After.\n\nMore.\n"


def test_a_card_without_the_line_is_refused(tmp_path: Path) -> None:
    card = tmp_path / "CARD.md"
    card.write_text("# Model\n", "utf-8")

    with pytest.raises(SystemExit):
        write_card(card, f"{CARD_LINE} After.\n")
    assert card.read_text("utf-8") == "# Model\n"
