"""Blocking finds nearly every true pair and looks at few others."""

from collections.abc import Iterator

import duckdb
import pytest

from mdm.duck import count, first_row
from mdm.linkage.blocking import MAX_BLOCK, RULES, BlockingRule, block, report
from mdm.linkage.evaluation import candidate_recall
from mdm.linkage.model import load_model
from support.linkage_city import SHIPPED_MODEL, city
from support.linkage_run import prepare


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with city() as made:
        prepare(made, load_model(SHIPPED_MODEL))
        block(made)
        yield made


def test_nearly_every_true_pair_is_a_candidate(con: duckdb.DuckDBPyConnection) -> None:
    assert candidate_recall(con, "candidate", "truth") >= 0.998


def test_a_record_has_few_candidates(con: duckdb.DuckDBPyConnection) -> None:
    assert count(con, "SELECT count(*) FROM candidate") <= 8 * count(
        con, "SELECT count(*) FROM standard"
    )


def test_each_pair_stands_once_with_the_smaller_record_on_the_left(
    con: duckdb.DuckDBPyConnection,
) -> None:
    pairs = con.execute("SELECT join_key_l, join_key_r FROM candidate").fetchall()

    assert len(set(pairs)) == len(pairs) > 0
    assert all(left < right for left, right in pairs)


def test_the_report_counts_what_the_rules_found(con: duckdb.DuckDBPyConnection) -> None:
    told = report(con)

    assert told.pairs == count(con, "SELECT count(*) FROM candidate")
    assert told.by_rule.keys() == {rule.name for rule in RULES}
    for number, rule in enumerate(RULES):
        found, alone, large = told.by_rule[rule.name]
        keys = " AND ".join(f"l.{key} = r.{key}" for key in rule.key if key.isidentifier())
        if rule.without_numbers:
            assert (found, large) == (0, 0), rule.name
        elif rule.unnest is None and len(keys) > 0 and rule.name != "birth_swapped" and large == 0:
            wanted = count(
                con,
                f"SELECT count(*) FROM link_record l JOIN link_record r "
                f"ON l.unique_id < r.unique_id AND {keys}",
            )
            assert found == wanted, rule.name
        only = count(con, f"SELECT count(*) FROM candidate WHERE match_key = {1 << number}")
        assert alone == only <= found


def test_a_register_without_numbers_is_searched_more_widely() -> None:
    found = []
    for numbered in (True, False):
        with city() as made:
            columns = ["cpf", "cns", "nis", "birth_certificate", "dnv", "inep_id", "guardian_cpf"]
            for column in () if numbered else columns:
                made.execute(f"UPDATE standard SET {column} = NULL")
            prepare(made, load_model(SHIPPED_MODEL))
            block(made)
            told = report(made)
            wide = [told.by_rule[rule.name][1] for rule in RULES if rule.without_numbers]
            most = [rule.most for rule in RULES if rule.without_numbers]
            found.append(sum(wide))
    assert found[0] == 0 < found[1]
    assert max(most) < MAX_BLOCK


def test_a_pair_carries_every_rule_that_found_it(con: duckdb.DuckDBPyConnection) -> None:
    number = next(n for n, rule in enumerate(RULES) if rule.name == "cpf")
    wrong = count(
        con,
        f"""
        SELECT count(*) FROM candidate c JOIN link_record l ON l.unique_id = c.join_key_l
        JOIN link_record r ON r.unique_id = c.join_key_r
        WHERE (l.cpf IS NOT DISTINCT FROM r.cpf AND l.cpf IS NOT NULL)
           <> (c.match_key & {1 << number} <> 0)
        """,
    )
    assert wrong == 0


def few(size: int) -> duckdb.DuckDBPyConnection:
    """Records of which `size` share one value."""
    con = duckdb.connect(":memory:", config={"threads": 1})
    con.execute(
        f"CREATE TABLE link_record AS SELECT n AS unique_id, "
        f"CASE WHEN n < {size} THEN 'X' ELSE n::VARCHAR END AS cpf, "
        f"CASE WHEN n < 2 THEN ['p', 'q', n::VARCHAR] END AS phones, 'ANA' AS given1_key "
        f"FROM range({size + 5}) t(n)"
    )
    con.execute("CREATE TABLE hidden_record (unique_id BIGINT)")
    return con


def test_a_block_over_the_limit_is_left_to_other_rules() -> None:
    rules = (BlockingRule("cpf", ("cpf",)),)
    with few(MAX_BLOCK) as con:
        assert block(con, rules=rules) == MAX_BLOCK * (MAX_BLOCK - 1) // 2
    with few(MAX_BLOCK + 1) as con:
        assert block(con, rules=rules) == 0
        assert report(con, rules=rules).by_rule == {"cpf": (0, 0, 1)}


def test_a_restricted_record_fills_no_block() -> None:
    """Where it would make a block too large, it alone has no pairs there."""
    rules = (BlockingRule("cpf", ("cpf",)),)
    ordinary = MAX_BLOCK * (MAX_BLOCK - 1) // 2
    with few(MAX_BLOCK + 1) as con:
        con.execute("INSERT INTO hidden_record VALUES (3)")
        assert block(con, rules=rules) == ordinary
        met = "SELECT count(*) FROM candidate WHERE 3 IN (join_key_l, join_key_r)"
        assert first_row(con, met) == (0,)
        assert report(con, rules=rules).by_rule == {"cpf": (ordinary, ordinary, 0)}
    with few(MAX_BLOCK) as con:
        con.execute("INSERT INTO hidden_record VALUES (3)")
        assert block(con, rules=rules) == ordinary


def test_two_lists_meet_in_any_member_and_count_once() -> None:
    rule = BlockingRule("phone_given", ("given1_key",), unnest="phones")
    with few(0) as con:
        assert block(con, rules=(rule,)) == 1
        assert first_row(con, "SELECT join_key_l, join_key_r FROM candidate") == (0, 1)


def test_names_that_changed_places_meet_in_their_district() -> None:
    rule = next(rule for rule in RULES if rule.name == "name_district")
    with few(0) as con:
        con.execute("ALTER TABLE link_record ADD COLUMN surname_last_key VARCHAR")
        con.execute("ALTER TABLE link_record ADD COLUMN district VARCHAR")
        con.execute("UPDATE link_record SET given1_key = unique_id, district = 'CENTRO'")
        con.execute("UPDATE link_record SET surname_last_key = 3 WHERE unique_id = 1")

        assert block(con, rules=(rule,)) == 1
        assert first_row(con, "SELECT join_key_l, join_key_r FROM candidate") == (1, 3)


def test_a_missing_key_finds_nobody() -> None:
    with few(3) as con:
        con.execute("UPDATE link_record SET cpf = NULL")
        assert block(con, rules=(BlockingRule("cpf", ("cpf",)),)) == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [21, 22])
def test_a_larger_city_is_blocked_as_well_as_a_small_one(seed: int) -> None:
    with city(20_000, seed) as con:
        prepare(con, load_model(SHIPPED_MODEL))
        pairs = block(con)
        records = count(con, "SELECT count(*) FROM standard")
        recall = candidate_recall(con, "candidate", "truth")
        assert recall >= 0.998
        assert pairs <= 8 * records


def test_records_that_a_packed_pair_cannot_hold_are_refused() -> None:
    with few(2) as con:
        con.execute("UPDATE link_record SET unique_id = 1 << 29 WHERE unique_id = 1")
        with pytest.raises(OverflowError):
            block(con, rules=(BlockingRule("cpf", ("cpf",)),))


def test_only_the_span_of_record_ids_counts() -> None:
    with few(2) as con:
        con.execute("UPDATE link_record SET unique_id = unique_id + 5000000000")
        assert block(con, rules=(BlockingRule("cpf", ("cpf",)),)) == 1
        pair = first_row(con, "SELECT join_key_l, join_key_r FROM candidate")
        assert pair == (5_000_000_000, 5_000_000_001)
