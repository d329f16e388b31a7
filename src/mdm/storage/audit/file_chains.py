"""Chains as SQLite files: one a chain, and one for the roots."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pysqlite3.dbapi2 as sqlite

from mdm.domain.audit_chain import ChainRow, Head, RootRow, chained, first_hash
from mdm.storage.audit.chains import MakeRoot, Writer, audit_faults, check_name

_ROOTS = "roots.db"
_BUSY_SECONDS = 10
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
        """Number and hash of the last entry of every chain that has one, in order of name."""
        found = sorted(path.stem for path in self._folder.glob("*.db") if path.name != _ROOTS)
        heads = {}
        with audit_faults():
            for chain in found:
                with closing(self._connect(self._path(chain), _ENTRIES)) as con:
                    heads[chain] = _file_head(con, chain)
        return {chain: head for chain, head in heads.items() if head[0] > 0}

    def rows(self, chain: str, after: int = 0) -> Iterator[ChainRow]:
        """Entries with numbers above `after`, in order, streaming."""
        yield from self._rows(chain, "n > ? ORDER BY n", after)

    def newest(self, chain: str) -> Iterator[ChainRow]:
        """Entries of a chain, the newest first, streaming."""
        yield from self._rows(chain, "n > ? ORDER BY n DESC", 0)

    def _rows(self, chain: str, which: str, value: int) -> Iterator[ChainRow]:
        sql = f"SELECT n, body, hash FROM entry WHERE {which}"
        with audit_faults(), closing(self._connect(self._path(chain), _ENTRIES)) as con:
            for row in con.execute(sql, (value,)):
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
