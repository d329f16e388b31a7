"""Evidence in two Portuguese sentences, and what would settle a pair.

`tests/golden/pairs/explanations.toml` holds what was read and found right. After a change of model
or words, `MDM_UPDATE_GOLDEN=1 pytest tests/unit/linkage/test_plain_words.py` writes it anew.
"""

import json
import os
import tomllib
from dataclasses import replace
from typing import Final

import pytest

from mdm.domain.scored_pair import Guard
from mdm.linkage.explain import MISSING, Finding, levels_of
from mdm.linkage.model import PersonModel, load_model
from mdm.linkage.person_model import COMPARISONS
from mdm.linkage.plain_words import CLAUSES, GUARD_CLAUSES, Evidence, two_sentences
from mdm.linkage.settling import APART, LINKED, REVIEW, by_weight, would_settle
from support.golden_pairs import FOLDER, POPULATION, Answer, decide, golden_pairs, sentences
from support.linkage_city import SHIPPED_MODEL

EXPLANATIONS: Final = FOLDER / "explanations.toml"
HEAD: Final = "# What is told of a pair, in two sentences: read by a person, then held.\n"


@pytest.fixture(scope="module")
def model() -> PersonModel:
    return load_model(SHIPPED_MODEL)


@pytest.fixture(scope="module")
def answers(model: PersonModel) -> dict[str, Answer]:
    return decide(golden_pairs(), model)


def test_the_explanations_are_those_that_were_read(
    model: PersonModel, answers: dict[str, Answer]
) -> None:
    expected = tomllib.loads(EXPLANATIONS.read_text("utf-8"))
    told = {name: list(sentences(answers[name], model)) for name in expected}
    if os.environ.get("MDM_UPDATE_GOLDEN") == "1":
        rows = [
            f"{name} = [\n  {json.dumps(one, ensure_ascii=False)},\n"
            f"  {json.dumps(other, ensure_ascii=False)},\n]\n"
            for name, (one, other) in told.items()
        ]
        EXPLANATIONS.write_text(HEAD + "\n" + "\n".join(rows), "utf-8")

    assert len(expected) >= 40
    assert told == expected


def test_two_sentences_are_two_and_name_nothing_of_the_person(
    model: PersonModel, answers: dict[str, Answer]
) -> None:
    for pair in golden_pairs():
        for text in sentences(answers[pair.pair_id], model):
            assert text[0].isupper()
            assert text.count(".") == 1
            assert text.endswith(".")
            assert "  " not in text
            assert not any(
                value in text
                for record in pair.records
                for column, value in record.items()
                if column not in {"source", "sex", "local_id", "street_number"}
            )


def test_every_level_and_every_guard_has_its_words() -> None:
    levels = {(c.name, level.label) for c in COMPARISONS for level in c.levels}

    assert CLAUSES.keys() == levels
    assert GUARD_CLAUSES.keys() == set(Guard)


def test_what_would_settle_a_pair_is_missing_and_changes_the_decision(
    model: PersonModel, answers: dict[str, Answer]
) -> None:
    told = 0
    for answer in answers.values():
        weight = answer.weight
        now = by_weight(weight.total, model.thresholds)
        for one in would_settle(model, POPULATION, weight.pattern, weight.total):
            told += 1
            assert levels_of(weight.pattern)[one.comparison] is None
            assert one.if_equal > one.if_different
            assert {one.then_equal, one.then_different} != {now}
            assert one.then_equal == by_weight(one.if_equal, model.thresholds)
    assert told > 100


def test_the_weight_told_for_a_missing_number_is_the_one_that_it_would_bring(
    model: PersonModel,
) -> None:
    """On a pair that is decided once without and once with a CPF."""
    pair = next(p for p in golden_pairs() if p.pair_id == "namesakes-13")
    cpf = {"cpf": "529.982.247-25"}
    records = ({**pair.records[0], **cpf}, {**pair.records[1], **cpf})
    same = replace(pair, pair_id="same", records=records)
    without, known = decide([pair], model)[pair.pair_id], decide([same], model)["same"]
    told = would_settle(model, POPULATION, without.weight.pattern, without.weight.total)

    assert without.outcome == REVIEW
    assert known.outcome == LINKED
    assert told[0].comparison == "cpf"
    assert (told[0].then_equal, told[0].then_different) == (LINKED, APART)
    assert told[0].if_equal == pytest.approx(known.weight.total, abs=0.1)


def test_a_pair_of_which_nothing_is_known_gets_its_sentences_too() -> None:
    bare = [Finding(c.name, MISSING, 0.0) for c in COMPARISONS]

    assert two_sentences(Evidence(outcome=APART, findings=bare)) == (
        "O sistema mantém os dois registros separados: nada pôde ser comparado, e isso é pouco.",
        (
            "Faltam o CPF, o CNS, a data de nascimento e o nome da mãe em ao menos um dos lados, "
            "mas isso não muda a decisão."
        ),
    )
    assert two_sentences(Evidence(outcome=LINKED, findings=bare))[0] == (
        "O sistema une os dois registros porque a curadoria os uniu."
    )
