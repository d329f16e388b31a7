"""The supervised bound: gradient boosting trained with the truth on our candidate pairs.

What labels would buy. Features are the levels of the person model, its term frequencies and what
a clerk could look at besides (distances of names and dates, ages, sources, family, unit). It is
trained on cities whose seeds are reported nowhere, and linked as the peer is: components.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from bench.accuracy_state import Links
from mdm.linkage.model import PersonModel
from mdm.linkage.person_model import COMPARISONS
from mdm.linkage.prepare import prepare_records

KEYS = ("record_l", "record_r", "person_l", "person_r", "true_pairs")
MISSING = -99.0
# Log-odds at which the bound is shown, from lenient to strict.
CUTS = np.linspace(-4, 9, 53)


def _levels() -> str:
    """The level of each comparison out of the packed pattern: 0 missing, 1 the weakest."""
    terms, place = [], 1
    for comparison in COMPARISONS:
        size = len(comparison.levels) + 1
        terms.append(f"(p.pattern // {place}) % {size} AS level_{comparison.name}")
        place *= size
    return ", ".join(terms)


_PAIRS = """
SELECT p.record_l, p.record_r, x.person::BIGINT AS person_l, y.person::BIGINT AS person_r,
  (SELECT coalesce(sum(n * (n - 1) // 2), 0) FROM
     (SELECT count(*) AS n FROM bench_truth GROUP BY person))::BIGINT AS true_pairs,
  p.match_weight, bit_count(p.rules::BIGINT) AS rules, {levels},
  log2(greatest(l.tf_given, r.tf_given)) AS tf_given,
  log2(greatest(l.tf_surname, r.tf_surname)) AS tf_surname,
  log2(greatest(l.tf_mother, r.tf_mother)) AS tf_mother,
  jaro_winkler_similarity(l.given, r.given) AS given_like,
  jaro_winkler_similarity(l.surname, r.surname) AS surname_like,
  jaro_winkler_similarity(l.mother, r.mother) AS mother_like,
  levenshtein(l.given || ' ' || coalesce(l.surname, ''),
              r.given || ' ' || coalesce(r.surname, '')) AS name_edits,
  levenshtein(l.mother, r.mother) AS mother_edits,
  levenshtein(l.cpf, r.cpf) AS cpf_edits,
  abs(l.birth_year - r.birth_year) AS years_apart,
  abs(date_diff('day', a.birth_date, b.birth_date)) AS days_apart,
  least(l.birth_year, r.birth_year) AS birth_year,
  (a.birth_date_default OR b.birth_date_default)::INT AS default_date,
  (l.source = r.source)::INT AS same_source, (a.source || b.source = 'saudesaude')::INT AS health,
  (a.household_id = b.household_id AND a.source = b.source)::INT AS same_family,
  (a.unit_code = b.unit_code)::INT AS same_unit,
  ((a.name_kind = 'newborn')::INT + (b.name_kind = 'newborn')::INT) AS newborn,
  (a.twin_order <> b.twin_order)::INT AS twins, (a.suffix IS DISTINCT FROM b.suffix)::INT AS suffix,
  (a.race = b.race)::INT AS same_race, (a.sex = 'F')::INT AS female,
  (a.guardian = b.mother OR b.guardian = a.mother)::INT AS guardian_is_mother,
  (a.birth_municipality = b.birth_municipality)::INT AS same_birthplace,
  (coalesce(c.cpf, false) OR coalesce(d.cpf, false))::INT AS not_own
FROM scored p JOIN link_record l ON l.unique_id = p.record_l
JOIN link_record r ON r.unique_id = p.record_r
JOIN standard a ON a.record_id = p.record_l JOIN standard b ON b.record_id = p.record_r
JOIN bench_truth x ON x.record_id = p.record_l JOIN bench_truth y ON y.record_id = p.record_r
LEFT JOIN not_own c ON c.record_id = p.record_l LEFT JOIN not_own d ON d.record_id = p.record_r
"""


def write_pairs(con: duckdb.DuckDBPyConnection, model: PersonModel, target: Path) -> None:
    """Write all candidate pairs with features and truth as Parquet.

    Args:
        con: As `bench.accuracy_state.read_state` left it.
        model: The model whose tables are registered there.
        target: File to write.
    """
    del model
    prepare_records(con)
    con.execute(f"COPY ({_PAIRS.format(levels=_levels())}) TO '{target}' (FORMAT parquet)")
    con.execute("DROP TABLE link_record")


def features(table: pa.Table) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The matrix of a file of `write_pairs`; what is missing lies below every value."""
    wanted = [name for name in table.column_names if name not in KEYS]
    columns = [table[name].to_numpy(zero_copy_only=False).astype(float) for name in wanted]
    matrix: np.ndarray[Any, np.dtype[np.float64]] = np.nan_to_num(
        np.stack(columns, axis=1), nan=MISSING
    )
    return matrix


def is_same(table: pa.Table) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """The truth of a file of `write_pairs`."""
    same: np.ndarray[Any, np.dtype[np.bool_]] = (
        table["person_l"].to_numpy() == table["person_r"].to_numpy()
    )
    return same


def train(files: Sequence[Path]) -> Any:
    """A classifier trained on the pairs of these files."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    tables = [pq.read_table(file) for file in files]
    classifier = HistGradientBoostingClassifier(
        max_iter=400, learning_rate=0.06, max_leaf_nodes=31, l2_regularization=1.0, random_state=4
    )
    return classifier.fit(
        np.concatenate([features(table) for table in tables]),
        np.concatenate([is_same(table) for table in tables]),
    )


def bound(classifier: Any, file: Path) -> list[dict[str, float]]:
    """What components of the classified pairs link, at each of `CUTS`."""
    table = pq.read_table(file)
    score = np.asarray(classifier.decision_function(features(table)))
    records, index = np.unique(
        np.concatenate([table["record_l"].to_numpy(), table["record_r"].to_numpy()]),
        return_inverse=True,
    )
    left, right = index[: len(score)], index[len(score) :]
    person = np.zeros(len(records), dtype=np.int64)
    person[left], person[right] = table["person_l"].to_numpy(), table["person_r"].to_numpy()
    true = int(table["true_pairs"][0].as_py())
    result = []
    for cut in CUTS:
        kept = score >= cut
        graph = coo_array(
            (np.ones(int(kept.sum())), (left[kept], right[kept])),
            shape=(len(records), len(records)),
        )
        cluster = connected_components(graph, directed=False)[1].astype(np.int64)
        both = cluster * (int(person.max()) + 1) + person
        links = Links(_pairs(cluster), _pairs(both), true)
        result.append({"bits": float(cut / np.log(2)), **links.as_dict()})
    return result


def _pairs(labels: np.ndarray[Any, np.dtype[np.int64]]) -> int:
    counts = np.unique(labels, return_counts=True)[1].astype(np.int64)
    return int((counts * (counts - 1) // 2).sum())
