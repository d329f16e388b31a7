"""A handful of citizens of every kind, served: who may see what is asked of them.

Values carry the source and the field that they are of (`zqclinic…phone`): found where they must
not be, they name the leak. Names hold letters alone, numbers are valid.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from starlette.testclient import TestClient

from mdm.bootstrap import Application
from mdm.bootstrap.serving import new_client
from mdm.bootstrap.stewarding import golden_rules
from mdm.domain.access import Role
from mdm.domain.events import (
    Ambiguous,
    RecordState,
    RecordStateSet,
    TombstoneId,
    Unplace,
    WithdrawId,
)
from mdm.domain.ledger import TxHeader
from mdm.domain.scored_pair import Guard
from mdm.services.refresh_golden import refresh_golden
from mdm_api.app import create_app
from support.databases import TABLES, Copied, SteppingClock
from support.intake import declare, declare_file, made_application
from support.service import PASSWORD, asked, person_account
from support.small_registry import SmallRegistry, withdrawn

SECTORS = {"clinic": "health", "school": "education", "shelter": "social"}
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
DOCUMENT = "52998224725"
"""The local ID of a record at `benefits`, and a CPF."""

ADULT_CLINIC = {
    "full_name": "Zqclinicname Alves Prado",
    "mother_name": "Maria Zqclinicmother Prado",
    "father_name": "Jose Zqclinicfather Prado",
    "birth_date": "1980-05-17",
    "sex": "F",
    "race": "05",
    "cpf": "11144477735",
    "cns": "705000000000014",
    "phone": "51981112233",
    "email": "zqclinicemail@example.org",
    "street": "Rua Zqclinicstreet",
    "street_number": "98761",
    "district": "Zqclinicdistrict",
    "postal_code": "90020005",
    "unit_name": "UBS Zqclinicunit",
    "nickname": "Zqclinicnickname",
    "updated_at": "2026-01-05T10:00:00",
}
ADULT_SCHOOL = {
    "full_name": "Zqclinicname Alves Prado",
    "mother_name": "Maria Zqclinicmother Prado",
    "birth_date": "1980-05-17",
    "inep_id": "123456789012",
    "phone": "51982223344",
    "email": "zqschoolemail@example.org",
    "unit_name": "Escola Zqschoolunit",
    "nickname": "Zqschoolnickname",
    "race": "04",
    "updated_at": "2025-01-05T10:00:00",
}
RESTRICTED = {
    "full_name": "Zqshelterhidden Alves Prado",
    "birth_date": "1980-05-17",
    "phone": "51983334455",
    "street": "Rua Zqshelterstreet",
    "unit_name": "Abrigo Zqshelterunit",
    "restricted": "1",
}
SECRET = {
    "full_name": "Rosa Zqsecretname",
    "birth_date": "1980-05-17",
    "phone": "51986667788",
    "street": "Rua Zqsecretstreet",
    "unit_name": "UBS Zqsecretunit",
    "restricted": "1",
}
SOCIAL = {
    "full_name": "Jorge Zqcivilname Lima",
    "social_name": "Joana Zqsocialname Lima",
    "nickname": "Zqoldnickname",
    "mother_name": "Rita Zqsocialmother",
    "birth_date": "1990-02-03",
    "email": "jorge.zqcivilname@example.org;zqsocialname@example.org",
}
CHILD = {
    "full_name": "Bia Zqchildname Souza",
    "mother_name": "Carla Zqchildmother Souza",
    "guardian_name": "Carla Zqchildguardian",
    "birth_date": "2018-04-09",
    "phone": "51984445566",
    "street": "Rua Zqchildstreet",
    "household_id": "zqhousehold7",
    "household_role": "03",
    "unit_name": "Escola Zqchildunit",
}
SIBLING = {
    "full_name": "Caio Zqsiblingname Souza",
    "birth_date": "2015-04-09",
    "household_id": "zqhousehold7",
    "household_role": "03",
}
DEAD = {
    "full_name": "Otto Zqdeadname Reis",
    "birth_date": "1940-01-02",
    "deceased_on": "2025-10-01",
    "phone": "51985556677",
    "street": "Rua Zqdeadstreet",
}
PURPOSE = "X-Purpose-Of-Use"
Filled = tuple[dict[tuple[str, str], int], dict[str, str], dict[str, int]]


@dataclass(frozen=True, slots=True)
class City:
    """The served registry.

    Attributes:
        application: The registry.
        client: Asks the service.
        registry: Writes into it.
        ids: Municipal IDs by the name of the citizen.
        records: Record numbers by source and local ID.
        questions: Numbers of open questions by name.
    """

    application: Application
    client: TestClient
    registry: SmallRegistry
    ids: Mapping[str, str]
    records: Mapping[tuple[str, str], int]
    questions: Mapping[str, int]
    tokens: dict[str, str] = field(default_factory=dict)

    def system(
        self, sources: Sequence[str] = ("clinic",), purpose: str | None = "integration"
    ) -> dict[str, str]:
        """Headers of a client that speaks for some sources."""
        name = "pec-" + "-".join(sources)
        if name not in self.tokens:
            made = new_client(
                self.application, name=name, sector=SECTORS.get(sources[0], "social"),
                sources=sources,
            )  # fmt: skip
            answer = self.client.post(
                "/oauth/token",
                data={"grant_type": "client_credentials"},
                auth=(str(made["client_id"]), str(made["client_secret"])),
            )
            self.tokens[name] = str(answer.json()["access_token"])
        stated = {} if purpose is None else {PURPOSE: purpose}
        return {"Authorization": f"Bearer {self.tokens[name]}", **stated}

    def person(self, role: Role, sector: str, purpose: str, name: str = "") -> dict[str, str]:
        """Headers of a person who is logged in."""
        account = name or f"{role.value.replace('_', '-')}-{sector}"
        access = self.client.app.state.serving.access  # type: ignore[attr-defined]
        if account not in self.tokens:
            person_account(self.application, account, role, sector)
            session = access.log_in(account, PASSWORD, "127.0.0.1")
            self.tokens[account] = session.token
        session = access.session_of(self.tokens[account])
        return {
            "Cookie": f"mdm_session={session.token}",
            "X-CSRF-Token": session.csrf,
            PURPOSE: purpose,
        }


@contextmanager
def city_served(home: Path, copy: tuple[str, Filled] | None = None) -> Iterator[City]:
    """A registry with the citizens of this module, served.

    Args:
        home: Its folder.
        copy: Of `CITIZENS`; None for one on SQLite.
    """
    url, (records, ids, questions) = CITIZENS.sqlite(_beside(home)) if copy is None else copy
    with (
        made_application(home, url, clock=SteppingClock(hours=1)) as application,
        asked(create_app(application)) as client,
    ):
        registry = SmallRegistry(application.store)
        yield City(application, client, registry, ids, records, questions)


def _beside(home: Path) -> Path:
    return home.with_name(f"{home.name}.db")


def _write(url: str) -> Filled:
    """Write the citizens into a registry without rows."""
    with (
        tempfile.TemporaryDirectory(prefix="mdm-citizens-") as folder,
        made_application(Path(folder) / "home", url) as application,
    ):
        for source, sector in SECTORS.items():
            declare(application, source, sector)
        declare_file(application, Path(folder) / "benefits.toml", BENEFITS)
        filled = _fill(SmallRegistry(application.store))
        refresh(application, filled[1].values())
        return filled


CITIZENS = Copied(_write, TABLES)
"""The citizens of this module: record numbers, municipal IDs, and numbers of open questions."""


def refresh(application: Application, ids: object) -> None:
    """Write the golden records of citizens."""
    rules = golden_rules(application)
    with application.store.writing(TxHeader(kind="test", actor="tester")) as session:
        refresh_golden(session, rules, [str(one) for one in ids])  # type: ignore[attr-defined]


def _fill(registry: SmallRegistry) -> Filled:
    given = [
        ("clinic", "c1", ADULT_CLINIC),
        ("school", "s1", ADULT_SCHOOL),
        ("shelter", "r1", RESTRICTED),
        ("clinic", "c2", SOCIAL),
        ("school", "s3", CHILD),
        ("school", "s4", SIBLING),
        ("clinic", "c5", DEAD),
        ("school", "s5", DEAD),
        ("clinic", "c6", {"full_name": "Nina Zqmergedname Dias", "birth_date": "1970-01-02"}),
        ("clinic", "c7", {"full_name": "Nina Zqmergedname Dias", "birth_date": "1970-01-02"}),
        ("clinic", "c8", {"full_name": "Ivo Zqdormantname", "birth_date": "1971-01-02"}),
        ("clinic", "c9", SECRET),
        ("clinic", "c10", {"full_name": "Lia Zqambiguousname", "birth_date": "1972-01-02"}),
        ("clinic", "c11", {"full_name": "Gil Zqtombname", "birth_date": "1973-01-02"}),
        ("clinic", "c12", {"full_name": "Ari Zqwithdrawnname", "birth_date": "1974-01-02"}),
        ("clinic", "c13", {"full_name": "Eva Zqerasedname", "birth_date": "1975-01-02"}),
        ("clinic", "c14", {"full_name": "Rui Zqpendingname", "birth_date": "1976-01-02"}),
        ("benefits", DOCUMENT, {"full_name": "Davi Zqbenefitsname", "birth_date": "1977-01-02"}),
        ("clinic", "c20", {"full_name": "Lara Zqpairname Melo", "birth_date": "1988-03-04"}),
        ("school", "s20", {"full_name": "Lara Zqpairname Melo", "birth_date": "1988-03-04"}),
        ("clinic", "c21", {"full_name": "Yara Zqpairname Melo", "birth_date": "1989-03-04"}),
        ("school", "s21", {"full_name": "Yara Zqpairname Melo", "birth_date": "1989-03-04"}),
    ]
    numbers = registry.records(*given)
    at = {(source, key): n for (source, key, _), n in zip(given, numbers, strict=True)}
    clinic = {key: n for (source, key), n in at.items() if source == "clinic"}
    names = ["adult", "social", "child", "sibling", "dead", "first", "second", "dormant",
             "secret", "ambiguous", "tomb", "withdrawn", "erased", "benefits", "pair_c", "pair_s",
             "other_c", "other_s"]  # fmt: skip
    clusters = [
        (at["clinic", "c1"], at["school", "s1"], at["shelter", "r1"]),
        (clinic["c2"],),
        (at["school", "s3"],),
        (at["school", "s4"],),
        (clinic["c5"], at["school", "s5"]),
        (clinic["c6"],),
        (clinic["c7"],),
        (clinic["c8"],),
        (clinic["c9"],),
        (clinic["c10"],),
        (clinic["c11"],),
        (clinic["c12"],),
        (clinic["c13"],),
        (at["benefits", DOCUMENT],),
        (clinic["c20"],),
        (at["school", "s20"],),
        (clinic["c21"],),
        (at["school", "s21"],),
    ]
    ids = dict(zip(names, registry.citizens(*clusters), strict=True))
    registry.merge(clinic["c7"], ids["second"], ids["first"])
    registry.apply(withdrawn(clinic["c8"]))
    registry.apply(Ambiguous(ids["ambiguous"], "2099-01-01"))
    registry.apply(Unplace(clinic["c11"], ids["tomb"]), TombstoneId(ids["tomb"], clinic["c11"]))
    registry.apply(Unplace(clinic["c12"], ids["withdrawn"]), WithdrawId(ids["withdrawn"]))
    registry.apply(RecordStateSet(clinic["c13"], RecordState.ERASED))
    pairs = {
        "pair": (clinic["c20"], at["school", "s20"]),
        "guarded": (clinic["c21"], at["school", "s21"]),
        "secret": (clinic["c9"], at["school", "s21"]),
    }
    registry.pairs(*((*pair, 5.0) for pair in pairs.values()))
    questions = {
        name: registry.question(*pair, guard=Guard.TWIN_PATTERN if name == "guarded" else None)
        for name, pair in pairs.items()
    }
    return at, ids, questions
