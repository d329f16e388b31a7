"""Long lists of keys in SQL, a part at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import pyarrow as pa

from mdm.ports import ReadSession

_AT_ONCE = 400
_Key = TypeVar("_Key", str, int)


def rows_of_texts(
    session: ReadSession,
    sql: str,
    texts: Iterable[str],
    params: Mapping[str, object] | None = None,
) -> Iterator[dict[str, object]]:
    """Rows of a query for each of many texts.

    Args:
        session: A snapshot of the registry.
        sql: A SELECT with `{keys}` where the list goes: `... WHERE name IN ({keys})`.
        texts: The texts; each is asked for once.
        params: Further parameters.
    """
    yield from _rows_of_keys(session, sql, sorted(set(texts)), params)


def rows_of_numbers(
    session: ReadSession,
    sql: str,
    numbers: Iterable[int],
    params: Mapping[str, object] | None = None,
) -> Iterator[dict[str, object]]:
    """The same for keys that are numbers."""
    yield from _rows_of_keys(session, sql, sorted(set(numbers)), params)


def arrow_of_texts(
    session: ReadSession,
    sql: str,
    texts: Iterable[str],
    params: Mapping[str, object] | None = None,
    *,
    schema: pa.Schema,
) -> Iterator[pa.RecordBatch]:
    """What `rows_of_texts` gives, in columns of a schema."""
    for asked, bound in _asked(sql, sorted(set(texts)), params):
        yield from session.read_arrow(asked, bound, schema=schema)


def arrow_of_numbers(
    session: ReadSession,
    sql: str,
    numbers: Iterable[int],
    params: Mapping[str, object] | None = None,
    *,
    schema: pa.Schema,
) -> Iterator[pa.RecordBatch]:
    """What `rows_of_numbers` gives, in columns of a schema."""
    for asked, bound in _asked(sql, sorted(set(numbers)), params):
        yield from session.read_arrow(asked, bound, schema=schema)


def _rows_of_keys(
    session: ReadSession, sql: str, keys: Sequence[_Key], params: Mapping[str, object] | None
) -> Iterator[dict[str, object]]:
    for asked, bound in _asked(sql, keys, params):
        yield from session.rows(asked, bound)


def _asked(
    sql: str, keys: Sequence[_Key], params: Mapping[str, object] | None
) -> Iterator[tuple[str, dict[str, object]]]:
    """A query for each part of the keys, with what it binds."""
    # Keys are bound, not written out: the database knows a statement again by its text.
    for start in range(0, len(keys), _AT_ONCE):
        bound: dict[str, object] = {
            f"k{n}": key for n, key in enumerate(keys[start : start + _AT_ONCE])
        }
        names = ", ".join(f":{name}" for name in bound)
        yield sql.replace("{keys}", names), {**bound, **(params or {})}


def as_int(value: object) -> int:
    """A number out of a row."""
    assert isinstance(value, int)
    return value


def as_text(value: object) -> str | None:
    """A text out of a row, or None."""
    return None if value is None else str(value)
