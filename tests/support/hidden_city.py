"""A small city twice: with its restricted records and without, by the same commands.

Municipal IDs are drawn from the key of the record that founds them, so that the two cities may be
compared byte for byte; which ID somebody gets is chance otherwise.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from mdm.bootstrap import Application
from mdm.domain.municipal_id import ALPHABET, check_character, parse
from mdm.errors import InvalidMunicipalIdError
from mdm.volume import plan_tables
from support.databases import SteppingClock
from support.intake import declare, declare_file, made_application
from support.link_runs import ANA, CARLOS, deliver, link, who

SECTORS = {"clinic": "health", "school": "education", "shelter": "social"}
ONE = {"full_name": "Ana Paula Moreira Souza", "birth_date": "1987-03-22", "sex": "F",
       "mother_name": "Rosa Moreira", "cpf": "390.533.447-05"}  # fmt: skip
TWO = {"full_name": "Ana Paula Moreira Lima", "phone": "51999998888", "nis": "12068910251",
       "mother_name": "Rosa Moreira Souza"}  # fmt: skip
BRIDGE = {**ONE, **TWO, "full_name": "Ana Paula Moreira Souza"}
LONE = {"full_name": "Beatriz Moreira Alves", "birth_date": "2001-10-10", "sex": "F",
        "mother_name": "Celia Moreira", "phone": "51981112233"}  # fmt: skip
OWNER = {"full_name": "Paulo Andrade Reis", "birth_date": "1970-07-01", "sex": "M",
         "mother_name": "Dora Reis", "cpf": "168.995.350-09"}  # fmt: skip
THIEF = {"full_name": "Ivone Teixeira Braga", "birth_date": "1999-02-11", "sex": "F",
         "mother_name": "Ruth Braga", "cpf": "168.995.350-09"}  # fmt: skip
LEAVER = {"full_name": "Otavio Nunes Paz", "birth_date": "1966-06-06", "sex": "M",
          "mother_name": "Lia Nunes", "cpf": "862.883.667-57"}  # fmt: skip
SECRET = {"full_name": "Zilda Rocha Pires", "birth_date": "1990-09-09", "sex": "F",
          "mother_name": "Neusa Rocha", "cpf": "746.824.890-70"}  # fmt: skip
ASKED = {"full_name": "Helena Costa Dias", "birth_date": "1995-05-05", "mother_name": "Vera Costa"}
ALIKE = {"full_name": "Helena Dias", "birth_date": "1995-05-06", "mother_name": "Vera Costa"}
CHILD = {"full_name": "Caio Souza Melo", "birth_date": "2016-04-09", "mother_name": "Lara Melo",
         "household_id": "F77", "household_role": "03"}  # fmt: skip
MOTHER = {"full_name": "Lara Melo Souza", "birth_date": "1988-01-30", "household_id": "F77",
          "household_role": "01"}  # fmt: skip
MOVED = {"full_name": "Tania Farias Luz", "birth_date": "1979-12-01", "mother_name": "Olga Luz",
         "cpf": "153.509.460-56"}  # fmt: skip

Delivery = tuple[str, Sequence[Mapping[str, str]]]
Hidden = tuple[str, str]
STEPS: tuple[tuple[Delivery, ...], ...] = (
    (
        ("clinic", [who("1", ANA), who("2", CARLOS), who("3", ONE), who("4", TWO),
                    who("5", LONE), who("6", OWNER), who("8", ASKED), who("9", LEAVER),
                    who("10", MOVED)]),
        ("school", [who("7", ANA), who("8", ALIKE), who("11", CHILD)]),
        ("shelter", [who("m1", MOTHER), who("m2", CHILD), who("x1", MOVED, merged_into="h8")]),
    ),
    (
        ("clinic", [who("1", ANA, phone="51980001111"), who("2", CARLOS), who("3", ONE),
                    who("4", TWO), who("5", LONE), who("6", OWNER), who("8", ASKED),
                    who("10", MOVED)]),
        ("school", [who("7", ANA), who("8", ALIKE), who("11", CHILD), who("20", SECRET)]),
        ("shelter", [who("m1", MOTHER), who("m2", CHILD), who("x1", MOVED, merged_into="h8")]),
    ),
)  # fmt: skip
"""What the sources deliver in two rounds, without restricted records."""

HIDDEN: tuple[tuple[Delivery, ...], ...] = (
    (
        ("clinic", [who("h1", SECRET), who("h2", LONE, phone="51987776655")]),
        ("school", [who("h3", BRIDGE)]),
        ("shelter", [who("h4", ANA, street="Rua Oculta", phone="51983334455"),
                     who("h5", THIEF), who("h6", LEAVER), who("h7", ASKED),
                     who("h8", MOVED, nickname="Oculta"),
                     who("h9", {**CHILD, "full_name": "Davi Souza Melo"})]),
    ),
    (
        ("clinic", [who("h1", SECRET)]),
        ("school", [who("h3", BRIDGE)]),
        ("shelter", [who("h4", LONE), who("h5", OWNER), who("h6", LEAVER), who("h7", ALIKE),
                     who("h8", ANA), who("h9", SECRET)]),
    ),
)  # fmt: skip
"""The restricted ones: they attach, bridge, claim numbers, stay behind, go over to others."""

BENEFITS = """
name = "benefits"
sector = "social"
layout = "canonical"
local_id_is = "cpf"
purposes = ["social_assistance"]
owner = "FASC"
retention_days = 365
[legal_basis]
text = "LGPD art. 7, III"
"""


def founded_id(source: str, local_id: str) -> str:
    """A municipal ID out of the key of its founder."""
    for salt in range(1000):
        drawn = hashlib.sha256(f"{source}|{local_id}|{salt}".encode()).digest()
        body = "".join(ALPHABET[byte % 32] for byte in drawn[:9])
        try:
            return str(parse(body + check_character(body)))
        except InvalidMunicipalIdError:
            continue
    raise AssertionError


def _drawn(con: duckdb.DuckDBPyConnection, number: int) -> pa.Array:
    keys = con.execute(
        "SELECT s.source, s.local_id FROM plan_event e JOIN standard s USING (record_id) "
        "WHERE e.kind = 'mint' AND e.municipal_id LIKE 'new:%' ORDER BY e.record_id"
    ).fetchall()
    assert len(keys) == number
    return pa.array([founded_id(*key) for key in keys], pa.string())


def restricted(deliveries: Iterable[Delivery]) -> tuple[Delivery, ...]:
    """Rows as restricted ones."""
    return tuple(
        (source, [{**row, "restricted": "1"} for row in rows]) for source, rows in deliveries
    )


def rows_of(step: int, source: str, added: Iterable[Delivery]) -> list[Mapping[str, str]]:
    """A delivery; what only one of two cities holds stands among the others."""
    rows = [row for name, given in STEPS[step] if name == source for row in given]
    rows[1:1] = [row for name, given in added if name == source for row in given]
    return rows


@contextmanager
def built(
    home: Path, patch: pytest.MonkeyPatch, added: Iterable[Delivery]
) -> Iterator[Application]:
    """The city after its first round."""
    patch.setattr(plan_tables, "_drawn", _drawn)
    with made_application(home) as application:
        for source, sector in SECTORS.items():
            declare(application, source, sector)
        declare_file(application, home / "benefits.toml", BENEFITS)
        go_on(application, home, 0, added)
        yield application


def go_on(application: Application, folder: Path, step: int, added: Iterable[Delivery]) -> None:
    """A round: every source delivers, and all is linked, each at a time of its own."""
    clock = application.clock
    assert isinstance(clock, SteppingClock)
    start = datetime(2026, 1, 1 + step, 12, tzinfo=UTC)
    for hour, source in enumerate(SECTORS):
        clock.now = start + timedelta(hours=hour)
        deliver(application, folder, rows_of(step, source, added), source)
    clock.now = start + timedelta(hours=6)
    link(application, accept_changes=10)
