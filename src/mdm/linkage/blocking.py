"""Blocking: which pairs are looked at at all.

Every rule gives a record zero or more keys; two records with an equal key of one rule are a
candidate pair. Keys of all rules go through one table, so a block is counted before it is joined:
a block larger than `MAX_BLOCK` would cost more than it finds and is left to the other rules.
"""

from dataclasses import dataclass

import duckdb

from mdm.duck import count_rows, first_row

MAX_BLOCK = 120


@dataclass(frozen=True, slots=True)
class BlockingRule:
    """One way to find candidate pairs.

    Attributes:
        name: Stable name; its position in `RULES` is its bit in the stored `rules` mask.
        key: Columns of `link_record` that must be equal, as SQL expressions.
        unnest: List column whose members are keys, one block each.
        most: Records of the largest block that is joined.
    """

    name: str
    key: tuple[str, ...]
    unnest: str | None = None
    most: int = MAX_BLOCK


RULES: tuple[BlockingRule, ...] = (
    BlockingRule("cpf", ("cpf",)),
    BlockingRule("cns", (), unnest="cns"),
    BlockingRule("nis", ("nis",)),
    BlockingRule("birth_certificate", ("birth_certificate",)),
    BlockingRule("dnv", ("dnv",)),
    BlockingRule("inep_id", ("inep_id",)),
    BlockingRule("birth_given", ("birth", "given1_key")),
    BlockingRule("birth_surname", ("birth", "surname_last_key")),
    BlockingRule("birth_mother", ("birth", "mother_given1_key")),
    # A whole name that few people bear is a key by itself, whatever happened to the birth date.
    BlockingRule("rare_name", ("given_key", "surname_key"), most=8),
    BlockingRule("name_year", ("given_key", "surname_key", "birth_year")),
    BlockingRule("name_mother", ("given_key", "surname_key", "mother_given1_key")),
    BlockingRule("given_mother", ("given1_key", "mother_key")),
    BlockingRule("name_day", ("given1_key", "surname_last_key", "birth_day_month")),
    BlockingRule("name_month", ("given1_key", "surname_last_key", "birth_year_month")),
    BlockingRule(
        "birth_swapped",
        ("least(birth, coalesce(birth_swapped, birth))", "given1_key", "surname_last_key"),
    ),
    BlockingRule("phone_given", ("given1_key",), unnest="phones"),
    BlockingRule("dwelling_given", ("dwelling", "given1_key")),
    BlockingRule("email", ("email",)),
    BlockingRule("rg_given", ("rg", "given1_key")),
)


@dataclass(frozen=True, slots=True)
class BlockingReport:
    """What blocking did.

    Attributes:
        pairs: Distinct candidate pairs.
        by_rule: Rule name to (pairs it finds, pairs only it finds, blocks left out as too large).
    """

    pairs: int
    by_rule: dict[str, tuple[int, int, int]]


def _key_sql(number: int, rule: BlockingRule) -> str:
    parts = [*rule.key, *(["item"] if rule.unnest is not None else [])]
    present = " AND ".join(f"{part} IS NOT NULL" for part in parts)
    source = "link_record"
    if rule.unnest is not None:
        columns = ", ".join(["unique_id", *rule.key, f"unnest({rule.unnest}) AS item"])
        source = f"(SELECT {columns} FROM link_record WHERE {rule.unnest} IS NOT NULL)"
    return (
        f"SELECT hash({number}, {', '.join(parts)}) AS key, {number}::UTINYINT AS rule, unique_id "
        f"FROM {source} WHERE {present}"
    )


def _most_sql(rules: tuple[BlockingRule, ...]) -> str:
    """The largest block joined, by the rule of a group of keys."""
    cases = " ".join(
        f"WHEN {number} THEN {rule.most}"
        for number, rule in enumerate(rules)
        if rule.most != MAX_BLOCK
    )
    return f"CASE any_value(rule) {cases} ELSE {MAX_BLOCK} END" if cases else str(MAX_BLOCK)


def block(con: duckdb.DuckDBPyConnection, *, rules: tuple[BlockingRule, ...] = RULES) -> int:
    """Write `candidate(join_key_l, join_key_r, match_key)`: each pair once, smaller ID left.

    `match_key` is the bit mask of the rules that found the pair, as text (Splink carries it).
    Returns the number of pairs.
    """
    keys = " UNION ALL ".join(_key_sql(number, rule) for number, rule in enumerate(rules))
    con.execute(f"CREATE OR REPLACE TEMP TABLE block_key AS {keys}")
    # Counting keys first keeps the join to the few records that share one.
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE shared_key AS
        SELECT b.key, b.rule, b.unique_id FROM block_key b SEMI JOIN
          (SELECT key FROM block_key GROUP BY key
           HAVING count(*) BETWEEN 2 AND {_most_sql(rules)}) s
          ON s.key = b.key
        """
    )
    con.execute(
        """
        CREATE OR REPLACE TABLE candidate AS
        SELECT l.unique_id AS join_key_l, r.unique_id AS join_key_r,
               bit_or(1 << l.rule::INTEGER)::VARCHAR AS match_key
        FROM shared_key l JOIN shared_key r ON l.key = r.key AND l.unique_id < r.unique_id
        GROUP BY ALL
        """
    )
    con.execute("DROP TABLE shared_key")
    return count_rows(con, "candidate")


def report(
    con: duckdb.DuckDBPyConnection, *, rules: tuple[BlockingRule, ...] = RULES
) -> BlockingReport:
    """Count what each rule found, alone and among the others."""
    sums = ", ".join(
        f"count(*) FILTER (match_key::INTEGER & {1 << number} <> 0), "
        f"count(*) FILTER (match_key::INTEGER = {1 << number})"
        for number in range(len(rules))
    )
    row = first_row(con, f"SELECT count(*), {sums} FROM candidate")
    large = dict(
        con.execute(
            f"SELECT rule, count(*) FROM (SELECT rule, key FROM block_key GROUP BY rule, key "
            f"HAVING count(*) > {_most_sql(rules)}) GROUP BY rule"
        ).fetchall()
    )
    by_rule = {
        rule.name: (int(row[1 + 2 * number]), int(row[2 + 2 * number]), int(large.get(number, 0)))
        for number, rule in enumerate(rules)
    }
    return BlockingReport(int(row[0]), by_rule)
