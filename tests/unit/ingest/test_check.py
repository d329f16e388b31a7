"""The dry run of a source, and the page of canonical columns."""

import json
from collections.abc import Sequence
from pathlib import Path

from mdm.ingest.canonical_doc import canonical_doc
from mdm.ingest.check import check_source
from support.ingest import TODAY, canonical, declared, file_of

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (
    "local_id,full_name,sex,cpf,cns,service_status\n"
    "1,Ana Lima,F,529.982.247-25,705000000000014;898000000043208,active\n"
    "2,Rui Dias,X,52998224724,,gone\n"
    "3,Eva Melo,Marcelina Souza,,123,\n"
    "3,Eva Reis,,,,\n"
)


def test_a_check_tells_fill_rates_issues_codes_and_quarantine(tmp_path: Path) -> None:
    rest = '[code_maps.sex]\nF = "F"\nM = "M"\n[code_maps.service_status]\nactive = "active"\n'
    path = file_of(tmp_path, TEXT.replace("3,Eva Reis,,,,\n", ""))
    found = check_source(declared("canonical", rest), [path], today=TODAY)

    assert json.loads(json.dumps(found)) == found
    assert found["read"] == 3
    assert found["fill_rates"]["cpf"] == 0.6667
    assert found["unmapped_codes"]["sex"] == [
        {"value": "(15 characters)", "count": 1},
        {"value": "X", "count": 1},
    ]
    assert found["unmapped_codes"]["service_status"] == [{"value": "(4 characters)", "count": 1}]
    assert found["invalid_identifiers"]["cpf"] == {"received": 2, "invalid": 1}
    assert {(issue["field"], issue["reason"]) for issue in found["issues"]} >= {
        ("cpf", "bad_check_digit"),
        ("sex", "unknown_code"),
    }
    assert "overlap" not in found


def test_a_check_tells_no_personal_value(tmp_path: Path) -> None:
    told = json.dumps(check_source(canonical(), [file_of(tmp_path, TEXT)], today=TODAY))

    for value in ("Ana", "Eva", "Marcelina", "52998224725", "529.982.247-25", "705000000000014"):
        assert value not in told
    assert json.loads(told)["quarantine"] == {"repeated_local_id": 2}


def test_a_check_asks_the_registry_for_the_overlap(tmp_path: Path) -> None:
    asked: dict[str, list[str]] = {}

    def known(column: str, values: Sequence[str]) -> int:
        asked.setdefault(column, []).extend(values)
        return 1

    found = check_source(canonical(), [file_of(tmp_path, TEXT)], today=TODAY, known=known)

    assert {column: sorted(values) for column, values in asked.items()} == {
        "cpf": ["52998224725"],
        "cns": ["705000000000014", "898000000043208"],
    }
    assert found["overlap"] == {
        "cpf": {"values": 1, "known": 1},
        "cns": {"values": 2, "known": 1},
    }


def test_the_page_of_canonical_columns_is_up_to_date() -> None:
    """`python -m mdm.ingest.canonical_doc docs/canonical.md` writes it."""
    assert (DOCS / "canonical.md").read_text("utf-8") == canonical_doc()
