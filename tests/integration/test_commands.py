import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mdm.cli.app import main
from mdm.storage.engine import open_engine
from support.contract import assert_conforms
from support.intake import person, write_people

DECLARATION = """
name = "school"
sector = "education"
layout = "delimited"
purposes = ["service_delivery"]
owner = "education"
retention_days = 30
[options]
delimiter = ","
[mapping]
local_id = "local_id"
full_name = "full_name"
cpf = "cpf"
[legal_basis]
text = "test"
"""
PEOPLE = [
    person("1", "João da Silva", cpf="529.982.247-25"),
    person("2", "Ana Souza", birth_date="31/02/1990"),
    person("3"),
    person("4", merged_into="3"),
]
Run = Callable[..., tuple[int, dict[str, object]]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command with `--json` in a home of its own; gives exit status and object."""

    def command(*words: str, home: str = "home") -> tuple[int, dict[str, object]]:
        capsys.readouterr()
        status = main(["--home", str(tmp_path / home), "--json", *words])
        printed = capsys.readouterr().out
        assert printed.count("\n") == 1
        return status, json.loads(printed)

    return command


def done(command: str, outcome: tuple[int, dict[str, object]]) -> dict[str, object]:
    status, result = outcome
    assert status == 0, result
    assert_conforms(command, result)
    return result


def refused(code: str, outcome: tuple[int, dict[str, object]]) -> dict[str, object]:
    status, result = outcome
    assert status == 1, result
    assert_conforms("error", result)
    error = result["error"]
    assert isinstance(error, dict)
    assert error["code"] == code
    return error


def test_commands_give_the_keys_of_the_golden_file(run: Run, tmp_path: Path) -> None:
    rows = write_people(tmp_path / "a.csv", [*PEOPLE, person("", "Sem Chave")])
    toml = tmp_path / "school.toml"
    toml.write_text(DECLARATION, "utf-8")

    done("init", run("init"))
    done("source add", run("source", "add", str(toml)))
    added = run("source", "add", "clinic", "--layout", "canonical", "--sector", "health")
    done("source add", added)
    done("source list", run("source", "list"))
    done("load", run("load", "clinic", str(rows)))
    done("source list", run("source", "list"))
    checked = done("source check", run("source", "check", str(toml), str(rows)))
    assert checked["overlap"] == {"cpf": {"values": 1, "known": 1}}
    done("quarantine list", run("quarantine", "list"))
    mended = tmp_path / "mended.csv"
    done("quarantine export", run("quarantine", "export", "clinic", str(mended)))
    text = mended.read_text("utf-8").replace(",Sem Chave", "77,Sem Chave", 1)
    mended.write_text(text, "utf-8")
    done("quarantine reload", run("quarantine", "reload", "clinic", str(mended)))
    assert done("quarantine list", run("quarantine", "list"))["waiting"] == 0
    keys = tmp_path / "map.csv"
    keys.write_text("old_local_id,new_local_id\n1,n1\n", "utf-8")
    assert done("source rekey", run("source", "rekey", "clinic", str(keys)))["mapped"] == 1
    error = refused("load_held", run("load", "clinic", str(write_people(rows, PEOPLE[:1]))))
    done("load accept", run("load", "accept", str(error["where"])))
    assert done("verify", run("verify"))["ok"] is True
    done("backup", run("backup", str(tmp_path / "copy")))
    done("restore", run("restore", str(tmp_path / "copy"), home="second"))
    listed = done("source list", run("source", "list", home="second"))
    assert listed == run("source", "list")[1]


def test_init_gives_an_older_registry_the_tables_of_this_version(run: Run, tmp_path: Path) -> None:
    done("init", run("init"))
    refused("registry_exists", run("init"))
    engine = open_engine(f"sqlite:///{tmp_path / 'home' / 'registry.db'}")
    with engine.execution_options(mdm_writes=True).begin() as connection:
        tables = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).scalars()
        for table in list(tables):
            connection.exec_driver_sql(f'DROP TABLE "{table}"')
    engine.dispose()

    refused("no_registry", run("source", "list"))
    done("init", run("init"))
    done("source list", run("source", "list"))


def test_a_registry_whose_database_the_environment_names_is_not_made_a_second_time(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MDM_DATABASE_URL", f"sqlite:///{tmp_path / 'elsewhere.db'}")
    done("init", run("init"))
    monkeypatch.delenv("MDM_DATABASE_URL")

    assert "MDM_DATABASE_URL" in str(refused("no_registry", run("init"))["message"])
    refused("no_registry", run("source", "list"))
    assert not (tmp_path / "home" / "registry.db").exists()


def test_a_source_is_declared_once_and_replaced_only_when_asked(run: Run) -> None:
    words = ("source", "add", "clinic", "--layout", "canonical", "--sector")
    run("init")

    assert done("source add", run(*words, "health"))["state"] == "added"
    assert done("source add", run(*words, "health"))["state"] == "unchanged"
    refused("source_exists", run(*words, "social"))
    assert done("source add", run(*words, "social", "--replace"))["state"] == "replaced"
    refused("source_declaration", run("source", "add", "nothing.toml"))
    refused(
        "source_declaration",
        run("source", "add", "accept", "--layout", "canonical", "--sector", "health"),
    )


def test_a_declaration_keeps_the_layout_file_it_names(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        'name = "own"\nkind = "delimited"\n[reading]\ndelimiter = ";"\n'
        '[mapping]\nlocal_id = "key"\nfull_name = "nome"\n',
        "utf-8",
    )
    text = DECLARATION.replace('layout = "delimited"', 'layout = "own.toml"')
    (tmp_path / "school.toml").write_text(text.split("[options]")[0] + _LEGAL, "utf-8")
    run("init")
    done("source add", run("source", "add", str(tmp_path / "school.toml")))
    (tmp_path / "own.toml").unlink()
    (tmp_path / "a.csv").write_text("key;nome\n1;Ana Souza\n", "utf-8")

    assert done("load", run("load", "school", str(tmp_path / "a.csv")))["new"] == 1


_LEGAL = '[legal_basis]\ntext = "test"\n'


def test_files_that_cannot_be_read_are_refused_by_name(run: Run, tmp_path: Path) -> None:
    run("init")
    run("source", "add", "clinic", "--layout", "canonical", "--sector", "health")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", "utf-8")

    refused("file_missing", run("load", "clinic", str(tmp_path / "no.csv")))
    refused("file_is_directory", run("load", "clinic", str(tmp_path)))
    refused("file_empty", run("load", "clinic", str(tmp_path / "empty.csv")))
    refused("file_layout", run("load", "clinic", str(tmp_path / "other.csv")))
    refused("unknown_source", run("load", "nobody", str(tmp_path / "other.csv")))
    refused("not_found", run("load", "accept", "7"))
    refused("file_missing", run("quarantine", "reload", "clinic", str(tmp_path / "no.csv")))
    refused("file_layout", run("quarantine", "reload", "clinic", str(tmp_path / "other.csv")))
    refused("backup", run("restore", str(tmp_path), home="third"))
    assert not (tmp_path / "third" / "registry.toml").exists()


def test_verify_exits_1_when_a_cell_was_changed(run: Run, tmp_path: Path) -> None:
    run("init")
    run("source", "add", "clinic", "--layout", "canonical", "--sector", "health")
    run("load", "clinic", str(write_people(tmp_path / "a.csv", PEOPLE)))
    engine = open_engine(f"sqlite:///{tmp_path / 'home' / 'registry.db'}")
    with engine.execution_options(mdm_writes=True).begin() as connection:
        connection.exec_driver_sql("UPDATE record SET local_id = '9' WHERE local_id = '2'")
    engine.dispose()
    status, result = run("verify")

    assert status == 1
    assert_conforms("verify", result)
    assert result["ok"] is False
    checks = result["checks"]
    assert isinstance(checks, list)
    assert "record record_id=2: local_id" in {check["first"] for check in checks}


def test_the_cache_may_be_deleted_at_any_time(run: Run, tmp_path: Path) -> None:
    rows = str(write_people(tmp_path / "a.csv", PEOPLE))
    run("init")
    run("source", "add", "clinic", "--layout", "canonical", "--sector", "health")
    run("load", "clinic", rows)
    shutil.rmtree(tmp_path / "home" / "work")

    assert done("load", run("load", "clinic", rows))["unchanged"] == len(PEOPLE)


@pytest.mark.slow
def test_a_second_process_is_refused_while_one_loads(run: Run, tmp_path: Path) -> None:
    rows = str(write_people(tmp_path / "a.csv", PEOPLE))
    run("init")
    run("source", "add", "clinic", "--layout", "canonical", "--sector", "health")
    code = (
        "import sys, pathlib\n"
        "from mdm.volume.database import open_volume\n"
        f"with open_volume(pathlib.Path({str(tmp_path / 'home' / 'work')!r})):\n"
        "    print('open', flush=True); sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        refused("lane_busy", run("load", "clinic", rows))
    finally:
        holder.communicate()

    assert done("load", run("load", "clinic", rows))["new"] == len(PEOPLE)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.4, 0.8, 1.2, 1.6, 2.0])
def test_a_load_that_is_killed_leaves_all_or_nothing(
    run: Run, tmp_path: Path, seconds: float
) -> None:
    people = [person(str(key), f"Ana {key}", birth_date="1990-02-03") for key in range(20_000)]
    rows = str(write_people(tmp_path / "a.csv", people))
    run("init")
    run("source", "add", "clinic", "--layout", "canonical", "--sector", "health")
    words = [sys.executable, "-m", "mdm.cli", "--home", str(tmp_path / "home")]
    child = subprocess.Popen(
        [*words, "load", "clinic", rows], start_new_session=True, stderr=subprocess.DEVNULL
    )
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, 9)
        child.wait()
    stored = run("source", "list")[1]["sources"]
    assert isinstance(stored, list)
    assert stored[0]["pending"] in {0, len(people)}

    again = done("load", run("load", "clinic", rows))
    assert again["read"] == len(people)
    assert done("verify", run("verify"))["ok"] is True
