"""`python -m mdm.synth OUT --people N --seed S [--layouts] [--borrowed-cpf SHARE]`."""

import argparse
import sys
from pathlib import Path

from mdm.synth.city import generate
from mdm.synth.rates import CityRates


def main() -> None:
    """Read the words of the command and write the city."""
    parser = argparse.ArgumentParser(prog="python -m mdm.synth", description=main.__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--layouts", action="store_true", help="also write the real layouts")
    parser.add_argument("--borrowed-cpf", type=float, help="share of children, instead of rates")
    words = parser.parse_args()
    summary = generate(
        words.out,
        words.people,
        words.seed,
        _print_step,
        rates=CityRates(borrowing_children=words.borrowed_cpf),
        layouts=words.layouts,
    )
    sys.stdout.write(f"{summary.people} people, records: {summary.records}\n")


def _print_step(step: str, share: float) -> None:
    sys.stderr.write(f"{share:4.0%} {step}\n")


if __name__ == "__main__":
    main()
