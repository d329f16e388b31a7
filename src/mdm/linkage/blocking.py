"""Blocking: which pairs are looked at at all.

Every rule gives a record zero or more keys; two records with an equal key of one rule are a
candidate pair. A block is counted before its pairs are made: one larger than `MAX_BLOCK` would
cost more than it finds and is left to the other rules; restricted records count in none. DuckDB
makes the keys; pairs are made by sorting integers (`mdm.linkage.key_pairs`), rule by rule.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mdm.duck import first_row
from mdm.linkage.key_pairs import RECORD_BITS, RULE_BITS, merged, pairs_of_rule

MAX_BLOCK = 120
_KEY_COLUMNS = "rule UTINYINT, key UBIGINT, record BIGINT"
WIDE_BLOCK = 40
NUMBERED_AT_LEAST = 0.05
"""Share of records with a CPF, CNS or NIS from which on a register is one with numbers."""


@dataclass(frozen=True, slots=True)
class BlockingRule:
    """One way to find candidate pairs.

    Attributes:
        name: Stable name; its position in `RULES` is its bit in the stored `rules` mask.
        key: Columns of `link_record` that must be equal, as SQL expressions.
        unnest: List column, or an SQL list, whose members are keys, one block each.
        most: Records of the largest block that is joined.
        without_numbers: Only for a register whose people carry next to no number: there names and
            addresses are all there is, and what numbers would have found is worth many more pairs.
    """

    name: str
    key: tuple[str, ...]
    unnest: str | None = None
    most: int = MAX_BLOCK
    without_numbers: bool = False


def _wide(name: str, *key: str, unnest: str | None = None) -> BlockingRule:
    return BlockingRule(name, key, unnest, most=WIDE_BLOCK, without_numbers=True)


_EITHER_NAME = "[given1_key, surname_last_key]"
_AREA = "[district, postal_code]"


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
    # A whole name that few people bear, in whatever order, is a key by itself, whatever happened to
    # the birth date.
    BlockingRule("rare_name", ("name_set_key",), most=8),
    BlockingRule("name_year", ("name_set_key", "birth_year")),
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
    _wide("birth", "birth"),
    _wide("name", "name_set_key"),
    _wide("dwelling", "dwelling"),
    _wide("mother", "mother_key"),
    _wide("phone", unnest="phones"),
    # Either name, so that those whose given name and surname changed places meet, too.
    _wide("name_district", "district", unnest=_EITHER_NAME),
    _wide("name_postal_code", "postal_code", unnest=_EITHER_NAME),
    _wide("name_of_year", "birth_year", unnest=_EITHER_NAME),
    _wide("name_of_day", "birth_day_month", unnest=_EITHER_NAME),
    _wide("number_in_area", "street_number", unnest=_AREA),
    _wide("street_in_area", "street", unnest=_AREA),
)


NARROW = tuple(rule for rule in RULES if not rule.without_numbers)
"""The rules of a register with numbers; the others stand behind them, so bits are the same."""
_NUMBERED = """
SELECT avg((cpf IS NOT NULL OR coalesce(len(cns), 0) > 0 OR nis IS NOT NULL)::INT) FROM standard
WHERE NOT coalesce(restricted, false)
"""


def rules_for(
    con: duckdb.DuckDBPyConnection, rules: tuple[BlockingRule, ...] = RULES
) -> tuple[BlockingRule, ...]:
    """Those of the rules that are for the register in `standard`: with numbers, or without."""
    (share,) = first_row(con, _NUMBERED)
    if share is not None and share < NUMBERED_AT_LEAST:
        return rules
    return tuple(rule for rule in rules if not rule.without_numbers)


@dataclass(frozen=True, slots=True)
class BlockingReport:
    """What blocking did.

    Attributes:
        pairs: Distinct candidate pairs.
        by_rule: Rule name to (pairs it finds, pairs only it finds, blocks left out as too large).
    """

    pairs: int
    by_rule: dict[str, tuple[int, int, int]]


def _key_sql(rule: BlockingRule) -> str:
    parts = [*rule.key, *(["item"] if rule.unnest is not None else [])]
    present = " AND ".join(f"{part} IS NOT NULL" for part in parts)
    source = "link_record"
    if rule.unnest is not None:
        columns = ", ".join(["unique_id", *rule.key, f"unnest({rule.unnest}) AS item"])
        source = f"(SELECT {columns} FROM link_record WHERE {rule.unnest} IS NOT NULL)"
    return (
        f"SELECT hash({', '.join(parts)}) AS key, unique_id::BIGINT AS record "
        f"FROM {source} WHERE {present}"
    )


def write_keys(
    con: duckdb.DuckDBPyConnection, table: str, rules: tuple[BlockingRule, ...] = RULES
) -> None:
    """Write the temporary `table(rule, key, record)`: the keys of the records of `link_record`."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({_KEY_COLUMNS})")
    for number, rule in enumerate(rules):
        con.execute(f"INSERT INTO {table} SELECT {number}, key, record FROM ({_key_sql(rule)})")


def block(
    con: duckdb.DuckDBPyConnection,
    *,
    rules: tuple[BlockingRule, ...] | None = None,
    keep: bool = False,
) -> int:
    """Write `candidate(join_key_l, join_key_r, match_key)`: each pair once, smaller ID left.

    `match_key` is the bit mask of the rules that found the pair. `large_block(rule, blocks)` tells
    how many blocks of a rule were left out. Returns the number of pairs.

    Args:
        con: Holds `link_record` and `hidden_record`.
        rules: How pairs are found, all by default that are for this register (`rules_for`); their
            order gives the bits.
        keep: Write the keys, too, as `block_key(rule, key, record)`: what a delta is blocked with.

    Raises:
        OverflowError: Record IDs span 2 ** 29 or more, or there are more than 31 rules.
    """
    if rules is None:
        rules = rules_for(con)
    least, most = first_row(con, "SELECT min(unique_id), max(unique_id) FROM link_record")
    if (most or 0) - (least or 0) >> RECORD_BITS > 0 or len(rules) >> RULE_BITS > 0:
        raise OverflowError("too many records or rules for a packed pair")
    hidden = np.asarray(con.execute("FROM hidden_record").fetchnumpy()["unique_id"], np.int64)
    hidden -= least or 0
    if keep:
        con.execute(f"CREATE OR REPLACE TABLE block_key ({_KEY_COLUMNS})")
    with ThreadPoolExecutor(2) as workers:
        sorting = []
        for number, rule in enumerate(rules):
            keys = con.execute(_key_sql(rule)).fetchnumpy()
            # DuckDB's own annotation knows categories, too; these are plain integers.
            hashes, records = np.asarray(keys["key"]), np.asarray(keys["record"])
            sorting.append(
                workers.submit(
                    pairs_of_rule,
                    hashes,
                    records - (least or 0),
                    rule=number,
                    most=rule.most,
                    hidden=hidden,
                )
            )
            if keep:
                _keep_keys(con, number, hashes, records)
        found = [one.result() for one in sorting]
    left, right, masks = merged([pairs for pairs, _ in found])
    _write(
        con,
        "TABLE candidate",
        {"join_key_l": left + (least or 0), "join_key_r": right + (least or 0), "match_key": masks},
    )
    large = np.array([blocks for _, blocks in found])
    _write(con, "TEMP TABLE large_block", {"rule": np.arange(len(rules)), "blocks": large})
    return len(masks)


def _keep_keys(
    con: duckdb.DuckDBPyConnection,
    number: int,
    hashes: npt.NDArray[np.generic],
    records: npt.NDArray[np.generic],
) -> None:
    con.register("key_rows", pa.table({"key": hashes, "record": records}))
    con.execute(f"INSERT INTO block_key SELECT {number}, key, record FROM key_rows")
    con.unregister("key_rows")


def _write(
    con: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, npt.NDArray[np.generic]]
) -> None:
    con.register("block_rows", pa.table(dict(columns)))
    con.execute(f"CREATE OR REPLACE {table} AS SELECT * FROM block_rows")
    con.unregister("block_rows")


def report(
    con: duckdb.DuckDBPyConnection, *, rules: tuple[BlockingRule, ...] = RULES
) -> BlockingReport:
    """Count what each rule found, alone and among the others."""
    sums = ", ".join(
        f"count(*) FILTER (match_key & {1 << number} <> 0), "
        f"count(*) FILTER (match_key = {1 << number})"
        for number in range(len(rules))
    )
    row = first_row(con, f"SELECT count(*), {sums} FROM candidate")
    large = dict(con.execute("SELECT rule, blocks FROM large_block").fetchall())
    by_rule = {
        rule.name: (int(row[1 + 2 * number]), int(row[2 + 2 * number]), int(large.get(number, 0)))
        for number, rule in enumerate(rules)
    }
    return BlockingReport(int(row[0]), by_rule)
