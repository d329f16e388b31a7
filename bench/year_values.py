"""What the registry says of people after a year, against the truth and against a fresh build."""

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from bench.build import Steps
from bench.year_registry import YearRegistry
from mdm.bootstrap.evaluating import evaluate

_GOLDEN = pa.schema([(n, pa.string()) for n in ("municipal_id", "address", "status")])
_MEMBER = pa.schema([("record_id", pa.int64()), ("municipal_id", pa.string())])
_ADDRESS_SQL = "SELECT municipal_id, address, deceased_status AS status FROM golden_record"


def truth_in_file(truth: Path, target: Path) -> Path:
    """The part of a month's truth that is about the records in its files."""
    source, into = (str(path).replace("'", "''") for path in (truth, target))
    with duckdb.connect() as con:
        con.execute(
            f"COPY (SELECT * FROM read_csv('{source}', all_varchar = true, header = true) "
            f"WHERE in_file = '1') TO '{into}' (FORMAT csv, HEADER)"
        )
    return target


def measured(registry: YearRegistry, truth: Path) -> dict[str, Any]:
    """`mdm evaluate`, addresses and deaths."""
    application = registry.application
    with application.synced_volume(Steps()) as con, application.store.reading() as session:
        found: dict[str, Any] = evaluate(con, session, truth)
        for name, sql, schema in (
            ("year_golden", _ADDRESS_SQL, _GOLDEN),
            ("year_member", "SELECT record_id, municipal_id FROM membership", _MEMBER),
        ):
            rows = pa.Table.from_batches(list(session.read_arrow(sql, schema=schema)), schema)
            con.register("rows", rows)
            con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM rows")
            con.unregister("rows")
        _truth(con, truth)
        found["address"] = _addresses(con)
        found["deaths"] = _deaths(con)
    return found


def _truth(con: duckdb.DuckDBPyConnection, truth: Path) -> None:
    path = str(truth).replace("'", "''")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE year_truth AS SELECT s.record_id, s.source, "
        "t.person_id AS person, t.true_street AS street, t.true_street_number AS number, "
        "s.street AS said_street, s.street_number AS said_number, s.deceased_on AS said_dead, "
        "t.true_deceased_on IS NOT NULL AS dead, m.municipal_id "
        f"FROM read_csv('{path}', all_varchar = true, header = true) t "
        "JOIN standard s ON s.source = t.source AND s.local_id = t.local_id "
        "JOIN year_member m ON m.record_id = s.record_id"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE year_owner AS SELECT municipal_id, "
        "arg_max(person, (n, person)) AS person FROM (SELECT municipal_id, person, count(*) AS n "
        "FROM year_truth GROUP BY 1, 2) GROUP BY 1"
    )


# A street without its kind is the same street; `standard` spells the rest out.
_BARE = r"regexp_replace({}, '^(RUA|AVENIDA|TRAVESSA|BECO) ', '')"


def _addresses(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Street and number right, of the living: the golden value, and each source by itself.

    A golden address is compared as it stands in the record that it was taken from. Of a person
    with several records in a source the one touched last speaks for the source; each source is
    compared with the golden values of the same people. The last entry is of all people known.
    """
    said, golden, true = (_BARE.format(f"t.{name}") for name in ("said_street", "golden", "street"))
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE year_address AS
        SELECT g.municipal_id, any_value(s.street) AS golden,
               any_value(g.address ->> 'street_number') AS golden_number
        FROM year_golden g JOIN year_member m USING (municipal_id)
        JOIN standard s ON s.record_id = m.record_id AND s.street_shown = (g.address ->> 'street')
        GROUP BY 1
        """
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE year_lives AS
        SELECT t.*, coalesce({said} = {true} AND t.said_number = t.number, false) AS is_right,
               coalesce({golden} = {true} AND t.golden_number = t.number, false) AS golden_right,
               row_number() OVER (PARTITION BY t.source, t.person
                 ORDER BY s.updated_at DESC, t.record_id) AS place
        FROM (SELECT * FROM year_truth JOIN year_owner USING (municipal_id, person)
              LEFT JOIN year_address USING (municipal_id) WHERE NOT dead) t
        JOIN standard s ON s.record_id = t.record_id
        """
    )
    rows = con.execute(
        "SELECT source, count(*), avg(is_right::INT), avg(golden_right::INT) FROM year_lives "
        "WHERE place = 1 AND said_street IS NOT NULL GROUP BY 1 ORDER BY 1"
    ).fetchall()
    rows += con.execute(
        "SELECT 'all', count(*), NULL, avg(golden_right::INT) FROM (SELECT person, "
        "bool_or(golden_right) AS golden_right FROM year_lives GROUP BY 1 "
        "HAVING bool_or(golden IS NOT NULL))"
    ).fetchall()
    names = ("people", "source_right", "golden_right")
    return {str(row[0]): dict(zip(names, row[1:], strict=True)) for row in rows}


def _deaths(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Living people with a confirmed or a reported death, and through whose record."""
    row = con.execute(
        """
        WITH report AS (
          SELECT municipal_id, bool_or(dead) AS anothers FROM year_truth
          WHERE said_dead IS NOT NULL GROUP BY 1)
        SELECT count(*) FILTER (g.status = 'confirmed'),
               count(*) FILTER (g.status = 'confirmed' AND r.anothers),
               count(*) FILTER (g.status = 'reported'),
               count(*) FILTER (g.status = 'reported' AND r.anothers)
        FROM year_owner o JOIN year_golden g USING (municipal_id)
        LEFT JOIN report r USING (municipal_id)
        WHERE g.status IS NOT NULL AND o.person NOT IN
          (SELECT person FROM year_truth WHERE dead)
        """
    ).fetchone()
    assert row is not None
    names = ("confirmed", "confirmed_by_link", "reported", "reported_by_link")
    return dict(zip(names, map(int, row), strict=True))
