"""How much a process gives way to others of its machine."""

import os
from contextlib import suppress
from pathlib import Path


def niceness() -> int:
    """This process's niceness."""
    return os.getpriority(os.PRIO_PROCESS, 0)


def give_way(by: int, process: int | None = None) -> None:
    """Set a process's niceness, and that of its session if it leads one.

    Kernels with autogroups (`man 7 sched`) share processor time between sessions first; niceness
    alone then counts only within one.

    Args:
        by: The niceness, 1 to 19.
        process: Its number; None for this one.

    Raises:
        PermissionError: The process is another user's.
        ProcessLookupError: There is none.
    """
    number = os.getpid() if process is None else process
    os.setpriority(os.PRIO_PROCESS, number, by)
    if os.getsid(number) == number:
        with suppress(OSError):  # no autogroups here, or not ours to set
            Path(f"/proc/{number}/autogroup").write_text(str(by), "ascii")
