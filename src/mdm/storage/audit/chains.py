"""Where chains and roots lie: files on SQLite, tables on PostgreSQL. Rows are only ever added."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

import psycopg
import pysqlite3.dbapi2 as sqlite
from sqlalchemy.engine import make_url

from mdm.domain.audit_chain import ChainRow, Head, RootRow, chained, first_hash
from mdm.errors import AuditUnavailableError

FOLDER = "audit"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
_ROOTS = "roots.db"
_BUSY_SECONDS = 10
_CHUNK = 2000
_MAKING = 0x6D646D_61756474  # "mdmaudt": one process makes the tables
MakeRoot = Callable[[RootRow | None], RootRow | None]
"""The next root after the last one; None where nothing is new."""


class Writer(Protocol):
    """An open chain, for one thread."""

    def append(self, bodies: Sequence[str]) -> Head:
        """Add entries in one transaction; durable when it returns."""
        ...

    def close(self) -> None:
        """Let go of the chain."""
        ...


class Chains(Protocol):
    """All chains and roots of a registry."""

    def heads(self) -> dict[str, Head]:
        """Number and hash of the last entry of every chain, in order of name."""
        ...

    def rows(self, chain: str, after: int = 0) -> Iterator[ChainRow]:
        """Entries with numbers above `after`, in order, streaming."""
        ...

    def open(self, chain: str) -> Writer:
        """Open a chain to write; made where there is none."""
        ...

    def check(self, chain: str) -> None:
        """See that a chain can be written, without writing.

        Raises:
            AuditUnavailableError: It cannot.
        """
        ...

    def roots(self) -> Iterator[RootRow]:
        """All roots in order, streaming."""
        ...

    def add_root(self, make: MakeRoot) -> RootRow | None:
        """Add the next root; one process at a time."""
        ...

    def add_rows(self, chain: str, rows: Sequence[ChainRow]) -> None:
        """Bring entries of a backup back, as they are."""
        ...

    def add_roots(self, rows: Sequence[RootRow]) -> None:
        """Bring roots of a backup back, as they are."""
        ...


def open_chains(home: Path, database_url: str) -> Chains:
    """The chains of a registry.

    Args:
        home: Its home folder.
        database_url: Its database.
    """
    if make_url(database_url).get_backend_name() == "sqlite":
        return FileChains(home / FOLDER)
    return TableChains(database_url)


def check_name(chain: str) -> None:
    """Refuse what cannot be the name of a chain, or of its file."""
    if _NAME.fullmatch(chain) is None:
        raise ValueError("no name of a chain")


@contextmanager
def audit_faults() -> Iterator[None]:
    """Let every failure of the databases leave as one refusal."""
    try:
        yield
    except (sqlite.Error, psycopg.Error, OSError) as error:
        raise AuditUnavailableError("the audit trail cannot be read or written") from error


# ------------------------------------------------------------------ SQLite files

_ENTRIES = (
    "CREATE TABLE IF NOT EXISTS entry (n INTEGER PRIMARY KEY, body TEXT NOT NULL, "
    "hash TEXT NOT NULL) STRICT"
)
_ROOT_TABLE = (
    "CREATE TABLE IF NOT EXISTS root (n INTEGER PRIMARY KEY, body TEXT NOT NULL, "
    "signature TEXT NOT NULL) STRICT"
)


class FileChains:
    """One SQLite file a chain, and one for the roots."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def heads(self) -> dict[str, Head]:
        """Number and hash of the last entry of every chain, in order of name."""
        found = sorted(path.stem for path in self._folder.glob("*.db") if path.name != _ROOTS)
        heads = {}
        with audit_faults():
            for chain in found:
                with closing(self._connect(self._path(chain), _ENTRIES)) as con:
                    heads[chain] = _file_head(con, chain)
        return heads

    def rows(self, chain: str, after: int = 0) -> Iterator[ChainRow]:
        """Entries with numbers above `after`, in order, streaming."""
        sql = "SELECT n, body, hash FROM entry WHERE n > ? ORDER BY n"
        with audit_faults(), closing(self._connect(self._path(chain), _ENTRIES)) as con:
            for row in con.execute(sql, (after,)):
                yield ChainRow(*row)

    def open(self, chain: str) -> Writer:
        """Open a chain to write; made where there is none."""
        check_name(chain)
        with audit_faults():
            return FileWriter(self._connect(self._path(chain), _ENTRIES), chain)

    def check(self, chain: str) -> None:
        """See that a chain can be written, without writing."""
        with audit_faults(), closing(self._connect(self._path(chain), _ENTRIES)) as con:
            con.execute("BEGIN IMMEDIATE")
            con.execute("ROLLBACK")

    def roots(self) -> Iterator[RootRow]:
        """All roots in order, streaming."""
        if not (self._folder / _ROOTS).exists():
            return
        with audit_faults(), closing(self._connect(self._folder / _ROOTS, _ROOT_TABLE)) as con:
            for row in con.execute("SELECT n, body, signature FROM root ORDER BY n"):
                yield RootRow(*row)

    def add_root(self, make: MakeRoot) -> RootRow | None:
        """Add the next root; one process at a time."""
        with audit_faults(), closing(self._connect(self._folder / _ROOTS, _ROOT_TABLE)) as con:
            con.execute("BEGIN IMMEDIATE")
            last = con.execute("SELECT n, body, signature FROM root ORDER BY n DESC LIMIT 1")
            found = last.fetchone()
            made = make(None if found is None else RootRow(*found))
            if made is not None:
                con.execute(
                    "INSERT INTO root VALUES (?, ?, ?)", (made.n, made.body, made.signature)
                )
            con.execute("COMMIT")
            return made

    def add_rows(self, chain: str, rows: Sequence[ChainRow]) -> None:
        """Bring entries of a backup back, as they are."""
        check_name(chain)
        self._add(self._path(chain), _ENTRIES, "entry", [(r.n, r.body, r.hash) for r in rows])

    def add_roots(self, rows: Sequence[RootRow]) -> None:
        """Bring roots of a backup back, as they are."""
        values = [(r.n, r.body, r.signature) for r in rows]
        self._add(self._folder / _ROOTS, _ROOT_TABLE, "root", values)

    def _add(self, path: Path, made: str, table: str, rows: list[tuple[int, str, str]]) -> None:
        with audit_faults(), closing(self._connect(path, made)) as con:
            con.execute("BEGIN IMMEDIATE")
            con.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", rows)
            con.execute("COMMIT")

    def _path(self, chain: str) -> Path:
        return self._folder / f"{chain}.db"

    def _connect(self, path: Path, made: str) -> sqlite.Connection:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        con = sqlite.connect(
            str(path), isolation_level=None, timeout=_BUSY_SECONDS, check_same_thread=False
        )
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "trusted_schema = OFF"):
            con.execute(f"PRAGMA {pragma}")
        con.execute(made)
        return con


class FileWriter:
    """An open file; several processes may share one, each transaction reads the head anew."""

    def __init__(self, con: sqlite.Connection, chain: str) -> None:
        self._con = con
        self._chain = chain

    def append(self, bodies: Sequence[str]) -> Head:
        """Add entries in one transaction; durable when it returns."""
        con = self._con
        with audit_faults():
            con.execute("BEGIN IMMEDIATE")
            try:
                rows = chained(_file_head(con, self._chain), bodies)
                con.executemany(
                    "INSERT INTO entry VALUES (?, ?, ?)", [(r.n, r.body, r.hash) for r in rows]
                )
                con.execute("COMMIT")
            except BaseException:
                if con.in_transaction:
                    con.execute("ROLLBACK")
                raise
        return rows[-1].n, rows[-1].hash

    def close(self) -> None:
        """Let go of the chain."""
        self._con.close()


def _file_head(con: sqlite.Connection, chain: str) -> Head:
    found = con.execute("SELECT n, hash FROM entry ORDER BY n DESC LIMIT 1").fetchone()
    return (0, first_hash(chain)) if found is None else (int(found[0]), str(found[1]))


# ------------------------------------------------------------------ PostgreSQL tables

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
        """Number and hash of the last entry of every chain, in order of name."""
        with self._connected() as con:
            return {str(chain): (int(n), str(hashed)) for chain, n, hashed in con.execute(_HEADS)}

    def rows(self, chain: str, after: int = 0) -> Iterator[ChainRow]:
        """Entries with numbers above `after`, in order, streaming."""
        sql = "SELECT n, body, hash FROM audit_entry WHERE chain = %s AND n > %s ORDER BY n"
        with self._connected() as con, con.cursor("audit_rows") as cursor:
            cursor.itersize = _CHUNK
            for row in cursor.execute(sql, (chain, after)):
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
    """A connection of its own; it is opened again after it was lost."""

    def __init__(self, url: str, chain: str) -> None:
        self._url = url
        self._chain = chain
        self._con: psycopg.Connection | None = None

    def append(self, bodies: Sequence[str]) -> Head:
        """Add entries in one transaction; durable when it returns."""
        with audit_faults():
            if self._con is None or self._con.closed:
                self._con = psycopg.connect(self._url, connect_timeout=5)
            try:
                with self._con.transaction():
                    lock = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
                    self._con.execute(lock, (f"mdm audit {self._chain}",))
                    rows = chained(_table_head(self._con, self._chain), bodies)
                    _insert_rows(self._con, self._chain, rows)
            except psycopg.Error:
                self.close()
                raise
        return rows[-1].n, rows[-1].hash

    def close(self) -> None:
        """Let go of the chain."""
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
