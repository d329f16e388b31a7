import io
import json
import signal
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import typer

from mdm.cli import app as command_line
from mdm.cli.app import main
from mdm.cli.invocation import invocation_of
from mdm.cli.progress import StepLines
from mdm.errors import NoRegistryError, UsageError
from support.contract import assert_conforms


@pytest.fixture
def home(tmp_path: Path) -> str:
    folder = tmp_path / "home"
    assert main(["--home", str(folder), "init"]) == 0
    return str(folder)


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[typer.Context], None]], None]:
    """Makes `mdm probe` do what a test gives."""

    def install(action: Callable[[typer.Context], None]) -> None:
        module = types.ModuleType("mdm.cli.probe")

        def register(app: typer.Typer) -> None:
            app.command("probe")(action)

        module.register = register  # type: ignore[attr-defined]  # a module made here
        monkeypatch.setitem(sys.modules, "mdm.cli.probe", module)
        monkeypatch.setattr(command_line, "COMMAND_MODULES", ("init", "probe"))

    return install


def one_object(text: str) -> dict[str, object]:
    assert text.count("\n") == 1
    found: dict[str, object] = json.loads(text)
    return found


def error_of(text: str) -> dict[str, object]:
    result = one_object(text)
    assert_conforms("error", result)
    error = result["error"]
    assert isinstance(error, dict)
    return error


def test_a_command_that_is_done_exits_0_with_one_object(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--home", str(tmp_path / "h"), "--json", "init"]) == 0

    captured = capsys.readouterr()
    assert_conforms("init", one_object(captured.out))
    assert captured.err == ""


def test_a_refusal_exits_1_and_names_itself(home: str, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["--home", home, "--json", "init"]) == 1
    assert error_of(capsys.readouterr().out)["code"] == "registry_exists"

    assert main(["--home", home, "init"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("registry_exists: ")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nonsense"],
        ["--nonsense"],
        ["--home"],
        ["init", "--nonsense"],
        ["load", "onlysource"],
        ["load", "accept", "one"],
        ["load", "accept", "9" * 20],
        ["apply", "9" * 20],
        ["plan", "show", "9" * 20],
        ["revert", "9" * 20],
        ["judge", "undo", "9" * 20],
        ["review", "list", "--limit", "9" * 20],
        ["resolve", "clinic", "\udcff"],
        ["source", "add", "x", "--layout", "canonical"],
        ["source", "add", "x", "--layout", "parquet", "--sector", "health"],
    ],
    ids=" ".join,
)
def test_words_that_do_not_fit_together_exit_2(
    home: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["--json", "--home", home, *words]) == 2
    assert error_of(capsys.readouterr().out)["code"] == "usage"

    assert main(["--home", home, *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "usage: " in captured.err


def test_superfluous_words_are_not_said_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "Joana", "da", "Silva"]) == 2

    captured = capsys.readouterr()
    assert "quote" in captured.err
    assert "Silva" not in captured.out + captured.err


def test_an_unforeseen_exception_exits_70_without_its_text(
    probe: Callable[[Callable[[typer.Context], None]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(context: typer.Context) -> None:  # noqa: ARG001 - a command's signature
        raise ValueError("JOANA DA SILVA")

    probe(fail)
    assert main(["--json", "probe"]) == 70

    captured = capsys.readouterr()
    assert error_of(captured.out)["code"] == "internal"
    assert "JOANA" not in captured.out + captured.err
    assert "Traceback" not in captured.err


def test_the_trace_is_shown_to_those_who_ask_for_it(
    probe: Callable[[Callable[[typer.Context], None]], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(context: typer.Context) -> None:  # noqa: ARG001 - a command's signature
        raise ValueError("what")

    probe(fail)
    monkeypatch.setenv("MDM_DEBUG", "1")
    assert main(["probe"]) == 70

    assert "Traceback" in capsys.readouterr().err


def test_what_libraries_print_is_not_on_standard_output(
    probe: Callable[[Callable[[typer.Context], None]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    def noisy(context: typer.Context) -> None:
        print("chatter")  # noqa: T201 - what a library may do
        invocation_of(context).emit({"done": True}, lambda: None)
        print("chatter")  # noqa: T201 - what a library may do

    probe(noisy)
    assert main(["--json", "probe"]) == 0

    captured = capsys.readouterr()
    assert one_object(captured.out) == {"done": True}
    assert captured.err.count("chatter") == 2


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (typer.Abort(), 130, "interrupted"),
        (OSError(28, "No space left on device"), 1, "disk_full"),
        (NoRegistryError("none"), 1, "no_registry"),
        (UsageError("words"), 2, "usage"),
        (MemoryError(), 1, "out_of_memory"),
        (duckdb.OutOfMemoryException("failed to allocate"), 1, "out_of_memory"),
        (OSError("Out of Memory Error: failed to pin block"), 1, "out_of_memory"),
        (OSError("something else"), 70, "internal"),
        (RecursionError(), 70, "internal"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_every_way_out_has_its_status(
    probe: Callable[[Callable[[typer.Context], None]], None],
    capsys: pytest.CaptureFixture[str],
    raised: BaseException,
    status: int,
    code: str,
) -> None:
    def leave(context: typer.Context) -> None:  # noqa: ARG001 - a command's signature
        raise raised

    probe(leave)
    assert main(["--json", "probe"]) == status
    assert error_of(capsys.readouterr().out)["code"] == code


def test_an_interrupt_that_a_library_renames_is_still_an_interrupt(
    probe: Callable[[Callable[[typer.Context], None]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    def renamed(context: typer.Context) -> None:  # noqa: ARG001 - a command's signature
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise RuntimeError("Query interrupted") from None

    probe(renamed)
    before = signal.getsignal(signal.SIGINT)

    assert main(["--json", "probe"]) == 130
    assert error_of(capsys.readouterr().out)["code"] == "interrupted"
    assert signal.getsignal(signal.SIGINT) is before


def test_the_home_of_the_environment_is_used_and_the_option_goes_before_it(
    home: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MDM_HOME", home)
    capsys.readouterr()
    assert main(["--json", "source", "list"]) == 0
    assert one_object(capsys.readouterr().out) == {"sources": []}

    assert main(["--json", "--home", str(tmp_path / "other"), "source", "list"]) == 1
    assert error_of(capsys.readouterr().out)["code"] == "no_registry"


def test_settings_that_cannot_be_read_are_named_but_not_quoted(
    home: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MDM_THREADS", "secret")
    capsys.readouterr()
    assert main(["--home", home, "--json", "source", "list"]) == 2

    message = str(error_of(capsys.readouterr().out)["message"])
    assert "MDM_THREADS" in message
    assert "secret" not in message


def test_a_database_that_cannot_be_reached_leaves_no_home_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/no/such/folder/registry.db"
    assert main(["--json", "--home", str(tmp_path / "h"), "init", "--database-url", url]) == 1
    assert error_of(capsys.readouterr().out)["code"] == "database_unavailable"

    assert main(["--json", "--home", str(tmp_path / "h"), "init"]) == 0


def test_results_with_any_letters_are_plain_utf8(home: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "mdm.cli", "--home", home, "--json", "load", "não", "á.csv"],
        capture_output=True,
        check=False,
        env={"LC_ALL": "C", "PATH": ""},
    )

    assert result.returncode == 1
    assert error_of(result.stdout.decode("utf-8"))["where"] == "não"


def test_a_reader_that_goes_away_sees_no_trace(home: str) -> None:
    script = f'"{sys.executable}" -m mdm.cli --home "{home}" --help | head -c 1'
    result = subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=False)

    assert result.stderr == b""


def test_the_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, mdm.cli.app as a; a.build_app();"
        "print(*{'duckdb', 'pyarrow', 'pandas', 'numpy', 'splink', 'sqlalchemy', 'pydantic'}"
        " & {name.split('.')[0] for name in sys.modules})"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert found.stdout.strip() == b""


def test_a_step_that_takes_long_leaves_one_line_on_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = 0.0
    lines = StepLines(lambda: now)
    lines.step("read", 0.0)
    now = 3.5
    lines.step("read", 0.9)
    lines.step("write", 0.0)
    now = 4.0
    lines.end()

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "read: 3.5 s\n"


def test_no_terminal_is_needed_to_write_a_result(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)

    assert main(["--home", str(tmp_path / "h"), "--json", "init"]) == 0
    assert_conforms("init", one_object(out.getvalue()))
