"""The truth: which person each record is about, and what is true of that person."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mdm.synth import filling, numbers
from mdm.synth.filling import unless
from mdm.synth.population import NOBODY
from mdm.synth.received import Received
from mdm.synth.records import Source
from mdm.synth.streams import Flags, Ints
from mdm.synth.tables import NO_TOKEN, join_tokens
from mdm.synth.world import World
from mdm.synth.writing import write_csv

TRUTH_FILE = "truth.csv"


class Register(Protocol):
    """What the truth asks of a source's records in their year."""

    source: Source
    table: Any
    person: Ints
    newborn: Flags
    of_relative: Flags

    @property
    def here(self) -> Flags:
        """Records in the file."""
        ...


def write_truth(out: Path, sources: list[Received], world: World) -> str:
    """Write `truth.csv`, one line for each record; gives the path below `out`."""
    people = _people(world)
    parts = [
        _rows(str(s.source), s.table["local_id"], people, s.records.person)
        | _flags(s.records.newborn, s.of_relative)
        for s in sources
    ]
    write_csv(out / TRUTH_FILE, pa.concat_tables([pa.table(part) for part in parts]))
    return TRUTH_FILE


def write_year_truth(path: Path, registers: Sequence[Register], world: World) -> None:
    """Write the truth of all records ever delivered, with the present address of each person.

    `in_file` says which of them the file of the month holds.
    """
    people = _people(world)
    home = world.population.homes.household
    streets = pa.array(world.identity.streets.names)
    address = {
        "true_street": streets.take(pa.array(world.identity.street[home])),
        "true_street_number": pc.cast(pa.array(world.identity.street_number[home]), pa.string()),
    }
    for name, values in address.items():
        people = people.append_column(name, values)
    parts = [
        _rows(str(one.source), one.table["local_id"], people, one.person)
        | _flags(one.newborn, one.of_relative)
        | {"in_file": pa.array(one.here.astype(np.int8))}
        for one in registers
    ]
    write_csv(path, pa.concat_tables([pa.table(part) for part in parts]))


def _rows(source: str, local_id: Any, people: pa.Table, person: Ints) -> dict[str, Any]:
    rows = pa.array(person)
    return {
        "source": pa.array([source] * len(person), pa.string()),
        "local_id": local_id,
        **{name: people[name].take(rows) for name in people.column_names},
    }


def _flags(newborn: Flags, of_relative: Flags) -> dict[str, Any]:
    return {
        "is_newborn_record": pa.array(newborn.astype(np.int8)),
        "cpf_is_relatives": pa.array(of_relative.astype(np.int8)),
    }


def _people(world: World) -> pa.Table:
    names, words = world.names, world.words
    population = world.population
    size = population.residents
    rows = np.arange(size)
    columns = names.columns(rows, names.married[:size])
    social = world.traits.social_first
    social_name = join_tokens([social, np.full(size, NO_TOKEN), *columns[2:]], words.accented)
    mother = population.mother[:size]
    # The mother's name as in the person's papers: what she was called at the birth.
    at_birth = names.married_on[mother] <= population.birth[:size]
    mothers = names.columns(mother, names.married[mother] & at_birth)
    cpf = world.identity.cpf
    died = population.died
    twin = population.twin_group
    return pa.table(
        {
            "person_id": pc.cast(pa.array(rows + 1), pa.string()),
            "true_name": join_tokens(columns, words.accented),
            "true_social_name": unless(social == NO_TOKEN, social_name),
            "true_birth_date": filling.iso_dates(population.birth[:size]),
            "true_sex": pa.array(["M", "F"]).take(
                pa.array(population.female[:size].astype(np.int64))
            ),
            "true_cpf": numbers.text(cpf, 11, cpf == 0),
            "true_mother_name": join_tokens(mothers, words.accented),
            "true_deceased_on": filling.iso_dates(np.maximum(died, 0), died == NOBODY),
            "twin_group": pc.cast(pa.array(twin, mask=twin == NOBODY), pa.string()),
            "household": pc.cast(pa.array(population.homes.household), pa.string()),
        }
    )
