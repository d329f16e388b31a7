"""A small synthetic city, made once for all tests that read it."""

import csv
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mdm.synth.city import CitySummary, generate

Row = dict[str, str]
FILES = {"saude": "health", "cadunico": "social", "educacao": "education"}


@dataclass(frozen=True)
class SmallCity:
    folder: Path
    summary: CitySummary
    canonical: dict[str, list[Row]]
    truth: list[Row]

    def with_truth(self, source: str) -> list[tuple[Row, Row]]:
        """Each record of the source with its truth."""
        truth = {row["local_id"]: row for row in self.truth if row["source"] == source}
        return [(row, truth[row["local_id"]]) for row in self.canonical[source]]


def read_csv(path: Path, delimiter: str = ",") -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


@lru_cache(maxsize=1)
def small_city() -> SmallCity:
    """Six thousand people in all layouts."""
    folder = Path(tempfile.mkdtemp(prefix="mdm-city-"))
    summary = generate(folder, 6000, 5)
    canonical = {
        source: read_csv(folder / "canonical" / f"{name}.csv") for source, name in FILES.items()
    }
    return SmallCity(folder, summary, canonical, read_csv(folder / "truth.csv"))
