"""The digests of the state tables while a transaction changes them."""

from collections.abc import Mapping

import pyarrow as pa

from mdm.storage import row_check
from mdm.storage.arrow import arrow_schema, hashed_columns, is_checked
from mdm.storage.digests import Digest
from mdm.storage.read_session import ReadSession
from mdm.storage.tables import CHECK_COLUMN

_SUMS = (
    "COUNT(*) AS n, COALESCE(SUM(t.row_check >> 31), 0) AS a, "
    "COALESCE(SUM(t.row_check & 2147483647), 0) AS b"
)


class TableDigests:
    """Starts from what the last transaction stated and follows every write of this one."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session
        self._touched: dict[str, Digest] = {}
        self._known: dict[str, Digest] = {}

    @property
    def touched(self) -> Mapping[str, Digest]:
        """The present digest of every table that was written."""
        return self._touched

    def of(self, table: str) -> Digest:
        """The present digest of a table."""
        if table not in self._touched:
            known = self._known.get(table)
            self._touched[table] = self._stated(table) if known is None else known
        return self._touched[table]

    def know(self, table: str) -> None:
        """Read what is stated of a table, so that its first change asks the session nothing."""
        self._known[table] = self._stated(table)

    def _stated(self, table: str) -> Digest:
        found = self._session.row(
            "SELECT rows, sum_a, sum_b FROM state_digest WHERE name = :name", {"name": table}
        )
        return Digest() if found is None else Digest(*(int(str(n)) for n in found.values()))

    def move(self, table: str, change: Digest) -> None:
        """Add a change."""
        if is_checked(table):
            self._touched[table] = self.of(table).plus(change)

    def add_batch(self, table: str, batch: pa.RecordBatch) -> None:
        """Add new rows."""
        if is_checked(table):
            total, weighted = row_check.sums(batch.column(CHECK_COLUMN).to_numpy())
            self.move(table, Digest(batch.num_rows, total, weighted))

    def add_rows(self, table: str, rows: str) -> None:
        """Add the rows of a FROM clause that names them `t`."""
        if is_checked(table):
            self.move(table, self._sums(rows))

    def take_rows(self, table: str, rows: str) -> None:
        """Take away the rows of a FROM clause that names them `t`."""
        if is_checked(table):
            self.move(table, Digest().minus(self._sums(rows)))

    def clear(self, table: str) -> None:
        """All rows are gone."""
        if is_checked(table):
            self._touched[table] = Digest()

    def _sums(self, rows: str) -> Digest:
        found = self._session.row(f"SELECT {_SUMS} FROM {rows}")
        assert found is not None
        return Digest().plus(Digest(*(int(str(found[name])) for name in ("n", "a", "b"))))


def column_shift(table: str, old: Mapping[str, object], changes: Mapping[str, object]) -> Digest:
    """By what a row's check moves where columns that held some values hold others."""
    schema = arrow_schema(table)
    before, after = Digest(), Digest()
    for number, name in hashed_columns(table) if is_checked(table) else ():
        if name in changes:
            before = before.plus(_cell(number, old[name], schema.field(name).type))
            after = after.plus(_cell(number, changes[name], schema.field(name).type))
    return after.minus(before)


def _cell(number: int, value: object, kind: pa.DataType) -> Digest:
    if isinstance(value, int) and pa.types.is_boolean(kind):
        value = bool(value)
    hashed = int(row_check.cell_hashes(pa.array([value], kind))[0])
    return Digest(0, hashed, hashed * number % row_check.P)
