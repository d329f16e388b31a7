"""Linkage over a volume database: from standard records to scored pairs, reused while they hold."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from mdm.domain.identifier_judgement import IdentifierJudgement
from mdm.duck import count, count_rows, first_row
from mdm.linkage.blocking import MAX_BLOCK, RULES, BlockingRule, block, rules_for
from mdm.linkage.delta import (
    KEPT_VERSION,
    MOST_CHANGED,
    find_changed,
    find_touched_numbers,
    keep_inputs,
    score_changed,
)
from mdm.linkage.fingerprint import differences, fingerprint
from mdm.linkage.model import PersonModel, load_model, population_class, save_model
from mdm.linkage.ownership import decide_ownership, is_ownership_kept, keep_ownership
from mdm.linkage.person_model import COMPARISONS
from mdm.linkage.prepare import drop_shared, prepare_records
from mdm.linkage.scoring import score_pairs
from mdm.linkage.training import train_model, write_term_frequencies
from mdm.standardise.version import STANDARDISER_VERSION

Step = Callable[[str, float], None]
LEAST_WEIGHT = -1000.0
"""Bits that every match weight exceeds."""
RULES_VERSION = hashlib.sha256(
    f"{STANDARDISER_VERSION} {COMPARISONS} {RULES} {MAX_BLOCK} {KEPT_VERSION}".encode()
).hexdigest()[:16]
"""What decides on candidates and levels besides the model: pairs of other rules are not reused."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What scoring found.

    Attributes:
        records: Records compared.
        candidate_pairs: Pairs that blocking gave.
        scored_pairs: Pairs at or above the review threshold.
        population: Population class of the weights.
        unlike: Where the data are unlike what the model was trained on.
        reused: Whether the pairs of an earlier run were still valid.
    """

    records: int
    candidate_pairs: int
    scored_pairs: int
    population: int
    unlike: tuple[str, ...]
    reused: bool


def train(con: duckdb.DuckDBPyConnection, folder: Path, step: Step) -> str:
    """Train on `standard` and write a model folder; returns the hash.

    Raises:
        TrainingError: The data cannot train a model.
        ModelFileError: The folder holds another model.
    """
    step("ownership of identifiers", 0.0)
    decide_ownership(con)
    step("training", 0.1)
    digest = save_model(train_model(con), folder)
    con.execute("DROP TABLE IF EXISTS scored_marker")
    step("training", 1.0)
    return digest


def score(
    con: duckdb.DuckDBPyConnection,
    model: PersonModel,
    content: str,
    step: Step,
    judgements: Sequence[IdentifierJudgement] = (),
    *,
    blocking: tuple[BlockingRule, ...] = RULES,
) -> Scored:
    """Write `scored`, `ownership` and `not_own`, or keep those of the same content and model.

    Of other content only what a change may touch is scored anew (`mdm.linkage.delta`).

    Args:
        con: Holds `standard`.
        model: The person model.
        content: Digest of the content of `standard`.
        step: Told what is going on.
        judgements: What stewards say of identifiers, all that stands.
        blocking: How candidate pairs are found.
    """
    records = count_rows(con, "standard")
    population = population_class(_ordinary(con))
    used = rules_for(con, blocking)
    rules = (
        f"{RULES_VERSION if blocking is RULES else blocking} {len(used)} {duckdb.__version__} "
        f"{model.digest} {population} {model.thresholds.review}"
    )
    key = f"{content} judged:" + "".join(f" {one}" for one in judgements)
    known = _marked(con, rules)
    if known is not None and known[0] == key:
        return known[1]
    con.execute("DROP TABLE IF EXISTS scored_marker")
    step("ownership of identifiers", 0.0)
    touched = None if known is None else find_touched_numbers(con)
    decide_ownership(con, judgements, touched=touched if is_ownership_kept(con) else None)
    keep_ownership(con, judgements)
    step("prepare", 0.1)
    _register_model(con, model)
    if known is not None and find_changed(con) <= MOST_CHANGED * records:
        step("score", 0.3)
        score_changed(con, model, population, rules=used)
    else:
        _score_all(con, model, population, used, step)
    seen = fingerprint(con, "SELECT filled FROM kept_filled")
    scored = Scored(
        records=records,
        candidate_pairs=count_rows(con, "candidate"),
        scored_pairs=count_rows(con, "scored"),
        population=population,
        unlike=tuple(differences(model.fingerprint, seen)),
        reused=False,
    )
    con.execute("DROP TABLE link_record")
    _mark(con, rules, key, scored)
    step("score", 1.0)
    return scored


def _score_all(
    con: duckdb.DuckDBPyConnection,
    model: PersonModel,
    population: int,
    blocking: tuple[BlockingRule, ...],
    step: Step,
) -> None:
    prepare_records(con)
    step("block", 0.3)
    block(con, rules=blocking, keep=True)
    keep_inputs(con)
    drop_shared(con)
    step("score", 0.5)
    score_pairs(con, model, population=population, threshold=model.thresholds.review)


def prepare_candidates(
    con: duckdb.DuckDBPyConnection,
    model: PersonModel,
    judgements: Sequence[IdentifierJudgement] = (),
    *,
    anew: bool = False,
) -> int:
    """Write `link_record`, and `candidate` where no link run left it; returns the candidates.

    Args:
        con: Holds `standard`.
        model: The person model.
        judgements: What stewards say of identifiers, all that stands.
        anew: Block in any case: candidates depend a little on the model's given names.
    """
    decide_ownership(con, judgements)
    _register_model(con, model)
    prepare_records(con)
    known = first_row(con, "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'candidate'")
    if not anew and known[0] > 0:
        return count_rows(con, "candidate")
    con.execute("DROP TABLE IF EXISTS scored_marker")
    return block(con)


def weigh_pairs(
    con: duckdb.DuckDBPyConnection,
    model: PersonModel,
    *,
    pairs: str,
    out: str,
    threshold: float = LEAST_WEIGHT,
) -> None:
    """Write `out`: the weights of given pairs, by what `prepare_candidates` left.

    Args:
        con: Holds `link_record` and `pairs(join_key_l, join_key_r, match_key)`.
        model: The person model.
        pairs: Name of the table of pairs.
        out: Name of the table to write; columns as `scored`.
        threshold: Least match weight that is kept; all by default.
    """
    population = population_class(_ordinary(con))
    score_pairs(con, model, population=population, threshold=threshold, pairs=pairs, out=out)


def _ordinary(con: duckdb.DuckDBPyConnection) -> int:
    """How many records there are for everybody: restricted ones sway no weight."""
    sql = "SELECT count(*) FROM standard WHERE NOT coalesce(restricted, false)"
    return int(first_row(con, sql)[0])


def read_model(folder: Path) -> PersonModel:
    """The model of a folder; see `load_model`."""
    return load_model(folder)


def _register_model(con: duckdb.DuckDBPyConnection, model: PersonModel) -> None:
    tokens = pa.table({"token": pa.array(model.given_tokens, pa.string())})
    con.register("token_rows", tokens)
    con.execute("CREATE OR REPLACE TEMP TABLE model_given_token AS SELECT * FROM token_rows")
    con.unregister("token_rows")
    write_term_frequencies(con, model.term_frequencies)


def _mark(con: duckdb.DuckDBPyConnection, rules: str, key: str, scored: Scored) -> None:
    con.execute(
        "CREATE OR REPLACE TABLE scored_marker AS SELECT $rules AS rules, $key AS key, "
        "$records AS records, $candidates AS candidate_pairs, $scored AS scored_pairs, "
        "$population AS population, $unlike AS unlike",
        {
            "rules": rules,
            "key": key,
            "records": scored.records,
            "candidates": scored.candidate_pairs,
            "scored": scored.scored_pairs,
            "population": scored.population,
            "unlike": list(scored.unlike),
        },
    )


def _marked(con: duckdb.DuckDBPyConnection, rules: str) -> tuple[str, Scored] | None:
    """What the last scoring with the same rules and model was made from, and what it found."""
    columns = count(
        con,
        "SELECT count(*) FROM duckdb_columns() WHERE table_name = 'scored_marker'"
        " AND column_name = 'rules'",
    )
    if columns == 0:
        return None
    stored, key, records, candidates, pairs, population, unlike = first_row(
        con, "SELECT * FROM scored_marker"
    )
    if stored != rules:
        return None
    return key, Scored(records, candidates, pairs, population, tuple(unlike), reused=True)
