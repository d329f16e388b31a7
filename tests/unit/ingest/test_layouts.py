"""The layouts with several record types, on tiny synthetic files in `tests/golden/layouts`."""

import json
from pathlib import Path

import pytest

from mdm.errors import FileLayoutError, FileTruncatedError
from mdm.ingest.declaration import SourceDeclaration, load_declaration
from support.ingest import declared, file_of, records, rows, stage

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "layouts"


def source(name: str) -> SourceDeclaration:
    return load_declaration(ROOT / "data" / "samples" / "sources" / f"{name}.toml")


def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "file"),
    [("saude", "pec.csv"), ("cadunico", "cadunico.txt"), ("educacao", "educacenso.txt")],
)
def test_the_golden_file_gives_the_golden_payloads(tmp_path: Path, name: str, file: str) -> None:
    con, load = stage(source(name), file_of(tmp_path, golden(file), file))

    found = {
        str(local_id): {"scope": scope, **json.loads(str(payload))}
        for local_id, scope, payload in rows(
            con, "SELECT local_id, scope, payload FROM stage_record ORDER BY local_id"
        )
    }
    assert found == json.loads((GOLDEN / f"{file}.json").read_text("utf-8"))
    assert load.held_reason is None


def test_third_parties_and_income_of_cadunico_are_never_written(tmp_path: Path) -> None:
    con, _ = stage(source("cadunico"), file_of(tmp_path, golden("cadunico.txt")))

    for table in ("stage_record", "stage_quarantine"):
        written = repr(rows(con, f"SELECT * FROM {table}"))
        assert "ENTREVISTADORA" not in written
        assert "11144477735" not in written
        assert "000012345" not in written


def test_deficiency_fields_of_educacenso_are_never_written(tmp_path: Path) -> None:
    content = golden("educacenso.txt")
    assert content.count(b"|7777|") == 1
    con, _ = stage(source("educacao"), file_of(tmp_path, content))

    assert "7777" not in repr(rows(con, "SELECT * FROM stage_record"))


def test_race_codes_of_the_three_sources_mean_what_their_system_means(tmp_path: Path) -> None:
    found = {}
    for name, file in (
        ("saude", "pec.csv"),
        ("cadunico", "cadunico.txt"),
        ("educacao", "educacenso.txt"),
    ):
        con, _ = stage(source(name), file_of(tmp_path, golden(file), file))
        found[name] = set(records(con, ["race"]).values())

    # Every file has one person of code 3 and one of code 4.
    assert found["saude"] >= {"03", "04"}
    con, _ = stage(source("saude"), file_of(tmp_path, golden("pec.csv")))
    assert records(con, ["race"])["u-1"] == "04"
    con, _ = stage(source("cadunico"), file_of(tmp_path, golden("cadunico.txt")))
    assert records(con, ["race"])["4000000000001"] == "03"
    con, _ = stage(source("educacao"), file_of(tmp_path, golden("educacenso.txt")))
    assert records(con, ["race"])["501"] == "03"


def test_a_code_outside_the_map_is_an_issue_and_never_a_canonical_code(tmp_path: Path) -> None:
    content = golden("pec.csv").replace(b";FEMININO;3;", b";FEMININO;03;")
    con, _ = stage(source("saude"), file_of(tmp_path, content))

    assert records(con, ["race"])["u-1"] is None
    assert ("u-1", "race", "unknown_code") in rows(
        con, "SELECT local_id, field, reason FROM stage_issue"
    )


def test_rows_unified_at_the_source_are_left_out_unless_the_target_is_known(
    tmp_path: Path,
) -> None:
    con, load = stage(source("saude"), file_of(tmp_path, golden("pec.csv")))

    assert load.ignored == 1
    assert "u-9" not in records(con, ["name"])
    assert records(con, ["merged_into"])["u-8"] == "u-1"


def test_documents_without_person_are_orphans(tmp_path: Path) -> None:
    lines = golden("cadunico.txt").split(b"\n")
    kept = [line for number, line in enumerate(lines) if number != 2]
    con, load = stage(source("cadunico"), file_of(tmp_path, b"\n".join(kept)))

    assert rows(con, "SELECT line, reason FROM stage_quarantine") == [(3, "orphan_line")]
    assert load.read == len(rows(con, "SELECT 1 FROM stage_record")) + 1


def test_enrolments_without_person_are_orphans(tmp_path: Path) -> None:
    lines = golden("educacenso.txt").split(b"\n")
    person = next(n for n, line in enumerate(lines) if line.startswith(b"30"))
    del lines[person]
    con, load = stage(source("educacao"), file_of(tmp_path, b"\n".join(lines)))

    assert set(rows(con, "SELECT reason FROM stage_quarantine")) == {("orphan_line",)}
    assert (load.read, load.quarantined) == (4, 2)


def test_a_line_of_another_width_is_quarantined(tmp_path: Path) -> None:
    lines = golden("cadunico.txt").split(b"\n")
    lines[2] = lines[2][:-1] + b"  X"
    con, load = stage(source("cadunico"), file_of(tmp_path, b"\n".join(lines)))

    assert rows(con, "SELECT line, reason FROM stage_quarantine ORDER BY line") == [
        (3, "broken_line"),
        (4, "orphan_line"),
    ]
    assert load.held_reason is None


def test_a_trailer_that_disagrees_holds_the_load(tmp_path: Path) -> None:
    lines = golden("cadunico.txt").split(b"\n")
    lines = [line for n, line in enumerate(lines) if n not in {2, 3}]
    _, load = stage(source("cadunico"), file_of(tmp_path, b"\n".join(lines)))

    assert load.held_reason == "trailer_disagrees"
    assert load.held_detail is not None
    assert "person" in load.held_detail


def test_a_file_without_its_trailer_is_truncated(tmp_path: Path) -> None:
    for name, file in (("cadunico", "cadunico.txt"), ("educacao", "educacenso.txt")):
        lines = golden(file).rstrip(b"\n").split(b"\n")
        with pytest.raises(FileTruncatedError):
            stage(source(name), file_of(tmp_path, b"\n".join(lines[:-1]) + b"\n", file))


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("saude", "cadunico.txt"),
        ("saude", "educacenso.txt"),
        ("cadunico", "pec.csv"),
        ("cadunico", "educacenso.txt"),
        ("educacao", "pec.csv"),
        ("educacao", "cadunico.txt"),
    ],
)
def test_a_file_of_another_layout_is_refused(tmp_path: Path, name: str, other: str) -> None:
    content = golden(other).decode("latin-1").encode("ascii", "replace")
    with pytest.raises(FileLayoutError):
        stage(source(name), file_of(tmp_path, content))


def test_lines_of_another_version_refuse_the_file(tmp_path: Path) -> None:
    content = b"".join(
        line if line[37:39] in {b"00", b"99"} else line.rstrip(b"\n") + b"    \n"
        for line in golden("cadunico.txt").splitlines(keepends=True)
    )
    with pytest.raises(FileLayoutError, match="width"):
        stage(source("cadunico"), file_of(tmp_path, content))


def test_each_school_is_a_scope_of_its_own(tmp_path: Path) -> None:
    one = golden("educacenso.txt")
    two = one.replace(b"43100000", b"43100001").replace(b"|50", b"|60")
    con, load = stage(
        source("educacao"), file_of(tmp_path, one, "a.txt"), file_of(tmp_path, two, "b.txt")
    )

    assert load.scopes == {"43100000", "43100001"}
    assert set(records(con, ["scope"]).values()) == load.scopes


def test_a_pupil_of_two_schools_is_one_record(tmp_path: Path) -> None:
    one = golden("educacenso.txt")
    two = one.replace(b"43100000", b"43100001")
    con, load = stage(
        source("educacao"), file_of(tmp_path, one, "a.txt"), file_of(tmp_path, two, "b.txt")
    )

    assert load.quarantined == 0
    assert set(records(con, ["unit_code"]).values()) == {"43100000"}
    assert {row[0] for row in rows(con, "SELECT reason FROM stage_issue")} >= {"several_services"}


def test_a_new_fixed_width_format_needs_a_layout_file_only(tmp_path: Path) -> None:
    layout = """
name = "cras-v1"
kind = "fixed-width"
last_record = "end"
[record_type]
start = 1
length = 1
[records.visitor]
type = "P"
role = "person"
size = [26, 26]
fields = { number = [2, 5], name = [7, 12], day = [19, 8] }
[records.phone]
type = "T"
role = "joined"
orphan = "quarantine"
on = { number = "visitor.number" }
fields = { number = [2, 5], phone = [7, 11] }
[records.end]
type = "Z"
role = "other"
counts = { visitor = "people" }
fields = { people = [2, 5] }
[mapping]
local_id = "visitor.number"
full_name = "visitor.name"
birth_date = "visitor.day"
phone = "phone.phone"
"""
    text = "P00001ANA LIMA    03022001\nT0000151999998888\nP00002RUI DIAS    19850704\nZ00002\n"
    declaration = declared("cras.toml", '[options]\ndate_format = "%d%m%Y"', layout_text=layout)
    con, load = stage(declaration, file_of(tmp_path, text))

    assert load.held_reason is None
    assert records(con, ["name", "birth_date::VARCHAR", "phones"]) == {
        "00001": ("ANA LIMA", "2001-02-03", ["51999998888"]),
        "00002": ("RUI DIAS", "1985-07-04", []),
    }
