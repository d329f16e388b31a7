"""Judgements about numbers: what the golden record, the guard and the ledger make of them."""

from dataclasses import replace
from datetime import date

import pytest

from mdm.clustering.guards import pair_guards
from mdm.domain.ownership import Ownership
from mdm.errors import (
    JudgementConflictError,
    NotFoundError,
    UnknownSourceError,
    UsageError,
)
from mdm.services.citizen_facts import facts_of, read_records
from mdm.services.judge_identifier import (
    Said,
    forget_identifier_judgements,
    judge_identifier,
    list_identifiers,
    suspend_changed_identifiers,
)
from mdm.services.refresh_golden import refresh_golden
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
ONE_CNS, OTHER_CNS = "177835337400018", "700501572752653"


@pytest.fixture
def made(store: Store) -> SmallRegistry:
    return SmallRegistry(store)


def say(
    made: SmallRegistry,
    verdict: str,
    local_id: str,
    identifier: str = "cpf",
    *,
    by: str = "ines",
    number: str | None = None,
    source: str = "a",
) -> dict[str, object]:
    said = Said(
        verdict=Ownership(verdict),
        key=(source, local_id),
        identifier=identifier,
        number=number,
        reason="seen",
    )
    return judge_identifier(made.store, RULES.golden, replace(HEADER, actor=by), said)


def golden(made: SmallRegistry, home: str, column: str = "cpf") -> object:
    sql = f"SELECT {column} FROM golden_record WHERE municipal_id = '{home}'"
    ((value,),) = rows(made, sql)
    return value


def refresh(made: SmallRegistry, *homes: str) -> None:
    with made.store.writing(HEADER) as session:
        suspend_changed_identifiers(session)
        refresh_golden(session, RULES.golden, homes)


def guards(made: SmallRegistry, *pair: int) -> list[str]:
    with made.store.reading() as session:
        facts = facts_of(session, read_records(session, pair, today=TODAY))
    return [guard.value for guard in pair_guards(*(facts[record] for record in pair))]


def test_a_number_judged_anothers_leaves_the_golden_record_at_once_and_comes_back(
    made: SmallRegistry,
) -> None:
    _, (home,) = apart(made, {**ANA, **ONE_CPF})
    refresh(made, home)
    assert golden(made, home) == "52998224725"

    number = say(made, "not_theirs", "1")["judgement_id"]
    assert golden(made, home) is None
    undone = undo(made, number)
    assert (undone["state"], undone["municipal_ids"]) == ("undone", [home])
    assert golden(made, home) == "52998224725"
    with pytest.raises(JudgementConflictError):
        undo(made, number)
    assert_sound(made)


def test_a_number_judged_own_comes_into_the_golden_record_at_once(made: SmallRegistry) -> None:
    (record,), (home,) = apart(made, {**ANA, **ONE_CPF})
    made.issue(record, "cpf", "not_theirs")
    refresh(made, home)
    assert golden(made, home) is None
    say(made, "own", "1")

    assert golden(made, home) == "52998224725"


def test_one_of_several_cns_is_judged_by_its_number(made: SmallRegistry) -> None:
    _, (home,) = apart(made, {**ANA, "cns": f"{ONE_CNS};{OTHER_CNS}"})
    refresh(made, home)
    with pytest.raises(UsageError):
        say(made, "not_theirs", "1", "cns")
    number = say(made, "not_theirs", "1", "cns", number=OTHER_CNS)["judgement_id"]

    assert golden(made, home, "cns") == f'["{ONE_CNS}"]'
    undo(made, number)
    assert golden(made, home, "cns") == f'["{ONE_CNS}","{OTHER_CNS}"]'


def test_what_cannot_be_judged_is_refused_by_name(made: SmallRegistry) -> None:
    apart(made, ANA)

    with pytest.raises(NotFoundError):
        say(made, "own", "1")
    with pytest.raises(NotFoundError):
        say(made, "own", "99")
    with pytest.raises(UnknownSourceError):
        say(made, "own", "1", source="nowhere")
    with pytest.raises(NotFoundError):
        undo(made, 77)


def test_the_same_answer_changes_nothing_and_the_contrary_is_refused(made: SmallRegistry) -> None:
    apart(made, {**ANA, **ONE_CPF}, BIA)
    first = say(made, "own", "1")["judgement_id"]

    assert say(made, "own", "1")["judgement_id"] == first
    with pytest.raises(JudgementConflictError, match=f"judgement {first}"):
        say(made, "not_theirs", "1", by="rui")
    assert say(made, "own", "1", by="rui")["judgement_id"] == 2
    assert judge(made, "different", "1", "2")["judgement_id"] == 3
    assert say(made, "own", "1", by="eva")["judgement_id"] == 4


def test_two_cpfs_judged_own_by_two_stewards_may_be_one_persons(made: SmallRegistry) -> None:
    (one, other, third), _ = apart(
        made, {**ANA, **ONE_CPF}, {**ANA, **OTHER_CPF}, {**ANA, **OTHER_CPF}
    )
    say(made, "own", "1")
    say(made, "own", "2")
    assert guards(made, one, other) == ["two_cpfs"]

    number = say(made, "own", "2", by="rui")["judgement_id"]
    assert guards(made, one, other) == []
    assert guards(made, one, third) == []
    assert judge(made, "same", "1", "2")["state"] == "active"
    undo(made, number)
    assert guards(made, one, other) == ["two_cpfs"]
    assert_sound(made)


def test_a_judgement_is_suspended_when_its_record_changes_and_counts_while_the_number_stands(
    made: SmallRegistry,
) -> None:
    (record,), (home,) = apart(made, {**ANA, **ONE_CPF})
    say(made, "not_theirs", "1")
    made.change(record, {**BIA, **ONE_CPF})
    refresh(made, home)
    assert golden(made, home) is None
    with made.store.reading() as session:
        (told,) = list_identifiers(session)
    assert (told["state"], told["verdict"]) == ("suspended", "not_theirs")

    answer = say(made, "own", "1", by="rui")
    assert answer["replaced"] == [1]
    assert golden(made, home) == "52998224725"
    assert rows(made, "SELECT state FROM identifier_judgement ORDER BY judgement_id") == [
        ("undone",), ("active",),
    ]  # fmt: skip
    made.change(record, {**BIA, **OTHER_CPF})
    refresh(made, home)
    assert golden(made, home) == "11144477735"
    assert_sound(made)


def test_erasure_empties_what_was_said_and_the_ledger_holds_the_number_alone(
    made: SmallRegistry,
) -> None:
    (record,), _ = apart(made, {**ANA, **ONE_CPF})
    say(made, "own", "1")
    with made.store.writing(HEADER) as session:
        forget_identifier_judgements(session, [record])

    assert rows(made, "SELECT value_hash, reason, state FROM identifier_judgement") == [
        (None, None, "undone")
    ]
    assert rows(
        made,
        "SELECT kind, record_id, municipal_id, detail FROM ledger_event "
        "WHERE kind LIKE 'judge_identifier%' ORDER BY seq",
    ) == [
        ("judge_identifier", None, None, "1"),
        ("judge_identifier_undo", None, None, "1"),
    ]
    assert_sound(made)
