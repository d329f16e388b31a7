"""Well-known situations under the shipped model: which side of the thresholds, and the very weight.

`tests/golden/person_weights.json` holds the weights of the shipped model. After a model was trained
on purpose, `MDM_UPDATE_GOLDEN=1 pytest tests/unit/linkage/test_person_weights.py` writes it anew.
"""

import json
import os
from pathlib import Path

import pytest

from mdm.linkage.model import PersonModel, load_model
from mdm.linkage.pair_scorer import PairScorer, PairWeight
from mdm.linkage.prepare_one import Decided, prepare_one
from mdm.standardise.record import standardise_record
from support.linkage_city import SHIPPED_MODEL, TODAY

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "person_weights.json"
POPULATION = 1 << 21
HOME = {
    "street": "Rua dos Andradas", "street_number": "1001", "district": "Centro",
    "phone": "51999998888",
}  # fmt: skip
ANA = {
    "full_name": "Ana Paula Ferreira Souza", "birth_date": "1987-03-12", "sex": "F",
    "mother_name": "Rosa Ferreira", **HOME,
}  # fmt: skip
MARIA = {
    "full_name": "Maria Julia Lima", "birth_date": "2015-05-05", "sex": "F",
    "mother_name": "Rosa Lima", **HOME,
}  # fmt: skip
JOSE = {
    "full_name": "Jose Silva", "birth_date": "1960-01-09", "sex": "M",
    "mother_name": "Maria Silva",
}  # fmt: skip
ROSA = {**MARIA, "full_name": "Rosa Lima", "birth_date": "1987-01-02", "mother_name": "Eva Reis"}
CPF = {"cpf": "529.982.247-25"}
AWAY = {"street": "", "street_number": "", "district": "", "phone": ""}
Pair = tuple[dict[str, str], dict[str, str]]

ONE_PERSON: dict[str, Pair] = {
    "all equal": (ANA, ANA),
    "nothing but name, mother and birth": ({**ANA, **AWAY}, {**ANA, **AWAY}),
    "a letter left out": (ANA, {**ANA, "full_name": "Ana Paula Fereira Souza"}),
    "day and month exchanged": (ANA, {**ANA, "birth_date": "1987-12-03"}),
    "married and moved, one CPF": (
        {**ANA, **CPF},
        {**ANA, **CPF, **AWAY, "full_name": "Ana Paula Moreira"},
    ),
    "married, one home": (ANA, {**ANA, "full_name": "Ana Paula Moreira"}),
    "names cut to initials": (ANA, {**ANA, **AWAY, "full_name": "Ana P. F. Souza"}),
    "newborn under the mother's name, one home": (
        {**MARIA, "full_name": "RN de Rosa Lima"},
        MARIA,
    ),
}
TWO_PEOPLE: dict[str, Pair] = {
    "brother and sister": (
        MARIA,
        {**MARIA, "full_name": "Pedro Lima", "birth_date": "2012-09-17", "sex": "M"},
    ),
    "twins of two names": (MARIA, {**MARIA, "full_name": "Joao Pedro Lima", "sex": "M"}),
    "mother and daughter": (ROSA, MARIA),
    "namesakes": (
        JOSE,
        {**JOSE, "birth_date": "1971-07-22", "mother_name": "Ana Silva"},
    ),
    "namesakes born on one day": (JOSE, {**JOSE, "mother_name": "Rita Lima"}),
}
# Over the link threshold by weight alone: what parts them is the guard of the twin pattern.
GUARDED: dict[str, Pair] = {
    "twins sharing the first token": (MARIA, {**MARIA, "full_name": "Maria Clara Lima"}),
}


@pytest.fixture(scope="module")
def model() -> PersonModel:
    return load_model(SHIPPED_MODEL)


def weight(model: PersonModel, pair: Pair) -> PairWeight:
    given = frozenset(model.given_tokens)
    prepared = []
    for values in pair:
        record, issues = standardise_record(values, today=TODAY)
        assert issues == ()
        prepared.append(
            prepare_one(
                record,
                record_id=1,
                source="x",
                decided=Decided(phones=record.phones),
                given_tokens=given,
            )
        )
    return PairScorer(model, POPULATION).weight(*prepared)


@pytest.mark.parametrize("situation", ONE_PERSON)
def test_records_of_one_person_are_linked(model: PersonModel, situation: str) -> None:
    assert weight(model, ONE_PERSON[situation]).total >= model.thresholds.link


@pytest.mark.parametrize("situation", TWO_PEOPLE)
def test_records_of_two_people_are_not_even_asked_about(model: PersonModel, situation: str) -> None:
    assert weight(model, TWO_PEOPLE[situation]).total < model.thresholds.review


def test_weights_of_the_shipped_model_are_those_of_the_golden_file(model: PersonModel) -> None:
    """A change of levels, standardising or model shows here, situation by situation."""
    told = {
        name: {
            "weight": (found := weight(model, pair)).total,
            "levels": {c.comparison: c.level for c in found.contributions if c.level != "missing"},
        }
        for name, pair in {**ONE_PERSON, **TWO_PEOPLE, **GUARDED}.items()
    }
    made = {"model": model.version, "population": POPULATION, "situations": told}
    if os.environ.get("MDM_UPDATE_GOLDEN") == "1":
        GOLDEN.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", "utf-8")

    assert made == json.loads(GOLDEN.read_text("utf-8"))


def test_a_common_name_weighs_less_than_a_rare_one(model: PersonModel) -> None:
    common = weight(model, (JOSE, JOSE))
    rare = weight(model, ({**JOSE, "full_name": "Quirino Zambiasi"},) * 2)
    bits = [
        sum(c.bits + c.frequency_bits for c in found.contributions
            if c.comparison in {"given", "surname"})
        for found in (common, rare)
    ]  # fmt: skip
    assert bits[0] < bits[1]


def test_a_missing_value_says_nothing(model: PersonModel) -> None:
    bare = {"full_name": ANA["full_name"], "birth_date": ANA["birth_date"]}
    found = weight(model, (ANA, bare))

    for said in found.contributions:
        known = said.comparison in {"given", "surname", "birth_date"}
        assert (said.level == "missing") == (not known)
        assert known or said.bits == said.frequency_bits == 0.0
