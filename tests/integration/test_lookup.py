import csv
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mdm.domain.events import Ambiguous, TombstoneId, Unplace, WithdrawId
from mdm.domain.municipal_id import shown
from mdm.errors import (
    AmbiguousIdError,
    IdTombstoneError,
    IdWithdrawnError,
    InvalidMunicipalIdError,
    NotFoundError,
    UnknownSourceError,
    UsageError,
)
from mdm.services.exports import (
    ExportRequest,
    export_crosswalk,
    export_golden,
    export_issues,
    export_pairs,
    export_review,
)
from mdm.services.resolve import Question, resolve
from mdm.services.told_holders import told_holders
from mdm.storage.store import Store
from support.small_registry import HEADER, SmallRegistry, withdrawn

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def made(store: Store) -> SmallRegistry:
    return SmallRegistry(store)


def ask(
    made: SmallRegistry, source: str, local_id: str, as_of: str | None = None, to: str | None = None
) -> dict[str, object]:
    question = Question(source=source, local_id=local_id, as_of=as_of, holder=to)
    return resolve(made.store, lambda: NOW, HEADER, question)


def now(made: SmallRegistry) -> str:
    with made.store.reading() as session:
        return str(session.value("SELECT MAX(at) FROM ledger_tx"))


def told(made: SmallRegistry) -> set[tuple[str, str, int]]:
    """Who was told which ID for which record."""
    with made.store.reading() as session:
        ids = [str(row["municipal_id"]) for row in session.rows("SELECT * FROM municipal_id")]
        found = told_holders(session, ids)
    return {(name, holder, record) for (name, record), all_ in found.items() for holder in all_}


def test_a_record_resolves_to_its_citizen_and_the_source_is_told(made: SmallRegistry) -> None:
    one, two = made.records(("clinic", "1", {}), ("school", "7", {}))
    (home,) = made.citizens((one, two))

    assert ask(made, "school", "7") == {
        "municipal_id": home,
        "requested": "7",
        "as_of": None,
        "status": "active",
        "link_status": "automatic",
    }
    assert told(made) == {(home, "school", two)}


def test_a_system_that_asks_all_day_is_noted_once(made: SmallRegistry) -> None:
    made.citizens(made.records(("clinic", "1", {})))
    ask(made, "clinic", "1")
    before = now(made)
    ask(made, "clinic", "1")

    assert now(made) == before


def test_a_pending_record_has_no_id_and_nobody_is_told(made: SmallRegistry) -> None:
    made.records(("clinic", "1", {}))

    answer = ask(made, "clinic", "1")
    assert (answer["municipal_id"], answer["status"]) == (None, "pending")
    assert told(made) == set()


def test_a_withdrawn_record_says_so_while_others_keep_the_citizen_active(
    made: SmallRegistry,
) -> None:
    one, two = made.records(("clinic", "1", {}), ("school", "7", {}))
    made.citizens((one, two))
    made.apply(withdrawn(two))

    assert ask(made, "school", "7")["status"] == "withdrawn"
    assert ask(made, "clinic", "1")["status"] == "active"


def test_a_citizen_without_present_records_is_dormant_and_keeps_its_id(
    made: SmallRegistry,
) -> None:
    (one,) = made.records(("clinic", "1", {}))
    (home,) = made.citizens((one,))
    made.apply(withdrawn(one))

    assert ask(made, "clinic", "1")["status"] == "dormant"
    assert ask(made, "municipal", home)["status"] == "dormant"


@pytest.mark.parametrize(
    ("source", "local_id", "refusal"),
    [
        ("nobody", "1", UnknownSourceError),
        ("clinic", "2", NotFoundError),
        ("municipal", "not an id", InvalidMunicipalIdError),
        ("municipal", "ZZZZZZZZZZ", InvalidMunicipalIdError),
        ("municipal", "000000000V", NotFoundError),
    ],
)
def test_what_does_not_exist_is_refused_by_name(
    made: SmallRegistry, source: str, local_id: str, refusal: type[Exception]
) -> None:
    made.citizens(made.records(("clinic", "1", {})))

    with pytest.raises(refusal):
        ask(made, source, local_id)


def test_a_local_id_is_never_repeated_in_a_refusal(made: SmallRegistry) -> None:
    made.records(("clinic", "1", {}))

    with pytest.raises(NotFoundError) as refused:
        ask(made, "clinic", "52998224725")
    assert "52998224725" not in f"{refused.value.message} {refused.value.where}"


def test_a_merged_id_names_the_citizen_that_holds_its_anchor(made: SmallRegistry) -> None:
    one, two = made.records(("clinic", "1", {}), ("school", "7", {}))
    first, second = made.citizens((one,), (two,))
    made.merge(two, second, first)

    answer = ask(made, "municipal", second)
    assert (answer["municipal_id"], answer["requested"]) == (first, second)


def test_a_municipal_id_is_read_as_people_write_it(made: SmallRegistry) -> None:
    (home,) = made.citizens(made.records(("clinic", "1", {})))
    written = shown(home).lower().replace("0", "o").replace("1", "l")

    assert ask(made, "municipal", written)["municipal_id"] == home


def test_ids_that_name_nobody_are_refused_each_by_its_name(made: SmallRegistry) -> None:
    one, two, three = made.records(("a", "1", {}), ("a", "2", {}), ("a", "3", {}))
    reverted, ended, split = made.citizens((one,), (two,), (three,))
    made.apply(Unplace(one, reverted), WithdrawId(reverted))
    made.apply(Unplace(two, ended), TombstoneId(ended, two))
    made.apply(Ambiguous(split, "2026-03-01"))

    with pytest.raises(IdWithdrawnError):
        ask(made, "municipal", reverted)
    with pytest.raises(IdTombstoneError):
        ask(made, "municipal", ended)
    with pytest.raises(AmbiguousIdError):
        ask(made, "municipal", split)
    assert ask(made, "a", "3")["municipal_id"] == split


def test_an_ambiguous_id_answers_alone_again_on_the_day_stated(made: SmallRegistry) -> None:
    (one,) = made.records(("a", "1", {}))
    (home,) = made.citizens((one,))
    made.apply(Ambiguous(home, "2026-01-01"))

    assert ask(made, "municipal", home)["municipal_id"] == home


def test_as_of_tells_what_was_answered_then_across_merge_and_unmerge(made: SmallRegistry) -> None:
    before_load = "2025-12-31"
    one, two = made.records(("clinic", "1", {}), ("school", "7", {}))
    loaded = now(made)
    first, second = made.citizens((one,), (two,))
    apart = now(made)
    made.merge(two, second, first)
    merged = now(made)
    made.merge(two, first, second)
    made.apply(withdrawn(two))

    with pytest.raises(NotFoundError):
        ask(made, "school", "7", before_load)
    assert ask(made, "school", "7", loaded)["status"] == "pending"
    assert ask(made, "school", "7", apart)["municipal_id"] == second
    assert ask(made, "school", "7", merged)["municipal_id"] == first
    assert ask(made, "municipal", second, merged)["municipal_id"] == first
    assert ask(made, "municipal", second, apart)["municipal_id"] == second
    assert ask(made, "school", "7", merged)["status"] == "active"
    assert ask(made, "school", "7", "2026-01-01")["municipal_id"] == second
    assert ask(made, "school", "7", "2026-01-01")["status"] == "dormant"
    with pytest.raises(NotFoundError):
        ask(made, "municipal", second, loaded)


def test_as_of_refuses_ids_as_they_were_refused_then(made: SmallRegistry) -> None:
    (one,) = made.records(("a", "1", {}))
    (home,) = made.citizens((one,))
    fine = now(made)
    made.apply(Ambiguous(home, "2026-03-01"))
    unclear = now(made)
    made.apply(Ambiguous(home, None))
    made.apply(Unplace(one, home), WithdrawId(home))

    assert ask(made, "municipal", home, fine)["municipal_id"] == home
    with pytest.raises(AmbiguousIdError):
        ask(made, "municipal", home, unclear)
    with pytest.raises(IdWithdrawnError):
        ask(made, "municipal", home, "2026-06-01")


def test_what_is_no_date_is_a_matter_of_usage(made: SmallRegistry) -> None:
    made.records(("a", "1", {}))

    with pytest.raises(UsageError):
        ask(made, "a", "1", "10/03/2026")


# ---------------------------------------------------------------------------- exports


def request(made: SmallRegistry, path: Path, *, restricted: bool = False) -> ExportRequest:
    return ExportRequest(
        store=made.store, header=HEADER, path=path, holder="feed", restricted=restricted
    )


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_crosswalk_names_every_placed_record_and_tells_its_holder(
    made: SmallRegistry, tmp_path: Path
) -> None:
    one, two, three, four = made.records(
        ("clinic", "1", {}), ("school", 'a,"b"', {}), ("school", "8", {}), ("school", "9", {})
    )
    first, second = made.citizens((one, two), (three,))
    made.question(two, four)
    made.apply(Ambiguous(second, "2027-01-01"), withdrawn(three))
    result = export_crosswalk(request(made, tmp_path / "x.csv"))

    # From there on the feed of changes tells what happened after this file.
    at = str(result.pop("cursor")).removesuffix(".ZZZZZZZZZZ")
    with made.store.reading() as session:
        events = "FROM ledger_event e JOIN ledger_tx t ON t.tx_id = e.tx_id"
        assert session.value(f"SELECT MAX(t.at) {events}") == at
    assert result == {"export": "crosswalk", "file": str(tmp_path / "x.csv"), "rows": 3}
    rows = lines(tmp_path / "x.csv")
    assert list(rows[0]) == [
        "municipal_id", "source", "local_id", "record_status", "link_status", "under_review",
        "ambiguous", "linked_at",
    ]  # fmt: skip
    assert [tuple(row.values())[:7] for row in rows] == [
        (first, "clinic", "1", "present", "automatic", "false", "false"),
        (first, "school", 'a,"b"', "present", "automatic", "true", "false"),
        (second, "school", "8", "withdrawn", "alone", "false", "true"),
    ]
    assert told(made) == {(first, "feed", one), (first, "feed", two), (second, "feed", three)}


def test_parquet_holds_the_same_rows_as_csv(made: SmallRegistry, tmp_path: Path) -> None:
    made.citizens(made.records(("clinic", "1", {}), ("school", "7", {})))
    export_crosswalk(request(made, tmp_path / "x.csv"))
    export_crosswalk(request(made, tmp_path / "x.parquet"))

    typed = pq.read_table(tmp_path / "x.parquet").to_pylist()
    assert [str(row["local_id"]) for row in typed] == ["1", "7"]
    assert [row["under_review"] for row in typed] == [False, False]
    texts = [[str(v).lower() for v in row.values()] for row in typed]
    assert texts == [[v.lower() for v in row.values()] for row in lines(tmp_path / "x.csv")]


def test_restricted_records_leave_only_when_asked_for(made: SmallRegistry, tmp_path: Path) -> None:
    one, two = made.records(("clinic", "1", {}), ("shelter", "7", {"restricted": "1"}))
    made.citizens((one, two))
    made.pairs((one, two, 12.0))
    made.question(one, two)
    path = tmp_path / "x.csv"

    assert export_crosswalk(request(made, path))["rows"] == 1
    assert {key[2] for key in told(made)} == {one}
    assert export_crosswalk(request(made, path, restricted=True))["rows"] == 2
    assert export_review(request(made, path))["rows"] == 0
    assert export_review(request(made, path, restricted=True))["rows"] == 1
    assert export_pairs(request(made, path), ("given",), lambda _: {"given": "equal"})["rows"] == 0


def test_the_review_export_has_one_row_a_question_in_the_order_to_answer_them(
    made: SmallRegistry, tmp_path: Path
) -> None:
    one, two, three = made.records(("a", "1", {}), ("a", "2", {}), ("b", "3", {}))
    made.question(one, two, priority=0.1)
    made.question(one, three, priority=0.7)
    made.question(two, three, kind="suspended_judgement", priority=0.0)
    made.question(one, two, kind="identifier_conflict", priority=0.05)
    export_review(request(made, tmp_path / "r.csv"))

    rows = lines(tmp_path / "r.csv")
    assert list(rows[0]) == [
        "source_l", "local_id_l", "source_r", "local_id_r", "match_weight", "match_probability",
        "reason",
    ]  # fmt: skip
    assert [(row["local_id_l"], row["local_id_r"]) for row in rows] == [
        ("2", "3"), ("1", "3"), ("1", "2"),
    ]  # fmt: skip


def test_pairs_come_with_the_level_of_every_comparison(made: SmallRegistry, tmp_path: Path) -> None:
    one, two = made.records(("a", "1", {}), ("b", "2", {}))
    made.pairs((one, two, 9.5))
    export_pairs(
        request(made, tmp_path / "p.csv"),
        ("given", "cpf"),
        lambda pattern: {"given": f"level {pattern}", "cpf": "missing"},
    )

    (row,) = lines(tmp_path / "p.csv")
    assert row == {
        "source_l": "a", "local_id_l": "1", "source_r": "b", "local_id_r": "2",
        "match_weight": "9.5", "outcome": "review", "guard": "", "given": "level 0",
        "cpf": "missing",
    }  # fmt: skip


def test_issues_go_back_to_their_source_with_the_value_it_sent(
    made: SmallRegistry, tmp_path: Path
) -> None:
    one, two = made.records(("a", "1", {"birth_date": "31/02/1990"}), ("b", "2", {"cpf": "0"}))
    made.issue(one, "birth_date", "no_such_day")
    made.issue(two, "cpf", "placeholder")
    export_issues(request(made, tmp_path / "i.csv"), "a")

    (row,) = lines(tmp_path / "i.csv")
    assert (row["local_id"], row["field"], row["received"], row["reason"]) == (
        "1", "birth_date", "31/02/1990", "no_such_day",
    )  # fmt: skip
    with pytest.raises(UnknownSourceError):
        export_issues(request(made, tmp_path / "i.csv"), "c")


def test_a_code_that_the_map_lacks_goes_back_as_it_was_sent(
    made: SmallRegistry, tmp_path: Path
) -> None:
    (one,) = made.records(("a", "1", {"sex": "unmapped:7"}))
    made.issue(one, "sex", "unknown_code")
    export_issues(request(made, tmp_path / "i.csv"), "a")

    assert [row["received"] for row in lines(tmp_path / "i.csv")] == ["7"]


def test_names_that_a_spreadsheet_would_run_are_quoted(made: SmallRegistry, tmp_path: Path) -> None:
    (home,) = made.citizens(made.records(("a", "1", {})))
    row = {"municipal_id": home, "name": "=cmd|x", "mother": "Ana", "record_count": 1,
           "lineage": "{}", "content_digest": ""}  # fmt: skip
    with made.store.writing(HEADER) as session:
        session.insert_rows("golden_record", [row])
    export_golden(request(made, tmp_path / "g.csv"))
    export_golden(request(made, tmp_path / "g.parquet"))

    (written,) = lines(tmp_path / "g.csv")
    assert (written["name"], written["mother"]) == ("'=cmd|x", "Ana")
    assert pq.read_table(tmp_path / "g.parquet")["name"].to_pylist() == ["=cmd|x"]
    assert told(made) == {(home, "feed", 0)}


def test_a_refused_export_leaves_the_old_file_and_no_other(
    made: SmallRegistry, tmp_path: Path
) -> None:
    made.citizens(made.records(("a", "1", {})))
    (tmp_path / "x.csv").write_text("old", "utf-8")
    for path in (tmp_path / "x.xlsx", tmp_path / "none" / "x.csv"):
        with pytest.raises(UsageError):
            export_crosswalk(request(made, path))
    with pytest.raises(UnknownSourceError):
        export_issues(request(made, tmp_path / "x.csv"), "nobody")

    assert (tmp_path / "x.csv").read_text("utf-8") == "old"
    assert [path.name for path in tmp_path.glob("*.csv")] == ["x.csv"]
    assert told(made) == set()
