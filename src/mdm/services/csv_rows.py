"""Rows of a CSV file that a person hands in, with every way to be unreadable named."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mdm.errors import (
    FileEmptyError,
    FileEncodingError,
    FileIsDirectoryError,
    FileLayoutError,
    FileMissingError,
)

Row = Mapping[str | None, Any]
"""Cells by column; None for a missing one, and under None what goes beyond the columns."""


def csv_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, Row]]:
    """Line number and cells of each row.

    Args:
        path: UTF-8, with or without a mark at its start.
        columns: Must be there, others may.

    Raises:
        FileRefusedError: The file cannot be read, or lacks a column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            _check_columns(reader.fieldnames, columns, path.name)
            for row in reader:
                yield reader.line_num, row
    except UnicodeDecodeError:
        raise FileEncodingError("the file is not UTF-8", where=path.name) from None
    except IsADirectoryError:
        raise FileIsDirectoryError("a folder was named", where=path.name) from None
    except OSError:
        raise FileMissingError("the file cannot be read", where=path.name) from None
    except csv.Error:
        raise FileLayoutError("the file cannot be read as CSV", where=path.name) from None


def _check_columns(found: Sequence[str] | None, columns: Sequence[str], name: str) -> None:
    if found is None:
        raise FileEmptyError("the file is empty", where=name)
    missing = [column for column in columns if column not in found]
    if missing:
        raise FileLayoutError(f"columns are missing: {', '.join(missing)}", where=name)
