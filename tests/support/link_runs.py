"""Link runs over small registries: plan, apply, revert, and what they leave."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from mdm.bootstrap import Application, open_application
from mdm.bootstrap.link_run import opened_linking
from mdm.bootstrap.linking import DuckLinking
from mdm.bootstrap.maintenance import verify_registry
from mdm.domain.judgement import Judgement, JudgementState, Verdict
from mdm.errors import LoadHeldError
from mdm.services.apply_plan import apply_stored
from mdm.services.judgements import Given, store_judgements
from mdm.services.link_records import LinkContext, LinkOptions, link_records
from mdm.services.revert_plan import revert_plan
from mdm.settings import Settings
from support.databases import SteppingClock
from support.intake import declare, load, made_application, silent, write_people
from support.linkage_city import SHIPPED_MODEL

Key = tuple[str, str]
COUNTS = ("minted", "linked", "moved", "merged", "split")


ANA = {
    "full_name": "Ana Paula Ferreira Souza", "birth_date": "1987-03-21", "sex": "F",
    "mother_name": "Rosa Ferreira", "cpf": "529.982.247-25",
}  # fmt: skip
CARLOS = {
    "full_name": "Carlos Eduardo Lima", "birth_date": "1950-01-05", "sex": "M",
    "mother_name": "Eva Lima", "cpf": "111.444.777-35",
}  # fmt: skip
CLINIC, SCHOOL = "clinic", "school"
_SETTINGS = Settings(threads=1, memory="500MB", actor="tester")


def who(local_id: str, known: Mapping[str, str], **values: str) -> dict[str, str]:
    """A person's record, with some values otherwise."""
    return {**known, **values, "local_id": local_id}


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Homes to copy: two sources declared, and the same with Ana in both and Carlos in one."""
    folder = tmp_path_factory.mktemp("templates")
    with made_application(folder / "declared") as made:
        declare(made, CLINIC)
        declare(made, SCHOOL, "education")
    shutil.copytree(folder / "declared", folder / "built")
    with opened(folder / "built") as made:
        deliver(made, folder, [who("1", ANA), who("2", CARLOS)], CLINIC)
        deliver(made, folder, [who("7", ANA)], SCHOOL)
        link(made)
    return {name: folder / name for name in ("declared", "built")}


@contextmanager
def opened(home: Path) -> Iterator[Application]:
    """The registry of a folder, an hour after it was made."""
    application = open_application(home, settings=_SETTINGS, clock=SteppingClock(hours=1))
    try:
        yield application
    finally:
        application.store.close()


@pytest.fixture
def app(templates: dict[str, Path], tmp_path: Path) -> Iterator[Application]:
    """A registry (SQLite) with two sources and no record."""
    shutil.copytree(templates["declared"], tmp_path / "home")
    with opened(tmp_path / "home") as application:
        yield application


@pytest.fixture
def built(templates: dict[str, Path], tmp_path: Path) -> Iterator[Application]:
    """The same with Ana in both sources and Carlos in one: applied."""
    shutil.copytree(templates["built"], tmp_path / "home")
    with opened(tmp_path / "home") as application:
        yield application


@contextmanager
def linking(application: Application, model: Path | None = SHIPPED_MODEL) -> Iterator[DuckLinking]:
    """The volume plane with the shipped model."""
    with opened_linking(application, model, silent) as opened:
        yield opened


def context(application: Application, opened: DuckLinking) -> LinkContext:
    return LinkContext(
        store=application.store,
        linking=opened,
        header=application.header("link", model_version=opened.model_version),
        clock=application.clock,
    )


def link(application: Application, **options: object) -> dict[str, object]:
    """Link and apply; small registries are unlike any city, so the model is accepted."""
    chosen = {"apply": True, "accept_model": True, "model": str(SHIPPED_MODEL), **options}
    with linking(application) as opened:
        return link_records(context(application, opened), LinkOptions(**chosen))  # type: ignore[arg-type]


def apply(application: Application, plan_id: object, *, accepted: int = 0) -> dict[str, object]:
    with linking(application) as opened:
        header = application.header("apply", model_version=opened.model_version)
        return apply_stored(application.store, opened, header, int(str(plan_id)), accepted=accepted)


def revert(application: Application, plan_id: object) -> dict[str, object]:
    with linking(application, None) as opened:
        return revert_plan(
            application.store, opened, application.header("revert"), int(str(plan_id))
        )


def changes(result: Mapping[str, object]) -> dict[str, object]:
    """The counts of a plan that are not zero."""
    return {name: result[name] for name in COUNTS if result[name] != 0}


def deliver(
    application: Application, folder: Path, people: Sequence[Mapping[str, str]], source: str
) -> dict[str, object]:
    """Load people as a source's delivery, whatever it withdraws."""
    path = write_people(folder / f"{source}.csv", people)
    try:
        return load(application, path, source=source)
    except LoadHeldError as held:
        return load(application, accept=int(str(held.where)))


def homes(application: Application) -> dict[Key, str]:
    """Every placed record with the ID of its citizen."""
    with application.store.reading() as session:
        rows = session.rows(
            "SELECT r.source, r.local_id, m.municipal_id FROM membership m "
            "JOIN record r ON r.record_id = m.record_id"
        )
    return {(str(r["source"]), str(r["local_id"])): str(r["municipal_id"]) for r in rows}


def statuses(application: Application) -> dict[Key, tuple[str, str]]:
    """Every placed record with its state and link status."""
    with application.store.reading() as session:
        rows = session.rows(
            "SELECT r.source, r.local_id, r.state, m.link_status FROM membership m "
            "JOIN record r ON r.record_id = m.record_id"
        )
    return {
        (str(r["source"]), str(r["local_id"])): (str(r["state"]), str(r["link_status"]))
        for r in rows
    }


def partition(application: Application) -> set[frozenset[Key]]:
    """Which records are together, whatever the IDs."""
    groups: dict[str, set[Key]] = {}
    for key, municipal_id in homes(application).items():
        groups.setdefault(municipal_id, set()).add(key)
    return {frozenset(group) for group in groups.values()}


def ids(application: Application) -> dict[str, tuple[str, int, str | None]]:
    """Every ID ever issued: its state, anchor and whether it is ambiguous."""
    with application.store.reading() as session:
        rows = session.rows(
            "SELECT municipal_id, state, anchor_record_id, ambiguous_until FROM municipal_id"
        )
    return {
        str(r["municipal_id"]): (
            str(r["state"]),
            int(str(r["anchor_record_id"])),
            None if r["ambiguous_until"] is None else str(r["ambiguous_until"]),
        )
        for r in rows
    }


def record_ids(application: Application) -> dict[Key, int]:
    with application.store.reading() as session:
        rows = session.rows("SELECT record_id, source, local_id FROM record")
    return {(str(r["source"]), str(r["local_id"])): int(str(r["record_id"])) for r in rows}


def state_of(application: Application) -> dict[str, object]:
    """Everything that a reader of identities and golden records can see."""
    with application.store.reading() as session:
        golden = session.rows("SELECT municipal_id, content_digest FROM golden_record")
        pairs = session.rows("SELECT record_l, record_r, match_weight, outcome FROM scored_pair")
        plans = session.rows("SELECT plan_id, state FROM plan")
        events = session.number("SELECT COUNT(*) FROM ledger_event")
    return {
        "homes": homes(application),
        "statuses": statuses(application),
        "ids": ids(application),
        "golden": sorted(str(sorted(row.items())) for row in golden),
        "pairs": sorted(str(sorted(row.items())) for row in pairs),
        "plans": sorted(str(sorted(row.items())) for row in plans),
        "events": events,
    }


def judged(application: Application, verdict: str, one: Key, other: Key) -> int:
    """Store a judgement, without deciding anything by it; gives its number."""
    known = record_ids(application)
    left, right = sorted((known[one], known[other]))
    with application.store.writing(replace(application.header("judge"), actor="ines")) as session:
        number = session.next_ids("judgement")
        hashes = [
            str(session.value("SELECT content_hash FROM record WHERE record_id = :r", {"r": r}))
            for r in (left, right)
        ]
        made = Judgement(number, Verdict(verdict), left, right, JudgementState.ACTIVE)
        store_judgements(
            session,
            [
                Given(
                    judgement=made, content_hashes=(hashes[0], hashes[1]), actor="ines", reason="x"
                )
            ],
        )
    return number


def tell(application: Application, municipal_id: str, holder: str, key: Key | None = None) -> None:
    """Note that a system was told an ID."""
    record_id = 0 if key is None else record_ids(application)[key]
    with application.store.writing(application.header("tell")) as session:
        session.insert_rows(
            "told",
            [
                {
                    "municipal_id": municipal_id,
                    "holder": holder,
                    "record_id": record_id,
                    "first_at": session.at,
                    "last_at": session.at,
                }
            ],
        )


def assert_sound(application: Application) -> None:
    """`mdm verify`: every check holds, golden records computed anew among them."""
    wrong = [check for check in verify_registry(application, silent) if not check.ok]
    assert wrong == []
