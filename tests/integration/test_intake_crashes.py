from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.bootstrap.intake import DuckIntake
from support.intake import (
    cache,
    counts,
    declare,
    load,
    number,
    person,
    rebuilt_cache,
    states,
    write_people,
)

pytestmark = pytest.mark.slow
TEN = [person(str(number), birth_date="1990-02-03") for number in range(1, 11)]


def test_the_cache_is_the_same_rebuilt_as_followed(
    application: Application, tmp_path: Path
) -> None:
    declare(application)
    people = [*TEN, person("m", merged_into="1"), person("r", restricted="1")]
    load(application, write_people(tmp_path / "a.csv", people))
    changed = [*TEN[:9], person("10", "Outro Nome"), *people[10:], person("z")]
    load(application, write_people(tmp_path / "b.csv", changed))
    followed = cache(application, synced=False)

    assert followed == cache(application)
    assert followed == rebuilt_cache(application)


def test_a_crash_between_the_commit_and_the_cache_is_noticed(
    application: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(application)
    load(application, write_people(tmp_path / "a.csv", TEN))

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(DuckIntake, "follow", crash)
        with pytest.raises(KeyboardInterrupt):
            load(application, write_people(tmp_path / "b.csv", [*TEN, person("11")]))
    assert "11" in states(application)
    load(application, write_people(tmp_path / "c.csv", [*TEN, person("11"), person("12")]))

    assert len(states(application)) == 12
    assert cache(application) == rebuilt_cache(application)


@pytest.mark.parametrize("step", ["new_records", "versions", "issue_rows", "quarantine_rows"])
def test_a_crash_while_writing_leaves_the_registry_as_it_was(
    application: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    declare(application)
    load(application, write_people(tmp_path / "a.csv", TEN))
    before = number(application, "SELECT MAX(tx_id) FROM ledger_tx")

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    again = write_people(tmp_path / "b.csv", [*TEN, person("11")])
    with monkeypatch.context() as patched:
        patched.setattr(DuckIntake, step, crash)
        with pytest.raises(KeyboardInterrupt):
            load(application, again)
    assert number(application, "SELECT MAX(tx_id) FROM ledger_tx") == before
    assert "11" not in states(application)

    assert counts(load(application, again)) == {"new": 1, "unchanged": 10}
