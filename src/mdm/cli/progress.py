"""Progress on standard error: a bar on a terminal, otherwise a plain line for each long step."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

QUIET_SECONDS = 2.0
"""A step that takes no longer leaves no line."""


@contextmanager
def shown_progress() -> "Iterator[Callable[[str, float], None]]":
    """Show progress while it lasts; gives `progress(step, share done)`."""
    with _on_terminal() if sys.stderr.isatty() else _in_lines() as step:
        yield step


@contextmanager
def _on_terminal() -> "Iterator[Callable[[str, float], None]]":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("", total=1.0)

        def step(text: str, share: float) -> None:
            bar.update(task, description=text, completed=share)

        yield step


@contextmanager
def _in_lines() -> "Iterator[Callable[[str, float], None]]":
    """A step that goes on for long is named once, and its end is told with the time it took."""
    lines = StepLines(time.monotonic)
    try:
        yield lines.step
    finally:
        lines.end()


class StepLines:
    """One line for each step that took long, when it has ended.

    Args:
        clock: Seconds from any beginning.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._text = ""
        self._since = clock()

    def step(self, text: str, share: float) -> None:  # noqa: ARG002 - lines tell whole steps
        """Go on with a step, or begin the next one."""
        if text != self._text:
            self.end()
            self._text, self._since = text, self._clock()

    def end(self) -> None:
        """The last step is over."""
        seconds = self._clock() - self._since
        if self._text != "" and seconds > QUIET_SECONDS:
            print(f"{self._text}: {seconds:.1f} s", file=sys.stderr)
        self._text = ""
