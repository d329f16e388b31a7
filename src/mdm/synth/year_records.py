"""What a month does to the records: changes that arrive, new records, some leave and come back."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mdm.synth import filling
from mdm.synth.households import YEAR
from mdm.synth.records import SCHOOL_FROM, Source
from mdm.synth.streams import Flags, Ints, Streams, chance
from mdm.synth.tables import join_tokens
from mdm.synth.world import World
from mdm.synth.year_events import Month, sample
from mdm.synth.year_faults import rekey
from mdm.synth.year_people import Life
from mdm.synth.year_rates import MONTHS
from mdm.synth.year_register import KINDS, Entry, Register, written

_DAYS_A_MONTH = 30


def record_month(life: Life, month: Month) -> None:
    """Bring all registers from the month before to the end of this one."""
    for source, register in life.registers.items():
        rng = month.rng(str(source))
        _leave(life, register, rng, month)
        # Before anything is written, so that no key is given that is never delivered.
        if source is Source.EDUCATION and month.number == life.rates.rekeyed_in:
            rekey(register, month)
        _come_back(life, register, month)
        _correct(life, register, rng, month)
        for kind in KINDS:
            _renew(life, register, kind, month)
        _deaths(life, register, rng, month)
        _enter(life, register, rng, month)
    _newborn_in_health(life, life.registers[Source.HEALTH], month)
    _newborn_in_social(life, life.registers[Source.SOCIAL], month)


def _renew(life: Life, register: Register, kind: str, month: Month) -> None:
    """The records that learn of a change of one kind this month."""
    rows = register.taken_due(kind, month.number)
    if not len(rows) or (kind == "family" and register.source is not Source.SOCIAL):
        return
    streams = month.apart(f"{register.source} {kind}")
    entry = Entry(register.person[rows], month.day, exact=kind in ("named", "correction"))
    table, lent = written(streams, register.source, life.world, entry)
    for name in KINDS[kind]:
        if name == "household_id":
            register.put(name, rows, _codes(life, register.person[rows]))
        elif name in table.column_names:
            register.put(name, rows, _kept_if_missing(register, rows, name, table[name]))
    if "cpf" in KINDS[kind]:
        register.of_relative[rows] = lent
    if kind == "named":
        register.newborn[rows] = False
    register.touch(rows, month.day, streams.named("touched"))
    month.events.records(f"{kind}_recorded", register, rows)


def _kept_if_missing(register: Register, rows: Ints, name: str, values: Any) -> Any:
    """A renewed record keeps what the clerk does not ask for."""
    new = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    old = register.table[name].combine_chunks().take(pa.array(rows))
    return pc.coalesce(new, old)


def _codes(life: Life, people: Ints) -> Any:
    """CadÚnico's code of the home of each person; a home without one gets one."""
    homes = life.world.population.homes.household[people]
    for home in np.unique(homes[life.family[homes] == 0]).tolist():
        life.family[home] = life.new_family()
    return pc.cast(pa.array(life.family[homes]), pa.string())


def _correct(life: Life, register: Register, rng: np.random.Generator, month: Month) -> None:
    """Records whose name or birth date is wrong come up for correction."""
    world = life.world
    rows = np.flatnonzero(register.here & ~register.newborn)
    table = register.table.take(pa.array(rows))
    born = filling.iso_dates(world.population.birth[register.person[rows]])
    dated = pc.fill_null(pc.equal(table["birth_date"].combine_chunks(), born), fill_value=False)
    named = _named_right(world, register.person[rows], table["full_name"].combine_chunks())
    wrong = ~(np.asarray(dated) & named)
    chosen = sample(rng, rows[wrong], life.rates.corrected / MONTHS)
    register.schedule("correction", chosen, np.full(len(chosen), month.number))


def _named_right(world: World, people: Ints, texts: Any) -> Flags:
    """Whether the civil name stands there in full, with the married or the maiden name."""
    right = np.zeros(len(people), dtype=bool)
    for married in (world.names.married[people], np.zeros(len(people), dtype=bool)):
        columns = world.names.columns(people, married)
        for words in (world.words.plain, world.words.accented):
            right |= np.asarray(pc.equal(texts, join_tokens(columns, words)))
    return right


def _leave(life: Life, register: Register, rng: np.random.Generator, month: Month) -> None:
    """Records that the source no longer delivers; for some a return is due."""
    rows = sample(rng, np.flatnonzero(register.here), life.year_of(register.source).leaves)
    # The newborn that wait for their name stay.
    rows = rows[~register.newborn[rows]]
    gone = register.taken_due("gone", month.number)
    rows = np.setdiff1d(rows, gone)
    back = sample(rng, rows, life.rates.returns)
    register.schedule("return", back, month.number + rng.integers(1, 11, len(back)))
    register.left[rows] = month.number
    register.left[gone] = month.number
    month.events.records("left", register, rows)
    month.events.records("left_after_death", register, gone)


def _come_back(life: Life, register: Register, month: Month) -> None:
    """Under the old key while the source remembers it, then written anew under another."""
    due = register.due.get("return")
    if due is None:
        return
    rows = np.flatnonzero((due == month.number) & ~register.here)
    rows = rows[life.living(month.day)[register.person[rows]]]
    known = (month.number - register.left[rows]) * _DAYS_A_MONTH < life.rates.keeps_key_days
    again, anew = rows[known], rows[~known]
    streams = month.apart(f"{register.source} returns")
    register.left[again] = 0
    register.touch(again, month.day, streams.named("again"))
    month.events.records("returned", register, again)
    added = _add(life, register, streams, Entry(register.person[anew], month.day))
    month.events.records("returned_new_key", register, added)


def _deaths(life: Life, register: Register, rng: np.random.Generator, month: Month) -> None:
    """Deaths that are recorded, those that are not true, and work on records of the dead."""
    died, events = life.world.population.died, month.events
    rows = register.taken_due("death", month.number)
    register.put("deceased_on", rows, filling.iso_dates(died[register.person[rows]]))
    _set(register, "service_status", rows, "ended")
    events.records("death_recorded", register, rows)
    false = register.taken_due("false_death", month.number)
    register.put("deceased_on", false, filling.iso_dates(np.full(len(false), month.day - 10)))
    events.records("false_death_recorded", register, false)
    mended = register.taken_due("alive_again", month.number)
    register.put("deceased_on", mended, pa.nulls(len(mended), pa.string()))
    events.records("alive_again", register, mended)
    used = register.taken_due("after_death", month.number)
    register.touch(used, month.day, rng)
    _set(register, "service_status", used, "active")
    events.records("after_death", register, used)


def _set(register: Register, name: str, rows: Ints, text: str) -> None:
    register.put(name, rows, pa.array([text] * len(rows), pa.string()))


def _enter(life: Life, register: Register, rng: np.random.Generator, month: Month) -> None:
    """First records of people new to the source, and duplicates."""
    own = life.year_of(register.source)
    size = int(register.here.sum())
    new = rng.permutation(_strangers(life, register, month.day))[: rng.poisson(own.new * size)]
    streams = month.apart(f"{register.source} new")
    rows = _add(life, register, streams, Entry(np.sort(new), month.day))
    month.events.records("new_record", register, rows)
    living = life.living(month.day)
    here = np.unique(register.person[register.here & living[register.person]])
    again = sample(rng, here, own.duplicates)
    entry = Entry(again, month.day, duplicate=True)
    rows = _add(life, register, month.apart(f"{register.source} again"), entry)
    month.events.records("duplicate", register, rows)


def _strangers(life: Life, register: Register, day: int) -> Ints:
    """People whom the source has never held and may hold."""
    population = life.world.population
    known = np.zeros(population.residents, dtype=bool)
    known[register.person] = True
    may = life.living(day) & ~known
    may[life.first_born :] = False
    if register.source is Source.EDUCATION:
        age = (day - population.birth[: population.residents]) / YEAR
        may &= (age >= SCHOOL_FROM) & (age < 7)
    if register.source is Source.SOCIAL:
        # Somebody joins a family that CadÚnico knows.
        may &= life.family[population.homes.household] > 0
    return np.flatnonzero(may)


def _newborn(life: Life, register: Register, day: int) -> Ints:
    """Those born in the year whom the source does not hold yet."""
    known = np.zeros(life.world.population.residents, dtype=bool)
    known[register.person] = True
    rows = np.arange(life.first_born, len(known))
    return rows[life.living(day)[rows] & ~known[rows]]


def _newborn_in_health(life: Life, register: Register, month: Month) -> None:
    """As RN DE <mother> or under the own name; most of the former are named in a later month."""
    rng = month.rng("newborn in health")
    born = _newborn(life, register, month.day)
    month.events.people("birth", born)
    # Twins are registered together.
    twin = life.world.population.twin_group[born]
    draws = rng.random(life.world.population.residents)
    alike = np.where(twin >= 0, draws[np.maximum(twin, 0)], draws[born])
    unnamed = alike < life.rates.newborn_records
    entry = Entry(born[unnamed], month.day, newborn=True, baby=True)
    rows = _add(life, register, month.apart("unnamed"), entry)
    named = rows[chance(rng, len(rows), life.rates.newborn_named)]
    register.schedule("named", named, month.number + rng.integers(1, 5, len(named)))
    month.events.records("newborn_record", register, rows)
    entry = Entry(born[~unnamed], month.day, baby=True)
    rows = _add(life, register, month.apart("named"), entry)
    month.events.records("new_record", register, rows)


def _newborn_in_social(life: Life, register: Register, month: Month) -> None:
    """Newborns of families that CadÚnico holds, some months after the birth."""
    homes = life.world.population.homes.household
    rows = _newborn(life, register, month.day - 40)
    rows = rows[life.family[homes[rows]] > 0]
    entered = sample(month.rng("newborn in social"), rows, life.rates.births_in_social / 4)
    added = _add(life, register, month.apart("entered"), Entry(entered, month.day))
    month.events.records("new_record", register, added)


def _add(life: Life, register: Register, streams: Streams, entry: Entry) -> Ints:
    """Records written under new keys; gives their rows."""
    count = len(entry.person)
    if not count:
        return np.zeros(0, dtype=np.int64)
    table, lent = written(streams, register.source, life.world, entry)
    columns = {name: table[name] for name in table.column_names}
    columns["local_id"] = pa.array(register.next_keys(count), pa.string())
    columns["last_contact_on"] = filling.iso_dates(np.full(count, entry.day))
    columns["deceased_on"] = pa.nulls(count, pa.string())
    if register.source is Source.SOCIAL:
        columns["household_id"] = _codes(life, entry.person)
    return register.add(pa.table(columns), entry, lent)
