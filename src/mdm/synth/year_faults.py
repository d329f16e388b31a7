"""What sources do as a whole: a merge wave and its undoing, new keys for all, spoilt files."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mdm.synth.population import NOBODY
from mdm.synth.streams import Ints
from mdm.synth.year_events import Month
from mdm.synth.year_people import Life
from mdm.synth.year_register import Register


def merge_wave(life: Life, register: Register, month: Month) -> None:
    """The source says of many duplicates which record replaces them; of a few it is wrong."""
    rng = month.rng("merges")
    rows = np.flatnonzero(register.here & ~register.newborn)
    person = register.person[rows]
    order = np.lexsort((rows, person))
    rows, person = rows[order], person[order]
    again = np.r_[False, person[1:] == person[:-1]]
    # The oldest record stays.
    starts = np.maximum.accumulate(np.where(again, 0, np.arange(len(rows))))
    gone, kept = rows[again], rows[starts[again]]
    chosen = rng.random(len(gone)) < life.rates.merged
    gone, kept = gone[chosen], kept[chosen]
    wrong_gone, wrong_kept = _mistaken(life, register, rng, len(gone), np.union1d(gone, kept))
    replaced = np.concatenate([gone, wrong_gone])
    target = np.concatenate([kept, wrong_kept])
    order = np.argsort(replaced)
    keys = register.table["local_id"].take(pa.array(target[order]))
    register.put("merged_into", replaced[order], keys)
    register.schedule("unmerge", wrong_gone, np.full(len(wrong_gone), life.rates.unmerged_in))
    month.events.records("merged_at_source", register, gone)
    month.events.records("merged_at_source_wrongly", register, wrong_gone)


def _mistaken(
    life: Life, register: Register, rng: np.random.Generator, merges: int, taken: Ints
) -> tuple[Ints, Ints]:
    """Records of brothers and sisters (first of all twins) that are merged as one person."""
    count = int(rng.poisson(merges * life.rates.merged_wrongly))
    population = life.world.population
    rows = np.setdiff1d(np.flatnonzero(register.here & ~register.newborn), taken)
    mother = population.mother[register.person[rows]]
    rows = rows[(mother != NOBODY) & (mother < population.residents)]
    mother = population.mother[register.person[rows]]
    order = np.lexsort((register.person[rows], mother))
    rows, mother = rows[order], mother[order]
    pairs = np.flatnonzero(mother[1:] == mother[:-1])
    pairs = pairs[register.person[rows[pairs]] != register.person[rows[pairs + 1]]]
    pairs = rng.permutation(pairs[::2])[:count]
    left, right = rows[pairs], rows[pairs + 1]
    _, once = np.unique(np.concatenate([left, right]), return_index=True)
    single = np.zeros(2 * len(pairs), dtype=bool)
    single[once] = True
    clean = single[: len(pairs)] & single[len(pairs) :]
    return np.maximum(left, right)[clean], np.minimum(left, right)[clean]


def unmerge(register: Register, month: Month) -> None:
    """Wrong merges are taken back: both records stand for themselves again."""
    rows = register.taken_due("unmerge", month.number)
    register.put("merged_into", rows, pa.nulls(len(rows), pa.string()))
    month.events.records("unmerged_at_source", register, rows)


def rekey(register: Register, month: Month) -> None:
    """Every record goes on under another key; nothing else changes."""
    rows = np.flatnonzero(register.here)
    keys = register.next_keys(len(rows))
    order = month.rng("keys").permutation(len(keys)).tolist()
    added = register.add_again(rows, pa.array([keys[k] for k in order], pa.string()))
    register.left[rows] = month.number
    month.events.records("rekeyed", register, added)


def write_truncated(path: Path, whole: Path, share: float) -> None:
    """The beginning of a file, ending with a whole line: the export stopped, nobody noticed."""
    with whole.open("rb") as source, path.open("wb") as target:
        size = int(whole.stat().st_size * share)
        target.write(source.read(size))
        target.write(source.readline())


def write_one_school(path: Path, register: Register) -> None:
    """The records of the largest school alone."""
    codes = register.table["unit_code"].combine_chunks()
    here = pa.array(register.here)
    counts = pc.value_counts(codes.filter(here)).to_pylist()
    largest = max(counts, key=lambda one: (one["counts"], one["values"]))["values"]
    mine = np.asarray(pc.fill_null(pc.equal(codes, largest), fill_value=False))
    register.write(path, np.flatnonzero(register.here & mine))
