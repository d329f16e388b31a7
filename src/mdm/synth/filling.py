"""The other fields of the records: birth dates, sex, race, CPF, CNS, phones, addresses."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mdm.synth import errors, lists, numbers
from mdm.synth.borrowing import CHILD_UNTIL, cpf_of_relative
from mdm.synth.households import YEAR, Role
from mdm.synth.population import NOBODY, REFERENCE_DAY
from mdm.synth.records import Records, Source
from mdm.synth.streams import Flags, Ints, chance, scattered
from mdm.synth.tables import join_present
from mdm.synth.world import World

_UNUSABLE_DATES = ("1900-01-01", "0000-00-00", "1899-12-30", "2030-02-31")
NULL_TEXT = pa.scalar(None, pa.string())


@dataclass(frozen=True, slots=True)
class CpfColumn:
    """CPFs of the records as text, and which of them are a relative's."""

    values: Any
    of_relative: Flags


@dataclass(frozen=True, slots=True)
class Address:
    """Address columns of the records, Arrow text."""

    street: Any
    number: Any
    district: Any
    postal_code: Any
    municipality: Any


def unless(missing: Flags, values: Any) -> Any:
    """The values, null where missing."""
    return pc.if_else(pa.array(missing), NULL_TEXT, values)


def iso_dates(days: Ints, missing: Flags | None = None) -> Any:
    """Days since 1970-01-01 as ISO text."""
    dates = pa.array(days.astype("datetime64[D]"), pa.date32(), mask=missing)
    return pc.cast(dates, pa.string())


def timestamps(rng: np.random.Generator, days: Ints) -> Any:
    """ISO timestamps in the working hours of these days."""
    clock = pa.array([f"T{8 + m // 60:02d}:{m % 60:02d}:00" for m in range(600)])
    times = clock.take(pa.array(rng.integers(0, 600, len(days))))
    return pc.binary_join_element_wise(iso_dates(days), times, "")


def birth_dates(rng: np.random.Generator, records: Records, world: World) -> Any:
    """Birth dates as received, ISO text; wrong, unusable or missing at the source's rates."""
    own, person = records.rates, records.person
    days = world.population.birth[person].copy()
    count = len(days)
    alias = world.traits.alias_birth[person] & chance(rng, count, 0.7)
    common = np.random.default_rng(7)
    everybody = errors.wrong_digit(common, world.population.birth[: len(world.traits.alias_birth)])
    days[alias] = everybody[person[alias]]
    coin = rng.random(count) / records.factor
    low = 0.0
    for share, error in (
        (own.birth_digit, lambda d: errors.wrong_digit(rng, d)),
        # Half of all dates cannot be exchanged: the draw has to be twice as large.
        (own.birth_swapped * 2.7, errors.swapped),
        (own.birth_year, lambda d: errors.year_off(rng, d)),
        (own.birth_first_january, errors.first_january),
    ):
        rows = np.flatnonzero((coin >= low) & (coin < low + share))
        days[rows] = error(days[rows])
        low += share
    rows = np.flatnonzero((coin >= low) & (coin < low + own.birth_missing))
    which = rng.integers(0, 2 * len(_UNUSABLE_DATES), len(rows))
    texts = [_UNUSABLE_DATES[k] if k < len(_UNUSABLE_DATES) else None for k in which.tolist()]
    return errors.put(iso_dates(days), rows, texts)


def sexes(rng: np.random.Generator, records: Records, world: World) -> Any:
    """M or F."""
    flipped = chance(rng, len(records.person), records.rates.sex_flipped)
    female = world.population.female[records.person] ^ flipped
    return pa.array(["M", "F"]).take(pa.array(female.astype(np.int64)))


def races(rng: np.random.Generator, records: Records, world: World) -> Any:
    """01 to 05; a clerk's guess often differs from what people say of themselves."""
    own = world.identity.race[records.person]
    count = len(own)
    guess = np.asarray([1, 1, 3, 3, 2])[rng.integers(0, 5, count)]
    guess = np.where(guess == own, np.where(own == 1, 3, 1), guess)
    race = np.where(chance(rng, count, records.rates.race_discordant), guess, own)
    return numbers.text(race, 2, chance(rng, count, 0.05))


def cpfs(
    rng: np.random.Generator, records: Records, world: World, borrowing: Flags | None = None
) -> CpfColumn:
    """The person's CPF, missing, mistyped or a relative's.

    Args:
        rng: Random stream.
        records: Records of the source.
        world: The city.
        borrowing: The records with a relative's CPF; None: at the source's rate.
    """
    own, person = records.rates, records.person
    values = world.identity.cpf[person].copy()
    count = len(values)
    age = (REFERENCE_DAY - world.population.birth[person]) / YEAR
    young = age < 7
    for group, target in ((young, own.cpf_missing_young), (~young, own.cpf_missing)):
        lacking = float((values[group] == 0).mean()) if group.any() else 0.0
        extra = max(0.0, (target - lacking) / (1 - lacking)) if lacking < 1 else 0.0
        # Records made at birth and duplicates lack it more often, the others a little less.
        weight = np.where(records.newborn, 3.5, np.where(records.baby, 1.8, 1.0))
        weight = weight * np.where(records.duplicate, 3.0, 1.0) * (1 + records.factor)
        weight /= weight[group].mean() if group.any() else 1.0
        values[group & chance(rng, count, np.minimum(extra * weight, 0.97))] = 0
    relative = cpf_of_relative(rng, person, world)
    at_rate = (age < CHILD_UNTIL) & chance(rng, count, own.cpf_of_relative)
    borrowed = (relative > 0) & (at_rate if borrowing is None else borrowing)
    values[borrowed] = relative[borrowed]
    wrong = np.flatnonzero((values > 0) & ~borrowed & chance(rng, count, own.cpf_typo))
    values[wrong] = errors.mistyped(rng, values[wrong], 11)
    return CpfColumn(numbers.text(values, 11, values == 0), borrowed)


def cns_lists(rng: np.random.Generator, records: Records, world: World) -> Any:
    """One to three CNS with `;` between; a duplicate mostly came with a number of its own."""
    person = records.person
    count = len(person)
    first, second, third = (column.take(pa.array(person)) for column in world.identity.cns)
    # First digit 9: a space of its own, so that these meet no other number.
    base = numbers.cns_provisional(rng, count) % 100_000_000_000_000
    own = _provisional_nine(base, scattered(rng, count, 900_000_000))
    fresh = records.duplicate & chance(rng, count, 0.6) | records.newborn
    first = pc.if_else(pa.array(fresh), numbers.text(own, 15), first)
    first = unless(chance(rng, count, np.where(records.duplicate, 0.10, 0.03)), first)
    second = unless(chance(rng, count, np.where(records.duplicate, 0.5, 0.2)), second)
    third = unless(records.duplicate | records.newborn, third)
    second = unless(records.newborn, second)
    joined = join_present([first, second, third], ";")
    return pc.if_else(pc.equal(joined, ""), NULL_TEXT, joined)


def _provisional_nine(base: Ints, middle: Ints) -> Ints:
    head = 9 * 10**12 + (base // 10**10) * 10**9 % 10**12 + middle
    total = numbers.digits(head, 13) @ np.arange(15, 2, -1, dtype=np.int64)
    need = (-total) % 11
    tens = np.where(need == 10, 1, 0)
    number: Ints = head * 100 + tens * 10 + (need - 2 * tens)
    return number


def phones(rng: np.random.Generator, records: Records, world: World, unit: Ints) -> Any:
    """One or two phones: own, an earlier own, the family's, the unit's, or a placeholder.

    Args:
        rng: Random stream.
        records: Records of the source.
        world: The city.
        unit: Number of the unit that keeps each record.
    """
    own, person = records.rates, records.person
    count = len(person)
    identity, homes = world.identity, world.population.homes
    home = records.household
    keeper = np.where(homes.woman[home] != NOBODY, homes.woman[home], homes.man[home])
    # Old numbers come from a range of their own: an earlier one of the same person.
    mobile = identity.mobile[person]
    earlier = chance(rng, count, np.where(records.baby, 0.45, 0.15)) & (mobile > 0)
    mobile = np.where(earlier, mobile - 19_999_000, mobile)
    family = np.where(keeper != NOBODY, identity.mobile[np.maximum(keeper, 0)], 0)
    minor = world.population.birth[person] > REFERENCE_DAY - 15 * YEAR
    use_family = (mobile == 0) | (minor & (records.source is not Source.HEALTH))
    use_family |= chance(rng, count, 0.7 if records.source is Source.SOCIAL else 0.06)
    value = np.where(use_family & (family > 0), family, mobile)
    coin = rng.random(count)
    missing = coin < own.phone_missing * np.minimum(records.factor, 2.0)
    at_unit = (coin > 1 - own.phone_unit) & ~missing
    text = numbers.text(np.where(value > 0, value, 0), 11, value == 0)
    # The ninth digit came in 2012-2016; old forms still hold eight.
    old_form = np.flatnonzero(chance(rng, count, 0.02) & (value > 0))
    eight = [f"51{v % 10**8:08d}" for v in value[old_form].tolist()]
    text = errors.put(text, old_form, eight)
    text = pc.if_else(pa.array(at_unit), numbers.text(5_132_890_000 + unit * 7, 10), text)
    landline = identity.landline[home]
    second = numbers.text(landline, 10, (landline == 0) | chance(rng, count, 0.4) | at_unit)
    joined = join_present([text, second], ";")
    joined = unless(missing, pc.if_else(pc.equal(joined, ""), NULL_TEXT, joined))
    junk = np.flatnonzero(chance(rng, count, own.phone_placeholder))
    which = rng.integers(0, len(lists.PHONE_PLACEHOLDERS), len(junk))
    return errors.put(joined, junk, [lists.PHONE_PLACEHOLDERS[k] for k in which.tolist()])


def addresses(rng: np.random.Generator, records: Records, world: World) -> Address:
    """The address now or the one before, written in several ways."""
    identity, streets = world.identity, world.identity.streets
    count = len(records.person)
    home = records.household
    homes = len(identity.street)
    # A CadÚnico family has one address; elsewhere each record tells its own, mostly the same.
    one_address = records.source is Source.SOCIAL
    draws = [rng.random(homes)[home] if one_address else rng.random(count) for _ in range(6)]
    family = rng.random(homes)[home]
    coin = np.where(chance(rng, count, 1.0 if one_address else 0.8), family, rng.random(count))
    factor = 1.0 if one_address else records.factor
    limit = records.rates.address_stale * factor * np.where(records.baby, 1.5, 1.0)
    stale = coin < np.minimum(limit, 0.9)
    street = np.where(stale, identity.old_street[home], identity.street[home])
    number = np.where(stale, identity.old_number[home], identity.street_number[home])
    digits = pc.cast(pa.array(number), pa.string())
    digits = pc.if_else(pa.array(draws[1] < 0.02), pa.scalar("S/N"), digits)
    names = pa.array([name for name, _ in lists.DISTRICTS])
    code = numbers.text(streets.postal_code[street], 8)
    code = pc.if_else(pa.array(draws[2] < 0.02), pa.scalar("90000000"), code)
    municipality = numbers.text(identity.municipality[home], 7)
    missing = draws[3] < 0.03
    district = names.take(pa.array(streets.district[street]))
    return Address(
        street=unless(missing, _street_texts(streets.names, street, draws[0])),
        number=unless(missing, digits),
        district=unless(missing | (draws[4] < 0.04), district),
        postal_code=unless(missing | (draws[5] < 0.05), code),
        municipality=municipality,
    )


def _street_texts(names: tuple[str, ...], street: Ints, coin: Any) -> Any:
    short = {"RUA": "R", "AVENIDA": "AV", "TRAVESSA": "TV", "BECO": "BC"}
    abbreviated, bare = [], []
    for name in names:
        kind, rest = name.split(" ", 1)
        abbreviated.append(
            f"{short[kind]} {rest.replace('DOUTOR', 'DR').replace('GENERAL', 'GEN')}"
        )
        bare.append(rest)
    forms = pa.array([*names, *abbreviated, *bare])
    which = street + len(names) * np.where(coin < 0.7, 0, np.where(coin < 0.93, 1, 2))
    return forms.take(pa.array(which))


def guardians(rng: np.random.Generator, records: Records, world: World) -> tuple[Ints, Flags]:
    """Row of each pupil's guardian (an adult of the household), and whether there is one."""
    homes = world.population.homes
    home = homes.household[records.person]
    woman, man = homes.woman[home], homes.man[home]
    chosen = np.where((woman != NOBODY) & chance(rng, len(home), 0.85), woman, man)
    chosen = np.where(chosen == NOBODY, woman, chosen)
    child = np.isin(homes.role[records.person], (Role.CHILD, Role.GRANDCHILD))
    return np.maximum(chosen, 0), (chosen != NOBODY) & child
