"""The synthetic city: people with known truth, and what three sources hold about them.

`generate` writes everything for one seed; the same seed, size and version give the same bytes.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mdm.errors import UsageError
from mdm.synth import households, identity, naming, population, received, records
from mdm.synth.borrowing import draw_borrowers
from mdm.synth.copying import copied
from mdm.synth.declarations import write_declarations
from mdm.synth.layout_cadunico import write_cadunico
from mdm.synth.layout_educacenso import write_educacenso
from mdm.synth.layout_pec import write_pec
from mdm.synth.rates import CityRates
from mdm.synth.received import Received
from mdm.synth.records import Source
from mdm.synth.streams import Flags, Streams
from mdm.synth.tables import vocabulary
from mdm.synth.truth import write_truth
from mdm.synth.world import World, draw_traits
from mdm.synth.writing import write_canonical

CITY_FILE = "city.json"
# Phones come from a range of twenty million numbers.
_FEWEST, _MOST = 100, 15_000_000
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class CitySummary:
    """What was written.

    Attributes:
        people: People known to at least one source.
        records: Records by source name.
        files: Files written, relative to the output folder, in the order written.
    """

    people: int
    records: dict[str, int]
    files: tuple[str, ...]


def generate(
    out: Path,
    people: int,
    seed: int,
    progress: Progress | None = None,
    *,
    rates: CityRates | None = None,
    layouts: bool = True,
) -> CitySummary:
    """Write a synthetic city.

    Args:
        out: Folder to write to; made when missing, files of the same name are replaced.
        people: How many people, 100 to 15 million.
        seed: Any non-negative integer.
        progress: Told the step and the share done (0 to 1).
        rates: How often everything happens.
        layouts: Also write the three real layouts, beside the canonical files and the truth.

    Returns:
        What was written.

    Raises:
        UsageError: Too few or too many people, or a negative seed.
    """
    if not _FEWEST <= people <= _MOST:
        raise UsageError(f"a city has {_FEWEST} to {_MOST} people")
    if seed < 0:
        raise UsageError("a seed is not negative")
    tell = progress if progress is not None else _silent
    rates = rates if rates is not None else CityRates()
    streams = Streams(seed)
    tell("people", 0.0)
    world = build_world(streams, people, rates)
    out.mkdir(parents=True, exist_ok=True)
    files: list[str] = []
    counts: dict[str, int] = {}
    truths: list[Received] = []
    chosen_records = records.select(streams, world.population, rates)
    borrowing: Sequence[Flags | None] = (None,) * len(chosen_records)
    if rates.borrowing_children is not None:
        borrowing = draw_borrowers(streams, chosen_records, world, rates.borrowing_children)
    for place, chosen in enumerate(chosen_records):
        start = 0.25 + 0.22 * place
        tell(f"records of {chosen.source}", start)
        source = received.receive(streams, chosen, world, borrowing[place])
        if truths and rates.copied > 0:
            source = copied(streams, source, truths[0], rates.copied)
        files.append(write_canonical(out, source))
        if layouts:
            tell(f"layout of {chosen.source}", start + 0.1)
            files += _layout(out, source, streams)
        counts[str(chosen.source)] = len(chosen.person)
        truths.append(source)
    tell("truth", 0.93)
    files.append(write_truth(out, truths, world))
    files += write_declarations(out, layouts=layouts)
    files.append(_write_making(out, people, seed))
    tell("done", 1.0)
    return CitySummary(people=people, records=counts, files=tuple(files))


def _write_making(out: Path, people: int, seed: int) -> str:
    """What makes this city again; `mdm synth year` goes on from it."""
    made = json.dumps({"people": people, "seed": seed})
    (out / CITY_FILE).write_text(made + "\n", "utf-8")
    return CITY_FILE


def build_world(streams: Streams, people: int, rates: CityRates) -> World:
    """The people with their names, numbers and habits, before anybody writes them down."""
    words = vocabulary()
    homes = households.build(streams, people, rates)
    citizens = population.build(streams, homes, rates, len(words.foreign))
    names = naming.give_names(streams, citizens, words, rates)
    known = identity.build(streams, citizens, names, words, rates)
    traits = draw_traits(streams, citizens, names, words, rates)
    return World(citizens, names, words, known, traits, rates)


def _layout(out: Path, source: Received, streams: Streams) -> list[str]:
    if source.source is Source.HEALTH:
        return write_pec(out, source, streams)
    if source.source is Source.SOCIAL:
        return write_cadunico(out, source)
    return write_educacenso(out, source)


def _silent(_step: str, _share: float) -> None:
    """Nobody listens."""
