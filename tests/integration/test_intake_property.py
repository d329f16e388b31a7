"""Any sequence of small deliveries, beside a model of what a load means."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdm.bootstrap import Application
from mdm.domain.standard_record import STANDARD_COLUMNS
from mdm.errors import LoadHeldError
from mdm.ingest.declaration import canonical_declaration
from mdm.services import known_records
from support.intake import (
    declare,
    declare_file,
    load,
    made_application,
    person,
    silent,
    write_people,
)

KEYS = ("1", "2", "3", "4", "5")
NAMES = ("Ana Souza", "Beto Lima")


@dataclass(frozen=True)
class Row:
    """A delivered row: "" as key cannot be named; an unreadable one repeats its key."""

    key: str
    name: str
    merged_into: str
    unreadable: bool


@dataclass
class Model:
    """What the registry should hold."""

    state: dict[str, str] = field(default_factory=dict)
    content: dict[str, tuple[str, str]] = field(default_factory=dict)
    version: dict[str, int] = field(default_factory=dict)
    stale: set[str] = field(default_factory=set)

    def load(self, rows: list[Row]) -> dict[str, int]:
        """Take a snapshot; gives its counts."""
        good = {row.key: row for row in rows if row.key and not row.unreadable}
        bad = {row.key for row in rows if row.unreadable}
        counts = dict.fromkeys(("new", "changed", "unchanged", "reinstated", "withdrawn"), 0)
        merged = self._merged(good)
        absent = [key for key in self.state if key not in good]
        for key, row in good.items():
            counts[self._outcome(row, merged)] += 1
            content = (row.name, row.merged_into)
            if self.content.get(key) != content:
                self.version[key] = self.version.get(key, 0) + 1
            self.content[key] = content
            self.state[key] = self._state(key, merged)
            self.stale.discard(key)
        for key in absent:
            counts["withdrawn"] += self._absent(key, merged, unreadable=key in bad)
        counts["quarantined"] = 2 * len(bad) + sum(row.key == "" for row in rows)
        return counts

    def _merged(self, good: Mapping[str, Row]) -> set[str]:
        """The records whose mark leads to a known record and not back to themselves."""
        said = {key: content[1] for key, content in self.content.items()}
        said |= {key: row.merged_into for key, row in good.items()}
        known = {key: into for key, into in said.items() if into in {*good, *self.state}}

        def leads_back(key: str) -> bool:
            at = known[key]
            for _ in known:
                if at == key:
                    return True
                at = known.get(at, at)
            return False

        return {key for key in known if not leads_back(key)}

    def _state(self, key: str, merged: set[str]) -> str:
        return "superseded" if key in merged else "pending"

    def _absent(self, key: str, merged: set[str], *, unreadable: bool) -> bool:
        """Whether a record that a snapshot does not hold, or not readably, is withdrawn by it."""
        before = self.state[key]
        if key in merged:
            self.state[key] = "superseded"
        elif unreadable and before != "withdrawn":
            self.state[key] = "pending"
            self.stale.add(key)
            return False
        else:
            self.state[key] = "withdrawn"
        self.stale.discard(key)
        return self.state[key] == "withdrawn" != before

    def _outcome(self, row: Row, merged: set[str]) -> str:
        before = self.state.get(row.key)
        if before is None:
            return "new"
        back = before == "superseded" and row.key not in merged
        if before == "withdrawn" or row.key in self.stale or back:
            return "reinstated"
        same = self.content[row.key] == (row.name, row.merged_into)
        return "unchanged" if same else "changed"


rows = st.builds(
    Row,
    key=st.sampled_from(KEYS),
    name=st.sampled_from(NAMES),
    merged_into=st.sampled_from(("", "", "", *KEYS[:2], "nobody")),
    unreadable=st.sampled_from((False, False, False, True)),
)
nameless = st.sampled_from(NAMES).map(lambda name: Row("", name, "", unreadable=False))
deliveries = st.lists(
    st.tuples(
        st.lists(rows, min_size=1, max_size=5, unique_by=lambda row: row.key),
        st.lists(nameless, max_size=1),
    ).map(lambda parts: [*parts[0], *parts[1]]),
    min_size=1,
    max_size=5,
)


def written(path: Path, delivery: list[Row]) -> Path:
    people = []
    for row in delivery:
        people.append(person(row.key, row.name, merged_into=row.merged_into))
        if row.unreadable:
            people.append(person(row.key, row.name + " Neto", merged_into=row.merged_into))
    return write_people(path, people)


def loaded(app: Application, path: Path) -> dict[str, object]:
    try:
        return load(app, path)
    except LoadHeldError as held:
        return load(app, accept=int(str(held.where)))


def check_registry(app: Application, model: Model) -> None:
    with app.store.reading() as session:
        found = session.rows(
            "SELECT r.local_id AS key, r.state AS state, r.version AS version, r.stale AS stale,"
            " v.payload AS payload FROM record r"
            " JOIN record_version v ON v.record_id = r.record_id AND v.version = r.version"
        )
        states = session.rows(
            "SELECT r.local_id AS key, e.detail AS state FROM ledger_event e"
            " JOIN record r ON r.record_id = e.record_id ORDER BY e.seq"
        )
    assert {str(row["key"]): row["state"] for row in found} == model.state
    assert {str(row["key"]): row["version"] for row in found} == model.version
    assert {str(row["key"]) for row in found if row["stale"]} == model.stale
    for row in found:
        payload = json.loads(str(row["payload"]))
        content = (payload["full_name"], payload.get("merged_into", ""))
        assert content == model.content[str(row["key"])]
    folded = dict.fromkeys(model.state, "pending")
    folded.update({str(row["key"]): str(row["state"]) for row in states})
    assert folded == model.state


def cache(app: Application) -> list[tuple[object, ...]]:
    columns = ", ".join(("record_id", "local_id", "version", "content_hash", *STANDARD_COLUMNS))
    with app.volume() as con:
        rows = con.execute(f"SELECT {columns} FROM standard ORDER BY record_id").fetchall()
        return [*rows, *con.execute("FROM record_state ORDER BY record_id").fetchall()]


@pytest.mark.slow
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(deliveries)
def test_deliveries_do_to_the_registry_what_they_do_to_the_model(
    sequence: list[list[Row]],
) -> None:
    with tempfile.TemporaryDirectory() as folder, made_application(Path(folder) / "home") as app:
        declare(app)
        model = Model()
        for delivery in sequence:
            path = written(Path(folder) / "a.csv", delivery)
            counts = model.load(delivery)
            result = loaded(app, path)

            assert {name: result[name] for name in counts} == counts
            assert result["read"] == sum(counts.values()) - counts["withdrawn"]
            check_registry(app, model)
        again = load(app, path)
        counts = model.load(delivery)
        assert {name: again[name] for name in counts} == counts
        check_registry(app, model)
        with app.synced_volume(silent):
            pass
        synced = cache(app)
        (app.home.work / "volume.duckdb").unlink()
        with app.synced_volume(silent):
            pass
        assert cache(app) == synced


_WRITTEN = {
    "record": "record_id, local_id, scope, state, version, content_hash, last_load_id, stale",
    "record_version": "record_id, version, load_id, content_hash",
    "issue": "issue_id, load_id, record_id, field, value_class, reason",
    "quarantine": "quarantine_id, load_id, local_id, reason, resolved_load_id",
    "ledger_event": "seq, kind, record_id, detail",
}


def registered(app: Application) -> list[list[dict[str, object]]]:
    """All that loads wrote."""
    with app.store.reading() as session:
        return [
            session.rows(f"SELECT {columns} FROM {table} ORDER BY 1, 2")
            for table, columns in _WRITTEN.items()
        ]


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(deliveries)
def test_a_delta_that_looks_up_what_it_names_does_what_one_does_that_reads_all(
    sequence: list[list[Row]],
) -> None:
    found = []
    for most_named in (known_records.MOST_NAMED, -1):
        with (
            tempfile.TemporaryDirectory() as folder,
            made_application(Path(folder) / "home") as app,
            patch.object(known_records, "MOST_NAMED", most_named),
        ):
            declare_delta(app, Path(folder) / "delta.toml")
            for delivery in sequence:
                load(app, written(Path(folder) / "a.csv", delivery))
            found.append((registered(app), cache(app)))

    assert found[0] == found[1]


def declare_delta(app: Application, path: Path) -> None:
    text = canonical_declaration("clinic", "health").replace('"full"', '"delta"')
    assert '"delta"' in text
    declare_file(app, path, text)
