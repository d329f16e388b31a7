"""The names as they stand in the records: which name of a person, how written, what is wrong."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mdm.synth import errors, lists
from mdm.synth.population import NOBODY, Population
from mdm.synth.records import Records, Source
from mdm.synth.streams import Flags, Ints, chance
from mdm.synth.tables import NO_TOKEN, join_tokens
from mdm.synth.world import World

_FIRST, _SECOND, _EARLY, _MIDDLE, _LAST, _SUFFIX = range(6)
_NEWBORN = ("RN DE {}", "RN DE {}", "RN DE {}", "RN {}", "RECEM NASCIDO DE {}", "R N DE {}")
_NEWBORN_TWIN = {
    1: ("RN I DE {}", "RN 1 DE {}", "RN DE {} GEMELAR I", "I GEMELAR DE {}"),
    2: ("RN II DE {}", "RN 2 DE {}", "RN DE {} GEMELAR II", "II GEMELAR DE {}"),
}


@dataclass(frozen=True, slots=True)
class Wording:
    """Name columns of one source's records, Arrow text."""

    full_name: Any
    mother_name: Any
    father_name: Any
    social_name: Any
    nickname: Any


def write_names(rng: np.random.Generator, records: Records, world: World) -> Wording:
    """All name columns of the records of one source."""
    return _Pen(rng, records, world).wording()


class _Pen:
    """Writes the names of one source's records; holds what every step needs."""

    def __init__(self, rng: np.random.Generator, records: Records, world: World) -> None:
        self.rng = rng
        self.records = records
        self.world = world
        self.population = world.population
        self.names = world.names
        self.words = world.words
        self.count = len(records.person)
        self.accents = chance(rng, self.count, records.rates.accents_kept)

    def wording(self) -> Wording:
        person = self.records.person
        columns = self._drop_parts(self.names.columns(person, self._married_now()))
        self._without_father(columns)
        full = self._spoilt(self._text(columns))
        copied = np.flatnonzero(self.world.traits.alias[person] & self._chance(0.7))
        full = errors.spoil(full, copied, self.world.traits.seed[person[copied]], errors.misspelt)
        mother = self._mother()
        father = self._parent(self.population.father[person], np.zeros(self.count, dtype=bool))
        full = self._newborns(full, mother)
        hidden = ~self.population.father_known[person]
        hidden |= self._chance(self.records.rates.father_missing) | self.records.newborn
        return Wording(
            full_name=full,
            mother_name=self._hide_mothers(mother),
            father_name=pc.if_else(pa.array(hidden), pa.scalar(None, pa.string()), father),
            social_name=self._social_names(full, mother, columns),
            nickname=self._nicknames(columns),
        )

    def _chance(self, probability: Any) -> Flags:
        return chance(self.rng, self.count, probability)

    def _error(self, share: float) -> Flags:
        """Drawn more often in the records of hasty clerks."""
        return self._chance(np.minimum(share * self.records.factor, 0.95))

    def _married_now(self) -> Flags:
        person = self.records.person
        known = self.names.married[person]
        known &= self.records.updated >= self.names.married_on[person]
        return known & ~(self.world.traits.asynchronous[person] & self._chance(0.5))

    def _drop_parts(self, columns: list[Ints]) -> list[Ints]:
        own = self.records.rates
        gone = self._error(own.second_name_dropped)
        columns[_SECOND] = np.where(gone, NO_TOKEN, columns[_SECOND])
        # A third of the names have no surname to lose: the draw is larger by that.
        fewer = self._error(own.surname_dropped * 1.3) & (columns[_MIDDLE] != NO_TOKEN)
        tail = fewer & self._chance(0.35)
        columns[_LAST] = np.where(tail, columns[_MIDDLE], columns[_LAST])
        columns[_MIDDLE] = np.where(fewer, NO_TOKEN, columns[_MIDDLE])
        columns[_SUFFIX] = np.where(self._error(0.08), NO_TOKEN, columns[_SUFFIX])
        bare = self._error(own.particle_changed)
        for place in (_EARLY, _MIDDLE, _LAST):
            column = columns[place]
            alone = self.words.without_particle[np.maximum(column, 0)]
            columns[place] = np.where(bare & (column >= 0), alone, column)
        return columns

    def _without_father(self, columns: list[Ints]) -> None:
        """Written at birth, before the civil registry knew the name."""
        early = self.records.baby & self._chance(self.world.rates.baby_without_father)
        early &= columns[_MIDDLE] != NO_TOKEN
        columns[_LAST] = np.where(early, columns[_MIDDLE], columns[_LAST])
        columns[_MIDDLE] = np.where(early, NO_TOKEN, columns[_MIDDLE])

    def _text(self, columns: list[Ints]) -> Any:
        plain = join_tokens(columns, self.words.plain)
        rows = np.flatnonzero(self.accents)
        if not len(rows):
            return plain
        accented = join_tokens([column[rows] for column in columns], self.words.accented)
        return pc.replace_with_mask(plain, pa.array(self.accents), accented)

    def _spoilt(self, texts: Any) -> Any:
        """At most one text error a value."""
        own = self.records.rates
        coin = self.rng.random(self.count) / self.records.factor
        seeds = self.rng.integers(0, 2**31, self.count)
        low = 0.0
        for share, error in (
            (own.name_typo, errors.misspelt),
            (own.name_abbreviated, errors.abbreviated),
            (own.name_truncated, errors.truncated),
            (own.mojibake, errors.mojibake),
            (own.accents_kept * 0.1, errors.titled),
        ):
            rows = np.flatnonzero((coin >= low) & (coin < low + share))
            texts = errors.spoil(texts, rows, seeds[rows], error)
            low += share
        return texts

    def _mother(self) -> Any:
        """The mother's name as in the child's papers, or as she is called now."""
        mother = self.population.mother[self.records.person]
        birth = self.population.birth[self.records.person]
        at_birth = self.names.married[mother] & (self.names.married_on[mother] <= birth)
        papers = self._chance(0.93 if self.records.source is Source.EDUCATION else 0.85)
        return self._parent(mother, np.where(papers, at_birth, self.names.married[mother]))

    def _parent(self, parent: Ints, married: Flags) -> Any:
        columns = self._drop_parts(self.names.columns(parent, married))
        return self._spoilt(self._text(columns))

    def _newborns(self, full: Any, mother: Any) -> Any:
        rows = np.flatnonzero(self.records.newborn)
        mothers = mother.take(pa.array(rows)).to_pylist()
        order = _twin_order(self.records.person[rows], self.population)
        which = self.rng.random(len(rows))
        texts: list[str | None] = []
        for name, place, share in zip(mothers, order.tolist(), which.tolist(), strict=True):
            forms = _NEWBORN_TWIN.get(place, _NEWBORN)
            texts.append(forms[int(share * len(forms))].format(name))
        return errors.put(full, rows, texts)

    def _social_names(self, full: Any, mother: Any, columns: list[Ints]) -> Any:
        first = self.world.traits.social_first[self.records.person]
        used = (first >= 0) & self._chance(0.75)
        nothing = np.full(self.count, NO_TOKEN)
        social = join_tokens([first, nothing, *columns[2:]], self.words.plain)
        misused = self._chance(self.world.rates.social_name_misused) & ~used
        of_mother = self._chance(0.5)
        social = pc.if_else(pa.array(misused & of_mother), mother, social)
        social = pc.if_else(pa.array(misused & ~of_mother), full, social)
        return pc.if_else(pa.array(used | misused), social, pa.scalar(None, pa.string()))

    def _hide_mothers(self, mother: Any) -> Any:
        foreign = self.population.origin[self.records.person] > 0
        usual = self.records.rates.mother_missing * self.records.factor
        share = np.where(foreign, self.world.rates.foreign_without_mother, usual)
        rows = np.flatnonzero(self._chance(share) & ~self.records.newborn)
        choices = lists.MOTHER_PLACEHOLDERS
        which = self.rng.integers(0, 2 * len(choices), len(rows))
        texts = [choices[k] if k < len(choices) else None for k in which.tolist()]
        return errors.put(mother, rows, texts)

    def _nicknames(self, columns: list[Ints]) -> Any:
        rows = np.flatnonzero(self._chance(self.world.rates.nickname))
        given = self.words.plain.take(pa.array(columns[_FIRST][rows])).to_pylist()
        texts = [lists.NICKNAMES.get(name, _short(name)) for name in given]
        return errors.put(pa.nulls(self.count, pa.string()), rows, texts)


def _twin_order(person: Ints, population: Population) -> Ints:
    """1 for the twin that comes first in the list of people, 2 for the other, 0 for no twin."""
    group = population.twin_group[person]
    members = np.flatnonzero(population.twin_group != NOBODY)
    first = np.full(len(members) + 1, len(population.twin_group), dtype=np.int64)
    np.minimum.at(first, population.twin_group[members], members)
    is_first = first[np.maximum(group, 0)] == person
    return np.where(group == NOBODY, 0, np.where(is_first, 1, 2))


def _short(name: str) -> str:
    """MARCELA to MARCELINHA, RENATO to RENATINHO, others cut to two syllables or so."""
    ending = {"A": "INHA", "O": "INHO"}.get(name[-1])
    return name[:4] if ending is None else name[:-1] + ending
