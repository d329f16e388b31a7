"""New records are numbered in the order of their local IDs, however many there are."""

import random

import duckdb
import pytest

from mdm.volume.delivery import number_records

KNOWN = 1_000


@pytest.mark.parametrize("count", [1, 3_000, 400_000])
@pytest.mark.parametrize("ordered", [True, False])
def test_numbers_follow_the_local_ids(count: int, *, ordered: bool) -> None:
    ids = [f"{n:07d}" for n in range(count + KNOWN)]
    random.Random(count).shuffle(ids)
    con = duckdb.connect(config={"threads": 4, "preserve_insertion_order": ordered})
    con.execute(
        "CREATE TABLE delivery AS SELECT unnest($ids) AS local_id, 'known' AS outcome,"
        " NULL::BIGINT AS record_id",
        {"ids": ids},
    )
    con.execute(
        "UPDATE delivery SET outcome = 'new', record_id = NULL WHERE local_id::BIGINT >= $known",
        {"known": KNOWN},
    )
    con.execute("UPDATE delivery SET record_id = local_id::BIGINT + 7 WHERE outcome = 'known'")

    number_records(con, first_record=5_000)

    wrong = (
        "SELECT count(*) FROM delivery WHERE record_id IS DISTINCT FROM"
        " CASE outcome WHEN 'known' THEN local_id::BIGINT + 7 ELSE local_id::BIGINT + $shift END"
    )
    assert con.execute(wrong, {"shift": 5_000 - KNOWN}).fetchall() == [(0,)]
    assert con.execute("SELECT count(*) FROM delivery").fetchall() == [(count + KNOWN,)]
