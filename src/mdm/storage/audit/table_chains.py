"""Chains as rows of two PostgreSQL tables beside the registry's."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
from psycopg.errors import UniqueViolation
from sqlalchemy.engine import make_url

from mdm.domain.audit_chain import ChainRow, Head, RootRow, chained, first_hash
from mdm.errors import AuditUnavailableError
from mdm.storage.audit.chains import MakeRoot, Writer, audit_faults, check_name

_CHUNK = 2000
_MAKING = 0x6D646D_61756474  # "mdmaudt": one process makes the tables
_ENTRY_TABLE = (
    'CREATE TABLE IF NOT EXISTS audit_entry (chain TEXT COLLATE "C" NOT NULL, n BIGINT NOT NULL, '
    "body TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (chain, n))"
)
# From one chain's last entry to the next chain's: DISTINCT would read every entry.
_HEADS = (
    "WITH RECURSIVE c AS ((SELECT chain FROM audit_entry ORDER BY chain LIMIT 1) UNION ALL "
    "SELECT (SELECT e.chain FROM audit_entry e WHERE e.chain > c.chain "
    "ORDER BY e.chain LIMIT 1) FROM c WHERE c.chain IS NOT NULL) "
    "SELECT c.chain, e.n, e.hash FROM c CROSS JOIN LATERAL (SELECT n, hash FROM audit_entry "
    "WHERE chain = c.chain ORDER BY n DESC LIMIT 1) e ORDER BY c.chain"
)
_ROOTS_TABLE = (
    "CREATE TABLE IF NOT EXISTS audit_root (n BIGINT PRIMARY KEY, body TEXT NOT NULL, "
    "signature TEXT NOT NULL)"
)


class TableChains:
    """Rows of `audit_entry` and `audit_root`."""

    def __init__(self, database_url: str) -> None:
        url = make_url(database_url).set(drivername="postgresql")
        self._url = url.render_as_string(hide_password=False)
        self._made = False

    def heads(self) -> dict[str, Head]:
        """Number and hash of the last entry of every chain that has one, in order of name."""
        with self._connected() as con:
            return {str(chain): (int(n), str(hashed)) for chain, n, hashed in con.execute(_HEADS)}

    def rows(self, chain: str, after: int = 0) -> Iterator[ChainRow]:
        """Entries with numbers above `after`, in order, streaming."""
        yield from self._rows(chain, "n > %s ORDER BY n", after)

    def newest(self, chain: str) -> Iterator[ChainRow]:
        """Entries of a chain, the newest first, streaming."""
        yield from self._rows(chain, "n > %s ORDER BY n DESC", 0)

    def _rows(self, chain: str, which: str, value: int) -> Iterator[ChainRow]:
        sql = f"SELECT n, body, hash FROM audit_entry WHERE chain = %s AND {which}"
        with self._connected() as con, con.cursor("audit_rows") as cursor:
            cursor.itersize = _CHUNK
            for row in cursor.execute(sql.encode(), (chain, value)):
                yield ChainRow(*row)

    def open(self, chain: str) -> Writer:
        """Open a chain to write; made where there is none."""
        check_name(chain)
        with self._connected():
            return TableWriter(self._url, chain)

    def check(self, chain: str) -> None:
        """See that a chain can be written, without writing."""
        with self._connected() as con:
            found = con.execute("SELECT pg_is_in_recovery()").fetchone()
            if found is None or found[0]:
                raise AuditUnavailableError("the database is read only", where=chain)

    def roots(self) -> Iterator[RootRow]:
        """All roots in order, streaming."""
        with self._connected() as con, con.cursor("audit_roots") as cursor:
            cursor.itersize = _CHUNK
            for row in cursor.execute("SELECT n, body, signature FROM audit_root ORDER BY n"):
                yield RootRow(*row)

    def add_root(self, make: MakeRoot) -> RootRow | None:
        """Add the next root; one process at a time."""
        with self._connected() as con:
            con.execute("LOCK TABLE audit_root IN SHARE ROW EXCLUSIVE MODE")
            last = con.execute("SELECT n, body, signature FROM audit_root ORDER BY n DESC LIMIT 1")
            found = last.fetchone()
            made = make(None if found is None else RootRow(*found))
            if made is not None:
                values = (made.n, made.body, made.signature)
                con.execute("INSERT INTO audit_root VALUES (%s, %s, %s)", values)
            return made

    def add_rows(self, chain: str, rows: Sequence[ChainRow]) -> None:
        """Bring entries of a backup back, as they are."""
        check_name(chain)
        with self._connected() as con:
            _insert_rows(con, chain, rows)

    def add_roots(self, rows: Sequence[RootRow]) -> None:
        """Bring roots of a backup back, as they are."""
        with self._connected() as con, con.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO audit_root VALUES (%s, %s, %s)",
                [(r.n, r.body, r.signature) for r in rows],
            )

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        """A transaction of its own; the tables are there."""
        with audit_faults(), psycopg.connect(self._url, connect_timeout=5) as con:
            if not self._made:
                con.execute("SELECT pg_advisory_xact_lock(%s)", (_MAKING,))
                for table in (_ENTRY_TABLE, _ROOTS_TABLE):
                    con.execute(table.encode())
                con.commit()
                self._made = True
            yield con


class TableWriter:
    """A connection of its own; it is opened again after it was lost.

    One statement adds entries, after the last one that is known: where another process wrote to
    the chain meanwhile, that number is taken, and the chain's end is read again.
    """

    def __init__(self, url: str, chain: str) -> None:
        self._url = url
        self._chain = chain
        self._con: psycopg.Connection | None = None
        self._head: Head | None = None

    def append(self, bodies: Sequence[str]) -> Head:
        """Add entries in one transaction; durable when it returns."""
        with audit_faults():
            while True:
                con, head = self._at_end()
                rows = chained(head, bodies)
                try:
                    _insert_rows(con, self._chain, rows)
                except UniqueViolation:
                    self._head = None
                except psycopg.Error:
                    self.close()
                    raise
                else:
                    self._head = (rows[-1].n, rows[-1].hash)
                    return self._head

    def _at_end(self) -> tuple[psycopg.Connection, Head]:
        """The connection, and the chain's last entry as far as it is known."""
        if self._con is None or self._con.closed:
            self._con = psycopg.connect(self._url, connect_timeout=5, autocommit=True)
            self._head = None
        if self._head is None:
            self._head = _table_head(self._con, self._chain)
        return self._con, self._head

    def close(self) -> None:
        """Let go of the chain."""
        self._head = None
        if self._con is not None:
            self._con.close()
            self._con = None


def _table_head(con: psycopg.Connection, chain: str) -> Head:
    sql = "SELECT n, hash FROM audit_entry WHERE chain = %s ORDER BY n DESC LIMIT 1"
    found = con.execute(sql, (chain,)).fetchone()
    return (0, first_hash(chain)) if found is None else (int(found[0]), str(found[1]))


def _insert_rows(con: psycopg.Connection, chain: str, rows: Sequence[ChainRow]) -> None:
    con.execute(
        "INSERT INTO audit_entry SELECT %s, * FROM "
        "unnest(%s::bigint[], %s::text[], %s::text[]) AS t (n, body, hash)",
        (chain, [r.n for r in rows], [r.body for r in rows], [r.hash for r in rows]),
    )
