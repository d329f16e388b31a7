"""Erased records in citizens that change: they are no evidence and stay with the largest part."""

from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.bootstrap.stewarding import golden_rules
from mdm.services.erase_records import erase_records, what_goes
from mdm.storage.store import Store
from support.intake import declare
from support.link_runs import (
    ANA,
    CARLOS,
    CLINIC,
    SCHOOL,
    app,
    assert_sound,
    changes,
    deliver,
    homes,
    link,
    record_ids,
    templates,
    who,
)
from support.small_registry import HEADER, SmallRegistry
from support.stewards import RULES, judge
from support.stewards import assert_sound as assert_verified

__all__ = ["app", "templates"]


def forget(store: Store, *records: int) -> None:
    """Erase in the registry alone."""
    with store.writing(HEADER) as session:
        erase_records(session, RULES.golden, what_goes(session, records, lambda _, key: key))


def erase_in(app: Application, source: str, local_id: str) -> int:
    """Erase a record; one that is erased already stays so."""
    number = record_ids(app)[source, local_id]
    with app.store.writing(app.header("erase")) as session:
        going = what_goes(session, [number], lambda _, key: key)
        erase_records(session, golden_rules(app), going)
    return number


@pytest.mark.parametrize("anchor", [0, 1])
def test_an_answer_that_splits_leaves_the_id_with_the_larger_part(
    store: Store, anchor: int
) -> None:
    made = SmallRegistry(store)
    names = ("Ana Souza", "Ana Souza", "Ana Souza", "Bia Souza")
    records = made.records(*(("a", str(n), {"full_name": x}) for n, x in enumerate(names)))
    order = [records[anchor], *(r for r in records if r != records[anchor])]
    (home,) = made.citizens(order)
    made.pairs(*((left, right, 20.0) for left in records[:3] for right in records[:3]
                 if left < right))  # fmt: skip
    forget(store, records[anchor])

    judge(made, "different", "2", "3")

    assert made.home(records[anchor]) == home
    assert made.home(records[2]) == home
    assert made.home(records[3]) not in {None, home}
    assert_verified(made)


@pytest.mark.slow
def test_a_link_run_that_merges_takes_the_erased_record_and_its_ids_along(
    app: Application, tmp_path: Path
) -> None:
    deliver(app, tmp_path, [who("1", CARLOS)], "clinic")
    link(app)
    deliver(app, tmp_path, [who("7", ANA)], "school")
    link(app)
    declare(app, "shelter", "social")
    deliver(app, tmp_path, [who("s1", ANA)], "shelter")
    link(app)
    older, home = homes(app)["clinic", "1"], homes(app)["school", "7"]
    assert homes(app)["shelter", "s1"] == home
    erase_in(app, SCHOOL, "7")

    # Ana's records turn out to be Carlos's: what is left of her citizen joins his.
    deliver(app, tmp_path, [who("s1", CARLOS)], "shelter")
    link(app)

    assert homes(app) == dict.fromkeys(homes(app), older)
    assert_sound(app)


@pytest.mark.slow
@pytest.mark.parametrize("gone", [CLINIC, SCHOOL])
def test_a_restricted_record_takes_no_erased_one_along(
    app: Application, tmp_path: Path, gone: str
) -> None:
    """It is older than they are, so that any order of records would have it lead."""
    secret = who("s1", ANA, restricted="1")
    declare(app, "shelter", "social")
    deliver(app, tmp_path, [secret], "shelter")
    deliver(app, tmp_path, [who("1", ANA), who("2", CARLOS)], CLINIC)
    deliver(app, tmp_path, [who("7", ANA)], SCHOOL)
    link(app)
    before = homes(app)
    home, other = before[CLINIC, "1"], before[CLINIC, "2"]
    assert [home, home] == [before["shelter", "s1"], before[SCHOOL, "7"]]
    erase_in(app, gone, {CLINIC: "1", SCHOOL: "7"}[gone])

    assert changes(link(app)) == {}
    assert homes(app) == before

    # Nothing ordinary is left of the citizen, and the restricted record is Carlos's after all.
    for source, key in ((CLINIC, "1"), (SCHOOL, "7")):
        erase_in(app, source, key)
    deliver(app, tmp_path, [who("s1", CARLOS, restricted="1")], "shelter")
    link(app, accept_changes=5)

    assert homes(app) == {**before, ("shelter", "s1"): other}
    assert_sound(app)


@pytest.mark.slow
def test_an_erased_record_is_not_linked_otherwise_by_a_run(
    app: Application, tmp_path: Path
) -> None:
    deliver(app, tmp_path, [who("1", ANA)], "clinic")
    deliver(app, tmp_path, [who("7", ANA)], "school")
    link(app)
    before = homes(app)
    number = erase_in(app, SCHOOL, "7")

    counts = link(app)

    assert homes(app) == before
    assert (counts["moved"], counts["split"], counts["minted"]) == (0, 0, 0)
    with app.store.reading() as session:
        last = session.rows("SELECT kind FROM ledger_event WHERE record_id = :r", {"r": number})
    assert [row["kind"] for row in last][-1] == "record_state", "nor relinked"
    assert_sound(app)
