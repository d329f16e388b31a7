"""A delta is decided exactly as the whole: after every delivery both ways leave the same tables."""

import random
import shutil
from pathlib import Path

import duckdb
import pytest

from mdm.bootstrap import Application, linking
from mdm.bootstrap.identity_state import pair_state
from mdm.linkage import engine
from mdm.linkage.delta import score_changed
from mdm.volume import outcomes
from mdm.volume.reopened import reopen_clusters
from support.intake import number
from support.link_runs import CLINIC, SCHOOL, apply, deliver, judged, link, opened, templates

__all__ = ["templates"]

TABLES = {
    "candidate": "join_key_l, join_key_r, match_key",
    "scored": "record_l, record_r, match_weight, pattern, rules",
    "block_key": "rule, key, record",
    "kept_filled": "record_id, filled",
    "ownership": "record_id, identifier, value, state",
    "component": "record_id, component",
    "contested": "component",
    "cluster": "record_id, cluster, link_status, weight",
    "review_pair": "record_l, record_r, match_weight, kind, guard, group_id, rank",
    "plan_event": "step, place, kind, record_id, municipal_id, from_id, weight, detail",
    "plan_pair": "record_l, record_r, match_weight, pattern, guard, outcome",
    "plan_told": "municipal_id, digest",
}
_GIVEN = ("ANA", "ANA PAULA", "MARIA", "MARIA JULIA", "JOAO", "JOAO PEDRO", "ROSA", "RUI")
_SURNAMES = ("SOUZA", "SILVA", "SILVA SOUZA", "LIMA", "LIMA SILVA")
_BORN = ("1980-01-01", "1987-03-21", "1987-03-12", "2015-03-02", "2015-03-03", "1950-01-05", "")
_CPF = ("529.982.247-25", "111.444.777-35", "", "", "")
Person = dict[str, str]


def drawn(rng: random.Random, local_id: str) -> Person:
    """A record in a crowd where names, dates, numbers and phones are shared."""
    return {
        "local_id": local_id,
        "full_name": f"{rng.choice(_GIVEN)} {rng.choice(_SURNAMES)}",
        "mother_name": rng.choice(("ROSA SILVA", "EVA LIMA", "")),
        "birth_date": rng.choice(_BORN),
        "sex": rng.choice(("F", "M", "")),
        "cpf": rng.choice(_CPF),
        "guardian_cpf": rng.choice(_CPF),
        "phone": rng.choice(("51981112233", f"5198{rng.randint(1000000, 1000005)}", "")),
        "street": rng.choice(("RUA DA PRAIA", "")),
        "street_number": rng.choice(("10", "20")),
        "household_id": rng.choice(("", "", "1", "2")),
        "deceased_on": rng.choice(("", "", "", "", "2020-05-05")),
        "restricted": rng.choice(("", "", "", "", "", "true")),
        "merged_into": "",
    }


def changed(rng: random.Random, people: dict[str, Person]) -> None:
    """The next delivery: some new, some with other values, some gone or back."""
    ids = sorted(people)
    for local_id in rng.sample(ids, 2):
        del people[local_id]
    for local_id in rng.sample(sorted(people), 3):
        name = rng.choice(("full_name", "birth_date", "cpf", "phone", "mother_name", "restricted"))
        people[local_id][name] = drawn(rng, local_id)[name]
    for _ in range(2):
        local_id = str(rng.randint(1, 90))
        people[local_id] = drawn(rng, local_id)
    one, other = rng.sample(sorted(people), 2)
    people[one]["merged_into"] = other if rng.random() < 0.5 else ""


def tables_of(home: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(str(home / "work" / "volume.duckdb"), read_only=True) as con:
        return {
            table: sorted(
                con.execute(f"SELECT {columns} FROM {table}").fetchall(),
                key=lambda row: tuple((value is None, value) for value in row),
            )
            for table, columns in TABLES.items()
        }


def without_anything_kept(home: Path) -> None:
    with duckdb.connect(str(home / "work" / "volume.duckdb")) as con:
        con.execute("DROP TABLE scored_marker")
        con.execute("DROP TABLE IF EXISTS decided_marker")


def stored_pairs(application: Application) -> list[dict[str, object]]:
    with application.store.reading() as session:
        return session.rows(
            "SELECT record_l, record_r, match_weight, pattern, guard, outcome FROM scored_pair "
            "ORDER BY record_l, record_r"
        )


def are_pairs_kept(home: Path) -> bool:
    """Whether the next plan finds what the registry stores without reading it."""
    with opened(home) as application, application.store.reading() as session:
        stated = pair_state(session)
    with duckdb.connect(str(home / "work" / "volume.duckdb"), read_only=True) as con:
        return outcomes.are_pairs_kept(con, stated)


def is_settled(home: Path) -> bool:
    with duckdb.connect(str(home / "work" / "volume.duckdb"), read_only=True) as con:
        return con.execute("SELECT state FROM decided_marker").fetchall() == [("settled",)]


@pytest.fixture
def home(templates: dict[str, Path], tmp_path: Path) -> Path:
    shutil.copytree(templates["declared"], tmp_path / "home")
    return tmp_path / "home"


def judged_on_other_content(application: Application) -> int:
    """Active judgements whose records say something else now: they must be suspended."""
    return number(
        application,
        "SELECT COUNT(*) FROM judgement j JOIN record l ON l.record_id = j.record_l "
        "JOIN record r ON r.record_id = j.record_r WHERE j.state = 'active' "
        "AND (l.content_hash <> j.content_hash_l OR r.content_hash <> j.content_hash_r)",
    )


def delivered(application: Application, folder: Path, people: dict[str, dict[str, Person]]) -> None:
    for source, records in people.items():
        deliver(application, folder, list(records.values()), source)


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done for a part of the registry only."""
    done: list[str] = []
    # In a town this small one more tenant changes a house that a quarter of all live in.
    monkeypatch.setattr(engine, "MOST_CHANGED", 1.0)

    def scored(*given: object, **named: object) -> None:
        done.append("scored")
        score_changed(*given, **named)  # type: ignore[arg-type]

    def reopened(*given: object, **named: object) -> None:
        done.append("decided")
        reopen_clusters(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "score_changed", scored)
    monkeypatch.setattr(linking, "reopen_clusters", reopened)
    return done


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(n, marks=pytest.mark.extended) for n in (2, 3, 4))]
)
def test_a_delta_leaves_what_a_full_run_leaves(
    home: Path, tmp_path: Path, parts: list[str], seed: int
) -> None:
    rng = random.Random(seed)
    people = {
        source: {str(n): drawn(rng, str(n)) for n in rng.sample(range(1, 90), 60)}
        for source in (CLINIC, SCHOOL)
    }
    with opened(home) as application:
        delivered(application, tmp_path, people)
        link(application, accept_changes=1000)
    for turn in range(3):
        assert is_settled(home)
        with opened(home) as application:
            for records in people.values():
                changed(rng, records)
            delivered(application, tmp_path, people)
            if turn > 0:
                one, other = rng.sample(sorted(people[CLINIC]), 2)
                verdict = rng.choice(("same", "different"))
                judged(application, verdict, (CLINIC, one), (CLINIC, other))
        twin = tmp_path / f"twin{turn}"
        shutil.copytree(home, twin)
        without_anything_kept(twin)
        with opened(twin) as application:
            link(application, apply=False)
        assert parts == []
        with opened(home) as application:
            # In one step, or looked at first: what was decided is in force either way.
            if turn == 1:
                plan = link(application, apply=False)
                apply(application, plan["plan_id"], accepted=1000)
            else:
                link(application, accept_changes=1000)
            assert judged_on_other_content(application) == 0
            registered = stored_pairs(application)
        assert parts == ["scored", "decided"]
        assert are_pairs_kept(home)
        parts.clear()
        expected, found = tables_of(twin), tables_of(home)
        for table in TABLES:
            assert found[table] == expected[table], (turn, table)
        assert [tuple(pair.values()) for pair in registered] == expected["plan_pair"]


@pytest.mark.slow
def test_pairs_that_are_not_known_to_be_stored_are_read(
    home: Path, tmp_path: Path, parts: list[str]
) -> None:
    rng = random.Random(5)
    people = {CLINIC: {str(n): drawn(rng, str(n)) for n in rng.sample(range(1, 90), 60)}}
    with opened(home) as application:
        delivered(application, tmp_path, people)
        link(application, accept_changes=1000)
        changed(rng, people[CLINIC])
        delivered(application, tmp_path, people)
    with duckdb.connect(str(home / "work" / "volume.duckdb")) as con:
        con.execute("DROP TABLE pair_marker")
    with opened(home) as application:
        link(application, accept_changes=1000)
        registered = stored_pairs(application)

    assert parts == ["scored", "decided"]
    assert are_pairs_kept(home)
    assert [tuple(pair.values()) for pair in registered] == tables_of(home)["plan_pair"]
