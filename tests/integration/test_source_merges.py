"""Merges that a source states, their undo, and a source that gives all its records new keys."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.errors import LoadHeldError
from mdm.ingest.declaration import canonical_declaration
from mdm.services.resolve import Question, resolve
from support.intake import (
    declare,
    declare_file,
    load,
    rekey,
    states,
    write_map,
    write_people,
)
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
    ids,
    link,
    partition,
    templates,
    who,
)

__all__ = ["app", "templates"]

pytestmark = pytest.mark.slow

UNDATED = ANA | {"birth_date": ""}
"""With whom no birth date of another denies a merge."""
BIA = {
    "full_name": "Beatriz Moreira Alves", "birth_date": "2001-10-10", "sex": "F",
    "mother_name": "Lúcia Moreira Alves",
}  # fmt: skip


def issues(application: Application) -> list[tuple[str, str]]:
    """Local ID and reason of every issue of a mark."""
    with application.store.reading() as session:
        rows = session.rows(
            "SELECT r.local_id, i.reason FROM issue i JOIN record r ON r.record_id = i.record_id"
            " WHERE i.field = 'merged_into' ORDER BY r.local_id"
        )
    return [(str(r["local_id"]), str(r["reason"])) for r in rows]


def answer(application: Application, local_id: str, source: str = CLINIC) -> tuple[object, object]:
    """The citizen and the status that a local ID is answered with."""
    found = resolve(
        application.store,
        application.clock,
        application.header("resolve"),
        Question(source=source, local_id=local_id),
    )
    return found["municipal_id"], found["status"]


def test_a_mark_counts_where_it_leads_to_an_ordinary_record_of_the_source(
    app: Application, tmp_path: Path
) -> None:
    """A chain ends at its last record; a circle costs nobody their record.

    Who only leads into the circle is replaced all the same. A restricted record replaces no
    ordinary one: nobody may learn of it so.
    """
    eva, rui, ivo = ({"full_name": name} for name in ("Eva Dias", "Rui Costa", "Ivo Melo"))
    deliver(app, tmp_path, [who("school", CARLOS)], SCHOOL)
    people = [
        who("chain1", ANA, merged_into="chain2"),
        who("chain2", BIA, birth_date="", merged_into="chain3"),
        who("chain3", CARLOS),
        who("circle1", eva, merged_into="circle2"),
        who("circle2", rui, merged_into="circle1"),
        who("into", ivo, merged_into="circle1"),
        who("itself", {"full_name": "Nair Pinto"}, merged_into="itself"),
        who("other", {"full_name": "Olga Reis"}, merged_into="school"),
        who("open1", {"full_name": "Zoe Brum"}, merged_into="secret"),
        who("open2", {"full_name": "Téo Nunes"}, merged_into="secret"),
        who("secret", {"full_name": "Lia Fontes"}, restricted="1"),
        who("secret2", {"full_name": "Gil Porto"}, restricted="1", merged_into="open1"),
    ]
    deliver(app, tmp_path, people, CLINIC)
    link(app)

    superseded = {name for name, state in states(app).items() if state == "superseded"}
    assert superseded == {"chain1", "chain2", "into", "secret2"}
    home = homes(app)
    groups = {frozenset(key[1] for key in home if home[key] == one) for one in home.values()}
    assert {group for group in groups if len(group) > 1} == {
        frozenset({"chain1", "chain2", "chain3", "school"}),
        frozenset({"circle1", "into"}),
        frozenset({"open1", "secret2"}),
    }
    assert answer(app, "chain1") == (home[(CLINIC, "chain3")], "superseded")
    assert issues(app) == [
        ("circle1", "merged_in_a_circle"),
        ("circle2", "merged_in_a_circle"),
        ("itself", "merged_in_a_circle"),
        ("open1", "merged_into_unknown"),
        ("open2", "merged_into_unknown"),
        ("other", "merged_into_unknown"),
    ]
    assert_sound(app)


def test_a_mark_that_does_not_count_is_listed_beside_the_issues_of_its_delivery(
    app: Application, tmp_path: Path
) -> None:
    wrong = {"cpf": "11111111111", "birth_date": "2026-02-31"}
    people = [who("old", ANA | wrong, merged_into="nobody"), who("new", CARLOS | wrong)]
    deliver(app, tmp_path, people, CLINIC)

    with app.store.reading() as session:
        rows = session.rows("SELECT field FROM issue ORDER BY field")
    found = [str(row["field"]) for row in rows]
    assert found == ["birth_date", "birth_date", "cpf", "cpf", "merged_into"]


def test_a_mark_counts_from_the_day_its_target_is_delivered_until_that_leads_back(
    app: Application, tmp_path: Path
) -> None:
    """Also where the old row is not delivered again; until then it is listed."""
    text = canonical_declaration("delta", "health").replace('"full"', '"delta"')
    declare_file(app, tmp_path / "delta.toml", text)
    deliver(app, tmp_path, [who("old", UNDATED, merged_into="new")], "delta")
    assert states(app) == {"old": "pending"}
    assert issues(app) == [("old", "merged_into_unknown")]

    deliver(app, tmp_path, [who("new", CARLOS)], "delta")
    link(app)
    assert states(app) == {"old": "superseded", "new": "present"}
    assert issues(app) == []
    assert len(partition(app)) == 1

    deliver(app, tmp_path, [who("new", CARLOS, merged_into="old")], "delta")
    link(app)
    assert states(app) == {"old": "present", "new": "present"}
    assert len(partition(app)) == 2
    assert_sound(app)


def test_a_target_of_another_scope_counts(app: Application, tmp_path: Path) -> None:
    """A clinic's delivery may name a record that only another clinic delivers."""
    text = canonical_declaration("clinics", "health")
    text = text.replace('snapshot = "full"', 'snapshot = "full"\nscope = "unit_code"')
    declare_file(app, tmp_path / "clinics.toml", text)
    deliver(app, tmp_path, [who("1", ANA, unit_code="A")], "clinics")
    deliver(app, tmp_path, [who("2", BIA, unit_code="B", merged_into="1")], "clinics")

    assert states(app) == {"1": "pending", "2": "superseded"}


def test_a_merge_of_two_citizens_moves_no_anchor_and_its_undo_gives_each_their_id(
    app: Application, tmp_path: Path
) -> None:
    """With those who had come along: the school's record follows Beatriz both ways.

    Merged into a third record instead, she leaves the first one.
    """
    ana, bia, school = (CLINIC, "1"), (CLINIC, "2"), (SCHOOL, "7")
    deliver(app, tmp_path, [who("1", UNDATED), who("2", BIA)], CLINIC)
    deliver(app, tmp_path, [who("7", BIA)], SCHOOL)
    link(app)
    before, anchors = homes(app), ids(app)
    assert before[bia] == before[school] != before[ana]

    deliver(app, tmp_path, [who("1", UNDATED), who("2", BIA, merged_into="1")], CLINIC)
    merged = link(app)
    assert (merged["merged"], len(partition(app))) == (1, 1)
    assert ids(app) == anchors
    assert answer(app, "2") == (homes(app)[ana], "superseded")
    assert_sound(app)

    deliver(app, tmp_path, [who("1", UNDATED), who("2", BIA)], CLINIC)
    link(app)
    assert homes(app) == before
    assert_sound(app)

    deliver(app, tmp_path, [who("1", UNDATED), who("2", BIA, merged_into="1")], CLINIC)
    link(app)
    people = [who("1", UNDATED), who("2", BIA, merged_into="3"), who("3", CARLOS, birth_date="")]
    deliver(app, tmp_path, people, CLINIC)
    link(app)
    assert homes(app)[bia] == homes(app)[(CLINIC, "3")] != homes(app)[ana]
    assert_sound(app)


def test_what_only_the_merge_held_parts_when_it_is_taken_back(
    app: Application, tmp_path: Path
) -> None:
    """Two who look somewhat alike: enough to hold a citizen, not enough to make one."""
    one = who("1", ANA, cpf="", mother_name="Rosa Ferreira Souza")
    other = {"local_id": "2", "full_name": "Ana Paula Souza", "birth_date": "1987-03-12"}
    deliver(app, tmp_path, [one, other], CLINIC)
    link(app)
    with app.store.reading() as session:
        weight = session.value("SELECT match_weight FROM scored_pair")
    assert 2 < float(str(weight)) < 6, "a pair between the thresholds"
    before = homes(app)
    deliver(app, tmp_path, [one, {**other, "merged_into": "1"}], CLINIC)
    link(app)
    assert len(partition(app)) == 1
    deliver(app, tmp_path, [one, other], CLINIC)
    link(app)

    assert homes(app) == before
    assert_sound(app)


class TestNewKeys:
    """All local IDs are new, all old ones gone."""

    PEOPLE = (ANA, BIA, CARLOS)

    @pytest.fixture
    def placed(self, app: Application, tmp_path: Path) -> Application:
        people = [who(f"a{n}", known) for n, known in enumerate(self.PEOPLE)]
        deliver(app, tmp_path, people, CLINIC)
        deliver(app, tmp_path, [who("7", BIA)], SCHOOL)
        link(app)
        return app

    def new(self, tmp_path: Path) -> Path:
        people = [who(f"b{n}", known) for n, known in enumerate(self.PEOPLE)]
        return write_people(tmp_path / "new.csv", people)

    def map(self, tmp_path: Path) -> Path:
        return write_map(tmp_path / "map.csv", [(f"a{n}", f"b{n}") for n in range(3)])

    def test_a_delivery_without_a_map_is_held_and_accepted_keeps_every_id(
        self, placed: Application, tmp_path: Path
    ) -> None:
        """New records meet the withdrawn ones, which hold the anchors."""
        before = homes(placed)
        with pytest.raises(LoadHeldError) as held:
            load(placed, self.new(tmp_path))
        load(placed, accept=int(str(held.value.where)))
        result = link(placed)

        assert changes(result) == {"linked": 3}
        for n in range(3):
            assert answer(placed, f"b{n}") == (before[(CLINIC, f"a{n}")], "active")
            assert answer(placed, f"a{n}") == (before[(CLINIC, f"a{n}")], "withdrawn")
        assert_sound(placed)

    def test_with_its_map_it_is_not_held_and_joins_whom_no_evidence_would(
        self, placed: Application, tmp_path: Path
    ) -> None:
        before = homes(placed)
        told = rekey(placed, self.map(tmp_path))
        assert (told["mapped"], told["unknown"], told["changed"]) == (3, 0, 3)
        changed = {"full_name": "Zilda Prates", "birth_date": ANA["birth_date"]}
        people = [who("b0", changed), who("b1", BIA), who("b2", CARLOS)]
        result = load(placed, write_people(tmp_path / "new.csv", people))
        assert (result["new"], result["withdrawn"]) == (3, 0)
        link(placed)

        for n in range(3):
            assert answer(placed, f"b{n}") == (before[(CLINIC, f"a{n}")], "active")
            assert answer(placed, f"a{n}") == (before[(CLINIC, f"a{n}")], "superseded")
        assert issues(placed) == []
        assert_sound(placed)

    def test_a_map_may_come_while_the_delivery_is_held_and_for_some_only(
        self, placed: Application, tmp_path: Path
    ) -> None:
        with pytest.raises(LoadHeldError) as held:
            load(placed, self.new(tmp_path))
        rekey(placed, write_map(tmp_path / "map.csv", [("a0", "b0")]))
        result = load(placed, accept=int(str(held.value.where)))
        assert (result["new"], result["withdrawn"]) == (3, 2)

        late = [("a0", "b0"), ("a1", "b1"), ("a2", "b9"), ("never", "b2")]
        told = rekey(placed, write_map(tmp_path / "map.csv", late))

        assert (told["mapped"], told["unknown"]) == (1, 3)
        assert [states(placed)[f"a{n}"] for n in range(3)] == [
            "superseded", "superseded", "withdrawn",
        ]  # fmt: skip
        assert_sound(placed)


class TestOnePersonUnderANewKey:
    """A family that moves, a purge and a return."""

    MOTHER: Mapping[str, str] = {
        "full_name": "Rosane Teixeira Prado", "birth_date": "1984-05-02", "sex": "F",
        "mother_name": "Ivone Teixeira", "household_role": "reference person",
    }  # fmt: skip
    TWINS: tuple[Mapping[str, str], ...] = tuple(
        {
            "full_name": f"{name} Prado Lemos", "birth_date": "2012-07-15", "sex": "M",
            "mother_name": "Rosane Teixeira Prado",
        }
        for name in ("Caio", "Davi")
    )  # fmt: skip

    def family(self, code: str) -> list[dict[str, str]]:
        people = (self.MOTHER, *self.TWINS)
        return [who(f"{code}-{n}", known, household_id=code) for n, known in enumerate(people)]

    def test_a_family_under_a_new_code_keeps_its_ids(
        self, app: Application, tmp_path: Path
    ) -> None:
        """In the same delivery, and after a time in which nobody delivers them."""
        stays = who("x", CARLOS, household_id="x")
        deliver(app, tmp_path, [stays, *self.family("old")], CLINIC)
        link(app)
        before = homes(app)
        deliver(app, tmp_path, [stays, *self.family("new")], CLINIC)
        assert changes(link(app)) == {"linked": 3}
        deliver(app, tmp_path, [stays], CLINIC)
        link(app)
        assert answer(app, "new-1") == (before[(CLINIC, "old-1")], "dormant")
        deliver(app, tmp_path, [stays, *self.family("newer")], CLINIC)

        assert changes(link(app)) == {"linked": 3}
        for n in range(3):
            assert answer(app, f"newer-{n}") == (before[(CLINIC, f"old-{n}")], "active")
        assert_sound(app)


def test_both_databases_say_the_same(application: Application, tmp_path: Path) -> None:
    """A merge, its undo, new keys by a map, and a purge with a return."""
    declare(application, CLINIC)
    people = [who("1", UNDATED), who("2", BIA)]
    deliver(application, tmp_path, people, CLINIC)
    link(application)
    before = homes(application)
    deliver(application, tmp_path, [people[0], {**people[1], "merged_into": "1"}], CLINIC)
    link(application)
    assert len(partition(application)) == 1
    deliver(application, tmp_path, people, CLINIC)
    link(application)
    assert homes(application) == before
    rekey(application, write_map(tmp_path / "map.csv", [("1", "n1")]))
    deliver(application, tmp_path, [who("n1", UNDATED), who("n2", BIA)], CLINIC)
    link(application)

    after = homes(application)
    assert [after[(CLINIC, f"n{n}")] for n in (1, 2)] == [before[(CLINIC, str(n))] for n in (1, 2)]
    assert [answer(application, str(n))[1] for n in (1, 2)] == ["superseded", "withdrawn"]
    assert_sound(application)
