"""Training where no number tells who is who."""

from functools import partial

import duckdb
import numpy as np
import pytest

from mdm.linkage import training
from mdm.linkage.expectation import Array
from mdm.linkage.ownership import decide_ownership
from mdm.linkage.person_model import COMPARISONS
from mdm.linkage.training import train_model
from mdm.linkage.training_by_names import Candidates, learn_by_names
from mdm.linkage.training_chances import LEAST_CHANCE, chance_unrelated
from mdm.linkage.training_unrelated import RandomPairs, u_probabilities
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


COMPARED = ("given", "surname", "birth_date", "address")
# Shares of the strongest level among strangers, matches and relatives; the rest conflicts.
U = {"given": 0.004, "surname": 0.003, "birth_date": 1e-6, "address": 1e-6}
M = {"given": 0.9, "surname": 0.9, "birth_date": 0.9, "address": 0.5}
R = {"given": 0.004, "surname": 0.8, "birth_date": 1e-6, "address": 0.95}
RECORDS, MATCHES, RELATIVES = 10_000, 4_000, 9_000


def expected_counts(shares: dict[str, float], pairs: float) -> tuple[list[list[int]], list[float]]:
    """All patterns of two levels a comparison, and how many of so many pairs have each."""
    places = {c.name: len(c.levels) - 1 for c in COMPARISONS}
    gammas, counts = [], []
    for mask in range(1 << len(COMPARED)):
        agree = {name: bool(mask >> n & 1) for n, name in enumerate(COMPARED)}
        count = pairs * float(np.prod([shares[n] if agree[n] else 1 - shares[n] for n in agree]))
        gammas.append(
            [-1 if c.name not in agree else 0 if agree[c.name] else places[c.name]
             for c in COMPARISONS]
        )  # fmt: skip
        counts.append(count)
    return gammas, counts


def spread(strongest: dict[str, float]) -> list[Array]:
    """Shares of the levels: the strongest, next to nothing between, the rest."""
    found = []
    for c in COMPARISONS:
        shares = np.full(len(c.levels), 1e-9)
        shares[0] = strongest.get(c.name, 0.5)
        shares[-1] = 1 - shares[:-1].sum()
        found.append(shares)
    return found


def a_register(strangers: float) -> tuple[RandomPairs, Candidates]:
    """Matches, relatives and so many strangers among the pairs of a register."""
    gammas, counts = [], []
    for shares, pairs in ((M, MATCHES), (R, RELATIVES), (U, strangers)):
        g, n = expected_counts(shares, pairs)
        gammas += g
        counts += n
    seen = np.array(gammas), np.array(counts)
    return RandomPairs(*seen), Candidates(*seen, RECORDS)


def test_relatives_are_a_class_of_their_own_and_no_matches() -> None:
    """Of one street and surname, of another given name and birth date: they move no m."""
    every = RECORDS * (RECORDS - 1) / 2
    _, candidates = a_register(every - MATCHES - RELATIVES)
    start = spread(dict.fromkeys(COMPARED, 0.8))

    learned = learn_by_names(candidates, spread(U), start)

    assert learned.matches == pytest.approx(2 * MATCHES / RECORDS, rel=0.02)
    assert learned.relatives == pytest.approx(2 * RELATIVES / RECORDS, rel=0.02)
    for k, c in enumerate(COMPARISONS):
        if c.name in COMPARED:
            m = learned.m[k]
            assert m is not None
            assert m[0] == pytest.approx(M[c.name], abs=0.01), c.name
            assert learned.r[k][0] == pytest.approx(R[c.name], abs=0.02), c.name


def test_matches_among_random_pairs_do_not_count_as_strangers() -> None:
    """In a small register next to all pairs that agree on what is rare are one person."""
    every = RECORDS * (RECORDS - 1) / 2
    random, candidates = a_register(every - MATCHES - RELATIVES)
    learned = learn_by_names(candidates, spread(U), spread(dict.fromkeys(COMPARED, 0.8)))
    birth = next(k for k, c in enumerate(COMPARISONS) if c.name == "birth_date")

    with link_records("NULL") as con:
        found = partial(u_probabilities, con, random, learned.matches)
        taken, counted = found(learned.unmatched)[birth], found()[birth]

    assert counted[0] == pytest.approx(MATCHES * M["birth_date"] / every, rel=0.05)
    assert taken[0] == pytest.approx(U["birth_date"], rel=0.5)


def link_records(mother: str) -> duckdb.DuckDBPyConnection:
    """Four dwellings of two strangers each, and nothing else in common."""
    con = duckdb.connect(":memory:", config={"threads": 1})
    columns = {column for c in COMPARISONS for level in c.levels for column in (level.held,
               level.exact, level.no_more_than) if column is not None}  # fmt: skip
    known = {"given1_key", "surname_last_key", "birth", "mother_given1_key", "dwelling",
             "postal_code", "district"}  # fmt: skip
    lists = {"cns", "phones"}
    empty = ", ".join(
        f"NULL::{'VARCHAR[]' if one in lists else 'VARCHAR'} AS {one}"
        for one in sorted(columns - known)
    )
    con.execute(
        f"CREATE TABLE link_record AS SELECT n AS unique_id, n AS given1_key, "
        f"n AS surname_last_key, n AS birth, {mother} AS mother_given1_key, "
        f"n // 2 AS dwelling, 1 AS postal_code, 1 AS district, {empty} FROM range(8) t(n)"
    )
    return con


@pytest.mark.parametrize(("mother", "chance"), [("n", 4 / 28), ("NULL", 4 / 28), ("7", 0.0)])
def test_what_a_register_lacks_tells_no_strangers_apart(mother: str, chance: float) -> None:
    """Without any mother's name those who share a dwelling may be strangers all the same."""
    address = next(c for c in COMPARISONS if c.name == "address")
    with link_records(mother) as con:
        found = chance_unrelated(con, address, address.place("equal_in_area"), LEAST_CHANCE)
        other = chance_unrelated(con, address, address.place("equal"), LEAST_CHANCE)

    assert found == pytest.approx(max(chance, LEAST_CHANCE))
    assert other == LEAST_CHANCE  # all of one area: told by the stronger level
