"""The command `mdm`: what is common to all its commands.

Exit status: 0 done, 1 refused with a named error, 2 usage, 70 an unforeseen exception, 130
interrupted. With `--json` standard output holds one JSON object and nothing else.
"""

import contextlib
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from typer.main import get_command

from mdm.__about__ import __version__
from mdm.cli.interrupts import watched_interrupts
from mdm.cli.invocation import Invocation
from mdm.cli.refusals import INTERNAL, INTERRUPTED, Failure, failure_of
from mdm.errors import UsageError

COMMAND_MODULES = (
    "init",
    "source",
    "load",
    "quarantine",
    "linking",
    "models",
    "lookup",
    "explaining",
    "following",
    "stewardship",
    "golden",
    "erasing",
    "sealing",
    "exporting",
    "evaluating",
    "quality",
    "access",
    "auditing",
    "serving",
    "city",
    "maintenance",
)
"""Modules of `mdm.cli`, in the order of the help; each has `register(app: typer.Typer) -> None`.

They are imported at every start: what is heavy they import inside their commands.
"""

_HOME_HELP = "Folder of the registry (default: ./registry)."


def build_app() -> typer.Typer:
    """The whole command with all its sub-commands."""
    app = typer.Typer(
        name="mdm",
        help="Citizen registry: load sources, link records, keep municipal IDs and golden records.",
        add_completion=False,
        rich_markup_mode=None,
    )
    app.callback(invoke_without_command=True)(_common)
    for name in COMMAND_MODULES:
        importlib.import_module(f"mdm.cli.{name}").register(app)
    return app


def _common(
    context: typer.Context,
    home: Annotated[Path | None, typer.Option("--home", envvar="MDM_HOME", help=_HOME_HELP)] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on standard output.")
    ] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    invocation: Invocation = context.obj
    context.obj = replace(invocation, home=home, as_json=as_json or invocation.as_json)
    if version:
        invocation.emit({"version": __version__}, lambda: print(f"mdm {__version__}"))
        raise typer.Exit
    if context.invoked_subcommand is None:
        context.fail("Missing command.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Words after `mdm`; None for those of the process.

    Returns:
        The exit status.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    invocation = Invocation(home=None, as_json=_asks_json(words), out=sys.stdout)
    # With --json, whatever a library prints is a message and not part of the one object.
    printed = sys.stderr if invocation.as_json else sys.stdout
    with contextlib.redirect_stdout(printed), watched_interrupts() as interrupts:
        try:
            status = _run(words, invocation)
        except BaseException as error:  # noqa: BLE001 - every way out of a command has its status
            what = KeyboardInterrupt() if interrupts.asked else error
            status = _tell(failure_of(what), error, invocation)
    _flush()
    return status


def _run(words: list[str], invocation: Invocation) -> int:
    if not all(_is_text(word) for word in words):
        raise UsageError("a word is not in UTF-8")
    command = get_command(build_app())
    try:
        result = command.main(args=words, prog_name="mdm", standalone_mode=False, obj=invocation)
    except SystemExit:
        # Typer leaves this way only when the reader of standard output went away.
        return 0
    if result == INTERRUPTED:
        raise KeyboardInterrupt
    return result if isinstance(result, int) else 0


def _is_text(word: str) -> bool:
    """Whether no byte of the word was left over when the system's bytes became text."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def _asks_json(words: Sequence[str]) -> bool:
    """Whether `--json` stands before the command, also where the words make no sense."""
    takes_value = False
    for word in words:
        if takes_value:
            takes_value = False
        elif not word.startswith("-"):
            return False
        elif word == "--json":
            return True
        else:
            takes_value = word == "--home"
    return False


def _tell(failure: Failure, error: BaseException, invocation: Invocation) -> int:
    if failure.status == INTERNAL and os.environ.get("MDM_DEBUG") == "1":
        traceback.print_exception(error, file=sys.stderr)
    if invocation.as_json:
        invocation.emit({"error": failure.as_dict()}, lambda: None)
    else:
        print(failure.text(), file=sys.stderr)
    return failure.status


def _flush() -> None:
    """Write out what is left; a reader that went away (`| head`) is no error of the command."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes again when it ends; let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
