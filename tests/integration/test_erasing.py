"""Erasure: the content leaves every table and every byte of the home folder; IDs hold."""

import io
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mdm.bootstrap import Application
from mdm.bootstrap.erasing import NOTE, erase, erase_all, files_check, finish_interrupted
from mdm.bootstrap.stewarding import golden_rules
from mdm.domain.erasure import CONCEALED, ErasureReason
from mdm.domain.judgement import Verdict
from mdm.domain.ownership import Ownership
from mdm.errors import IdErasedError, LoadHeldError, NotFoundError, UnknownSourceError
from mdm.services.judge_identifier import Said, judge_identifier
from mdm.services.judge_pair import judge_pair
from mdm.services.resolve import Question, answer_of
from mdm.services.set_value import Setting, set_value
from mdm.storage.tables import declared_tables
from support.intake import declare, declare_file, load, made_application, silent, write_people
from support.link_runs import assert_sound, deliver, homes, link, opened, revert, tell, who
from support.stewards import RULES

pytestmark = pytest.mark.slow
# Words that nothing else in the registry holds, one for each kind of value.
EVE = {
    "full_name": "Zqevename Zqevefamily", "social_name": "Zqevesocial Zqevefamily",
    "mother_name": "Zqevemother Zqevefamily", "birth_date": "1987-03-21", "sex": "F",
    "cpf": "529.982.247-25", "email": "zqevemail@example.org", "street": "Rua Zqevestreet",
    "household_id": "zqevehouse",
}  # fmt: skip
CANARIES = ("zqeve", "52998224725", "529.982.247-25")
OTHERS = [who(str(n), {"full_name": f"Vera Number{n} Lima", "birth_date": f"19{60 + n}-05-17"})
          for n in range(20, 40)]  # fmt: skip


def fill(application: Application, tmp_path: Path) -> None:
    """Eve in two sources, one citizen; among twenty others of one of them."""
    declare(application, "clinic")
    declare(application, "school", "education")
    deliver(application, tmp_path, [who("e1", EVE), *OTHERS], "clinic")
    deliver(application, tmp_path, [who("e2", EVE)], "school")
    link(application)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home to copy."""
    folder = tmp_path_factory.mktemp("erasing")
    with made_application(folder / "home") as application:
        fill(application, folder)
    return folder / "home"


@pytest.fixture
def made(template: Path, tmp_path: Path) -> Iterator[Application]:
    """The filled registry (SQLite)."""
    shutil.copytree(template, tmp_path / "home")
    with opened(tmp_path / "home") as application:
        yield application


@pytest.fixture
def anywhere(database_url: str, tmp_path: Path) -> Iterator[Application]:
    """The same on each of the two databases in turn."""
    with made_application(tmp_path / "home", database_url) as application:
        fill(application, tmp_path)
        yield application


def forget(
    application: Application, source: str, local_id: str, *, whole_citizen: bool = False
) -> dict[str, object]:
    return erase(
        application,
        (source, local_id),
        ErasureReason.CITIZEN_REQUEST,
        silent,
        whole_citizen=whole_citizen,
    )


def texts(application: Application) -> Iterator[tuple[str, str]]:
    """All that a registry holds, with where: bytes of its files, cells of its tables."""
    for path in sorted(application.home.folder.rglob("*")):
        if path.is_file():
            name, content = str(path.relative_to(application.home.folder)), path.read_bytes()
            yield name, content.decode("latin-1")
            if content.startswith(b"PAR1"):
                yield name, str(pq.read_table(path).to_pylist())
    with application.store.reading() as session:
        for table in (declared.name for declared in declared_tables()):
            for row in session.rows(f'SELECT * FROM "{table}"'):
                yield table, str(row)
                items = row.get("items")
                if isinstance(items, bytes | memoryview) and items:
                    yield table, unpacked(bytes(items))
        if session.dialect == "postgresql":
            yield (
                "pg_stats",
                str(session.rows("SELECT * FROM pg_stats WHERE schemaname = 'public'")),
            )


def unpacked(items: bytes) -> str:
    """What a plan holds."""
    with zipfile.ZipFile(io.BytesIO(items)) as packed:
        parts = [pq.read_table(io.BytesIO(packed.read(part))) for part in packed.namelist()]
    return str([part.to_pylist() for part in parts])


def canaries(application: Application) -> set[str]:
    """Where something of Eve is found."""
    return {
        where
        for where, text in texts(application)
        if any(canary in text.casefold() for canary in CANARIES)
    }


def answer(application: Application, source: str, key: str, as_of: str | None = None) -> object:
    with application.store.reading() as session:
        return answer_of(session, Question(source=source, local_id=key, as_of=as_of), "2026-12-01")


def speak_of_eve(application: Application, tmp_path: Path) -> None:
    """Everything that may hold a word of hers: answers, values, quarantine, a load that waits."""
    header = application.header("judge")
    judge_pair(
        application.store, RULES, header, (("clinic", "e1"), ("clinic", "20")),
        (Verdict.DIFFERENT, "I asked zqevename"),
    )  # fmt: skip
    said = Said(
        verdict=Ownership.OWN, key=("clinic", "e1"), identifier="cpf", number=None,
        reason="zqevename showed it",
    )  # fmt: skip
    judge_identifier(application.store, golden_rules(application), header, said)
    home = homes(application)["clinic", "e1"]
    setting = Setting(municipal_id=home, attribute="name", value="Zqevenewname Zqevefamily",
                      reason="zqeve told me")  # fmt: skip
    set_value(application.store, golden_rules(application), header, setting)
    # Her local ID twice in a delivery: the rows cannot be named; and a row without one.
    twice = [who("e1", EVE), who("e1", EVE, phone="51999990000"), who("", EVE), *OTHERS]
    load(application, write_people(tmp_path / "clinic.csv", twice))
    path = write_people(
        tmp_path / "clinic.csv", [who("e1", EVE, phone="51999990000"), who("", EVE)]
    )
    with pytest.raises(LoadHeldError):
        load(application, path)


def test_nothing_of_an_erased_person_is_left_and_everything_else_holds(
    anywhere: Application, tmp_path: Path
) -> None:
    speak_of_eve(anywhere, tmp_path)
    home = homes(anywhere)["clinic", "e1"]
    assert canaries(anywhere) >= {"golden_record", "golden_override", "judgement", "quarantine",
                              "record_version", "work/volume.duckdb"}  # fmt: skip
    assert any("held" in where for where in canaries(anywhere))

    tell(anywhere, home, "benefits")

    told = forget(anywhere, "clinic", "e1", whole_citizen=True)

    assert told == {
        "reason": "citizen_request", "erased": 2, "municipal_ids": [home],
        "erased_citizens": [home], "told": ["benefits"], "quarantined": 3,
    }  # fmt: skip
    assert canaries(anywhere) == set()
    assert_sound(anywhere)
    assert homes(anywhere)["clinic", "e1"] == home, "the slot and the anchor are kept"
    for as_of in (None, "2026-06-01"):
        with pytest.raises(IdErasedError):
            answer(anywhere, "municipal", home, as_of)
        with pytest.raises(NotFoundError):
            answer(anywhere, "clinic", "e1", as_of)
    with anywhere.store.reading() as session:
        row = session.row("SELECT kind, cause FROM ledger_tx ORDER BY tx_id DESC LIMIT 1")
    assert row == {"kind": "erase", "cause": "citizen_request"}
    assert forget(anywhere, "clinic", "e1")["erased"] == 0, "to ask again changes nothing"


def test_a_delivery_does_not_bring_an_erased_person_back(made: Application, tmp_path: Path) -> None:
    forget(made, "clinic", "e1", whole_citizen=True)
    before = homes(made)

    again = deliver(made, tmp_path, [who("e1", EVE, phone="51999990000"), *OTHERS], "clinic")
    load(made, write_people(tmp_path / "clinic.csv", [who("e1", EVE), who("e1", EVE), *OTHERS]))

    assert (again["new"], again["changed"], again["unchanged"]) == (0, 0, 21)
    link(made)
    assert homes(made) == before, "no ID is minted again"
    assert canaries(made) == set()
    assert_sound(made)


@pytest.mark.extended
def test_a_held_load_that_is_accepted_brings_nobody_back(made: Application, tmp_path: Path) -> None:
    speak_of_eve(made, tmp_path)
    forget(made, "clinic", "e1", whole_citizen=True)

    with made.store.reading() as session:
        held = session.number("SELECT MAX(load_id) FROM load WHERE state = 'held'")
    accepted = load(made, accept=held)

    assert (accepted["changed"], accepted["unchanged"]) == (0, 1)
    assert canaries(made) == set()
    assert_sound(made)


@pytest.mark.extended
def test_one_record_of_several_goes_and_the_citizen_keeps_the_id(
    made: Application, tmp_path: Path
) -> None:
    home = homes(made)["clinic", "e1"]

    told = forget(made, "clinic", "e1")

    assert (told["erased"], told["erased_citizens"]) == (1, [])
    assert answer(made, "municipal", home).status == "active"  # type: ignore[attr-defined]
    assert answer(made, "school", "e2").municipal_id == home  # type: ignore[attr-defined]
    link(made)
    assert answer(made, "school", "e2").municipal_id == home  # type: ignore[attr-defined]
    assert_sound(made)
    # The anchor is the erased record: its ID goes where the rest of the citizen goes.
    deliver(made, tmp_path, [who("e1", EVE), who("e9", EVE), *OTHERS], "clinic")
    link(made)
    assert homes(made)["clinic", "e9"] == home
    assert_sound(made)


@pytest.mark.extended
@pytest.mark.parametrize("snapshot", ["full", "delta"])
def test_a_local_id_that_is_a_number_is_kept_as_a_secret_alone(
    tmp_path: Path, snapshot: str
) -> None:
    text = f"""
name = "register"
sector = "social"
layout = "canonical"
snapshot = "{snapshot}"
local_id_is = "cpf"
purposes = ["service_delivery"]
owner = "x"
retention_days = 10
[legal_basis]
text = "x"
"""
    with made_application(tmp_path / "home") as made:
        declare_file(made, tmp_path / "register.toml", text)
        people = [who("52998224725", EVE), who("11144477735", OTHERS[0])]
        deliver(made, tmp_path, people, "register")
        link(made)
        forget(made, "register", "52998224725")
        assert canaries(made) == set()
        assert_sound(made)

        again = deliver(made, tmp_path, people, "register")

        assert (again["new"], again["unchanged"]) == (0, 2)
        assert canaries(made) == set()
        assert forget(made, "register", "52998224725")["erased"] == 0
        with made.store.reading() as session:
            kept = session.value("SELECT local_id FROM record WHERE state = 'erased'")
        assert str(kept).startswith(CONCEALED)
        assert_sound(made)


@pytest.mark.extended
def test_a_crash_after_the_commit_is_told_and_finished(
    made: Application, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    speak_of_eve(made, tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr("mdm.bootstrap.erasing._finish", _crash)
        with pytest.raises(KeyboardInterrupt):
            forget(made, "clinic", "e1", whole_citizen=True)
    assert not files_check(made).ok
    assert canaries(made)

    assert finish_interrupted(made, silent)

    assert files_check(made).ok
    assert canaries(made) == set()
    assert_sound(made)


@pytest.mark.extended
def test_a_crash_before_the_commit_leaves_all_as_it_was(
    made: Application, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    speak_of_eve(made, tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr("mdm.bootstrap.erasing.erase_records", _crash)
        with pytest.raises(KeyboardInterrupt):
            forget(made, "clinic", "e1", whole_citizen=True)

    assert finish_interrupted(made, silent)

    assert not (made.home.work / NOTE).exists()
    assert not list(made.home.work.rglob("*.fresh"))
    assert answer(made, "clinic", "e1").status == "active"  # type: ignore[attr-defined]
    assert_sound(made)


def test_who_is_not_there_cannot_be_erased(made: Application) -> None:
    with pytest.raises(NotFoundError):
        forget(made, "clinic", "nobody")
    with pytest.raises(UnknownSourceError):
        forget(made, "nowhere", "e1")
    assert erase_all(made, golden_rules(made), [], ErasureReason.UNLAWFUL, silent).records == []


def test_a_plan_that_placed_an_erased_record_is_not_reverted(made: Application) -> None:
    from mdm.errors import LaterChangesError

    forget(made, "clinic", "e1")
    with pytest.raises(LaterChangesError):
        revert(made, 1)


def _crash(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
