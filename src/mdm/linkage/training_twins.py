"""What twins look like, learned without labels.

Two records of equal birth date and mother whose own CPFs are far apart are twins, or one person
under somebody's CPF: EM parts the two, with what is known of matches fixed. Twins differ in birth
date and mother as two records of one person do, and in their own numbers as strangers do. How often
two twins are written with one name is beyond EM and follows from the names that one record cuts
short.
"""

from dataclasses import dataclass

import duckdb
import numpy as np

from mdm.duck import count_rows, first_row
from mdm.linkage.expectation import Array, learn_m
from mdm.linkage.person_model import COMPARISONS, MARKED, TWIN_MARK
from mdm.linkage.training_chances import at_least
from mdm.linkage.training_pairs import patterns

FEWEST_PAIRS = 100
# Of one birth and one mother, so not learned here: as in two records of one person.
_OF_ONE_BIRTH = frozenset({"birth_date", "mother"})
# A person's own: twins agree on them only by chance or by mistake, as strangers do.
_OWN = frozenset({"cpf", "cns", "nis", "dnv", "inep_id", "rg"})
MOST_MARKED = 0.98

_PAIRS = """
CREATE OR REPLACE TEMP TABLE training_pair AS
SELECT l.unique_id AS join_key_l, r.unique_id AS join_key_r, '0' AS match_key
FROM link_record l JOIN link_record r
  ON l.birth = r.birth AND l.mother_key = r.mother_key AND l.unique_id < r.unique_id
WHERE l.birth_exact = 1 AND l.cpf <> r.cpf AND levenshtein(l.cpf, r.cpf) > 2
"""
_KNOWN = """
SELECT count(*)::DOUBLE, avg((cpf IS NOT NULL)::INT), avg((mother IS NOT NULL)::INT)
FROM link_record
"""
_MARKS = f"""
SELECT count(twin_mark)::DOUBLE, (count(*) FILTER (twin_mark = '{MARKED}'))::DOUBLE
FROM link_record
"""


@dataclass(frozen=True, slots=True)
class Twins:
    """The class of twins.

    Attributes:
        t: Level probabilities by comparison, strongest first.
        per_record: Records of twins for an average record; 0 where too few were seen to learn.
    """

    t: list[Array]
    per_record: float


def learn_twins(con: duckdb.DuckDBPyConnection, m: list[Array], u: list[Array]) -> Twins:
    """Learn the class of twins from `link_record`.

    Args:
        con: Holds `link_record`.
        m: Level probabilities among matches, by comparison, strongest first.
        u: The same among unrelated pairs.
    """
    con.execute(_PAIRS)
    pairs = count_rows(con, "training_pair")
    if pairs < FEWEST_PAIRS:
        return Twins([values.copy() for values in u], 0.0)
    gammas, counts = patterns(con, "training_pair")
    learned = [
        k
        for k, c in enumerate(COMPARISONS)
        if c.name not in _OF_ONE_BIRTH | _OWN and c.name != TWIN_MARK
    ]
    found = learn_m(
        gammas[:, learned],
        counts,
        [u[k] for k in learned],
        [m[k] for k in learned],
        [np.full(len(u[k]), 1 / len(u[k])) for k in learned],
    )
    t = [m[k].copy() if c.name in _OF_ONE_BIRTH else u[k].copy()
         for k, c in enumerate(COMPARISONS)]  # fmt: skip
    for k, values in zip(learned, found.m, strict=True):
        if values is not None:
            t[k] = at_least(values, COMPARISONS[k].name, among_twins=True)
    given = _place("given")
    t[given] = with_both_cut_short(t[given])
    records, with_cpf, with_mother = first_row(con, _KNOWN)
    # Shown with both CPFs, both mothers, and birth date and mother equal (or of one sound).
    shown = (with_cpf * with_mother) ** 2 * m[_place("birth_date")][0]
    shown *= m[_place("mother")][:3].sum()
    return Twins(t, float(2 * pairs * found.share[0] / (records * shown)))


def with_both_cut_short(t: Array) -> Array:
    """Levels of given names among twins, with the pairs whose records both leave names out.

    JOAO PEDRO and JOAO LUCAS are both JOAO where each record leaves the second name out. EM takes
    such pairs for one person: nothing but their numbers tells otherwise. If a record leaves names
    out with chance d whatever the other does, then of twins who share the first name both names
    stand in (1 - d)^2, one in 2 d (1 - d), none in d^2, as the Hardy-Weinberg law says of alleles:
    the last is a quarter of the squared second over the first.

    Args:
        t: Level probabilities of `given` among twins, strongest first, adding up to one.
    """
    comparison = COMPARISONS[_place("given")]
    equal = comparison.place("equal")
    one, none = t[comparison.place("contained")], t[comparison.place("first_equal_rest_differs")]
    # Names are kept more often than left out: d is at most a half.
    raised = t.copy()
    raised[equal] = max(t[equal], min(one * one / (4 * none), one / 2))
    return np.asarray(raised / raised.sum())


def mark_probabilities(
    con: duckdb.DuckDBPyConnection, twins_per_record: float, matches_per_record: float
) -> tuple[Array, Array]:
    """Levels of the twin mark: among twins, and among all others.

    A newborn's name is marked (RN I, GEMELAR) or not. As many of them are twins as of all people,
    so the share of marked ones tells how many twins are marked.
    """
    known, marked = first_row(con, _MARKS)
    if not known or not twins_per_record:
        half = np.full(2, 0.5)
        return half, half
    share = (marked + 0.5) / (known + 1)
    twins = twins_per_record / (1 + matches_per_record)
    of_twins = min(MOST_MARKED, max(share, share / twins))
    return np.array([of_twins, 1 - of_twins]), np.array([share, 1 - share])


def _place(name: str) -> int:
    return next(k for k, c in enumerate(COMPARISONS) if c.name == name)
