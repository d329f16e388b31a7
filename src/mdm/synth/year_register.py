"""One source's records through the year: what stands in its file, and what is to be written when.

Rows are kept for good, so that the truth can name every key that was ever delivered; `left` says
since when one is out of the file. What happens to a person reaches each record in a month of its
own: that month stands in `due`.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from mdm.domain.canonical import CANONICAL_FIELDS
from mdm.errors import UsageError
from mdm.synth import filling
from mdm.synth.received import receive
from mdm.synth.records import Records, Source
from mdm.synth.streams import Flags, Ints, Streams
from mdm.synth.truth import TRUTH_FILE
from mdm.synth.world import World
from mdm.synth.writing import FILES, write_csv

COLUMNS = tuple(field.name for field in CANONICAL_FIELDS)
# What is written anew for each kind of change.
KINDS = {
    "named": ("full_name", "mother_name", "father_name", "cpf", "birth_certificate", "sex"),
    "marriage": ("full_name",),
    "move": ("street", "street_number", "district", "postal_code", "municipality", "phone"),
    "phone": ("phone",),
    "cpf": ("cpf",),
    "correction": ("full_name", "birth_date"),
    "family": ("household_id", "household_role"),
}


@dataclass(slots=True)
class Register:
    """The records of one source.

    Attributes:
        source: Which one.
        table: Canonical columns as text, one row a record.
        person: Row of the person in the world.
        duplicate, newborn, of_relative: As in `Records` and `Received`.
        left: Month since which the record is out of the file, 0 while it is in.
        due: Kind of change to the month in which each record learns of it, 0 for none.
        first_key: Number from which new local IDs count.
    """

    source: Source
    table: Any
    person: Ints
    duplicate: Flags
    newborn: Flags
    of_relative: Flags
    left: Ints
    due: dict[str, Ints] = field(default_factory=dict)
    first_key: int = 0

    @property
    def here(self) -> Flags:
        """Records in the file."""
        here: Flags = self.left == 0
        return here

    def rows_of(self, people: Ints) -> Ints:
        """Records in the file of these people, in their order in the file."""
        return np.flatnonzero(self.here & np.isin(self.person, people))

    def schedule(self, kind: str, rows: Ints, months: Ints) -> None:
        """These records learn of a change in these months; an earlier month stands."""
        due = self.due.setdefault(kind, np.zeros(len(self.person), dtype=np.int64))
        waits = due[rows] > 0
        due[rows] = np.where(waits, np.minimum(due[rows], months), months)

    def taken_due(self, kind: str, month: int) -> Ints:
        """The records in the file that learn of a change this month; asked once."""
        if kind not in self.due:
            return np.zeros(0, dtype=np.int64)
        rows = np.flatnonzero((self.due[kind] == month) & self.here)
        self.due[kind][rows] = 0
        return rows

    def put(self, name: str, rows: Ints, values: Any) -> None:
        """Write a column at ascending rows."""
        if not len(rows):
            return
        mask = np.zeros(len(self.person), dtype=bool)
        mask[rows] = True
        column = self.table[name].combine_chunks()
        values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
        written = pc.replace_with_mask(column, pa.array(mask), values)
        self.table = self.table.set_column(self.table.column_names.index(name), name, written)

    def add(self, rows: Any, entry: "Entry", lent: Flags) -> Ints:
        """Append records (a table of canonical columns); gives their rows."""
        count = len(entry.person)
        table = pa.table({name: _text(rows, name, count) for name in COLUMNS})
        return self._append(
            table,
            entry.person,
            np.full(count, entry.duplicate),
            np.full(count, entry.newborn),
            lent,
        )

    def add_again(self, rows: Ints, keys: Any) -> Ints:
        """Append these records once more under other keys, with all that waits for them."""
        table = self.table.take(pa.array(rows))
        table = table.set_column(table.column_names.index("local_id"), "local_id", keys)
        added = self._append(
            table,
            self.person[rows],
            self.duplicate[rows],
            self.newborn[rows],
            self.of_relative[rows],
        )
        for due in self.due.values():
            due[added] = due[rows]
            due[rows] = 0
        return added

    def _append(
        self, table: Any, person: Ints, duplicate: Flags, newborn: Flags, lent: Flags
    ) -> Ints:
        start, count = len(self.person), len(person)
        self.table = pa.concat_tables([self.table, table]).combine_chunks()
        self.person = np.concatenate([self.person, person])
        self.duplicate = np.concatenate([self.duplicate, duplicate])
        self.newborn = np.concatenate([self.newborn, newborn])
        self.of_relative = np.concatenate([self.of_relative, lent])
        nothing = np.zeros(count, dtype=np.int64)
        self.left = np.concatenate([self.left, nothing])
        self.due = {kind: np.concatenate([due, nothing]) for kind, due in self.due.items()}
        return np.arange(start, start + count)

    def next_keys(self, count: int) -> list[str]:
        """Local IDs that the source has never given."""
        first = self.first_key
        self.first_key += count
        if self.source is Source.HEALTH:
            return [
                f"{n:08x}-0000-4000-c{n % 4096:03x}-{n:012x}" for n in range(first, first + count)
            ]
        return [str(n) for n in range(first, first + count)]

    def touch(self, rows: Ints, day: int, rng: np.random.Generator) -> None:
        """Note that these records were worked on this month."""
        days = day - rng.integers(0, 28, len(rows))
        self.put("updated_at", rows, filling.timestamps(rng, days))
        self.put("last_contact_on", rows, filling.iso_dates(days))

    def write(self, path: Path, rows: Ints | None = None) -> None:
        """The file as the source delivers it, or some rows of it."""
        chosen = np.flatnonzero(self.here) if rows is None else rows
        table = self.table.take(pa.array(chosen))
        filled = [name for name in COLUMNS if table[name].null_count < len(chosen)]
        write_csv(path, table.select(filled))


def read_register(city: Path, source: Source, world: World, first_key: int) -> Register:
    """The records of a source as the city's canonical file holds them, with their people.

    Raises:
        UsageError: The city's files are missing, or are not those of this world.
    """
    table = _read(city / "canonical" / f"{FILES[source]}.csv")
    truth = _read(city / TRUTH_FILE)
    truth = truth.filter(pc.equal(truth["source"], str(source)))
    if len(truth) != len(table) or not truth["local_id"].equals(table["local_id"]):
        raise UsageError("the city's truth does not belong to its files", where=str(source))
    person = np.asarray(truth["person_id"].cast(pa.int64())) - 1
    born = filling.iso_dates(world.population.birth[person])
    if not truth["true_birth_date"].combine_chunks().equals(born):
        raise UsageError("the city was made by another generator", where=str(source))
    count = len(table)
    _, once = np.unique(person, return_index=True)
    duplicate = np.ones(count, dtype=bool)
    duplicate[once] = False
    return Register(
        source=source,
        table=pa.table({name: _text(table, name, count) for name in COLUMNS}),
        person=person,
        duplicate=duplicate,
        newborn=_flag(truth, "is_newborn_record"),
        of_relative=_flag(truth, "cpf_is_relatives"),
        left=np.zeros(count, dtype=np.int64),
        first_key=first_key,
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """Records that are written on one day.

    Attributes:
        person: Whom each is about.
        day: The day, days since 1970-01-01.
        duplicate, newborn, baby: As in `Records`, for all of them.
        exact: From papers, without a clerk's errors.
    """

    person: Ints
    day: int
    duplicate: bool = False
    newborn: bool = False
    baby: bool = False
    exact: bool = False


def written(streams: Streams, source: Source, world: World, entry: Entry) -> tuple[Any, Flags]:
    """Records as the source's clerks write them down.

    Args:
        streams: Of this month and purpose.
        source: The source.
        world: The people as they are today.
        entry: Whom, when and how.

    Returns:
        The table, and which records carry a relative's CPF.
    """
    count = len(entry.person)
    own = getattr(world.rates, _RATES[source])
    days = np.full(count, entry.day)
    records = Records(
        source=source,
        rates=replace(own.scaled(0.0) if entry.exact else own, address_stale=0.0),
        person=entry.person,
        duplicate=np.full(count, entry.duplicate),
        newborn=np.full(count, entry.newborn),
        baby=np.full(count, entry.baby),
        created=days,
        updated=days,
        household=world.population.homes.household[entry.person],
        factor=np.full(count, _NO_ERROR if entry.exact else 1.0),
    )
    made = receive(streams, records, world)
    return made.table, made.of_relative


# The errors of a record are drawn with this factor, by which they are divided, too.
_NO_ERROR = 1e-9
_RATES = {Source.HEALTH: "health", Source.SOCIAL: "social", Source.EDUCATION: "education"}


def _read(path: Path) -> Any:
    if not path.is_file():
        raise UsageError("the folder holds no synthetic city", where=path.name)
    with path.open("rb") as file:
        names = file.readline().decode("utf-8").strip().split(",")
    options = pa_csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
    )
    return pa_csv.read_csv(path, convert_options=options).combine_chunks()


def _text(table: Any, name: str, count: int) -> Any:
    if name not in table.column_names:
        return pa.nulls(count, pa.string())
    column = table[name]
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _flag(table: Any, name: str) -> Flags:
    return np.asarray(pc.equal(table[name], "1"))
