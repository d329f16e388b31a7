"""The truth: which person each record is about, and what is true of that person."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mdm.synth import filling, numbers
from mdm.synth.filling import unless
from mdm.synth.population import NOBODY
from mdm.synth.received import Received
from mdm.synth.tables import NO_TOKEN, join_tokens
from mdm.synth.world import World
from mdm.synth.writing import write_csv

TRUTH_FILE = "truth.csv"


def write_truth(out: Path, sources: list[Received], world: World) -> str:
    """Write `truth.csv`, one line for each record; gives the path below `out`."""
    people = _people(world)
    parts = []
    for source in sources:
        person = pa.array(source.records.person)
        count = len(source.records.person)
        parts.append(
            pa.table(
                {
                    "source": pa.array([str(source.source)] * count),
                    "local_id": source.table["local_id"],
                    **{name: people[name].take(person) for name in people.column_names},
                    "is_newborn_record": pa.array(source.records.newborn.astype(np.int8)),
                    "cpf_is_relatives": pa.array(source.of_relative.astype(np.int8)),
                }
            )
        )
    write_csv(out / TRUTH_FILE, pa.concat_tables(parts))
    return TRUTH_FILE


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
