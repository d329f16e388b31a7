"""What happens to the people of the city in one month: the truth changes, and records are told.

A record learns of a change when its source next renews it: in a month of its own, or not within
the year.
"""

from dataclasses import dataclass

import numpy as np

from mdm.synth.households import YEAR, Role
from mdm.synth.population import NOBODY, REFERENCE_DAY
from mdm.synth.records import Source
from mdm.synth.streams import Flags, Ints, chance
from mdm.synth.tables import NO_TOKEN
from mdm.synth.world import World
from mdm.synth.year_births import new_cpfs, new_mobiles
from mdm.synth.year_events import Month, sample
from mdm.synth.year_rates import MONTHS, SourceYear, YearRates
from mdm.synth.year_register import Register

Registers = dict[Source, Register]


@dataclass(slots=True)
class Life:
    """The city in its year.

    Attributes:
        world: The people; changed in place.
        registers: The sources' records.
        rates: How often everything happens.
        first_born: Row of the first person who is born in the year.
        next_home: Number of the next empty home.
        family: CadÚnico's code of each home, 0 where it has none.
        next_family: The next code that CadÚnico gives.
        silent: Whose death no source is told of.
    """

    world: World
    registers: Registers
    rates: YearRates
    first_born: int
    next_home: int
    family: Ints
    next_family: int
    silent: Flags

    def year_of(self, source: Source) -> SourceYear:
        """How a source follows."""
        own = {
            Source.HEALTH: self.rates.health,
            Source.SOCIAL: self.rates.social,
            Source.EDUCATION: self.rates.education,
        }
        return own[source]

    def living(self, day: int) -> Flags:
        """Residents born and not dead."""
        population = self.world.population
        alive: Flags = population.died == NOBODY
        return alive & (population.birth[: population.residents] <= day)

    def tell(self, rng: np.random.Generator, kind: str, people: Ints, month: int) -> None:
        """Every record of these people learns of a change when its source renews it."""
        for source, register in self.registers.items():
            rows = register.rows_of(people)
            chances = self.year_of(source).renewed
            if source is Source.SOCIAL:
                # A family is visited as one.
                homes = self.world.population.homes.household
                visits = rng.geometric(chances, len(self.family)) - 1
                months = month + visits[homes[register.person[rows]]]
            else:
                months = month + rng.geometric(chances, len(rows)) - 1
            within = months <= MONTHS
            register.schedule(kind, rows[within], months[within])

    def new_family(self) -> int:
        """A CadÚnico code never given."""
        self.next_family += 1
        return self.next_family

    def leave_for(self, people: Ints, homes: Ints) -> None:
        """These people live in these homes now."""
        self.world.population.homes.household[people] = homes


def happen(life: Life, month: Month) -> None:
    """Marriages, moves, phones, CPFs, families and deaths of a month."""
    for number, step in enumerate((_marriages, _moves, _phones, _cpfs, _families, _deaths)):
        step(life, month.rng(f"people {number}"), month)


def _marriages(life: Life, rng: np.random.Generator, month: Month) -> None:
    world, population = life.world, life.world.population
    homes, names = population.homes, world.names
    size = population.residents
    age = (month.day - population.birth[:size]) / YEAR
    single = life.living(month.day) & (age > 20) & (age < 60) & ~names.married[:size]
    single &= (population.origin[:size] == 0) & ~population.single_token[:size]
    single &= np.isin(homes.role, (Role.WOMAN, Role.MAN, Role.CHILD, Role.SIBLING, Role.LODGER))
    brides = np.flatnonzero(single & population.female[:size])
    count = rng.poisson(life.rates.marriages * size / MONTHS)
    brides = np.sort(rng.permutation(brides)[:count])
    home = homes.household[brides]
    man = homes.man[home]
    at_home = (homes.role[brides] == Role.WOMAN) & (man != NOBODY)
    # The others move in with a man who keeps a home without a woman.
    alone = np.flatnonzero(homes.woman == NOBODY)
    alone = alone[homes.man[alone] != NOBODY]
    alone = alone[life.living(month.day)[homes.man[alone]]]
    theirs = rng.permutation(alone)
    outside = np.flatnonzero(~at_home)[: len(theirs)]
    man = man.copy()
    man[outside] = homes.man[theirs[: len(outside)]]
    married = at_home.copy()
    married[outside] = True
    brides, man, at_home = brides[married], man[married], at_home[married]
    moving = _move_in(life, brides[~at_home], homes.household[man[~at_home]])
    takes = chance(rng, len(brides), life.rates.takes_name)
    takes &= (names.last[man] != NO_TOKEN) & (names.last[man] != names.last[brides])
    wed = brides[takes]
    _take_names(rng, world, wed, man[takes], month.day)
    life.tell(rng, "marriage", wed, month.number)
    life.tell(rng, "move", moving, month.number)
    life.tell(rng, "family", moving, month.number)
    month.events.people("marriage", wed)
    month.events.people("move", moving)


def _move_in(life: Life, brides: Ints, homes: Ints) -> Ints:
    """They move, and who lives in a home that a woman keeps moves with her; gives all of them."""
    own = life.world.population.homes
    target = np.full(len(own.woman), NOBODY, dtype=np.int64)
    keepers = own.woman[own.household[brides]] == brides
    target[own.household[brides[keepers]]] = homes[keepers]
    with_her = np.flatnonzero(target[own.household] != NOBODY)
    life.leave_for(with_her, target[own.household[with_her]])
    life.leave_for(brides, homes)
    return np.union1d(brides, with_her)


def _take_names(rng: np.random.Generator, world: World, wed: Ints, men: Ints, day: int) -> None:
    """Most put the husband's surname in the place of the maternal one; the others keep all."""
    names = world.names
    keeps = chance(rng, len(wed), 0.45)
    middle, early = names.middle[wed], names.early[wed]
    moved = np.where(middle != NO_TOKEN, middle, early)
    names.married_early[wed] = np.where(keeps, moved, NO_TOKEN)
    names.married_middle[wed] = names.last[wed]
    names.married_last[wed] = names.last[men]
    names.married[wed] = True
    names.married_on[wed] = day - 15
    world.traits.asynchronous[wed] = False


def _moves(life: Life, rng: np.random.Generator, month: Month) -> None:
    world = life.world
    identity, homes = world.identity, world.population.homes
    moved = sample(rng, np.arange(life.next_home), life.rates.moves / MONTHS)
    street = rng.integers(0, len(identity.streets.names), len(moved))
    identity.old_street[moved] = identity.street[moved]
    identity.old_number[moved] = identity.street_number[moved]
    identity.street[moved] = street
    identity.street_number[moved] = 5 + rng.gamma(1.3, 450, len(moved)).astype(np.int64)
    people = np.flatnonzero(np.isin(homes.household, moved) & life.living(month.day))
    _new_phones(rng, world, sample(rng, people, life.rates.phone_with_move))
    life.tell(rng, "move", people, month.number)
    month.events.people("move", people)


def _phones(life: Life, rng: np.random.Generator, month: Month) -> None:
    people = sample(rng, np.flatnonzero(life.living(month.day)), life.rates.new_phone / MONTHS)
    people = people[life.world.identity.mobile[people] > 0]
    _new_phones(rng, life.world, people)
    life.tell(rng, "phone", people, month.number)
    month.events.people("phone", people)


def _new_phones(rng: np.random.Generator, world: World, people: Ints) -> None:
    people = people[world.identity.mobile[people] > 0]
    world.identity.mobile[people] = new_mobiles(rng, len(people))


def _cpfs(life: Life, rng: np.random.Generator, month: Month) -> None:
    cpf = life.world.identity.cpf
    without = np.flatnonzero((cpf == 0) & life.living(month.day))
    people = sample(rng, without, life.rates.cpf / MONTHS)
    cpf[people] = new_cpfs(rng, len(people), cpf)
    life.tell(rng, "cpf", people, month.number)
    month.events.people("cpf", people)


def _families(life: Life, rng: np.random.Generator, month: Month) -> None:
    """Families that CadÚnico enters anew, and men who leave theirs for a home of their own."""
    world = life.world
    homes = world.population.homes
    known = np.flatnonzero(life.family > 0)
    chosen = sample(rng, known, life.rates.families / MONTHS)
    man = homes.man[chosen]
    may = (man != NOBODY) & (homes.woman[chosen] != NOBODY)
    may &= life.living(month.day)[np.maximum(man, 0)] & (
        homes.household[np.maximum(man, 0)] == chosen
    )
    leaves = may & chance(rng, len(chosen), life.rates.separated)
    free = len(life.family) - life.next_home
    leaves &= np.cumsum(leaves) <= free
    men = man[leaves]
    new = life.next_home + np.arange(len(men))
    life.next_home += len(men)
    life.leave_for(men, new)
    homes.man[new] = men
    homes.man[chosen[leaves]] = NOBODY
    life.tell(rng, "move", men, month.number)
    life.tell(rng, "family", men, month.number)
    month.events.people("family", men)
    for home in chosen[~leaves].tolist():
        life.family[home] = life.new_family()
    anew = np.flatnonzero(np.isin(homes.household, chosen[~leaves]))
    register = life.registers[Source.SOCIAL]
    rows = register.rows_of(anew)
    rows = rows[~register.duplicate[rows]]
    register.schedule("family", rows, np.full(len(rows), month.number))
    month.events.people("family", anew)


def _deaths(life: Life, rng: np.random.Generator, month: Month) -> None:
    population = life.world.population
    size = population.residents
    age = (month.day - population.birth[:size]) / YEAR
    risk = np.exp((age - 45) / 13) + 0.02
    living = life.living(month.day)
    risk *= life.rates.deaths / MONTHS / risk[living].mean()
    dead = np.flatnonzero(living & (rng.random(size) < risk))
    population.died[dead] = month.day - rng.integers(0, 28, len(dead))
    population.died[dead] = np.maximum(population.died[dead], population.birth[dead])
    life.silent[dead] = chance(rng, len(dead), life.rates.deaths_unreported)
    month.events.people("death", dead)
    told = dead[~life.silent[dead]]
    health = life.registers[Source.HEALTH]
    rows = health.rows_of(told)
    health.schedule("death", rows, month.number + rng.geometric(0.5, len(rows)) - 1)
    for source in (Source.SOCIAL, Source.EDUCATION):
        register = life.registers[source]
        rows = register.rows_of(told)
        told_in = month.number + rng.geometric(0.3, len(rows)) - 1
        # CadÚnico notes the day of death, then takes the person out of the family; a school only
        # takes the pupil out.
        if source is Source.SOCIAL:
            register.schedule("death", rows, told_in)
        register.schedule("gone", rows, told_in + rng.geometric(0.4, len(rows)))
    _after_death(life, rng, month, dead)
    _false_deaths(life, rng, month, round(len(told) * life.rates.false_deaths * MONTHS))


def _after_death(life: Life, rng: np.random.Generator, month: Month, dead: Ints) -> None:
    """Somebody goes on using the record."""
    for register in life.registers.values():
        rows = register.rows_of(sample(rng, dead, life.rates.after_death))
        register.schedule("after_death", rows, month.number + rng.integers(1, 4, len(rows)))


def _false_deaths(life: Life, rng: np.random.Generator, month: Month, share: int) -> None:
    """A living person is reported dead; at small sizes some months have none."""
    count = int(rng.binomial(share, 1 / MONTHS)) if share > 0 else 0
    health = life.registers[Source.HEALTH]
    old = life.world.population.birth[health.person] < REFERENCE_DAY - 40 * YEAR
    rows = np.flatnonzero(health.here & old & life.living(month.day)[health.person])
    chosen = np.sort(rng.permutation(rows)[:count])
    health.schedule("false_death", chosen, np.full(len(chosen), month.number))
    mended = sample(rng, chosen, life.rates.false_deaths_mended)
    health.schedule("alive_again", mended, np.full(len(mended), month.number + 3))
