"""The records as each source holds them: one Arrow table a source, canonical columns first.

Columns that start with `_` are what only the real layout or the truth needs.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mdm.synth import filling, numbers, services
from mdm.synth.filling import NULL_TEXT, unless
from mdm.synth.households import YEAR, Role
from mdm.synth.population import NOBODY, REFERENCE_DAY
from mdm.synth.records import Records, Source
from mdm.synth.streams import Flags, Ints, Streams, chance, scattered
from mdm.synth.tables import join_tokens
from mdm.synth.wording import Wording, write_names
from mdm.synth.world import World

Columns = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Received:
    """All records of one source.

    Attributes:
        source: Which source.
        records: Who they are about.
        table: Canonical columns, and columns that start with `_` for layouts.
        of_relative: The record carries a relative's CPF.
    """

    source: Source
    records: Records
    table: Any
    of_relative: Flags


def receive(
    streams: Streams, records: Records, world: World, borrowing: Flags | None = None
) -> Received:
    """Write down the records of one source, with that source's errors.

    Args:
        streams: Of the city.
        records: Who they are about.
        world: The city.
        borrowing: The records with a relative's CPF; None: at the source's rate.
    """
    source = records.source
    wording = write_names(streams.named(f"{source} names"), records, world)
    rng = streams.named(f"{source} fields")
    service = services.assign(streams.named(f"{source} services"), records, world)
    cpf = filling.cpfs(streams.named(f"{source} cpf"), records, world, borrowing)
    make = {Source.HEALTH: _health, Source.SOCIAL: _social, Source.EDUCATION: _education}[source]
    columns = _common(rng, records, world, service)
    columns |= make(streams.named(f"{source} own fields"), records, world, wording, columns)
    columns["cpf"] = cpf.values
    if source is Source.EDUCATION:
        columns |= _guardian(streams.named("guardians"), records, world)
    return Received(source, records, pa.table(columns), cpf.of_relative)


def _common(
    rng: np.random.Generator, records: Records, world: World, service: services.Service
) -> Columns:
    address = filling.addresses(rng, records, world)
    updated = records.updated
    contact = np.minimum(updated + rng.integers(0, 90, len(updated)), REFERENCE_DAY)
    restricted = world.traits.restricted[records.person] & chance(rng, len(updated), 0.85)
    return {
        "birth_date": filling.birth_dates(rng, records, world),
        "sex": filling.sexes(rng, records, world),
        "race": filling.races(rng, records, world),
        "phone": filling.phones(rng, records, world, service.unit),
        "street": address.street,
        "street_number": address.number,
        "district": address.district,
        "postal_code": address.postal_code,
        "municipality": address.municipality,
        "birth_municipality": numbers.text(
            world.identity.birth_municipality[records.person],
            7,
            chance(rng, len(updated), 0.04) | (world.population.origin[records.person] > 0),
        ),
        "unit_code": service.unit_code,
        "unit_name": service.unit_name,
        "class_code": service.class_code,
        "service_status": service.status,
        "service_since": filling.iso_dates(records.created),
        "last_contact_on": filling.iso_dates(contact),
        "restricted": unless(~restricted, pa.array(["1"] * len(updated))),
        "updated_at": filling.timestamps(rng, updated),
    }


def _names(wording: Wording) -> Columns:
    return {
        "full_name": wording.full_name,
        "mother_name": wording.mother_name,
        "father_name": wording.father_name,
    }


def _some(rng: np.random.Generator, values: Any, person: Ints, share: Any) -> Any:
    """The people's values, present in this share of the records."""
    return unless(~chance(rng, len(person), share), values.take(pa.array(person)))


def _health(
    rng: np.random.Generator, records: Records, world: World, wording: Wording, _: Columns
) -> Columns:
    person, identity = records.person, world.identity
    count = len(person)
    child = world.population.birth[person] > REFERENCE_DAY - 16 * YEAR
    died = world.population.died[person]
    dead = (died != NOBODY) & ~chance(rng, count, records.rates.death_unknown)
    dead &= records.updated <= died + 400
    dnv = np.where(records.newborn | records.baby, 0.6, 0.25)
    return {
        "local_id": pa.array(_uuids(rng, count)),
        **_names(wording),
        "social_name": wording.social_name,
        "cns": filling.cns_lists(rng, records, world),
        "dnv": _some(rng, identity.dnv, person, dnv),
        "birth_certificate": _some(
            rng, identity.birth_certificate, person, np.where(child & ~records.newborn, 0.3, 0.05)
        ),
        "foreign_document": _some(rng, identity.foreign_document, person, 0.7),
        "email": _some(rng, identity.email, person, 0.6),
        "deceased_on": filling.iso_dates(np.maximum(died, 0), ~dead),
        "_sequence": pc.cast(pa.array(100_001 + np.arange(count)), pa.string()),
        "_team": numbers.text(1_500_000 + rng.integers(0, 900, count), 10),
    }


def _uuids(rng: np.random.Generator, count: int) -> list[str]:
    text = rng.bytes(16 * count).hex()
    return [
        f"{text[i : i + 8]}-{text[i + 8 : i + 12]}-4{text[i + 13 : i + 16]}"
        f"-a{text[i + 17 : i + 20]}-{text[i + 20 : i + 32]}"
        for i in range(0, 32 * count, 32)
    ]


_ROLE_CODES = {
    Role.WOMAN: 1,
    Role.MAN: 2,
    Role.CHILD: 3,
    Role.GRANDCHILD: 5,
    Role.GRANDPARENT: 6,
    Role.SIBLING: 8,
    Role.LODGER: 11,
}


def _social(
    rng: np.random.Generator, records: Records, world: World, wording: Wording, _: Columns
) -> Columns:
    person, identity = records.person, world.identity
    homes = world.population.homes
    count = len(person)
    codes = np.asarray([_ROLE_CODES[role] for role in Role])
    role = codes[homes.role[person]]
    # Without a woman the man is the reference person.
    alone = homes.woman[homes.household[person]] == NOBODY
    role = np.where(alone & (role == 2), 1, role)
    stepchild = (role == 3) & (
        world.population.mother[person] != homes.woman[homes.household[person]]
    )
    role = np.where(stepchild & ~alone, 4, role)
    role = np.where(records.duplicate, np.asarray([10, 5, 11])[rng.integers(0, 3, count)], role)
    member = 4_000_000_000_000 + scattered(rng, count, 400_000_000)
    family_codes = 1_000_000_000 + scattered(rng, len(homes.woman), 900_000_000)
    adult = world.population.birth[person] < REFERENCE_DAY - 16 * YEAR
    return {
        "local_id": numbers.text(member, 13),
        **_names(wording),
        "nickname": wording.nickname,
        "nis": _some(rng, identity.nis, person, 0.96),
        "voter_id": _some(rng, identity.voter_id, person, np.where(adult, 0.75, 0.0)),
        "rg": _some(rng, identity.rg, person, np.where(adult, 0.85, 0.25)),
        "birth_certificate": _some(
            rng, identity.birth_certificate, person, np.where(adult, 0.1, 0.65)
        ),
        "household_id": numbers.text(family_codes[records.household], 11),
        "household_role": numbers.text(role, 2),
    }


def _education(
    rng: np.random.Generator, records: Records, world: World, wording: Wording, _: Columns
) -> Columns:
    person, identity = records.person, world.identity
    count = len(person)
    code = 200_001 + scattered(rng, count, max(count * 3, 1000))
    first = identity.cns[0]
    return {
        "local_id": pc.cast(pa.array(code), pa.string()),
        **_names(wording),
        "inep_id": _some(rng, identity.inep_id, person, np.where(records.duplicate, 0.5, 0.92)),
        "birth_certificate": _some(rng, identity.birth_certificate, person, 0.8),
        "cns": _some(rng, first, person, 0.4),
    }


def _guardian(rng: np.random.Generator, records: Records, world: World) -> Columns:
    who, some = filling.guardians(rng, records, world)
    text = join_tokens(world.names.columns(who, world.names.married[who]), world.words.plain)
    cpf = world.identity.cpf[who]
    hidden = ~some | (cpf == 0) | chance(rng, len(who), 0.55)
    return {
        "guardian_name": unless(~some | chance(rng, len(who), 0.1), text),
        "guardian_cpf": pc.if_else(pa.array(hidden), NULL_TEXT, numbers.text(cpf, 11)),
    }
