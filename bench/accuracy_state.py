"""One city as the accuracy bench reads it: truth, the applied state, all pairs with a low floor.

Everything is computed in the volume database of a registry that `bench.build` has just built: the
applied state is read from the registry itself, the pairs are scored again with a lower review
threshold, so that thresholds can be swept and probabilities checked.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from mdm.clustering.decision import Thresholds
from mdm.domain.judgement import Judgement
from mdm.duck import first_row, write_batches
from mdm.linkage import engine
from mdm.linkage.model import PersonModel
from mdm.ports import ReadSession
from mdm.volume.decide import decide_clusters

# Bits: below every candidate pair, so that all of them are kept.
FLOOR = -1000.0
SWEEP = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 14.0, 17.0)
GROUPS = pa.schema([("record_id", pa.int64()), ("cluster", pa.string())])

# The last day that the generator knows.
_TODAY = "DATE '2026-11-20'"
_PEOPLE = f"""
CREATE OR REPLACE TABLE bench_truth AS
WITH t AS (
  SELECT s.record_id, t.person_id AS person, t.true_cpf, t.twin_group, t.true_sex,
         try_cast(t.true_birth_date AS DATE) AS true_birth,
         t.is_newborn_record = '1' AS newborn, t.cpf_is_relatives = '1' AS borrowed,
         s.name, s.mother, s.race, s.foreign_document, s.birth_municipality, s.name_kind,
         s.twin_order, s.source, split_part(s.name, ' ', -1) AS surname
  FROM read_csv('{{truth}}', all_varchar = true, header = true) t
  JOIN standard s ON s.source = t.source AND s.local_id = t.local_id),
abroad AS (SELECT person, bool_or(foreign_document IS NOT NULL)
                          OR bool_and(birth_municipality IS NULL) AS abroad FROM t GROUP BY person),
borne AS (SELECT surname, count(DISTINCT person) AS bearers FROM t
          WHERE name LIKE '% %' GROUP BY surname),
people AS (SELECT count(DISTINCT person) AS n FROM t)
SELECT t.record_id, t.person, t.true_cpf, t.twin_group, t.true_birth, t.newborn, t.borrowed,
       t.source, t.twin_order, date_diff('year', t.true_birth, {_TODAY}) AS age, t.true_sex,
       t.mother IS NULL AS no_mother, coalesce(t.race, 'none') AS race,
       t.name IS NOT NULL AND t.name NOT LIKE '% %' AS one_token, a.abroad,
       coalesce(b.bearers >= 0.01 * p.n, false) AS common_surname,
       coalesce(b.bearers <= greatest(5, p.n * 1e-4), false) AS rare_surname
FROM t JOIN abroad a USING (person) LEFT JOIN borne b USING (surname) CROSS JOIN people p
"""
# Whether the record has a CPF of its own: whose number it is was decided before scoring.
_OWN_CPF = """
CREATE OR REPLACE TABLE bench_record AS
SELECT t.*, s.cpf IS NULL OR coalesce(d.cpf, false) AS no_cpf, t.true_birth IS NULL AS undated
FROM bench_truth t JOIN standard s USING (record_id) LEFT JOIN not_own d USING (record_id)
"""


@dataclass(frozen=True, slots=True)
class Links:
    """Pairs of records in one citizen, counted.

    Attributes:
        found: Pairs linked.
        correct: Of these, pairs of one person.
        true: Pairs of one person there are.
    """

    found: int
    correct: int
    true: int

    @property
    def wrong(self) -> int:
        """Pairs linked that are two people's."""
        return self.found - self.correct

    @property
    def precision(self) -> float:
        """Correct among linked; 1 where none is linked."""
        return self.correct / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Linked among those of one person; 1 where there is none."""
        return self.correct / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def as_dict(self) -> dict[str, float]:
        """For JSON."""
        return {
            "found": self.found,
            "wrong": self.wrong,
            "true": self.true,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
        }


_COUNT = """
WITH c AS (SELECT g.cluster, t.person, count(*)::HUGEINT AS n
           FROM {groups} g JOIN bench_truth t USING (record_id) GROUP BY 1, 2)
SELECT (SELECT coalesce(sum(n * (n - 1) // 2), 0) FROM
          (SELECT sum(n) AS n FROM c GROUP BY cluster))::BIGINT,
       (SELECT coalesce(sum(n * (n - 1) // 2), 0) FROM c)::BIGINT,
       (SELECT coalesce(sum(n * (n - 1) // 2), 0) FROM
          (SELECT sum(n) AS n FROM c GROUP BY person))::BIGINT
"""


def count_links(con: duckdb.DuckDBPyConnection, groups: str) -> Links:
    """Count the pairs of `groups(record_id, cluster)` against the truth."""
    found, correct, true = first_row(con, _COUNT.format(groups=groups))
    return Links(int(found), int(correct), int(true))


def read_state(
    con: duckdb.DuckDBPyConnection, session: ReadSession, model: PersonModel, truth: Path
) -> engine.Scored:
    """Write `bench_truth`, `bench_record`, `applied(record_id, cluster)` and `scored` from FLOOR.

    Args:
        con: The volume database, level with the registry.
        session: A snapshot of the registry.
        model: The model that the registry was linked with.
        truth: The city's `truth.csv`.
    """
    con.execute(_PEOPLE.format(truth=str(truth).replace("'", "''")))
    members = session.read_arrow(
        "SELECT record_id, municipal_id AS cluster FROM membership", schema=GROUPS
    )
    write_batches(con, "applied", members, GROUPS)
    con.execute("CREATE OR REPLACE TABLE applied_review AS SELECT * FROM review_pair")
    low = replace(model, thresholds=replace(model.thresholds, review=FLOOR))
    scored = engine.score(con, low, "bench", _silent)
    con.execute(_OWN_CPF)
    # Nothing is placed: each sweep decides as a first build would.
    con.execute("DELETE FROM placed")
    return scored


def clustered(
    con: duckdb.DuckDBPyConnection,
    thresholds: Thresholds,
    judgements: tuple[Judgement, ...] = (),
) -> Links:
    """Decide all clusters as a first build would; leaves `cluster` and `review_pair`."""
    decide_clusters(con, thresholds, judgements)
    return count_links(con, "cluster")


def sweep(con: duckdb.DuckDBPyConnection, margin: float) -> Iterator[tuple[float, Links]]:
    """Link threshold in bits and what it links, for each of `SWEEP`."""
    for bits in SWEEP:
        both = Thresholds(review=bits, link=bits, fracture=bits, margin=margin)
        yield bits, clustered(con, both)


def _silent(step: str, share: float) -> None:
    del step, share
