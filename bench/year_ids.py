"""Whose ID is whose, month by month: what changed, for what cause, and who lost an ID.

An ID is a person's who has most records in the citizen that it resolves to (of equal ones that
of the anchor). It *changes* in a month when it resolves to another citizen than before, or its
owner is another.
"""

from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from mdm.bootstrap.application import Application
from mdm.domain.change import ChangeKind
from mdm.duck import first_row
from mdm.ports import ReadSession
from mdm.services.changes import Cursor, Scope, level_cursor, read_changes
from mdm.services.seals import unsealed

_MEMBER = pa.schema([(n, pa.string()) for n in ("source", "local_id", "municipal_id", "state")])
_ID = pa.schema(
    [(n, pa.string()) for n in ("municipal_id", "resolves_to", "state", "until", "source")]
    + [("local_id", pa.string())]
)
_MEMBER_SQL = """
SELECT r.source, r.local_id, m.municipal_id, r.state FROM membership m
JOIN record r ON r.record_id = m.record_id
"""
_ID_SQL = """
SELECT i.municipal_id, m.municipal_id AS resolves_to, i.state, i.ambiguous_until AS until,
       r.source, r.local_id
FROM municipal_id i JOIN record r ON r.record_id = i.anchor_record_id
LEFT JOIN membership m ON m.record_id = i.anchor_record_id
"""
_KIND_SQL = "SELECT at, kind FROM ledger_tx WHERE at >= :at"
_KIND = pa.schema([("at", pa.string()), ("tx_kind", pa.string())])
_NAMED = pa.schema([("municipal_id", pa.string()), ("at", pa.string())])
# Everything that the registry tells whoever follows all its sources.
_ALL = Scope(unsealed("r"), {})
_PAGE = 10_000
_STEWARD = "('judge', 'judge_undo', 'review_import')"


@dataclass(slots=True)
class Changes:
    """What a month did to IDs.

    Attributes:
        ids: IDs that resolved at its start.
        changed: Of these, those that changed.
        causes: Changed IDs by cause; `none` if no cause is known.
        owner_changed: IDs that are another person's now.
        given_back: Of these, those that are their first owner's again: a wrong merge was undone.
        without_event, without_flag: Of the others, those that the feed of the month does not name,
            or that answer as if nothing had happened (current, not ambiguous).
        silent: These by cause.
        examples: Some of them.
    """

    ids: int = 0
    changed: int = 0
    causes: dict[str, int] = field(default_factory=dict)
    owner_changed: int = 0
    given_back: int = 0
    without_event: int = 0
    without_flag: int = 0
    silent: dict[str, int] = field(default_factory=dict)
    examples: list[dict[str, str]] = field(default_factory=list)


class Ids:
    """IDs and owners as they were, in a database in memory."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self.con = duckdb.connect()
        self._cursor: Cursor | None = None
        self.con.execute("CREATE TABLE first (municipal_id VARCHAR PRIMARY KEY, owner VARCHAR)")

    def read(self, name: str, truth: Path) -> None:
        """Keep the present state under a name: member_NAME, id_NAME with owners."""
        con = self.con
        with self._application.store.reading() as session:
            self._table(session, f"raw_{name}", _MEMBER_SQL, _MEMBER)
            self._table(session, f"raw_id_{name}", _ID_SQL, _ID)
            self._read_feed(session)
        path = str(truth).replace("'", "''")
        reader = f"read_csv('{path}', all_varchar = true, header = true)"
        in_file = "coalesce(in_file, '0') = '1'"
        known = con.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()
        if "in_file" not in {row[0] for row in known}:
            in_file = "true"
        con.execute(
            f"CREATE OR REPLACE TABLE truth AS SELECT source, local_id, person_id AS person, "
            f"{in_file} AS in_file, coalesce(true_deceased_on, '') <> '' AS dead FROM {reader}"
        )
        con.execute(
            f"CREATE OR REPLACE TABLE member_{name} AS SELECT m.*, t.person, t.in_file "
            f"FROM raw_{name} m JOIN truth t USING (source, local_id)"
        )
        con.execute(
            f"""
            CREATE OR REPLACE TABLE id_{name} AS
            WITH vote AS (SELECT municipal_id, person, count(*) AS n
                          FROM member_{name} GROUP BY 1, 2)
            SELECT i.municipal_id, i.resolves_to, i.state, i.until,
                   arg_max(v.person, (v.n, v.person = t.person, v.person)) AS owner
            FROM raw_id_{name} i LEFT JOIN truth t USING (source, local_id)
            LEFT JOIN vote v ON v.municipal_id = i.resolves_to GROUP BY ALL
            """
        )

        con.execute(
            f"INSERT OR IGNORE INTO first SELECT municipal_id, owner FROM id_{name} "
            "WHERE owner IS NOT NULL"
        )

    def _read_feed(self, session: ReadSession) -> None:
        """Keep in `named` which IDs the feed named since it was read last, and what did it.

        The feed itself is what is read: an event that nobody is told of excuses no silent change.
        """
        named: list[dict[str, str]] = []
        start, more = self._cursor, True
        if start is None:
            # Of the first month nothing changed for anybody who was told an ID before.
            self._cursor, more = level_cursor(session, _ALL), False
        while more:
            assert self._cursor is not None
            page = read_changes(session, _ALL, self._cursor, _PAGE)
            self._cursor, more = page.cursor, page.more
            named += [
                {"municipal_id": name, "at": one.at}
                for one in page.changes
                if one.change is not ChangeKind.GOLDEN_CHANGED
                for name in (one.municipal_id, one.former_id)
                if name is not None
            ]
        since = "" if start is None else start.at
        kinds = session.read_arrow(_KIND_SQL, {"at": since}, schema=_KIND)
        self.con.register("kinds", pa.Table.from_batches(list(kinds), _KIND))
        self.con.register("told", pa.Table.from_pylist(named, _NAMED))
        self.con.execute(
            "CREATE OR REPLACE TABLE named AS "
            'SELECT DISTINCT municipal_id, tx_kind FROM told JOIN kinds USING ("at")'
        )

    def _table(self, session: ReadSession, name: str, sql: str, schema: pa.Schema) -> None:
        rows = pa.Table.from_batches(list(session.read_arrow(sql, schema=schema)), schema)
        self.con.register("rows", rows)
        self.con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM rows")

    def changes(self, before: str, now: str, happened: Path, *, upgrade: bool) -> Changes:
        """What changed between two states that were read one after the other."""
        con = self.con
        path = str(happened).replace("'", "''")
        con.execute(
            "CREATE OR REPLACE TABLE happened AS SELECT * FROM "
            f"read_csv('{path}', all_varchar = true, header = true)"
        )
        con.execute(
            f"""
            CREATE OR REPLACE TABLE changed AS
            SELECT b.municipal_id, b.resolves_to AS was, n.resolves_to AS is_now,
                   b.owner AS owner_was, n.owner AS owner_now, n.state, n.until
            FROM id_{before} b JOIN id_{now} n USING (municipal_id)
            WHERE b.resolves_to IS NOT NULL AND (b.resolves_to IS DISTINCT FROM n.resolves_to
              OR b.owner IS DISTINCT FROM n.owner)
            """
        )
        self._causes(before, now, upgrade=upgrade)
        found = Changes(
            ids=self._count(f"SELECT count(*) FROM id_{before} WHERE resolves_to IS NOT NULL"),
            changed=self._count("SELECT count(*) FROM changed"),
            causes=dict(
                con.execute("SELECT cause, count(*) FROM caused GROUP BY 1 ORDER BY 1").fetchall()
            ),
        )
        con.execute(
            """
            CREATE OR REPLACE TABLE taken AS SELECT c.*,
              EXISTS (SELECT 1 FROM named n WHERE n.municipal_id = c.municipal_id) AS has_event,
              c.state <> 'active' OR c.until IS NOT NULL OR c.is_now IS DISTINCT FROM c.municipal_id
                AS has_flag, f.owner IS NOT DISTINCT FROM c.owner_now AS is_back
            FROM changed c JOIN first f USING (municipal_id)
            WHERE owner_now IS DISTINCT FROM owner_was
            """
        )
        found.owner_changed = self._count("SELECT count(*) FROM taken")
        found.given_back = self._count("SELECT count(*) FROM taken WHERE is_back AND has_event")
        found.without_event = self._count("SELECT count(*) FROM taken WHERE NOT has_event")
        found.without_flag = self._count(
            "SELECT count(*) FROM taken WHERE NOT has_flag AND NOT is_back"
        )
        silent = (
            "FROM taken t JOIN caused USING (municipal_id) "
            "WHERE NOT has_event OR (NOT has_flag AND NOT is_back)"
        )
        found.silent = dict(
            con.execute(f"SELECT cause, count(*) {silent} GROUP BY 1 ORDER BY 1").fetchall()
        )
        shown = con.execute(
            f"SELECT t.municipal_id, owner_was, owner_now, cause {silent} ORDER BY 1 LIMIT 5"
        ).fetchall()
        names = ("municipal_id", "owner_was", "owner_now", "cause")
        found.examples = [dict(zip(names, row, strict=True)) for row in shown]
        return found

    def _causes(self, before: str, now: str, *, upgrade: bool) -> None:
        """Of each changed ID the nearest cause: a steward, what its records went through (merges at
        the source first), the new model."""
        self.con.execute(
            f"""
            CREATE OR REPLACE TABLE caused AS
            WITH near AS (
              SELECT c.municipal_id, m.source, m.local_id, m.person FROM changed c
              JOIN member_{before} m ON m.municipal_id IN (c.was, c.is_now)
              UNION SELECT c.municipal_id, m.source, m.local_id, m.person FROM changed c
              JOIN member_{now} m ON m.municipal_id IN (c.was, c.is_now)),
            of_record AS (SELECT n.municipal_id,
                arg_min(h.kind, (h.kind NOT LIKE '%merged%', h.kind)) AS kind FROM near n
              JOIN happened h ON h.source = n.source AND h.local_id = n.local_id GROUP BY 1),
            of_steward AS (SELECT DISTINCT c.municipal_id FROM changed c JOIN named n
              ON n.municipal_id IN (c.municipal_id, c.was, c.is_now) WHERE n.tx_kind IN {_STEWARD})
            SELECT c.municipal_id, CASE
                WHEN s.municipal_id IS NOT NULL THEN 'steward'
                WHEN r.kind IS NOT NULL THEN r.kind
                WHEN {"true" if upgrade else "false"} THEN 'model upgrade'
                ELSE 'none' END AS cause
            FROM changed c LEFT JOIN of_record r USING (municipal_id)
            LEFT JOIN of_steward s USING (municipal_id)
            """
        )

    def kept(self, first: str, last: str) -> dict[str, int]:
        """Of the people alive all year who had an ID of their own at the start, who keeps it."""
        sql = f"""
        WITH own AS (SELECT owner AS person, municipal_id FROM id_{first}
                     WHERE municipal_id = resolves_to AND owner IS NOT NULL),
        dead AS (SELECT person FROM truth GROUP BY 1 HAVING bool_or(dead)),
        home AS (SELECT person, arg_max(municipal_id, (n_in, n, municipal_id)) AS home FROM (
                   SELECT person, municipal_id, count(*) AS n, count(*) FILTER (in_file) AS n_in
                   FROM member_{last} GROUP BY 1, 2) GROUP BY 1),
        person AS (SELECT o.person, bool_or(o.municipal_id = h.home) AS keeps,
                          bool_or(n.resolves_to = h.home) AS resolves,
                          bool_and(n.resolves_to = h.home) AS all_resolve
                   FROM own o LEFT JOIN home h USING (person)
                   LEFT JOIN id_{last} n ON n.municipal_id = o.municipal_id
                   WHERE o.person NOT IN (SELECT person FROM dead) GROUP BY 1)
        SELECT count(*), count(*) FILTER (keeps), count(*) FILTER (resolves),
               count(*) FILTER (all_resolve) FROM person
        """
        row = first_row(self.con, sql)
        return dict(zip(("people", "kept", "resolves", "all_resolve"), row, strict=True))

    def rekeyed(self, before: str, now: str, happened: Path) -> dict[str, int]:
        """Persons of a source with new keys, and those whose record has another ID than before."""
        path = str(happened).replace("'", "''")
        sql = f"""
        WITH fresh AS (SELECT n.person, n.source, n.municipal_id FROM
            read_csv('{path}', all_varchar = true, header = true) h
            JOIN member_{now} n ON n.source = h.source AND n.local_id = h.local_id
            WHERE h.kind = 'rekeyed'),
        old AS (SELECT person, source, municipal_id FROM member_{before} WHERE state = 'present')
        SELECT count(*), count(*) FILTER (NOT EXISTS (SELECT 1 FROM old o WHERE
            o.person = f.person AND o.source = f.source AND o.municipal_id = f.municipal_id))
        FROM fresh f SEMI JOIN old o ON o.person = f.person AND o.source = f.source
        """
        row = first_row(self.con, sql)
        return {"records": int(row[0]), "changed": int(row[1])}

    def _count(self, sql: str) -> int:
        return int(first_row(self.con, sql)[0])
