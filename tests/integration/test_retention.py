"""Retention: what is past its source's time is erased, after a dry run and under a cap."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.bootstrap.retention import run_retention
from mdm.domain.events import RecordState, RecordStateSet
from mdm.errors import RetentionCapError
from mdm.services.retention import refuse_over_cap, what_is_due
from mdm.storage.store import Store
from support.databases import SteppingClock
from support.intake import declare_file, load, made_application, silent, write_people
from support.link_runs import assert_sound
from support.small_registry import SmallRegistry, withdrawn

TEXT = """
name = "clinic"
sector = "health"
layout = "canonical"
purposes = ["service_delivery"]
owner = "x"
retention_days = 30
[legal_basis]
text = "x"
"""
STARTED = date(2026, 1, 1)


def due(store: Store, day: date) -> list[int]:
    with store.reading() as session:
        (found,) = what_is_due(session, {"a": 30}, day)
    return list(found.due)


def test_a_record_is_due_the_day_after_its_time_is_over(store: Store) -> None:
    made = SmallRegistry(store)
    records = made.records(*(("a", str(n), {"full_name": "Ana"}) for n in range(4)))
    present, gone, replaced, alone = records
    made.citizens((present, replaced), (gone,), (alone,))
    made.apply(withdrawn(gone))
    made.apply(RecordStateSet(replaced, RecordState.SUPERSEDED))
    made.apply(RecordStateSet(alone, RecordState.SUPERSEDED))

    assert due(store, STARTED + timedelta(days=30)) == []
    # What answers for an old local ID of somebody whom the source holds stays.
    assert due(store, STARTED + timedelta(days=31)) == [gone, alone]
    made.apply(withdrawn(present))
    assert due(store, STARTED + timedelta(days=31)) == [present, gone, replaced, alone]


def test_more_than_the_cap_needs_a_persons_word(store: Store) -> None:
    made = SmallRegistry(store)
    records = made.records(*(("a", str(n), {"full_name": "Ana"}) for n in range(6)))
    made.citizens(*((record,) for record in records))
    made.apply(*(withdrawn(record) for record in records))
    with store.reading() as session:
        found = what_is_due(session, {"a": 30, "b": 1}, STARTED + timedelta(days=99))

    assert [one.as_dict()["over_cap"] for one in found] == [True, False]
    with pytest.raises(RetentionCapError) as refused:
        refuse_over_cap(found, 5)
    assert refused.value.where == "a"
    refuse_over_cap(found, 6)


@pytest.mark.slow
def test_a_run_says_first_what_it_would_erase_and_then_erases_it(tmp_path: Path) -> None:
    with made_application(tmp_path / "home") as made:
        fill(made, tmp_path)
        later = made.clock
        assert isinstance(later, SteppingClock)
        later.now += timedelta(days=31)

        told = run_retention(made, silent, dry_run=True)
        row = {
            "source": "clinic", "retention_days": 30, "records": 120, "due": 1, "quarantined": 1,
            "over_cap": False,
        }  # fmt: skip
        assert (told["sources"], told["erased"]) == ([row], 0)
        assert states(made) == {"pending": 119, "withdrawn": 1}

        done = run_retention(made, silent)

        assert (done["erased"], done["quarantined"]) == (1, 1)
        assert states(made) == {"pending": 119, "erased": 1}
        again = run_retention(made, silent)
        assert (again["erased"], again["quarantined"]) == (0, 0)
        assert_sound(made)


def fill(made: Application, tmp_path: Path) -> None:
    """Somebody who left the source, and a row without local ID."""
    declare_file(made, tmp_path / "clinic.toml", TEXT)
    people = [{"local_id": str(n), "full_name": f"Ana Number{n} Lima"} for n in range(120)]
    load(made, write_people(tmp_path / "all.csv", people))
    unnamed = {"local_id": "", "full_name": "Zqunnamed Lima"}
    load(made, write_people(tmp_path / "fewer.csv", [*people[1:], unnamed]))


def states(made: Application) -> dict[str, int]:
    with made.store.reading() as session:
        rows = session.rows("SELECT state, COUNT(*) AS n FROM record GROUP BY state")
    return {str(row["state"]): int(str(row["n"])) for row in rows}
