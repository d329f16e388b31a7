"""Accounts, clients, jobs and the trail of reads on the command line, and the service itself."""

import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mdm.bootstrap import open_application
from mdm.bootstrap.auditing import verify_trail
from mdm.bootstrap.serving import open_serving
from mdm.bootstrap.supervision import served_by
from mdm.cli.app import main
from mdm.domain.audit import AuditEntry
from support.contract import assert_conforms
from support.databases import PATIENCE

PASSWORD = "correct horse battery"
Run = Callable[..., dict[str, object]]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "home"
    assert main(["--home", str(folder), "--json", "init"]) == 0
    yield folder
    if served_by(folder) is not None:
        main(["--home", str(folder), "serve", "--stop"])


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command with `--json`; gives its object, which conforms to the golden file."""

    def command(
        name: str, *words: str, status: int = 0, stdin: str = "", contract: str | None = None
    ) -> dict[str, object]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        assert main(["--home", str(home), "--json", *name.split(), *words]) == status
        printed = capsys.readouterr().out
        assert printed.count("\n") == 1
        result: dict[str, object] = json.loads(printed)
        assert_conforms(contract or (name if status == 0 else "error"), result)
        return result

    return command


def read(home: Path, *ids: str, actor: str = "ana") -> None:
    """A read, noted as a serving process would."""
    application = open_application(home)
    serving = open_serving(application)
    serving.audit.append(
        AuditEntry(
            actor=actor, client=None, role="caseworker", purpose="care", action="citizen.read",
            request_id="r", municipal_ids=ids,
        )
    )  # fmt: skip
    serving.close()
    application.store.close()


def code(result: dict[str, object]) -> object:
    error = result["error"]
    assert isinstance(error, dict)
    return error["code"]


def test_an_account_is_made_listed_changed_and_disabled(run: Run) -> None:
    who = ("ana", "--role", "steward", "--sector", "health", "--unit", "UBS 3")
    run("user add", *who, stdin=f"{PASSWORD}\n")
    again = run("user add", *who, stdin=f"{PASSWORD}\n", status=1)
    run("user password", "ana", stdin="another password\n")
    run("user disable", "ana")

    assert code(again) == "account"
    assert run("user list")["users"] == [
        {
            "name": "ana",
            "role": "steward",
            "sector": "health",
            "unit": "UBS 3",
            "display_name": "ana",
            "state": "disabled",
        }
    ]


@pytest.mark.parametrize("password", ["", "short", "x" * 201])
def test_a_password_that_is_too_short_or_too_long_is_refused(run: Run, password: str) -> None:
    words = ("ana", "--role", "steward", "--sector", "health")

    assert code(run("user add", *words, stdin=f"{password}\n", status=2)) == "usage"


def test_a_role_that_does_not_exist_is_refused(run: Run) -> None:
    words = ("ana", "--role", "king", "--sector", "health")

    assert code(run("user add", *words, stdin=f"{PASSWORD}\n", status=2)) == "usage"


def test_a_client_is_made_listed_and_disabled(run: Run) -> None:
    run("source add", "clinic", "--layout", "canonical", "--sector", "health")
    made = run("client add", "pec", "--sector", "health", "--source", "clinic")
    run("client disable", "pec")

    assert len(str(made["client_secret"])) == 43
    listed = run("client list")
    assert str(made["client_secret"]) not in str(listed)
    clients = listed["clients"]
    assert isinstance(clients, list)
    assert (clients[0]["sources"], clients[0]["state"]) == (["clinic"], "disabled")


def test_a_job_is_asked_for_listed_and_cancelled(run: Run) -> None:
    added = run("job add", "link", "--apply")
    run("job add", "apply", "3", contract="job add")
    run("job cancel", str(added["job_id"]))

    jobs = run("job list")["jobs"]
    assert isinstance(jobs, list)
    assert [(job["kind"], job["state"]) for job in jobs] == [
        ("apply", "waiting"),
        ("link", "cancelled"),
    ]


@pytest.mark.parametrize("words", [("apply",), ("link", "3"), ("apply", "3", "--apply")])
def test_a_job_that_makes_no_sense_is_refused(run: Run, words: tuple[str, ...]) -> None:
    assert code(run("job add", *words, status=2)) == "usage"


def test_the_trail_is_listed_by_citizen_actor_and_day(run: Run, home: Path) -> None:
    read(home, "0A0A0A0A0A")
    read(home, "1B1B1B1B1B", actor="bia")

    def found(*words: str) -> list[str]:
        entries = run("audit list", *words)["entries"]
        assert isinstance(entries, list)
        return [entry["actor"] for entry in entries]

    assert found() == ["bia", "ana"]
    assert found("--actor", "ana") == ["ana"]
    assert found("--limit", "1") == ["bia"]
    assert found("--since", "2999-01-01") == []
    assert code(run("audit list", "--citizen", "0A0A0", status=1)) == "invalid_municipal_id"


def test_the_trail_is_verified_and_a_change_in_it_named(run: Run, home: Path) -> None:
    read(home)
    signed = run("audit sign")
    assert run("audit verify", "--root", str(signed["hash"]))["ok"] is True
    chain = next((home / "audit").glob("web-*.db"))
    chain.unlink()

    found = run("audit verify", status=1, contract="audit verify")
    assert found["faults"] == [f"{chain.stem}: the chain is missing"]


def test_a_backup_holds_the_trail_and_a_restored_registry_vouches_for_it(
    run: Run, home: Path, tmp_path: Path
) -> None:
    read(home)
    run("audit sign")
    run("backup", str(tmp_path / "copy"))
    assert main(["--home", str(tmp_path / "second"), "restore", str(tmp_path / "copy")]) == 0
    read(tmp_path / "second", actor="bia")
    again = open_application(tmp_path / "second")

    found = verify_trail(again)
    assert found.faults == ()
    assert [check.rows for check in found.checks] == [1, 2]
    assert not (tmp_path / "copy" / "audit.pem").exists()
    again.store.close()


def ready(address: str) -> object:
    with closing(http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)) as con:
        con.request("GET", "/readyz")
        return json.load(con.getresponse())["status"]


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def children_of(pid: int) -> set[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    found = {int(child) for child in text.split()}
    return found.union(*(children_of(child) for child in found))


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.slow
def test_the_service_starts_in_the_background_once_and_stops_leaving_nothing(
    run: Run, home: Path
) -> None:
    port = str(free_port())
    started = run("serve", "--background", "--port", port, "--workers", "2")
    pid = served_by(home)
    assert pid is not None
    family = {pid, *children_of(pid)}

    assert ready(str(started["address"])) == "ready"
    assert code(run("serve", "--background", "--port", port, status=1)) == "lane_busy"
    number = str(run("job add", "link")["job_id"])
    until(lambda: "nothing_to_link" in str(run("job list")["jobs"]))
    assert number == "1"
    run("serve", "--stop")
    until(lambda: not any(is_running(member) for member in family))

    assert len(family) >= 4
    assert code(run("serve", "--stop", status=1)) == "not_found"
    log = (home / "service.log").read_text("utf-8")
    assert "GET /readyz 200" in log
    assert "Traceback" not in log


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_service_that_is_ended_takes_its_processes_along(
    run: Run, home: Path, number: signal.Signals
) -> None:
    run("serve", "--background", "--port", str(free_port()), "--workers", "1")
    pid = served_by(home)
    assert pid is not None
    family = {pid, *children_of(pid)}
    os.kill(pid, number)

    until(lambda: not any(is_running(member) for member in family))
    assert served_by(home) is None


@pytest.mark.slow
def test_a_port_in_use_is_told_and_leaves_nothing_running(run: Run, home: Path) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert code(run("serve", "--background", "--port", port, status=1)) == "service"

    assert served_by(home) is None


@pytest.mark.slow
def test_the_demonstration_serves_stops_and_can_be_given_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `make demo` gives it, twice, and `make demo-stop`."""
    samples = str(Path(__file__).resolve().parents[2] / "data" / "samples")
    home = tmp_path / "demo"
    passwords = []
    for _ in range(2):
        capsys.readouterr()
        words = ["--home", str(home), "--json", "demo", "--serve", "--samples", samples]
        assert main(words) == 0
        service = json.loads(capsys.readouterr().out)["service"]
        assert ready(str(service["address"])) == "ready"
        passwords += [account["password"] for account in service["accounts"]]

    assert len(set(passwords)) == len(passwords)
    assert main(["--home", str(home), "serve", "--stop"]) == 0
    assert served_by(home) is None
    kept = subprocess.run(["grep", "-rlF", passwords[-1], str(home)], capture_output=True,
                          check=False, text=True)  # fmt: skip
    assert kept.stdout == ""
