import json
from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.errors import (
    FileRefusedError,
    LoadHeldError,
    LoadStateError,
    NotFoundError,
    UnknownSourceError,
)
from mdm.services.load_source import LoadContext, load_corrected
from mdm.volume import delivery
from support.intake import (
    cache,
    counts,
    declare,
    declare_file,
    load,
    number,
    person,
    rebuilt_cache,
    silent,
    states,
    write_people,
)

pytestmark = pytest.mark.slow
TEN = [person(str(number), birth_date="1990-02-03") for number in range(1, 11)]
SCHOOLS = """
name = "clinic"
sector = "education"
layout = "delimited"
scope = "school"
purposes = ["service_delivery"]
owner = "education"
retention_days = 30
[options]
delimiter = ","
[mapping]
local_id = "local_id"
full_name = "full_name"
[legal_basis]
text = "test"
"""


def events(app: Application) -> list[tuple[object, object, object]]:
    with app.store.reading() as session:
        rows = session.rows("SELECT kind, record_id, detail FROM ledger_event ORDER BY seq")
    return [(row["kind"], row["record_id"], row["detail"]) for row in rows]


def held_load(app: Application, *files: Path) -> int:
    with pytest.raises(LoadHeldError) as refused:
        load(app, *files)
    assert refused.value.where is not None
    return int(refused.value.where)


def test_a_first_load_brings_every_person_in_as_pending(
    application: Application, tmp_path: Path
) -> None:
    declare(application)
    result = load(application, write_people(tmp_path / "a.csv", TEN))

    assert result["read"] == 10
    assert counts(result) == {"new": 10}
    assert set(states(application).values()) == {"pending"}
    assert events(application) == []


def test_record_numbers_follow_the_local_ids_whatever_the_order_of_the_file(
    application: Application, tmp_path: Path
) -> None:
    declare(application)
    load(application, write_people(tmp_path / "a.csv", TEN[::-1]))

    assert list(states(application)) == sorted(one["local_id"] for one in TEN)


@pytest.mark.parametrize("rows", [1, 3, 10, 11])
def test_records_and_versions_are_the_same_in_parts_of_any_size(
    application: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    declare(application)
    load(application, write_people(tmp_path / "a.csv", TEN[1:][::-1]))
    changed = [person(one["local_id"], "Outro Nome Silva") for one in TEN[5:][::-1]]
    monkeypatch.setattr(delivery, "PART_ROWS", rows)
    result = load(application, write_people(tmp_path / "b.csv", [*changed, *TEN[:5]]))

    assert counts(result) == {"new": 1, "changed": 5, "unchanged": 4}
    with application.store.reading() as session:
        found = session.rows(
            "SELECT r.local_id AS local_id, v.version AS version FROM record_version v"
            " JOIN record r ON r.record_id = v.record_id ORDER BY r.local_id, v.version"
        )
    twice = {one["local_id"] for one in changed}
    versions = {one["local_id"]: [1, 2] if one["local_id"] in twice else [1] for one in TEN}
    assert [(row["local_id"], row["version"]) for row in found] == [
        (local_id, version) for local_id in sorted(versions) for version in versions[local_id]
    ]
    assert cache(application, synced=False) == rebuilt_cache(application)


def test_the_same_file_again_changes_nothing(application: Application, tmp_path: Path) -> None:
    declare(application)
    people = [*TEN[:9], person("", "Sem Chave"), person("11", birth_date="31/02/1990")]
    path = write_people(tmp_path / "a.csv", people)
    first = load(application, path)
    before = number(application, "SELECT COUNT(*) FROM issue")
    again = load(application, path)

    assert counts(again) == {"unchanged": 10, "quarantined": 1}
    assert again["issues"] == first["issues"] == before == 1
    assert number(application, "SELECT COUNT(*) FROM issue") == before
    assert number(application, "SELECT COUNT(*) FROM record_version") == 10
    assert number(application, "SELECT MAX(last_load_id) FROM record") == first["load_id"]
    assert events(application) == []


def test_changed_content_is_a_new_version_with_its_own_issues(
    application: Application, tmp_path: Path
) -> None:
    declare(application)
    load(application, write_people(tmp_path / "a.csv", [*TEN, person("x", birth_date="31/02/90")]))
    changed = [*TEN, person("x", "Ana Souza Lima", birth_date="1990-02-28")]
    result = load(application, write_people(tmp_path / "b.csv", changed))

    assert counts(result) == {"changed": 1, "unchanged": 10}
    with application.store.reading() as session:
        rows = session.rows(
            "SELECT v.version AS version, v.payload AS payload, r.version AS present"
            " FROM record_version v"
            " JOIN record r ON r.record_id = v.record_id WHERE r.local_id = 'x' ORDER BY v.version"
        )
    assert [row["version"] for row in rows] == [1, 2]
    assert [row["present"] for row in rows] == [2, 2]
    assert json.loads(str(rows[1]["payload"]))["full_name"] == "Ana Souza Lima"
    assert number(application, "SELECT COUNT(*) FROM issue") == 0
    assert cache(application, synced=False) == rebuilt_cache(application)


def test_what_a_plan_listed_of_an_identifier_outlives_a_change_of_content(
    application: Application, tmp_path: Path
) -> None:
    declare(application)
    load(application, write_people(tmp_path / "a.csv", TEN))
    with application.store.writing(application.header("apply")) as session:
        listed = {"issue_id": 1, "load_id": 1, "record_id": 1, "field": "cpf"}
        session.insert_rows(
            "issue", [{**listed, "value_class": "of another person", "reason": "not_theirs"}]
        )
    changed = [{**one, "full_name": "Outro Nome"} for one in TEN]
    load(application, write_people(tmp_path / "b.csv", changed))

    assert number(application, "SELECT COUNT(*) FROM issue") == 1


def test_a_snapshot_that_withdraws_too_much_is_held_and_nothing_of_it_is_in_force(
    application: Application, tmp_path: Path
) -> None:
    declare(application)
    load(application, write_people(tmp_path / "a.csv", TEN))
    short = write_people(tmp_path / "b.csv", [*TEN[:8], person("new")])
    load_id = held_load(application, short)

    assert "new" not in states(application)
    assert set(states(application).values()) == {"pending"}
    assert held_load(application, short) == load_id

    accepted = load(application, accept=load_id)

    assert accepted["state"] == "applied"
    assert counts(accepted) == {"new": 1, "unchanged": 8, "withdrawn": 2}
    gone = {local_id for local_id, state in states(application).items() if state == "withdrawn"}
    assert gone == {TEN[8]["local_id"], TEN[9]["local_id"]}
    assert [(kind, detail) for kind, _, detail in events(application)] == [
        ("record_state", "withdrawn")
    ] * 2
    assert not list((application.home.work / "held").iterdir())
    with pytest.raises(LoadStateError):
        load(application, accept=load_id)


def test_who_is_delivered_again_is_reinstated(application: Application, tmp_path: Path) -> None:
    declare(application)
    whole = write_people(tmp_path / "a.csv", TEN)
    load(application, whole)
    load(application, accept=held_load(application, write_people(tmp_path / "b.csv", TEN[:9])))
    result = load(application, whole)

    assert counts(result) == {"unchanged": 9, "reinstated": 1}
    assert [detail for _, _, detail in events(application)] == ["withdrawn", "pending"]
    assert number(application, "SELECT MAX(version) FROM record") == 1


def test_who_belongs_to_a_citizen_comes_back_as_present(
    application: Application, tmp_path: Path
) -> None:
    declare(application)
    whole = write_people(tmp_path / "a.csv", TEN)
    load(application, whole)
    with application.store.writing(application.header("test")) as session:
        keys = [int(str(row["record_id"])) for row in session.rows("SELECT record_id FROM record")]
        session.insert_rows(
            "membership",
            [
                {
                    "record_id": key,
                    "municipal_id": f"T{key}",
                    "link_status": "alone",
                    "linked_at": session.at,
                    "seq": 1,
                }
                for key in keys
            ],
        )
        session.set_where("record", {"state": "present"})
    load(application, accept=held_load(application, write_people(tmp_path / "b.csv", TEN[:9])))
    load(application, whole)

    assert [detail for _, _, detail in events(application)] == ["withdrawn", "present"]
    assert set(states(application).values()) == {"present"}


def test_one_in_a_hundred_may_go_without_being_asked(
    application: Application, tmp_path: Path
) -> None:
    declare(application)
    people = [person(str(key)) for key in range(200)]
    load(application, write_people(tmp_path / "a.csv", people))

    assert counts(load(application, write_people(tmp_path / "b.csv", people[2:]))) == {
        "unchanged": 198,
        "withdrawn": 2,
    }


def test_a_later_load_of_the_same_scope_overtakes_a_held_one(
    application: Application, tmp_path: Path
) -> None:
    declare(application)
    whole = write_people(tmp_path / "a.csv", TEN)
    load(application, whole)
    held = held_load(application, write_people(tmp_path / "b.csv", TEN[:5]))
    load(application, whole)

    with pytest.raises(LoadStateError, match="refused"):
        load(application, accept=held)
    assert not list((application.home.work / "held").iterdir())


def test_a_held_load_whose_content_is_gone_must_be_delivered_again(
    application: Application, tmp_path: Path
) -> None:
    declare(application)
    load(application, write_people(tmp_path / "a.csv", TEN))
    held = held_load(application, write_people(tmp_path / "b.csv", TEN[:5]))
    for path in (application.home.work / "held").iterdir():
        path.unlink()

    with pytest.raises(LoadStateError, match="deliver the files again"):
        load(application, accept=held)
    with pytest.raises(NotFoundError):
        load(application, accept=99)


def test_a_row_that_cannot_be_read_keeps_its_last_good_version_in_force(
    application: Application, tmp_path: Path
) -> None:
    declare(application)
    load(application, write_people(tmp_path / "a.csv", TEN))
    twice = [*TEN, person(TEN[3]["local_id"], "Outra Pessoa")]
    result = load(application, write_people(tmp_path / "b.csv", twice))

    assert counts(result) == {"unchanged": 9, "quarantined": 2}
    assert result["read"] == 11
    assert set(states(application).values()) == {"pending"}
    assert number(application, "SELECT COUNT(*) FROM record WHERE stale") == 1

    mended = load(application, write_people(tmp_path / "c.csv", TEN))

    assert counts(mended) == {"unchanged": 9, "reinstated": 1}
    assert number(application, "SELECT COUNT(*) FROM record WHERE stale") == 0
    assert (
        number(application, "SELECT COUNT(*) FROM quarantine WHERE resolved_load_id IS NULL") == 0
    )
    assert events(application) == []


def test_mended_rows_come_in_beside_the_snapshot(application: Application, tmp_path: Path) -> None:
    declare(application)
    load(application, write_people(tmp_path / "a.csv", [*TEN, person("", "Sem Chave")]))
    rows = [{"quarantine_id": "1", **person("77", "Sem Chave")}]
    mended = write_people(tmp_path / "mended.csv", rows)
    with application.intake() as intake:
        context = LoadContext(
            store=application.store,
            intake=intake,
            header=application.header("quarantine_reload"),
            progress=silent,
        )
        result = load_corrected(context, "clinic", mended, [1])
        with pytest.raises(NotFoundError):
            load_corrected(context, "clinic", mended, [1])

    assert counts(result) == {"new": 1}
    assert set(states(application).values()) == {"pending"}
    assert number(application, "SELECT resolved_load_id FROM quarantine") == result["load_id"]


def test_a_record_merged_at_its_source_is_superseded_and_points_to_its_target(
    application: Application, tmp_path: Path
) -> None:
    declare(application)
    load(application, write_people(tmp_path / "a.csv", TEN))
    merged = [*TEN[:9], {**TEN[9], "merged_into": "1"}, person("n", merged_into="2")]
    load(application, write_people(tmp_path / "b.csv", merged))

    assert states(application)[TEN[9]["local_id"]] == "superseded"
    assert states(application)["n"] == "superseded"
    assert {detail for _, _, detail in events(application)} == {"superseded"}
    with application.synced_volume(silent) as con:
        pairs = con.execute(
            "SELECT a.local_id, b.local_id FROM source_merge m"
            " JOIN standard a ON a.record_id = m.record_id"
            " JOIN standard b ON b.record_id = m.into_id ORDER BY 1"
        ).fetchall()
    assert pairs == [(TEN[9]["local_id"], "1"), ("n", "2")]

    result = load(application, write_people(tmp_path / "c.csv", [*TEN, person("n")]))

    assert counts(result) == {"unchanged": 9, "reinstated": 2}
    assert set(states(application).values()) == {"pending"}


def test_a_merge_into_an_unknown_record_leaves_the_record_in_force(
    application: Application, tmp_path: Path
) -> None:
    declare(application)
    load(application, write_people(tmp_path / "a.csv", [person("1", merged_into="nobody")]))

    assert states(application) == {"1": "pending"}


def test_a_delivery_of_one_school_says_nothing_of_the_others(
    application: Application, tmp_path: Path
) -> None:
    declare_file(application, tmp_path / "schools.toml", SCHOOLS)
    pupils = [{**person(f"{school}{n}"), "school": school} for school in "AB" for n in range(3)]
    load(application, write_people(tmp_path / "all.csv", pupils))
    result = load(application, write_people(tmp_path / "a.csv", pupils[:3]))

    assert counts(result) == {"unchanged": 3}

    moved = [{**pupils[0], "school": "B"}, *pupils[3:]]
    assert counts(load(application, write_people(tmp_path / "b.csv", moved))) == {"unchanged": 4}
    left = [pupils[1], pupils[2]]
    assert counts(load(application, write_people(tmp_path / "a2.csv", left))) == {"unchanged": 2}


def test_what_is_not_a_snapshot_withdraws_nobody(application: Application, tmp_path: Path) -> None:
    text = SCHOOLS.replace('scope = "school"', 'snapshot = "delta"')
    declare_file(application, tmp_path / "delta.toml", text)
    load(application, write_people(tmp_path / "a.csv", TEN))

    assert counts(load(application, write_people(tmp_path / "b.csv", TEN[:1]))) == {"unchanged": 1}


def test_a_refused_file_leaves_no_trace(application: Application, tmp_path: Path) -> None:
    declare(application)
    (tmp_path / "bad.csv").write_bytes(b"local_id,full_name\n1,Jo\xe3o\n")
    with pytest.raises(FileRefusedError):
        load(application, tmp_path / "bad.csv")
    with pytest.raises(UnknownSourceError):
        load(application, tmp_path / "bad.csv", source="nobody")

    assert number(application, "SELECT COUNT(*) FROM load") == 0
