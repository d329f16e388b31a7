"""Training where no number tells who is who."""

import pytest

from mdm.linkage import training
from mdm.linkage.ownership import decide_ownership
from mdm.linkage.training import train_model
from support.linkage_city import city

PEOPLE, SEED = 3000, 11
NUMBERS = ("cpf", "nis", "birth_certificate", "dnv", "inep_id", "rg", "guardian_cpf")


@pytest.mark.slow
def test_what_is_learned_without_numbers_is_near_what_numbers_teach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mother's name and the birth date tell nearly what a shared CPF tells."""
    monkeypatch.setattr(training, "RANDOM_PAIRS", 100_000)
    models = []
    for numbered in (True, False):
        with city(PEOPLE, SEED) as con:
            for column in () if numbered else NUMBERS:
                con.execute(f"UPDATE standard SET {column} = NULL")
            if not numbered:
                con.execute("UPDATE standard SET cns = []")
            decide_ownership(con)
            models.append(train_model(con))
    taught, learned = models

    assert learned.matches_per_record == pytest.approx(taught.matches_per_record, rel=0.15)
    for name in ("given", "surname", "mother", "birth_date"):
        pairs = zip(taught.levels[name], learned.levels[name], strict=True)
        assert max(abs(one.m - other.m) for one, other in pairs) < 0.06, name
