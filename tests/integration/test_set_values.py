"""Values that stewards set: checked, shown, following their record, ended by the source."""

from dataclasses import replace
from datetime import date

import pytest

from mdm.domain.golden_record import Attribute
from mdm.errors import (
    GoldenAttributeError,
    GoldenValueError,
    NotFoundError,
    OverrideStateError,
)
from mdm.services.citizen_state import Question, citizen_state
from mdm.services.overrides import forget_overrides, lapse_corrected
from mdm.services.refresh_golden import refresh_golden
from mdm.services.seals import Hidden
from mdm.services.set_value import Setting, list_values, set_value, undo_value
from mdm.storage.store import Store
from support.small_registry import HEADER, SmallRegistry
from support.stewards import (
    ANA,
    BIA,
    ONE_CPF,
    OTHER_CPF,
    RULES,
    apart,
    assert_sound,
    judge,
    rows,
    undo,
)

TODAY = date(2026, 2, 1)


@pytest.fixture
def made(store: Store) -> SmallRegistry:
    return SmallRegistry(store)


def put(
    made: SmallRegistry, home: str, attribute: str, value: str, by: str = "ines"
) -> dict[str, object]:
    setting = Setting(municipal_id=home, attribute=attribute, value=value, reason="seen the paper")
    return set_value(made.store, RULES.golden, replace(HEADER, actor=by), setting)


def golden(made: SmallRegistry, home: str, column: str = "name") -> object:
    sql = f"SELECT {column} FROM golden_record WHERE municipal_id = '{home}'"
    ((value,),) = rows(made, sql)
    return value


def refresh(made: SmallRegistry, *homes: str) -> None:
    with made.store.writing(HEADER) as session:
        lapse_corrected(session)
        refresh_golden(session, RULES.golden, homes)


def states(made: SmallRegistry) -> list[object]:
    return [state for (state,) in rows(made, "SELECT state FROM golden_override ORDER BY 1")]


def test_a_value_is_shown_with_rule_day_and_number_and_can_be_taken_back(
    made: SmallRegistry,
) -> None:
    _, (home,) = apart(made, ANA)
    number = put(made, home, "name", "Ana Sousa")["override_id"]
    put(made, home, "address", "Rua das Flores; 12; Centro; 90010-150; 4314902")

    assert golden(made, home) == "Ana Sousa"
    assert '"name":[1,"steward",1]' in str(golden(made, home, "lineage"))
    assert '"postal_code":"90010150"' in str(golden(made, home, "address"))
    with made.store.reading() as session:
        state = citizen_state(
            session, RULES.golden, Question(municipal_id=home), sees=lambda *_: True, today=TODAY
        )
    assert state.golden.values[Attribute.NAME].as_of is not None
    undone = undo_value(made.store, RULES.golden, HEADER, int(str(number)))
    assert undone["state"] == "undone"
    assert golden(made, home) == "Ana Souza"
    with pytest.raises(OverrideStateError):
        undo_value(made.store, RULES.golden, HEADER, int(str(number)))
    with pytest.raises(NotFoundError):
        undo_value(made.store, RULES.golden, HEADER, 77)
    assert_sound(made)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("cpf", "529.982.247-26"),
        ("birth_date", "31/02/1990"),
        ("birth_date", "2999-01-01"),
        ("sex", "X9"),
        ("name", "RN DE ROSA LIMA"),
        ("name", "NAO INFORMADO"),
        ("social_name", "Ana Souza"),
        ("address", "Rua A; 1; B; 90010-150; 4314902; more"),
    ],
)
def test_a_value_is_checked_as_a_loaded_one(
    made: SmallRegistry, attribute: str, value: str
) -> None:
    _, (home,) = apart(made, ANA)

    with pytest.raises(GoldenValueError) as refused:
        put(made, home, attribute, value)
    assert value not in refused.value.message
    assert rows(made, "SELECT 1 FROM golden_override") == []


@pytest.mark.parametrize("attribute", ["cns", "phones", "services", "shoe_size"])
def test_only_single_attributes_can_be_set(made: SmallRegistry, attribute: str) -> None:
    _, (home,) = apart(made, ANA)

    with pytest.raises(GoldenAttributeError):
        put(made, home, attribute, "1")


def test_a_second_value_takes_the_place_of_the_first_and_the_same_one_changes_nothing(
    made: SmallRegistry,
) -> None:
    _, (home,) = apart(made, ANA)
    put(made, home, "name", "Ana Sousa")
    assert put(made, home, "name", "Ana Sousa", by="rui")["override_id"] == 1

    assert put(made, home, "name", "Ana Souto")["replaced"] == [1]
    assert states(made) == ["active", "undone"]
    assert golden(made, home) == "Ana Souto"
    assert_sound(made)


def test_an_empty_value_says_that_the_citizen_has_none(made: SmallRegistry) -> None:
    _, (home,) = apart(made, {**ANA, "deceased_on": "2025-05-05"})
    assert golden_status(made, home) == "reported"
    put(made, home, "deceased_on", "")

    assert golden_status(made, home) is None
    assert golden(made, home, "deceased_on") is None


def golden_status(made: SmallRegistry, home: str) -> object:
    refresh(made, home)
    return golden(made, home, "deceased_status")


def test_it_lapses_when_its_source_is_corrected_and_not_before(made: SmallRegistry) -> None:
    (record, _), (home, _) = apart(made, ANA, BIA)
    put(made, home, "name", "Ana Sousa")
    made.change(record, {**ANA, "sex": "F"})
    refresh(made, home)
    assert (golden(made, home), states(made)) == ("Ana Sousa", ["active"])

    made.change(record, {"full_name": "Ana Maria Souza"})
    with made.store.reading() as session:
        (told,) = list_values(session, home, today=TODAY)
    assert told["state"] == "lapsed"
    refresh(made, home)
    assert (golden(made, home), states(made)) == ("Ana Maria Souza", ["lapsed"])
    with pytest.raises(OverrideStateError, match="lapsed"):
        undo_value(made.store, RULES.golden, HEADER, 1)
    assert_sound(made)


def test_it_follows_its_record_through_a_merge_and_back(made: SmallRegistry) -> None:
    _, (one, other) = apart(made, ANA, BIA)
    put(made, other, "name", "Bia Lima")
    number = judge(made, "same", "1", "2")["judgement_id"]
    (merged,) = {made.home(1), made.home(2)}
    assert merged == one

    assert golden(made, one) == "Bia Lima"
    put(made, one, "mother", "Rosa Lima")
    undo(made, number)
    assert golden(made, other) == "Bia Lima"
    assert golden(made, one, "mother") == "Rosa Lima"
    assert_sound(made)


def test_nothing_that_only_a_restricted_record_says_can_be_set(made: SmallRegistry) -> None:
    records = made.records(
        ("a", "1", {**ANA, **ONE_CPF}), ("a", "2", {**ANA, **OTHER_CPF, "restricted": "1"})
    )
    (home,) = made.citizens(records)

    with pytest.raises(GoldenValueError):
        put(made, home, "cpf", OTHER_CPF["cpf"])
    (alone,) = made.citizens(made.records(("a", "3", {**BIA, "restricted": "1"})))
    with pytest.raises(NotFoundError):
        put(made, alone, "name", "Bia Lima")


def test_a_value_set_before_a_record_was_restricted_is_not_told_after_it(
    made: SmallRegistry,
) -> None:
    records = made.records(("a", "1", ANA), ("a", "2", BIA))
    (home,) = made.citizens(records)
    put(made, home, "name", "Bia Souza")
    assert golden(made, home) == "Bia Souza"
    with made.store.writing(HEADER) as session:
        session.update_rows("record", [{"record_id": records[1], "restricted": True}])
        refresh_golden(session, RULES.golden, [home])

    assert golden(made, home) == "Ana Souza"
    with made.store.reading() as session:
        state = citizen_state(
            session,
            RULES.golden,
            Question(municipal_id=home),
            sees=lambda _, hidden: hidden is Hidden.NO,
            today=TODAY,
        )
    assert state.golden.shown(Attribute.NAME) == "Ana Souza"


def test_a_past_answer_has_the_value_that_was_set_then(made: SmallRegistry) -> None:
    _, (home,) = apart(made, ANA)
    refresh(made, home)
    before = moment(made)
    put(made, home, "name", "Ana Sousa")
    between = moment(made)
    undo_value(made.store, RULES.golden, HEADER, 1)

    for as_of, shown in ((before, "Ana Souza"), (between, "Ana Sousa"), (None, "Ana Souza")):
        with made.store.reading() as session:
            question = Question(municipal_id=home, as_of=as_of)
            state = citizen_state(
                session, RULES.golden, question, sees=lambda *_: True, today=TODAY
            )
        assert state.golden.shown(Attribute.NAME) == shown


def moment(made: SmallRegistry) -> str:
    ((at,),) = rows(made, "SELECT MAX(at) FROM ledger_tx")
    return str(at)


def test_erasure_empties_what_was_set(made: SmallRegistry) -> None:
    (record,), (home,) = apart(made, ANA)
    put(made, home, "name", "Ana Sousa")
    with made.store.writing(HEADER) as session:
        forget_overrides(session, [record])

    assert rows(made, "SELECT value, reason, state FROM golden_override") == [
        (None, None, "undone")
    ]
    assert_sound(made)


def test_the_ledger_holds_the_number_alone(made: SmallRegistry) -> None:
    _, (home,) = apart(made, ANA)
    put(made, home, "name", "Ana Sousa")

    assert rows(
        made,
        "SELECT kind, record_id, municipal_id, detail FROM ledger_event WHERE kind = 'override'",
    ) == [("override", None, None, "1")]
