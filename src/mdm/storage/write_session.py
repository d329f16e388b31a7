"""Writing inside the writer lane: every write keeps the row checks and the digests true."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain

import pyarrow as pa
from sqlalchemy import Connection, text

from mdm.domain.ledger import TxHeader
from mdm.storage import row_check
from mdm.storage.arrow import (
    ArrowData,
    arrow_schema,
    batches,
    conform,
    from_rows,
    in_key_order,
    is_checked,
    key_columns,
    key_set,
    peek,
    with_checks,
)
from mdm.storage.bulk import quoted
from mdm.storage.digests import Digest, content_digest
from mdm.storage.passing import Written, numbered, watched
from mdm.storage.read_session import NO_PARAMS, ReadSession
from mdm.storage.staging import (
    STAGE,
    bring_level,
    joined,
    same_key,
    staged,
    with_shifted_checks,
)
from mdm.storage.table_digests import TableDigests, column_shift

DEFERRED_ROWS = 32_768
"""From here on rows are written by way of a file, or their indexes after them."""
APPEND_ONLY = frozenset({"ledger_event", "ledger_tx", "state_digest"})


class WriteSession(ReadSession):
    """One command's writes; they are committed together with their `ledger_tx` row, or not at all.

    Attributes:
        tx_id: Number of the transaction.
        at: Its time, UTC ISO text.
    """

    def __init__(self, connection: Connection, header: TxHeader, *, at: str, tx_id: int) -> None:
        super().__init__(connection)
        self._header = header
        self.tx_id = tx_id
        self.at = at
        self._digests = TableDigests(self)
        self._next: dict[str, int] = {}
        self._next_below: dict[str, int] = {}

    # ------------------------------------------------------------------ rows in

    def insert_arrow(self, table: str, data: ArrowData, *, ahead: bool = False) -> int:
        """Append rows, streaming; many come in the order of their key.

        Columns are found by name; those that may be empty can be left out, and so can `tx_id`.

        Args:
            table: A declared table.
            data: The rows.
            ahead: Make batches in a thread while others are written. `data` must not read this
                session then.

        Returns:
            How many rows were written.

        Raises:
            ValueError: A column is unknown or missing, or the table is written by storage alone;
                many rows are out of order or break a rule of the table.
        """
        self._may_write(table, "insert")
        rows = self._conformed(table, in_key_order(table, data))
        return self._insert(table, rows, ahead=ahead)

    @contextmanager
    def prepared(self, table: str, data: ArrowData) -> Iterator[None]:
        """Append rows when the block ends, made ready in a thread while it runs.

        Args:
            table: A declared table, which the block leaves alone.
            data: The rows, as of `insert_arrow`; it must not read this session.

        Raises:
            ValueError: As of `insert_arrow`, when the block ends.
        """
        self._may_write(table, "insert")
        self._digests.know(table)  # now: the connection is the block's
        rows = self._counted(table, self._conformed(table, in_key_order(table, data)), Written())
        with self._bulk.prepared(table, rows, least=DEFERRED_ROWS):
            yield

    def insert_rows(self, table: str, rows: Sequence[Mapping[str, object]]) -> int:
        """Append a few rows given as dictionaries with equal keys."""
        return 0 if not rows else self.insert_arrow(table, from_rows(rows, arrow_schema(table)))

    def upsert_arrow(self, table: str, data: ArrowData) -> int:
        """Write whole rows: new keys are inserted, rows of known keys replaced."""
        self._may_write(table, "change")
        if self.value(f'SELECT 1 FROM "{table}" LIMIT 1') is None:
            return self.insert_arrow(table, data)
        keys = key_columns(table)
        rows = self._checked(table, self._conformed(table, data))
        with staged(self._connection, table, rows) as names:
            written = self.number(f"SELECT COUNT(*) FROM {STAGE}")
            self._digests.take_rows(table, joined(table))
            self._digests.add_rows(table, f"{STAGE} AS t")
            others = [name for name in names if name not in keys]
            changes = ", ".join(f'"{name}" = excluded."{name}"' for name in others)
            action = f"DO UPDATE SET {changes}" if others else "DO NOTHING"
            self._execute(
                f'INSERT INTO "{table}" ({quoted(names)}) SELECT {quoted(names)} '
                f"FROM {STAGE} WHERE true ON CONFLICT ({quoted(keys)}) {action}"
            )
        return written

    def upsert_rows(self, table: str, rows: Sequence[Mapping[str, object]]) -> int:
        """Write a few whole rows given as dictionaries with equal keys."""
        return 0 if not rows else self.upsert_arrow(table, from_rows(rows, arrow_schema(table)))

    def update_arrow(self, table: str, data: ArrowData) -> int:
        """Change some columns of known rows: the data hold the key and the changed columns.

        Raises:
            ValueError: A key is not there, or is given twice.
        """
        self._may_write(table, "change")
        given = pa.Table.from_batches(batches(data)) if not isinstance(data, pa.Table) else data
        if given.num_rows == 0:
            return 0
        fresh = list(with_shifted_checks(self._connection, table, given))
        if sum(batch.num_rows for batch in fresh) != given.num_rows:
            raise ValueError(f"{table}: a key is unknown")
        with staged(self._connection, table, fresh) as names:
            changed = [name for name in names if name not in key_columns(table)]
            settings = ", ".join(f'"{name}" = s."{name}"' for name in changed)
            self._digests.take_rows(table, joined(table))
            self._digests.add_rows(table, f"{STAGE} AS t")
            self._execute(
                f'UPDATE "{table}" AS t SET {settings} FROM {STAGE} AS s WHERE {same_key(table)}'
            )
        return int(given.num_rows)

    def update_rows(self, table: str, rows: Sequence[Mapping[str, object]]) -> int:
        """Change some columns of a few rows given as dictionaries with equal keys."""
        return 0 if not rows else self.update_arrow(table, from_rows(rows, arrow_schema(table)))

    def set_where(
        self,
        table: str,
        changes: Mapping[str, object],
        where: str = "true",
        params: Mapping[str, object] = NO_PARAMS,
    ) -> int:
        """Set columns to constants in all rows that meet a condition, set-wise.

        Meant for columns with few distinct values (states, flags, load numbers): there is one
        UPDATE per combination of old values. The condition is asked again each time, so it must
        not depend on the columns being set in other rows.

        Returns:
            How many rows changed.
        """
        self._may_write(table, "change")
        names = list(changes)
        found = self.rows(f'SELECT DISTINCT {quoted(names)} FROM "{table}" WHERE {where}', params)
        done = 0
        for old in found:
            if all(old[name] == changes[name] for name in names):
                continue
            done += self._set_from(table, old, changes, where, params)
        return done

    def delete_arrow(self, table: str, keys: ArrowData) -> int:
        """Delete the rows of the given keys, as far as they are there."""
        self._may_write(table, "change")
        names = key_columns(table)
        with staged(self._connection, table, (batch.select(names) for batch in batches(keys))):
            self._digests.take_rows(table, joined(table))
            key = quoted(names)
            return self._execute(
                f'DELETE FROM "{table}" WHERE ({key}) IN (SELECT {key} FROM {STAGE})'
            )

    def replace_arrow(self, table: str, keys: pa.Table, data: ArrowData) -> int:
        """Make the rows of some keys those given: changed where they differ, new, or gone.

        What a row has in common with the one before is not written, nor is any index of columns
        that stay as they are: of a wide table that is most of it.

        Args:
            table: A declared table.
            keys: Columns of its key.
            data: Whole rows of no other keys; they must not read this session.

        Returns:
            How many rows were given.
        """
        self._may_write(table, "change")
        names = key_columns(table)
        gone, written = key_set(keys.select(names)), Written()
        rows = self._checked(table, self._conformed(table, data))
        with staged(self._connection, table, watched(rows, names, gone, written)) as columns:
            self._digests.take_rows(table, joined(table))
            self._digests.add_rows(table, f"{STAGE} AS t")
            bring_level(self._connection, table, columns)
        if gone:
            left = [dict(zip(names, key, strict=True)) for key in sorted(gone)]
            self.delete_arrow(table, from_rows(left, arrow_schema(table)))
        return written.rows

    def replace_rows(
        self,
        table: str,
        keys: Sequence[Mapping[str, object]],
        rows: Sequence[Mapping[str, object]],
    ) -> int:
        """The same with a few rows given as dictionaries."""
        if not keys:
            return 0
        schema = arrow_schema(table)
        given = from_rows(rows, schema) if rows else schema.empty_table()
        return self.replace_arrow(table, from_rows(keys, schema), given)

    def clear(self, table: str) -> int:
        """Delete all rows of a table that is derived anew (scored pairs, golden records)."""
        self._may_write(table, "change")
        deleted = self._execute(f'DELETE FROM "{table}"')
        self._digests.clear(table)
        return deleted

    def append_events(self, data: ArrowData) -> range:
        """Append ledger events in the order given.

        Args:
            data: Columns kind, record_id, municipal_id, from_id, weight, detail (any but `kind`
                may be left out).

        Returns:
            Their numbers: `seq` follows the last one without a gap.
        """
        first = self.next_ids("ledger_event")
        rows = self._conformed("ledger_event", numbered(batches(data), first))
        count = self._insert("ledger_event", rows, ahead=isinstance(data, pa.Table))
        self._next["ledger_event"] = first + count
        return range(first, first + count)

    def next_ids(self, table: str, count: int = 1) -> int:
        """Reserve `count` consecutive keys of a table with an integer key; returns the first."""
        if table not in self._next:
            key = key_columns(table)[0]
            highest = self.number(f'SELECT MAX("{key}") FROM "{table}"')
            self._next[table] = max(highest, 0) + 1
        first: int = self._next[table]
        if table != "ledger_event":
            self._next[table] = first + count
        return first

    def next_ids_below(self, table: str, count: int) -> range:
        """Reserve keys below zero, which leave no gap in those of `next_ids`."""
        if table not in self._next_below:
            key = key_columns(table)[0]
            self._next_below[table] = min(self.number(f'SELECT MIN("{key}") FROM "{table}"'), 0)
        last = self._next_below[table]
        self._next_below[table] = last - count
        return range(last - 1, last - 1 - count, -1)

    # ------------------------------------------------------------------ the end of it

    def close_ledger(self) -> None:
        """Write the transaction's own row and the digests it leaves; storage calls this once."""
        header = {
            "tx_id": self.tx_id,
            "at": self.at,
            **{name: getattr(self._header, name) for name in self._header.__slots__},
        }
        previous = self.value("SELECT content_digest FROM ledger_tx ORDER BY tx_id DESC LIMIT 1")
        stated = content_digest(
            None if previous is None else str(previous), header, self._digests.touched
        )
        row = from_rows([{**header, "content_digest": stated}], arrow_schema("ledger_tx"))
        self._bulk.insert("ledger_tx", [with_checks("ledger_tx", *row.to_batches())])
        for name, digest in self._digests.touched.items():
            self._connection.execute(
                text(
                    "INSERT INTO state_digest (name, rows, sum_a, sum_b, tx_id) "
                    "VALUES (:name, :rows, :a, :b, :tx) ON CONFLICT (name) DO UPDATE SET "
                    "rows = excluded.rows, sum_a = excluded.sum_a, sum_b = excluded.sum_b, "
                    "tx_id = excluded.tx_id"
                ),
                {
                    "name": name,
                    "rows": digest.rows,
                    "a": digest.sum_a,
                    "b": digest.sum_b,
                    "tx": self.tx_id,
                },
            )

    # ------------------------------------------------------------------ helpers

    def _may_write(self, table: str, action: str) -> None:
        if table in APPEND_ONLY:
            raise ValueError(f"{table}: storage alone may {action} here")

    def _execute(self, sql: str, params: Mapping[str, object] = NO_PARAMS) -> int:
        return int(self._connection.execute(text(sql), dict(params)).rowcount)

    def _conformed(self, table: str, data: ArrowData) -> Iterator[pa.RecordBatch]:
        schema = arrow_schema(table)
        filled = {"tx_id": self.tx_id, "stale": False, "restricted": False}
        return (conform(batch, schema, filled) for batch in batches(data))

    def _checked(self, table: str, data: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return (with_checks(table, batch) if is_checked(table) else batch for batch in data)

    def _insert(self, table: str, data: Iterator[pa.RecordBatch], *, ahead: bool = False) -> int:
        written = Written()
        head, rest = peek(self._counted(table, data, written), DEFERRED_ROWS)
        if sum(batch.num_rows for batch in head) < DEFERRED_ROWS:
            self._bulk.insert(table, head)
        else:
            self._bulk.fill(table, chain(head, rest), ahead=ahead)
        return written.rows

    def _counted(
        self, table: str, data: Iterator[pa.RecordBatch], written: "Written"
    ) -> Iterator[pa.RecordBatch]:
        """Rows with their checks, which the table's digest follows."""
        for batch in self._checked(table, data):
            written.rows += batch.num_rows
            self._digests.add_batch(table, batch)
            yield batch

    def _set_from(
        self,
        table: str,
        old: Mapping[str, object],
        changes: Mapping[str, object],
        where: str,
        params: Mapping[str, object],
    ) -> int:
        """One set-wise UPDATE of the rows that hold one combination of old values."""
        shift = column_shift(table, old, changes)
        values = {f"new_{name}": value for name, value in changes.items()}
        values |= {f"old_{name}": old[name] for name in changes if old[name] is not None}
        settings = [f'"{name}" = :new_{name}' for name in changes]
        if is_checked(table):
            settings.append(
                f"row_check = ((((row_check >> 31) + {shift.sum_a}) % {row_check.P}) << 31) | "
                f"(((row_check & 2147483647) + {shift.sum_b}) % {row_check.P})"
            )
        held = " AND ".join(
            f'"{name}" IS NULL' if old[name] is None else f'"{name}" = :old_{name}'
            for name in changes
        )
        count = self._execute(
            f'UPDATE "{table}" SET {", ".join(settings)} WHERE ({where}) AND {held}',
            {**params, **values},
        )
        self._digests.move(table, Digest(0, shift.sum_a * count, shift.sum_b * count))
        return count
