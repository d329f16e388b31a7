"""What happened in a month, to whom and on which record: the causes of whatever IDs do."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mdm.synth.streams import Ints, Streams
from mdm.synth.writing import write_csv
from mdm.synth.year_register import Register

EVENTS_FILE = "events.csv"


class Events:
    """The events of one month; written as `person_id, kind, source, local_id`."""

    def __init__(self) -> None:
        self._parts: list[pa.Table] = []

    def people(self, kind: str, people: Ints) -> None:
        """Something happened to these people; no record need know of it yet."""
        nothing = pa.nulls(len(people), pa.string())
        self._add(kind, people, nothing, nothing)

    def records(self, kind: str, register: Register, rows: Ints) -> None:
        """These records of a source changed."""
        local = register.table["local_id"].take(pa.array(rows)).combine_chunks()
        source = pa.array([str(register.source)] * len(rows), pa.string())
        self._add(kind, register.person[rows], source, local)

    def _add(self, kind: str, people: Ints, source: pa.Array, local: pa.Array) -> None:
        if len(people):
            person = pc.cast(pa.array(people + 1), pa.string())
            kinds = pa.array([kind] * len(people), pa.string())
            names = ["person_id", "kind", "source", "local_id"]
            self._parts.append(pa.table([person, kinds, source, local], names=names))

    def counts(self) -> dict[str, int]:
        """Events by kind."""
        found: dict[str, int] = {}
        for part in self._parts:
            kind = part["kind"][0].as_py()
            found[kind] = found.get(kind, 0) + len(part)
        return found

    def write(self, path: Path) -> None:
        """Write them; a month without events has a file with a header alone."""
        empty = pa.table(
            {
                name: pa.array([], pa.string())
                for name in ("person_id", "kind", "source", "local_id")
            }
        )
        write_csv(path, pa.concat_tables([empty, *self._parts]))


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the year.

    Attributes:
        number: 1 to 12.
        day: Its last day, days since 1970-01-01.
        streams: Random streams of the city.
        events: What happens in it.
    """

    number: int
    day: int
    streams: Streams
    events: Events

    def rng(self, name: str) -> np.random.Generator:
        """The stream of this month for a purpose."""
        return self.streams.named(f"year {self.number} {name}")

    def apart(self, name: str) -> Streams:
        """Streams for records written this month for a purpose."""
        return Streams(int(self.rng(name).integers(0, 2**31)))


def sample(rng: np.random.Generator, rows: Ints, share: float) -> Ints:
    """Some of the rows, in their order."""
    return rows[rng.random(len(rows)) < share]
