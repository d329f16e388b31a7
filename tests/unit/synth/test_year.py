import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest

from mdm.errors import UsageError
from mdm.synth.city import generate
from mdm.synth.lists import fold
from mdm.synth.year import generate_year, month_end
from mdm.synth.year_rates import MONTHS, YearRates
from support.synth_city import FILES, Row, read_csv

pytestmark = pytest.mark.slow
# Few people, so everything happens more often than in a city.
RATES = YearRates(births=0.05, marriages=0.03, deaths=0.03, merged_wrongly=0.2, families=0.2)


class SmallYear(NamedTuple):
    city: Path
    events: dict[str, int]

    def rows(self, month: int, source: str) -> list[Row]:
        """The file of a source in a month, 0 for the city's own."""
        name = f"{FILES[source]}.csv"
        folder = self.city / ("canonical" if month == 0 else f"year/{month:02d}")
        return read_csv(folder / name)

    def truth(self, month: int) -> list[Row]:
        return read_csv(self.city / f"year/{month:02d}/truth.csv")

    def happened(self, month: int) -> list[Row]:
        return read_csv(self.city / f"year/{month:02d}/events.csv")

    def records(self, kind: str) -> Iterator[tuple[int, Row]]:
        """Month and event of each record that this happened to."""
        for month in range(1, MONTHS + 1):
            for event in self.happened(month):
                if event["kind"] == kind:
                    yield month, event


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> SmallYear:
    city = tmp_path_factory.mktemp("city")
    generate(city, 700, 3, layouts=False)
    return SmallYear(city, generate_year(city, rates=RATES).events)


def _by_key(rows: list[Row]) -> dict[str, Row]:
    return {row["local_id"]: row for row in rows}


def test_the_same_city_gives_the_same_year(year: SmallYear, tmp_path: Path) -> None:
    generate(tmp_path, 700, 3, layouts=False)
    generate_year(tmp_path, rates=RATES)

    def digests(city: Path) -> dict[str, str]:
        files = sorted(path for path in (city / "year").rglob("*") if path.is_file())
        return {
            str(path.relative_to(city)): sha256(path.read_bytes()).hexdigest() for path in files
        }

    assert digests(tmp_path) == digests(year.city)


def test_everything_that_a_year_brings_happens(year: SmallYear) -> None:
    wanted = {
        "birth", "newborn_record", "named_recorded", "marriage", "marriage_recorded", "move",
        "move_recorded", "phone_recorded", "correction_recorded", "cpf", "cpf_recorded", "death",
        "death_recorded", "family", "family_recorded", "left", "returned", "merged_at_source",
        "merged_at_source_wrongly", "unmerged_at_source", "rekeyed", "new_record", "duplicate",
    }  # fmt: skip

    assert wanted <= year.events.keys()


def test_the_plan_names_every_delivery_and_what_is_to_come_of_it(year: SmallYear) -> None:
    plan = json.loads((year.city / "year/year.json").read_text("utf-8"))

    assert [month["day"] for month in plan["months"]][:2] == ["2026-11-30", "2026-12-31"]
    expected = Counter(d["expected"] for m in plan["months"] for d in m["deliveries"])
    assert expected == {"applied": 3 * MONTHS - 1, "held": 2, "accepted": 1}
    assert all((year.city / d["file"]).is_file() for m in plan["months"] for d in m["deliveries"])
    assert [month["month"] for month in plan["months"] if month["upgrade"]] == [RATES.upgraded_in]
    assert plan["stewards"] == {"errors": 0.03, "unsure": 0.15}


def test_the_truth_knows_every_key_ever_delivered_and_which_are_in_the_file(
    year: SmallYear,
) -> None:
    seen: set[tuple[str, str]] = set()
    for month in range(MONTHS + 1):
        here = {(s, row["local_id"]) for s in FILES for row in year.rows(month, s)}
        seen |= here
        if month:
            truth = year.truth(month)
            assert {(row["source"], row["local_id"]) for row in truth} == seen
            assert {
                (row["source"], row["local_id"]) for row in truth if row["in_file"] == "1"
            } == here


def test_a_local_id_is_one_persons_all_year(year: SmallYear) -> None:
    people: dict[tuple[str, str], set[str]] = defaultdict(set)
    for month in range(1, MONTHS + 1):
        for row in year.truth(month):
            people[row["source"], row["local_id"]].add(row["person_id"])

    assert all(len(one) == 1 for one in people.values())


def test_the_newborn_are_born_in_their_month_and_named_on_the_same_key(year: SmallYear) -> None:
    born = {row["person_id"]: row["true_birth_date"] for row in year.truth(MONTHS)}
    for month, event in year.records("newborn_record"):
        row = _by_key(year.rows(month, "saude"))[event["local_id"]]
        assert "RN" in row["full_name"].split() or "GEMELAR" in row["full_name"] or (
            row["full_name"].startswith(("RECEM NASCIDO", "R N DE"))
        )  # fmt: skip
        day = date.fromisoformat(born[event["person_id"]])
        assert month_end(month - 1) < day <= month_end(month)
    for month, event in year.records("named_recorded"):
        row = _by_key(year.rows(month, "saude"))[event["local_id"]]
        true = next(t for t in year.truth(month) if t["local_id"] == event["local_id"])
        assert fold(row["full_name"]).split()[0] == fold(true["true_name"]).split()[0]


def test_a_married_name_reaches_records_in_months_of_their_own(year: SmallYear) -> None:
    wed = {event["person_id"]: month for month, event in year.records("marriage")}
    told = [(month - wed[e["person_id"]]) for month, e in year.records("marriage_recorded")]

    assert min(told) >= 0
    assert len(set(told)) > 1
    before = {row["person_id"]: row["true_name"] for row in read_csv(year.city / "truth.csv")}
    after = {row["person_id"]: row["true_name"] for row in year.truth(MONTHS)}
    for person in wed.keys() & before.keys():
        assert after[person] != before[person]
        assert after[person].split()[0] == before[person].split()[0]


def test_some_deaths_reach_no_source(year: SmallYear) -> None:
    dead = {event["person_id"] for _, event in year.records("death")}
    told = {event["person_id"] for kind in ("death_recorded", "left_after_death")
            for _, event in year.records(kind)}  # fmt: skip

    assert told < dead
    for month, event in year.records("death_recorded"):
        true = next(t for t in year.truth(month) if t["local_id"] == event["local_id"])
        row = _by_key(year.rows(month, event["source"]))[event["local_id"]]
        assert row["deceased_on"] == true["true_deceased_on"]


def test_who_comes_back_late_has_a_new_key(year: SmallYear) -> None:
    left = {(e["source"], e["local_id"]): m for m, e in year.records("left")}
    for month, event in year.records("returned"):
        assert (month - left[event["source"], event["local_id"]]) * 30 < RATES.keeps_key_days
    for _, event in year.records("returned_new_key"):
        assert (event["source"], event["local_id"]) not in left


def test_a_source_that_changes_its_keys_changes_nothing_else(year: SmallYear) -> None:
    month = RATES.rekeyed_in
    before, now = (
        {row["local_id"] for row in year.rows(m, "educacao")} for m in (month - 1, month)
    )
    people = {row["local_id"]: row["person_id"] for row in year.truth(month)}

    assert before.isdisjoint(now)
    stayed = {people[key] for key in before} & {people[key] for key in now}
    assert len(stayed) > 0.9 * len(before)


def test_merges_name_a_record_of_the_file_and_wrong_ones_are_taken_back(year: SmallYear) -> None:
    rows = _by_key(year.rows(RATES.merged_in, "saude"))
    merged = {key: row["merged_into"] for key, row in rows.items() if row["merged_into"]}
    people = {row["local_id"]: row["person_id"] for row in year.truth(RATES.merged_in)}
    wrong = {event["local_id"] for _, event in year.records("merged_at_source_wrongly")}

    assert merged.keys() & set(merged.values()) == set()
    assert all(target in rows for target in merged.values())
    assert {k for k, target in merged.items() if people[k] != people[target]} == wrong
    later = _by_key(year.rows(RATES.unmerged_in, "saude"))
    assert all(later[key]["merged_into"] == "" for key in wrong if key in later)


def test_spoilt_files_are_parts_of_the_true_ones(year: SmallYear) -> None:
    truncated = (year.city / f"year/{RATES.truncated_in:02d}/health-truncated.csv").read_bytes()
    whole = (year.city / f"year/{RATES.truncated_in:02d}/health.csv").read_bytes()
    school = read_csv(year.city / f"year/{RATES.wrong_scope_in:02d}/education-one-school.csv")
    schools = year.rows(RATES.wrong_scope_in, "educacao")

    assert whole.startswith(truncated)
    assert truncated.endswith(b"\n")
    assert 0.65 < len(truncated) / len(whole) < 0.75
    assert len({row["unit_code"] for row in school}) == 1
    assert len(school) == sum(row["unit_code"] == school[0]["unit_code"] for row in schools)
    assert len(school) < len(schools)


def test_a_folder_without_a_city_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        generate_year(tmp_path)


def test_a_city_of_other_people_is_refused(year: SmallYear, tmp_path: Path) -> None:
    generate(tmp_path, 700, 4, layouts=False)
    (tmp_path / "city.json").write_bytes((year.city / "city.json").read_bytes())

    with pytest.raises(UsageError):
        generate_year(tmp_path)
