import re
import unicodedata
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest
import validate_docbr as oracle

from mdm.domain.canonical import CANONICAL
from mdm.errors import UsageError
from mdm.synth.city import generate
from mdm.synth.rates import CityRates
from mdm.synth.records import Source
from support.synth_city import Row, small_city

RATES = CityRates()
OWN = {"saude": RATES.health, "cadunico": RATES.social, "educacao": RATES.education}


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c)).upper()


def _share(rows: list[tuple[Row, Row]], column: str) -> float:
    return sum(row[column] != "" for row, _ in rows) / len(rows)


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes_in_every_file(tmp_path: Path) -> None:
    first = generate(tmp_path / "a", 700, 9)
    second = generate(tmp_path / "b", 700, 9)

    assert first == second
    assert _digests(tmp_path / "a") == _digests(tmp_path / "b")
    assert sorted(first.files) == sorted(_digests(tmp_path / "a"))


def test_another_seed_gives_other_people(tmp_path: Path) -> None:
    generate(tmp_path / "a", 200, 1, layouts=False)
    generate(tmp_path / "b", 200, 2, layouts=False)

    assert (tmp_path / "a/truth.csv").read_bytes() != (tmp_path / "b/truth.csv").read_bytes()


def test_a_city_written_over_another_one_keeps_none_of_its_schools(tmp_path: Path) -> None:
    generate(tmp_path / "a", 30_000, 1)
    generate(tmp_path / "a", 150, 2)
    generate(tmp_path / "b", 150, 2)

    assert _digests(tmp_path / "a") == _digests(tmp_path / "b")


@pytest.mark.parametrize(("people", "seed"), [(99, 1), (15_000_001, 1), (200, -1)])
def test_an_impossible_city_is_refused_and_writes_nothing(
    tmp_path: Path, people: int, seed: int
) -> None:
    with pytest.raises(UsageError):
        generate(tmp_path / "c", people, seed)

    assert not (tmp_path / "c").exists()


def test_progress_tells_rising_shares_up_to_one(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []

    generate(tmp_path, 150, 1, lambda step, share: told.append((step, share)))

    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert told[-1] == ("done", 1.0)


def test_truth_covers_each_record_exactly_once() -> None:
    city = small_city()
    told = Counter((row["source"], row["local_id"]) for row in city.truth)
    held = Counter(
        (source, row["local_id"]) for source, rows in city.canonical.items() for row in rows
    )

    assert told == held
    assert set(told.values()) == {1}
    assert {s: len(rows) for s, rows in city.canonical.items()} == city.summary.records


def test_every_person_is_known_to_a_source_with_about_1_34_records_each() -> None:
    city = small_city()

    people = {row["person_id"] for row in city.truth}

    assert len(people) == city.summary.people == 6000
    assert len(city.truth) / len(people) == pytest.approx(1.34, abs=0.02)


def test_sources_hold_their_shares_of_the_people() -> None:
    city = small_city()
    people = {
        str(source): {r["person_id"] for r in city.truth if r["source"] == source}
        for source in Source
    }

    assert len(people["cadunico"]) / 6000 == pytest.approx(RATES.social_share, abs=0.01)
    assert len(people["educacao"]) / 6000 == pytest.approx(RATES.education_share, abs=0.012)
    others = people["cadunico"] | people["educacao"]
    assert len(others & people["saude"]) / len(others) == pytest.approx(0.77, abs=0.04)


def test_columns_are_canonical_and_ids_are_unique() -> None:
    for rows in small_city().canonical.values():
        assert set(rows[0]) <= set(CANONICAL)
        assert len({row["local_id"] for row in rows}) == len(rows)


@pytest.mark.parametrize("source", ["saude", "cadunico", "educacao"])
def test_duplicates_stand_at_the_sources_rate(source: str) -> None:
    records = Counter(r["person_id"] for r in small_city().truth if r["source"] == source)

    extra = sum(records.values()) / len(records) - 1

    assert extra == pytest.approx(OWN[source].duplicates, abs=0.015)


@pytest.mark.parametrize("source", ["saude", "cadunico", "educacao"])
def test_cpfs_are_missing_mistyped_and_valid_at_the_sources_rates(source: str) -> None:
    rows = small_city().with_truth(source)
    grown = [pair for pair in rows if pair[1]["true_birth_date"] < "2019"]
    given = [row["cpf"] for row, _ in rows if row["cpf"]]
    invalid = sum(not oracle.CPF().validate(cpf) for cpf in given) / len(given)

    assert 1 - _share(grown, "cpf") == pytest.approx(OWN[source].cpf_missing, abs=0.035)
    assert invalid == pytest.approx(OWN[source].cpf_typo, abs=0.008)


def test_a_cpf_that_is_not_the_persons_own_is_a_relatives_or_mistyped() -> None:
    city = small_city()
    owners = {row["true_cpf"]: row for row in city.truth if row["true_cpf"]}
    borrowed = 0
    for source in OWN:
        for row, truth in city.with_truth(source):
            if truth["cpf_is_relatives"] == "1":
                borrowed += 1
                assert row["cpf"] != truth["true_cpf"]
                owner = owners.get(row["cpf"])
                assert owner is None or owner["true_birth_date"] < truth["true_birth_date"]
            elif row["cpf"] and row["cpf"] != truth["true_cpf"]:
                assert row["cpf"] not in owners
    children = [row for row in city.truth if row["true_birth_date"] > "2011"]

    assert borrowed / len(children) == pytest.approx(0.012, abs=0.008)


def test_true_cpfs_belong_to_one_person_each() -> None:
    owners: dict[str, set[str]] = {}
    for row in small_city().truth:
        owners.setdefault(row["true_cpf"], set()).add(row["person_id"])
    owners.pop("")

    assert {len(people) for people in owners.values()} == {1}


@pytest.mark.parametrize("source", ["saude", "cadunico", "educacao"])
def test_birth_dates_are_wrong_at_the_sources_rate(source: str) -> None:
    own = OWN[source]
    rows = small_city().with_truth(source)
    expected = own.birth_digit + own.birth_swapped + own.birth_year + own.birth_first_january
    expected += own.birth_missing + RATES.alias_birth * 0.7

    wrong = sum(row["birth_date"] != truth["true_birth_date"] for row, truth in rows) / len(rows)

    assert wrong == pytest.approx(expected, abs=0.4 * expected + 0.004)


@pytest.mark.parametrize("source", ["saude", "cadunico", "educacao"])
def test_names_are_mostly_right_and_wrong_more_often_in_health(source: str) -> None:
    rows = small_city().with_truth(source)

    right = sum(_fold(r["full_name"]) == _fold(t["true_name"]) for r, t in rows) / len(rows)

    low, high = {"saude": (0.80, 0.89), "cadunico": (0.88, 0.95), "educacao": (0.89, 0.97)}[source]
    assert low < right < high


def test_school_names_carry_no_accents_and_health_names_often_do() -> None:
    city = small_city()
    accented = [not row["full_name"].isascii() for row in city.canonical["saude"]]

    assert all(row["full_name"].isascii() for row in city.canonical["educacao"])
    assert 0.08 < sum(accented) / len(accented) < 0.35


@pytest.mark.parametrize(
    ("source", "column", "share", "tolerance"),
    [
        ("saude", "cns", 0.97, 0.015),
        ("saude", "email", 0.18, 0.03),
        ("saude", "restricted", 0.002, 0.002),
        ("cadunico", "nis", 0.96, 0.02),
        ("cadunico", "nickname", 0.05, 0.02),
        ("educacao", "inep_id", 0.91, 0.03),
        ("educacao", "cns", 0.40, 0.06),
        ("educacao", "birth_certificate", 0.76, 0.06),
    ],
)
def test_fields_are_filled_as_often_as_the_source_fills_them(
    source: str, column: str, share: float, tolerance: float
) -> None:
    assert _share(small_city().with_truth(source), column) == pytest.approx(share, abs=tolerance)


def test_document_numbers_pass_an_independent_check() -> None:
    city = small_city()
    checks = {
        "nis": oracle.PIS().validate,
        "voter_id": oracle.TituloEleitoral().validate,
        "birth_certificate": oracle.Certidao().validate,
    }
    for row in city.canonical["cadunico"]:
        assert all(check(row[name]) for name, check in checks.items() if row[name])
    for row in city.canonical["saude"]:
        assert all(oracle.CNS().validate(cns) for cns in row["cns"].split(";") if cns)


def test_several_people_have_two_or_three_cns() -> None:
    counts = Counter(len(row["cns"].split(";")) for row in small_city().canonical["saude"])

    assert counts[2] > counts[3] > 0


def test_newborn_records_are_named_after_the_mother_and_some_have_a_proper_twin_record() -> None:
    city = small_city()
    rows = [pair for pair in city.with_truth("saude") if pair[1]["is_newborn_record"] == "1"]
    named = Counter(row["person_id"] for row in city.truth if row["source"] == "saude")

    assert len(rows) >= 8
    for row, _ in rows:
        assert re.search(r"\b(RN|R N|RECEM NASCIDO|GEMELAR)\b", row["full_name"])
        assert row["mother_name"] in row["full_name"]
    assert any(named[truth["person_id"]] > 1 for _, truth in rows)


def test_mothers_are_missing_or_placeholders_at_the_sources_rate() -> None:
    rows = small_city().with_truth("saude")
    placeholders = {"SEM INFORMACAO", "NAO INFORMADO", "DESCONHECIDA", "IGNORADA", "NAO CONSTA"}

    empty = 1 - _share(rows, "mother_name")

    assert empty == pytest.approx(RATES.health.mother_missing / 2, abs=0.02)
    assert sum(row["mother_name"] in placeholders for row, _ in rows) > 10


def test_phones_of_units_families_and_placeholders_are_shared() -> None:
    phones = Counter(
        row["phone"].partition(";")[0] for row in small_city().canonical["saude"] if row["phone"]
    )

    assert any(phone.startswith("513289") and count > 20 for phone, count in phones.items())
    assert phones["99999999999"] > 3
    assert sum(count in (2, 3, 4) for count in phones.values()) > 100


def test_namesakes_and_twins_with_one_first_name_exist() -> None:
    people = {row["person_id"]: row for row in small_city().truth}.values()
    names = Counter(row["true_name"] for row in people)
    twins: dict[str, list[str]] = {}
    for row in people:
        twins.setdefault(row["twin_group"], []).append(row["true_name"].split()[0])
    twins.pop("")

    assert sum(count > 1 for count in names.values()) >= 5
    assert {len(pair) for pair in twins.values()} == {2}
    assert any(pair[0] == pair[1] for pair in twins.values())


def test_nobody_stands_twice_in_one_declared_family() -> None:
    seen = Counter(
        (row["household_id"], truth["person_id"])
        for row, truth in small_city().with_truth("cadunico")
    )

    assert set(seen.values()) == {1}


def test_each_family_has_at_most_one_reference_person() -> None:
    roles = Counter(
        row["household_id"]
        for row in small_city().canonical["cadunico"]
        if row["household_role"] == "01"
    )

    assert set(roles.values()) == {1}


def test_nobody_stands_twice_in_one_class() -> None:
    seen = Counter(
        (row["unit_code"], row["class_code"], truth["person_id"])
        for row, truth in small_city().with_truth("educacao")
    )

    assert set(seen.values()) == {1}


def test_three_deaths_in_ten_never_reach_the_health_record() -> None:
    rows = [p for p in small_city().with_truth("saude") if p[1]["true_deceased_on"]]

    known = _share(rows, "deceased_on")

    assert known == pytest.approx(0.7, abs=0.13)
    assert all(r["deceased_on"] in ("", t["true_deceased_on"]) for r, t in rows)


def test_no_record_was_made_before_the_birth_or_after_the_reference_day() -> None:
    for source in OWN:
        for row, truth in small_city().with_truth(source):
            assert truth["true_birth_date"] <= row["service_since"] <= "2026-10-31"
            assert row["service_since"] <= row["updated_at"][:10] <= "2026-10-31"


def test_errors_can_be_halved_and_doubled(tmp_path: Path) -> None:
    wrong = []
    for factor in (0.5, 2.0):
        folder = tmp_path / str(factor)
        generate(folder, 2500, 4, rates=RATES.with_errors(factor), layouts=False)
        lines = (folder / "canonical/health.csv").read_text(encoding="utf-8")
        wrong.append(sum(lines.count(text) for text in ("SEM INFORMACAO", "DESCONHECIDA", "XXX")))

    assert 2 * wrong[0] < wrong[1]
