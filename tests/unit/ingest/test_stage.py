"""What becomes of the rows of a delivery."""

import hashlib
import json
from pathlib import Path

import pytest

from mdm.domain.standard_record import STANDARD_COLUMNS
from support.ingest import canonical, file_of, records, rows, stage

HEADER = "local_id,full_name,birth_date,cpf,phone\n"


def test_a_canonical_file_is_staged_end_to_end(tmp_path: Path) -> None:
    text = (
        HEADER
        + "1,João da Silva,21/03/1987,529.982.247-25,51999998888;5132891234\n2,Ana Souza,,,\n"
    )
    con, load = stage(canonical(), file_of(tmp_path, text))

    assert (load.read, load.quarantined, load.scopes) == (2, 0, frozenset({"source"}))
    assert records(con, ["name", "cpf", "phones", "birth_date::VARCHAR"]) == {
        "1": ("JOAO SILVA", "52998224725", ["5132891234", "51999998888"], "1987-03-21"),
        "2": ("ANA SOUZA", None, [], None),
    }
    assert rows(con, "SELECT line, local_id FROM stage_record ORDER BY line") == [
        (2, "1"),
        (3, "2"),
    ]
    described = [row[0] for row in rows(con, "DESCRIBE stage_record")]
    keys = ["place", "file_no", "line", "local_id", "scope", "payload", "content_hash"]
    assert described == [*keys, *STANDARD_COLUMNS]


def test_the_payload_holds_what_was_received_without_blanks(tmp_path: Path) -> None:
    con, _ = stage(canonical(), file_of(tmp_path, HEADER + '1," João ""Jão"" ",31/02/2000, ,\n'))

    ((payload, digest),) = rows(con, "SELECT payload, content_hash FROM stage_record")
    assert payload == '{"full_name":"João \\"Jão\\"","birth_date":"31/02/2000"}'
    assert json.loads(str(payload))["full_name"] == 'João "Jão"'
    assert digest == hashlib.md5(str(payload).encode()).hexdigest()  # noqa: S324 - not a secret


def test_a_bad_value_becomes_missing_and_an_issue(tmp_path: Path) -> None:
    con, load = stage(canonical(), file_of(tmp_path, HEADER + "1,Ana Lima,31/02/2000,,\n"))

    assert load.issues == 1
    assert rows(con, "SELECT local_id, field, reason FROM stage_issue") == [
        ("1", "birth_date", "impossible_date")
    ]
    assert records(con, ["birth_date"]) == {"1": None}


@pytest.mark.parametrize("times", [2, 3])
def test_identical_rows_are_one_person(tmp_path: Path, times: int) -> None:
    con, load = stage(canonical(), file_of(tmp_path, HEADER + "1,Ana Lima,,,\n" * times))

    assert (load.read, load.quarantined) == (1, 0)
    assert rows(con, "SELECT count(*) FROM stage_record") == [(1,)]


def test_all_rows_of_a_repeated_local_id_are_quarantined(tmp_path: Path) -> None:
    text = HEADER + "1,Ana Lima,,,\n2,Rui Dias,,,\n1,Eva Melo,,,\n"
    con, load = stage(canonical(), file_of(tmp_path, text))

    assert (load.read, load.quarantined) == (3, 2)
    assert rows(con, "SELECT line, local_id, reason FROM stage_quarantine ORDER BY line") == [
        (2, "1", "repeated_local_id"),
        (4, "1", "repeated_local_id"),
    ]


def test_a_row_without_local_id_is_quarantined(tmp_path: Path) -> None:
    con, load = stage(canonical(), file_of(tmp_path, HEADER + "1,Ana Lima,,,\n ,Rui Dias,,,\n"))

    assert (load.read, load.quarantined) == (2, 1)
    assert rows(con, "SELECT line, reason FROM stage_quarantine") == [(3, "no_local_id")]


def test_a_line_with_another_number_of_fields_is_quarantined(tmp_path: Path) -> None:
    text = HEADER + "1,Ana Lima,,,\n2,Rui,Dias,,,,\n3,Eva Melo,,,\n4\n5,Ivo Reis,,,\n"
    con, load = stage(canonical(), file_of(tmp_path, text))

    assert (load.read, load.quarantined) == (5, 2)
    assert rows(con, "SELECT line, local_id, reason FROM stage_quarantine ORDER BY line") == [
        (3, "2", "broken_line"),
        (5, "4", "broken_line"),
    ]
    assert rows(con, "SELECT line, local_id FROM stage_record ORDER BY line") == [
        (2, "1"),
        (4, "3"),
        (6, "5"),
    ]


def test_a_stray_quote_costs_no_other_line_its_place(tmp_path: Path) -> None:
    text = HEADER + '1,Ana Lima,,,\n2,"Rui Dias,,,\n3,Eva Melo,,,\n4,"Ivo Reis",,,\n5,Lia Luz,,,\n'
    con, load = stage(canonical(), file_of(tmp_path, text))

    assert rows(con, "SELECT line, local_id FROM stage_quarantine") == [(3, "2")]
    assert list(records(con, ["name"])) == ["1", "3", "4", "5"]
    assert load.read == 5


def test_the_content_digest_does_not_depend_on_order(tmp_path: Path) -> None:
    one, two = "1,Ana Lima,,,\n", "2,Rui Dias,,,\n"
    _, first = stage(canonical(), file_of(tmp_path, HEADER + one + two))
    _, second = stage(canonical(), file_of(tmp_path, HEADER + two + one))
    _, third = stage(canonical(), file_of(tmp_path, HEADER + one))

    assert first.content_digest == second.content_digest
    assert first.content_digest != third.content_digest


def test_columns_outside_the_canonical_layout_are_never_written(tmp_path: Path) -> None:
    con, _ = stage(
        canonical(), file_of(tmp_path, "local_id,full_name,income\n1,Ana Lima,987654\n2,Rui\n")
    )

    written = rows(con, "SELECT * FROM stage_record") + rows(con, "SELECT * FROM stage_quarantine")
    assert "987654" not in repr(written)
    assert rows(con, "SELECT local_id, content FROM stage_quarantine") == [("2", None)]
