"""A delta is scored alone: pairs that no change can touch are kept from the run before.

A candidate pair hangs on the keys of its two records and on how many records share each key; its
weight on the two prepared records and the model. So only these pairs are made anew: those of a
changed record, and those in a block that has come to its size limit or fallen back under it.
`docs/adr/0037` has the argument; a property test holds both ways to the same tables.
"""

import duckdb

from mdm.duck import count_rows, first_row
from mdm.linkage.blocking import RULES, BlockingRule, write_keys
from mdm.linkage.fingerprint import FILLED
from mdm.linkage.model import PersonModel
from mdm.linkage.prepare import drop_shared, find_shared, prepare_records
from mdm.linkage.scoring import score_pairs

KEPT_VERSION = 3
"""Counts the forms of what is kept: that of another release is not read."""
MOST_CHANGED = 0.25
"""Where more of the records changed, all are scored: that is then cheaper."""

# What a prepared record is made from besides the model.
_OWN = "SELECT record_id, cpf, cns, nis FROM not_own"
_OWN_BY = "SELECT record_id, list_sort(stewards) AS stewards FROM own_cpf_by"
_PHONES = "SELECT phone FROM crowd_phone"
_DWELLINGS = "SELECT street, street_number FROM crowded_dwelling"
# With the numbers that a record carries or names: whose they are hangs on who does.
_CONTENT = (
    "SELECT record_id, hash(content_hash) AS content, cpf, guardian_cpf, cns, nis FROM standard"
)
_KEPT = {
    "kept_content": _CONTENT,
    "kept_own": _OWN,
    "kept_own_by": _OWN_BY,
    "kept_crowd_phone": _PHONES,
    "kept_crowd_dwelling": _DWELLINGS,
}
# Restricted records fill no block; their own pairs are made anew each time.
_HIDDEN = "SELECT record_id FROM standard WHERE restricted"
_OF_TOUCHED = "record_l IN (FROM touched_record) OR record_r IN (FROM touched_record)"
_SCRATCH = (
    "changed_record", "touched_record", "old_key", "new_key", "touched_key", "near_key",
    "member_key", "block_taken", "delta_pair", "standing_pair", "fresh_pair", "needed_record",
    "fresh_scored", "scored_before", "hidden_now", "changed_content",
    "touched_number", "open_phone", "open_dwelling",
)  # fmt: skip


def keep_inputs(con: duckdb.DuckDBPyConnection) -> None:
    """Keep what all records were scored from, once `link_record` and `block_key` are written."""
    for table, sql in _KEPT.items():
        con.execute(f"CREATE OR REPLACE TABLE {table} AS {sql}")
    con.execute(
        "CREATE OR REPLACE TABLE kept_filled AS "
        f"SELECT unique_id AS record_id, {FILLED} AS filled FROM link_record"
    )
    con.execute(f"CREATE OR REPLACE TABLE kept_hidden AS {_HIDDEN}")
    # All that was decided is open again.
    con.execute("DROP TABLE IF EXISTS undecided")


def find_touched_numbers(con: duckdb.DuckDBPyConnection) -> str:
    """Write `changed_content(record_id)` and `touched_number(identifier, value)`; names the latter.

    Of the numbers that a record of other content than at the last scoring, a new or a gone one,
    carries or names as its guardian's, or did so then.

    Args:
        con: Holds `standard` and what `keep_inputs` kept.
    """
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE changed_content AS
        SELECT coalesce(s.record_id, k.record_id) AS record_id
        FROM (SELECT record_id, hash(content_hash) AS content FROM standard) s
        FULL JOIN kept_content k ON k.record_id = s.record_id
        WHERE s.content IS DISTINCT FROM k.content
        """
    )
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE touched_number AS
        WITH said AS (
          SELECT cpf, guardian_cpf, cns, nis FROM standard SEMI JOIN changed_content
            USING (record_id)
          UNION ALL SELECT cpf, guardian_cpf, cns, nis FROM kept_content SEMI JOIN changed_content
            USING (record_id)),
        number AS (
          SELECT 'cpf' AS identifier, cpf AS value FROM said UNION
          SELECT 'cpf', guardian_cpf FROM said UNION
          SELECT 'nis', nis FROM said UNION SELECT 'cns', unnest(cns) FROM said)
        FROM number WHERE value IS NOT NULL
        """
    )
    return "touched_number"


def find_changed(con: duckdb.DuckDBPyConnection) -> int:
    """Write `changed_record(record_id)` and what `find_shared` does, as temporary tables.

    Changed are records of other content than at the last scoring, new and gone ones, and those
    whose numbers, phones or dwellings count otherwise because of other records.

    Args:
        con: Holds `standard`, what ownership and `find_touched_numbers` wrote, and what
            `keep_inputs` kept.

    Returns:
        How many records changed.
    """
    _find_shared(con)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE changed_record AS
        WITH own AS {_differing("kept_own", _OWN)},
             phone AS {_differing("kept_crowd_phone", _PHONES)},
             dwelling AS {_differing("kept_crowd_dwelling", _DWELLINGS)}
        FROM changed_content UNION SELECT record_id FROM own
        UNION SELECT record_id FROM held_phone SEMI JOIN phone USING (phone)
        UNION SELECT record_id FROM standard SEMI JOIN dwelling USING (street, street_number)
        """
    )
    return count_rows(con, "changed_record")


def _differing(kept: str, now: str) -> str:
    return f"((({now}) EXCEPT FROM {kept}) UNION (FROM {kept} EXCEPT ({now})))"


def _find_shared(con: duckdb.DuckDBPyConnection) -> None:
    """Look at the phones and dwellings alone that were of many, or that changed records have now.

    Those which nobody came to did not become crowded.
    """
    changed = "FROM standard SEMI JOIN changed_content USING (record_id)"
    con.execute(
        "CREATE OR REPLACE TEMP TABLE open_phone AS "
        f"SELECT unnest(phones) AS phone {changed} UNION FROM kept_crowd_phone"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE open_dwelling AS "
        f"SELECT street, street_number {changed} UNION FROM kept_crowd_dwelling"
    )
    find_shared(con, phones="open_phone", dwellings="open_dwelling")


def score_changed(
    con: duckdb.DuckDBPyConnection,
    model: PersonModel,
    population: int,
    *,
    rules: tuple[BlockingRule, ...] = RULES,
) -> None:
    """Bring `candidate`, `scored`, `block_key` and what was kept level with `standard`.

    `undecided(record_id)`, where it is there, is told the records about which anything that
    decisions read has changed.

    Args:
        con: Holds what `find_changed` read and wrote, and the model's tables.
        model: The person model.
        population: Class of the number of records, the same as at the last scoring.
        rules: The blocking rules, the same as at the last scoring.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE hidden_now AS {_HIDDEN}")
    _prepare(con, "changed_record")
    write_keys(con, "new_key", rules)
    _follow_filled(con)
    _touch(con, rules)
    _pair(con, rules)
    _prepare(con, "needed_record")
    score_pairs(
        con,
        model,
        population=population,
        threshold=model.thresholds.review,
        pairs="fresh_pair",
        out="fresh_scored",
    )
    _bring_in(con)
    _tell(con)
    _keep_changed(con)
    drop_shared(con)
    for table in _SCRATCH:
        con.execute(f"DROP TABLE IF EXISTS {table}")


def _prepare(con: duckdb.DuckDBPyConnection, records: str) -> None:
    # A view: of sixty columns each step reads the few that it needs.
    con.execute(
        "CREATE OR REPLACE TEMP VIEW part_standard AS "
        f"FROM standard SEMI JOIN {records} USING (record_id)"
    )
    prepare_records(con, records="part_standard")
    con.execute("DROP VIEW part_standard")


def _follow_filled(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("DELETE FROM kept_filled WHERE record_id IN (FROM changed_record)")
    con.execute(f"INSERT INTO kept_filled SELECT unique_id, {FILLED} FROM link_record")


def _most(rules: tuple[BlockingRule, ...]) -> str:
    whens = " ".join(f"WHEN {number} THEN {rule.most}" for number, rule in enumerate(rules))
    return f"CASE rule {whens} END"


def _touch(con: duckdb.DuckDBPyConnection, rules: tuple[BlockingRule, ...]) -> None:
    """Bring `block_key` level; write `touched_record(record_id)`, `touched_key`, `member_key`.

    Touched is what changed, restricted records, and the members of blocks that are taken now and
    were not before, or the other way round. `member_key` holds all keys of the blocks that touched
    records are in, and some more.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE old_key AS "
        "FROM block_key WHERE record IN (FROM changed_record)"
    )
    # By the hash alone, which is three times as quick: some blocks of other rules come along.
    con.execute(
        "CREATE OR REPLACE TEMP TABLE near_key AS FROM block_key "
        "WHERE key IN (SELECT key FROM old_key UNION SELECT key FROM new_key)"
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE touched_record AS
        WITH shift AS (
          SELECT rule, key, sum(n) AS shift FROM (
            SELECT rule, key, 1 AS n FROM new_key WHERE record NOT IN (FROM hidden_now)
            UNION ALL SELECT rule, key, -1 FROM old_key WHERE record NOT IN (FROM kept_hidden))
          GROUP BY ALL HAVING sum(n) <> 0),
        size AS (SELECT rule, key, count(*) AS before FROM near_key SEMI JOIN shift
                   USING (rule, key) WHERE record NOT IN (FROM kept_hidden) GROUP BY ALL),
        crossed AS (SELECT rule, key FROM size JOIN shift USING (rule, key)
                    WHERE (before <= {_most(rules)}) <> (before + shift <= {_most(rules)}))
        SELECT record AS record_id FROM near_key SEMI JOIN crossed USING (rule, key)
        UNION FROM changed_record UNION FROM hidden_now UNION FROM kept_hidden
        """
    )
    con.execute("DELETE FROM block_key WHERE record IN (FROM changed_record)")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE touched_key AS "
        "FROM block_key WHERE record IN (FROM touched_record) UNION ALL FROM new_key"
    )
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE member_key AS
        FROM near_key WHERE record NOT IN (FROM changed_record)
        UNION ALL FROM new_key
        UNION ALL FROM block_key WHERE key IN (
          SELECT key FROM touched_key
          EXCEPT (SELECT key FROM old_key UNION SELECT key FROM new_key))
        """
    )
    con.execute("INSERT INTO block_key FROM new_key")


def _pair(con: duckdb.DuckDBPyConnection, rules: tuple[BlockingRule, ...]) -> None:
    """Bring `candidate` level; write `fresh_pair`: the pairs to weigh, and `needed_record`.

    A pair of unchanged records that was a candidate before keeps its weight (`standing_pair`).
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE block_taken AS
        SELECT rule, key, count(*) <= {_most(rules)} AS with_hidden
        FROM member_key SEMI JOIN touched_key USING (rule, key) GROUP BY rule, key
        HAVING count(*) > 1
           AND count(*) FILTER (record NOT IN (FROM hidden_now)) <= {_most(rules)}
        """
    )
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE delta_pair AS
        WITH member AS (
          SELECT rule, key, record FROM member_key JOIN block_taken USING (rule, key)
          WHERE with_hidden OR record NOT IN (FROM hidden_now))
        SELECT least(t.record, m.record) AS join_key_l, greatest(t.record, m.record) AS join_key_r,
               bit_or((1 << t.rule::INTEGER)::INTEGER) AS match_key
        FROM touched_key t SEMI JOIN member o USING (rule, key, record) JOIN member m
          ON m.rule = t.rule AND m.key = t.key AND m.record <> t.record
        GROUP BY ALL
        """
    )
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE standing_pair AS
        SELECT join_key_l, join_key_r FROM candidate
        WHERE (join_key_l IN (FROM touched_record) OR join_key_r IN (FROM touched_record))
          AND join_key_l NOT IN (FROM changed_record) AND join_key_r NOT IN (FROM changed_record)
        """
    )
    con.execute(
        "DELETE FROM candidate WHERE join_key_l IN (FROM touched_record)"
        " OR join_key_r IN (FROM touched_record)"
    )
    con.execute("INSERT INTO candidate FROM delta_pair")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE fresh_pair AS "
        "FROM delta_pair ANTI JOIN standing_pair USING (join_key_l, join_key_r)"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE needed_record AS SELECT join_key_l AS record_id "
        "FROM fresh_pair UNION SELECT join_key_r FROM fresh_pair"
    )


def _bring_in(con: duckdb.DuckDBPyConnection) -> None:
    """Bring `scored` level; `scored_before` are the rows that give way."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE scored_before AS FROM scored WHERE {_OF_TOUCHED}")
    con.execute(f"DELETE FROM scored WHERE {_OF_TOUCHED}")
    con.execute("INSERT INTO scored BY NAME FROM fresh_scored")
    con.execute(
        """
        INSERT INTO scored BY NAME
        SELECT b.record_l, b.record_r, b.match_weight, b.pattern, d.match_key::VARCHAR AS rules
        FROM scored_before b
        JOIN delta_pair d ON d.join_key_l = b.record_l AND d.join_key_r = b.record_r
        SEMI JOIN standing_pair s ON s.join_key_l = b.record_l AND s.join_key_r = b.record_r
        """
    )


def _tell(con: duckdb.DuckDBPyConnection) -> None:
    known = first_row(con, "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'undecided'")
    if known[0] == 0:
        return
    pair = "record_l, record_r, match_weight, pattern"
    con.execute(
        f"""
        INSERT INTO undecided
        WITH after AS (SELECT {pair} FROM scored WHERE {_OF_TOUCHED}),
        before AS (SELECT {pair} FROM scored_before),
        differ AS ((FROM after EXCEPT FROM before) UNION (FROM before EXCEPT FROM after))
        SELECT record_l FROM differ UNION SELECT record_r FROM differ UNION FROM changed_record
        UNION SELECT record_id FROM (({_OWN_BY}) EXCEPT FROM kept_own_by)
        UNION SELECT record_id FROM (FROM kept_own_by EXCEPT ({_OWN_BY}))
        """
    )


def _keep_changed(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("DELETE FROM kept_content WHERE record_id IN (FROM changed_record)")
    con.execute(f"INSERT INTO kept_content {_CONTENT} SEMI JOIN changed_record USING (record_id)")
    con.execute("CREATE OR REPLACE TABLE kept_hidden AS FROM hidden_now")
    for table, sql in _KEPT.items():
        if table != "kept_content":
            con.execute(f"CREATE OR REPLACE TABLE {table} AS {sql}")
