"""Every way a command can fail: its exit status and what is said."""

import errno
from dataclasses import dataclass
from pathlib import Path

import typer

from mdm.errors import DiskFullError, MdmError, OutOfMemoryError, UsageError

REFUSED = 1
USAGE = 2
INTERNAL = 70
INTERRUPTED = 130
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Failure:
    """How a command ended without doing what was asked.

    Attributes:
        status: Exit status.
        code: Stable name.
        message: For people; holds no personal value.
        where: What it is about, if anything.
        usage: The command's usage line, for words that do not fit together.
    """

    status: int
    code: str
    message: str
    where: str | None = None
    usage: str | None = None

    def as_dict(self) -> dict[str, str | None]:
        """The value of the key `error`."""
        return {"code": self.code, "message": self.message, "where": self.where}

    def text(self) -> str:
        """For a terminal."""
        place = "" if self.where is None else f" ({self.where})"
        usage = "" if self.usage is None else f"{self.usage}\n"
        return f"{usage}{self.code}: {self.message}{place}"


def failure_of(error: BaseException) -> Failure:
    """What an exception means to whoever gave the command."""
    if isinstance(error, MdmError):
        status = USAGE if isinstance(error, UsageError) else REFUSED
        return Failure(status, error.code, error.message, error.where)
    if isinstance(error, typer.TyperException):
        return _misused(error)
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return Failure(INTERRUPTED, "interrupted", "interrupted; what was not finished is undone")
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return Failure(REFUSED, DiskFullError.code, "no room to write; nothing was changed")
    if _is_short_of_memory(error):
        what = "more memory is needed than may be used; what was not finished is undone"
        return Failure(REFUSED, OutOfMemoryError.code, what)
    return Failure(
        INTERNAL,
        "internal",
        f"unforeseen {type(error).__name__}; MDM_DEBUG=1 shows where",
        _place(error),
    )


def _is_short_of_memory(error: BaseException) -> bool:
    """Whether DuckDB or Python found no room; to name DuckDB's class would be to import it."""
    # What DuckDB says while its rows are read through Arrow comes out as an OSError of that text.
    is_duckdb = type(error).__name__ == "OutOfMemoryException"
    is_arrow = isinstance(error, OSError) and str(error).startswith("Out of Memory")
    return isinstance(error, MemoryError) or is_duckdb or is_arrow


def _misused(error: typer.TyperException) -> Failure:
    context = getattr(error, "ctx", None)
    usage = None
    if context is not None:
        usage = f"{context.get_usage()}\nTry '{context.command_path} --help'."
    return Failure(USAGE, UsageError.code, _wordless(error.format_message()), usage=usage)


def _wordless(message: str) -> str:
    """Superfluous words may be a name (`mdm search Maria Souza`): they are not said again."""
    told, sign, _words = message.partition(" argument(s) (")
    return f"{told} words; quote a text that holds spaces" if sign else message


def _place(error: BaseException) -> str | None:
    """The innermost line of this program in the trace: no values, only a file and a number."""
    found = None
    trace = error.__traceback__
    while trace is not None:
        path = Path(trace.tb_frame.f_code.co_filename)
        if path.is_relative_to(_PACKAGE):
            found = f"{path.relative_to(_PACKAGE.parent)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found
