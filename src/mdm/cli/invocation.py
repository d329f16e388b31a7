"""One call of the command line: its global options, where results and messages go."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from mdm.cli import output

if TYPE_CHECKING:
    from mdm.bootstrap import Application
    from mdm.ports import ProgressStep

LARGEST_KEY = 2**63 - 1
"""What a database can hold; no greater number names anything."""

PlanKey = Annotated[int, typer.Argument(metavar="PLAN_ID", min=0, max=LARGEST_KEY)]
JudgementKey = Annotated[int, typer.Argument(metavar="JUDGEMENT_ID", min=0, max=LARGEST_KEY)]


@dataclass(frozen=True, slots=True)
class Invocation:
    """What every command gets as `context.obj`; see `invocation_of`.

    Attributes:
        home: `--home`, if given.
        as_json: `--json`.
        out: Standard output as the process got it.
    """

    home: Path | None
    as_json: bool
    out: TextIO

    @contextmanager
    def application(self) -> "Iterator[Application]":
        """The registry that the command is about; its connections are closed at the end.

        Raises:
            NoRegistryError: There is none in the home folder.
        """
        from mdm.bootstrap import open_application

        application = open_application(self.home)
        try:
            yield application
        finally:
            application.store.close()

    def emit(self, result: Mapping[str, object], human: Callable[[], None]) -> None:
        """Print the result of the command, once.

        Args:
            result: Keys as in `docs/commands.json`.
            human: Prints the same for people, with the functions of `mdm.cli.output`.
        """
        if self.as_json:
            output.write_json(self.out, result)
        else:
            human()

    @contextmanager
    def progress(self) -> "Iterator[ProgressStep]":
        """Shows steps and their share done on standard error, while it lasts."""
        from mdm.cli.progress import shown_progress

        with shown_progress() as step:
            yield step


def invocation_of(context: typer.Context) -> Invocation:
    """The invocation that a command's context belongs to."""
    found = context.obj
    assert isinstance(found, Invocation)
    return found
