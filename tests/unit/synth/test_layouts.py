from functools import lru_cache
from pathlib import Path

from mdm.synth.layout_cadunico import FILE, WIDTHS
from mdm.synth.layout_educacenso import FIELDS
from support.synth_city import Row, read_csv, small_city

RACE_OF_ESUS = {"1": "01", "2": "02", "3": "04", "4": "03", "5": "05", "": ""}


@lru_cache(maxsize=1)
def _cadunico() -> list[str]:
    text = (small_city().folder / FILE).read_text(encoding="latin-1")
    assert text.endswith("\n")
    return text.removesuffix("\n").split("\n")


def _of(record: str) -> list[str]:
    return [line for line in _cadunico() if line[37:39] == record]


def _field(line: str, start: int, length: int) -> str:
    return line[start - 1 : start - 1 + length].rstrip(" ")


def _schools() -> list[Path]:
    return sorted((small_city().folder / "educacenso").iterdir())


def _school_lines(record: str) -> list[list[str]]:
    return [
        line.split("|")
        for path in _schools()
        for line in path.read_text(encoding="latin-1").splitlines()
        if line.startswith(record + "|")
    ]


def _canonical(source: str) -> dict[str, Row]:
    return {row["local_id"]: row for row in small_city().canonical[source]}


def _day_first(iso: str, separator: str = "") -> str:
    return separator.join((iso[8:10], iso[5:7], iso[0:4])) if iso else ""


def test_cadunico_lines_have_the_width_of_their_record_and_carry_the_key() -> None:
    lines = _cadunico()

    assert lines[0][37:39] == "00"
    assert lines[-1][37:39] == "99"
    for line in lines:
        assert len(line) == WIDTHS[line[37:39]]
        assert line[:35].isdigit()


def test_cadunico_trailer_counts_its_lines() -> None:
    trailer = _cadunico()[-1]

    counts = [int(_field(trailer, start, 11)) for start in (40, 51, 62, 73)]

    assert counts == [len(_of("01")), len(_of("04")), len(_of("05")), len(_cadunico())]


def test_cadunico_people_stand_at_the_documented_positions() -> None:
    canonical = _canonical("cadunico")

    keys = [_field(line, 505, 13) for line in _of("04")]

    assert sorted(keys) == sorted(canonical)
    for line in _of("04"):
        row = canonical[_field(line, 505, 13)]
        assert _field(line, 14, 11) == row["household_id"]
        assert _field(line, 60, 70) == row["full_name"][:70]
        assert _field(line, 130, 11) == row["nis"]
        assert _field(line, 141, 34) == row["nickname"][:34]
        assert _field(line, 175, 1) == {"M": "1", "F": "2"}[row["sex"]]
        assert _field(line, 176, 8) == _day_first(row["birth_date"])
        assert _field(line, 184, 2) == row["household_role"]
        assert RACE_OF_ESUS[_field(line, 186, 1)] == row["race"]
        assert _field(line, 187, 70) == row["mother_name"][:70]
        assert _field(line, 258, 70) == row["father_name"][:70]


def test_cadunico_documents_follow_their_person_with_the_same_key() -> None:
    lines = _cadunico()
    canonical = _canonical("cadunico")

    for place, line in enumerate(lines):
        if line[37:39] == "05":
            person = lines[place - 1]
            row = canonical[_field(person, 505, 13)]
            assert person[:35] == line[:35]
            assert _field(line, 198, 11) == row["cpf"]
            assert _field(line, 270, 13).lstrip("0") == row["voter_id"].lstrip("0")
            assert _field(line, 291, 32) == row["birth_certificate"]
            assert _field(line, 323, 20) == row["rg"]


def test_cadunico_families_carry_the_address_that_all_members_have() -> None:
    families = {_field(line, 14, 11): line for line in _of("01")}

    assert len(families) == len(_of("01"))
    for row in small_city().canonical["cadunico"]:
        line = families[row["household_id"]]
        street = f"{_field(line, 175, 38)} {_field(line, 251, 76)}".strip()
        assert street == row["street"]
        assert _field(line, 440, 8) == row["postal_code"]
        assert _field(line, 69, 2) + _field(line, 71, 5) == row["municipality"]
        assert _field(line, 1120, 10) == row["unit_code"]


def test_pec_rows_say_what_the_canonical_rows_say() -> None:
    rows = read_csv(small_city().folder / "esus-pec/cidadao.csv", ";")
    present = [row for row in rows if row["st_unificado"] == "0"]
    canonical = _canonical("saude")

    assert sorted(row["co_unico_cidadao"] for row in present) == sorted(canonical)
    for row in present:
        other = canonical[row["co_unico_cidadao"]]
        assert row["no_cidadao"] == other["full_name"]
        assert row["nu_cns"] == other["cns"]
        assert row["no_sexo"] == {"M": "MASCULINO", "F": "FEMININO"}[other["sex"]]
        assert RACE_OF_ESUS[row["co_raca_cor"]] == other["race"]
        phones = [row[f"nu_telefone_{k}"] for k in ("celular", "contato", "residencial")]
        assert ";".join(phone for phone in phones if phone) == other["phone"]


def test_pec_rows_that_the_source_unified_away_are_in_no_truth() -> None:
    rows = read_csv(small_city().folder / "esus-pec/cidadao.csv", ";")
    unified = {row["co_unico_cidadao"] for row in rows if row["st_unificado"] == "1"}

    assert 5 < len(unified) < 60
    assert not unified & {row["local_id"] for row in small_city().truth}
    assert len({row["co_unico_cidadao"] for row in rows}) == len(rows)
    assert len({row["co_seq_cidadao"] for row in rows}) == len(rows)


def test_educacenso_files_are_one_school_each_in_order_of_records() -> None:
    for path in _schools():
        lines = path.read_text(encoding="latin-1").splitlines()
        kinds = [line.split("|")[0] for line in lines]
        assert kinds == sorted(kinds)
        assert kinds[0] == "00"
        assert kinds[-1] == "99"
        assert {line.split("|")[1] for line in lines[:-1]} == {path.name[:8]}
        for line in lines[:-1]:
            assert line.count("|") == FIELDS[line[:2]] - 1


def test_educacenso_pupils_stand_at_the_documented_fields() -> None:
    canonical = _canonical("educacao")
    pupils = _school_lines("30")

    assert sorted(fields[2] for fields in pupils) == sorted(canonical)
    for fields in pupils:
        row = canonical[fields[2]]
        assert fields[1] == row["unit_code"]
        assert fields[3] == row["inep_id"]
        assert fields[4] == row["cpf"]
        assert fields[5] == row["full_name"]
        assert fields[6] == _day_first(row["birth_date"], "/")
        assert [fields[8], fields[9]] == [row["mother_name"], row["father_name"]]
        assert fields[10] == {"M": "1", "F": "2"}[row["sex"]]
        assert fields[11] == (row["race"].removeprefix("0") or "0")
        assert fields[39] == row["birth_certificate"]
        assert fields[41] == row["postal_code"]


def test_educacenso_names_hold_only_the_letters_the_layout_allows() -> None:
    allowed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ªº- ")

    for fields in _school_lines("30"):
        assert set(fields[5]) | set(fields[8]) | set(fields[9]) <= allowed


def test_educacenso_enrolments_name_a_pupil_and_a_class_of_the_same_school() -> None:
    pupils = {(fields[1], fields[2]) for fields in _school_lines("30")}
    classes = {(fields[1], fields[2]) for fields in _school_lines("20")}
    enrolments = _school_lines("60")

    assert sorted((fields[1], fields[2]) for fields in enrolments) == sorted(pupils)
    assert {(fields[1], fields[4]) for fields in enrolments} == classes
