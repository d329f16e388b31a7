"""A trained person model: parameters, the Splink settings made of them, and its files.

A model folder is never edited: `model.json` (parameters and training fingerprint),
`term_frequencies.tsv`, `given_names.txt` and `thresholds.toml`. Its hash is over the first three,
with every parameter rounded to nine digits, and names the model version in plans and the ledger;
`model.sha256` states it, so that an altered file is noticed.
"""

import hashlib
import json
import math
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mdm.errors import ModelFileError
from mdm.linkage.person_model import COMPARISONS, GIVEN_BY_SURNAME, TWIN_MARK, Comparison

FORMAT = 8
# Format 1 knew no twins and fewer comparisons: it is read as a model in which they say nothing.
# Until format 2 what is exchanged or a nome social was a conflict like any other, and mothers'
# names were counted whole. Until format 4 an address was graded by the first thing that agrees,
# and what is left of a name was a conflict. Until format 5 two usual first names that are
# alike were one misspelt, and the sex counted with the first name. Until format 6 given name and
# surname were weighed as if independent, and a 1 January was a day like any other of its year.
# Until format 7 the sex counted beside names that are alike.
READABLE = (1, 2, 3, 4, 5, 6, 7, 8)
# Level -> the first format that knows it, and what it was before.
_NEW_LEVELS = {
    ("given", "equal_alone"): (7, "equal"),
    ("given", "names_sound_equal"): (6, "sounds_equal"),
    ("given", "near_names"): (6, "typo"),
    ("given", "social"): (3, "conflict"),
    ("given", "exchanged"): (3, "conflict"),
    ("given", "crossed"): (5, "conflict"),
    ("given", "short_typo"): (5, "conflict"),
    ("surname", "exchanged"): (3, "conflict"),
    ("surname", "crossed"): (5, "conflict"),
    ("surname", "last_short_typo"): (5, "conflict"),
    ("surname", "far_typo"): (5, "conflict"),
    ("mother", "equal_of_unnamed"): (3, "equal"),
    ("mother", "exchanged_with_father"): (3, "conflict"),
    ("birth_date", "year_equal_default_day"): (7, "year_equal"),
    ("address", "equal_in_area"): (5, "equal"),
    ("address", "street_in_area"): (5, "street_equal"),
    ("address", "number_in_postal_code"): (5, "postal_code_equal"),
    ("address", "area_equal"): (5, "postal_code_equal"),
    ("address", "number_in_district"): (5, "district_equal"),
    ("address", "street_typo"): (5, "conflict"),
    ("sex", "equal_of_one_name"): (6, "equal"),
    ("sex", "conflict_of_one_name"): (6, "conflict"),
    ("sex", "equal_of_like_names"): (8, "equal"),
    ("father", "exchanged_with_mother"): (3, "conflict"),
}
_COUNTED_WHOLE = {"mother_rest": "mother"}
DIGITS = 9
STATED_HASH = "model.sha256"


@dataclass(frozen=True, slots=True)
class LevelParameters:
    """Probabilities of a level among matches (m), unrelated pairs (u), relatives (r), twins (t)."""

    m: float
    u: float
    r: float
    t: float = 1.0


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where decisions change, in bits of match weight.

    Attributes:
        link: At or above, the machine links.
        review: At or above, a steward is asked.
        fracture: An existing citizen is held together down to here (hysteresis).
        margin: Two competing links closer than this are both left to a steward.
    """

    link: float
    review: float
    fracture: float
    margin: float


@dataclass(frozen=True, slots=True)
class PersonModel:
    """A frozen person model.

    Attributes:
        levels: Comparison name to the parameters of its levels, strongest first.
        matches_per_record: Expected other records of the same person.
        relatives_per_record: Expected records of close relatives.
        twins_per_record: Expected records of twins; 0 where the model does not know twins.
        term_frequencies: (column, value) to its share of non-missing values; value "" is the
            floor taken by every rarer value. In the column `GIVEN_BY_SURNAME` stand no shares but,
            of surnames, how many times as often two bearers share the given name as its frequency
            says; there the value "" is the share that no given name exceeds by that.
        given_tokens: Usual given names; in second place, such a token is a given name, too.
        fingerprint: What the training data looked like; see `mdm.linkage.fingerprint`.
        thresholds: Where decisions change.
        digest: Hash of the files, hexadecimal; names the model version.
    """

    levels: Mapping[str, tuple[LevelParameters, ...]]
    matches_per_record: float
    relatives_per_record: float
    term_frequencies: Mapping[tuple[str, str], float]
    given_tokens: tuple[str, ...]
    fingerprint: Mapping[str, Any]
    thresholds: Thresholds
    digest: str
    twins_per_record: float = 0.0

    @property
    def version(self) -> str:
        """Short name of the version, as stored with every decision."""
        return self.digest[:16]


def with_link(model: PersonModel, link: float) -> PersonModel:
    """The same model with another link threshold, in bits; fracture is never above it."""
    own = model.thresholds
    link = max(link, own.review)
    limits = replace(own, link=link, fracture=min(own.fracture, link))
    return replace(model, thresholds=limits)


def frequency(
    known: Mapping[tuple[str, str], float], column: str, values: Mapping[str, object]
) -> float | None:
    """How often a record's value occurs; a rare one takes the model's floor.

    Args:
        known: Term frequencies of a model.
        column: Column of the value.
        values: Prepared record.
    """
    if column == GIVEN_BY_SURNAME:
        return _among_bearers(known, values)
    for name in (column, _COUNTED_WHOLE.get(column, column)):
        if values[name] is not None and (name, "") in known:
            return known.get((name, str(values[name])), known[name, ""])
    return None


def _among_bearers(
    known: Mapping[tuple[str, str], float], values: Mapping[str, object]
) -> float | None:
    """How often a record's given name occurs among the bearers of its surname."""
    share = frequency(known, "given", values)
    times = known.get((GIVEN_BY_SURNAME, str(values["surname"])))
    if share is None or times is None:
        return share
    return max(share, min(share * times, known[GIVEN_BY_SURNAME, ""]))


def population_class(records: int) -> int:
    """The number of records rounded up to a power of two.

    The prior odds of a match fall as a register grows. Rounding keeps weights from drifting
    with every delivery; a plan records the class it used.
    """
    return 1 << max(10, math.ceil(math.log2(max(records, 1))))


def splink_settings(model: PersonModel, population: int) -> dict[str, Any]:
    """Settings that Splink runs: the comparisons with m and u, and the prior of a population.

    The relatives' part of the weight is added afterwards from the levels found, see
    `mdm.linkage.scoring`.
    """
    prior = model.matches_per_record / population
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "unique_id",
        "probability_two_random_records_match": prior,
        "blocking_rules_to_generate_predictions": ["l.cpf = r.cpf"],
        "comparisons": [_comparison(c, model.levels[c.name]) for c in COMPARISONS],
        "retain_intermediate_calculation_columns": False,
        "retain_matching_columns": False,
        "additional_columns_to_retain": [],
    }


def untrained_settings() -> dict[str, Any]:
    """Settings with flat parameters: for counting levels, where no weight is read."""
    flat = {
        c.name: tuple(LevelParameters(1 / len(c.levels), 1 / len(c.levels), 1) for _ in c.levels)
        for c in COMPARISONS
    }
    empty = PersonModel(flat, 0.5, 1.0, {}, (), {}, Thresholds(0, 0, 0, 0), "")
    settings = splink_settings(empty, 1024)
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            level.pop("tf_adjustment_column", None)
            level.pop("disable_tf_exact_match_detection", None)
    return settings


def _comparison(comparison: Comparison, levels: tuple[LevelParameters, ...]) -> dict[str, Any]:
    rows: list[dict[str, Any]] = [
        {
            "sql_condition": comparison.missing.sql(),
            "label_for_charts": "missing",
            "is_null_level": True,
        }
    ]
    for level, parameters in zip(comparison.levels, levels, strict=True):
        row: dict[str, Any] = {
            "sql_condition": "ELSE" if level.condition is None else level.condition.sql(),
            "label_for_charts": level.label,
            "m_probability": parameters.m,
            "u_probability": parameters.u,
        }
        if level.tf is not None:
            row |= {"tf_adjustment_column": level.tf, "disable_tf_exact_match_detection": True}
        rows.append(row)
    return {
        "output_column_name": comparison.name,
        "comparison_description": comparison.name,
        "comparison_levels": rows,
    }


def _round(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _model_json(model: PersonModel) -> str:
    body = {
        "format": FORMAT,
        "kind": "person",
        "comparisons": {
            c.name: {
                level.label: {
                    "m": _round(p.m),
                    "u": _round(p.u),
                    "r": _round(p.r),
                    "t": _round(p.t),
                }
                for level, p in zip(c.levels, model.levels[c.name], strict=True)
            }
            for c in COMPARISONS
        },
        "matches_per_record": _round(model.matches_per_record),
        "relatives_per_record": _round(model.relatives_per_record),
        "twins_per_record": _round(model.twins_per_record),
        "fingerprint": model.fingerprint,
    }
    return json.dumps(body, indent=1, sort_keys=False, ensure_ascii=True) + "\n"


def _tf_text(model: PersonModel) -> str:
    rows = (
        f"{column}\t{value}\t{_round(tf)!r}\n"
        for (column, value), tf in sorted(model.term_frequencies.items())
    )
    return "".join(rows)


def save_model(model: PersonModel, folder: Path) -> str:
    """Write a model folder that does not exist yet; returns the hash.

    Raises:
        ModelFileError: The folder exists and holds another model.
    """
    parts = {
        "model.json": _model_json(model),
        "term_frequencies.tsv": _tf_text(model),
        "given_names.txt": "".join(f"{token}\n" for token in sorted(model.given_tokens)),
    }
    digest = _digest(parts)
    if (folder / "model.json").exists():
        if load_model(folder).digest == digest:
            return digest
        raise ModelFileError(
            "the folder holds another model; versions are never edited", where=str(folder)
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in parts.items():
        (folder / name).write_text(text, encoding="utf-8")
    t = model.thresholds
    (folder / "thresholds.toml").write_text(
        "# Bits of match weight; see docs/adr on the population class.\n"
        f"link = {t.link}\nreview = {t.review}\nfracture = {t.fracture}\nmargin = {t.margin}\n",
        encoding="utf-8",
    )
    (folder / STATED_HASH).write_text(f"{digest}\n", encoding="utf-8")
    return digest


def load_model(folder: Path) -> PersonModel:
    """Read a model folder.

    Raises:
        ModelFileError: A file is missing, unreadable, altered or of another format, or the
            thresholds do not fit together.
    """
    try:
        parts = {
            name: (folder / name).read_text(encoding="utf-8")
            for name in ("model.json", "term_frequencies.tsv", "given_names.txt")
        }
        body = json.loads(parts["model.json"])
        stated = (folder / STATED_HASH).read_text(encoding="utf-8").strip()
        if body["format"] not in READABLE:
            raise ModelFileError("the model is of another format", where=str(folder))
        if _digest(parts) != stated:
            raise ModelFileError("a file of the model was altered", where=str(folder))
        return PersonModel(
            levels=_read_levels(body["comparisons"], body["format"]),
            matches_per_record=body["matches_per_record"],
            relatives_per_record=body["relatives_per_record"],
            term_frequencies=_read_tf(parts["term_frequencies.tsv"]),
            given_tokens=tuple(parts["given_names.txt"].split()),
            fingerprint=body["fingerprint"],
            thresholds=_read_thresholds(folder),
            digest=stated,
            twins_per_record=body.get("twins_per_record", 0.0),
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"not a readable model folder ({type(error).__name__})", where=str(folder)
        ) from error


def _read_levels(read: Mapping[str, Any], written: int) -> dict[str, tuple[LevelParameters, ...]]:
    levels = {}
    for comparison in COMPARISONS:
        if written == 1 and comparison.name == TWIN_MARK:
            equal = 1 / len(comparison.levels)
            levels[TWIN_MARK] = tuple(
                LevelParameters(equal, equal, equal, equal) for _ in comparison.levels
            )
        else:
            levels[comparison.name] = _of_format(comparison, read[comparison.name], written)
    return levels


def _of_format(
    comparison: Comparison, read: Mapping[str, Any], written: int
) -> tuple[LevelParameters, ...]:
    """Parameters of the levels as they are now, from those of a format.

    Levels that were one then share its probabilities evenly: they weigh what it weighed.
    """
    labels = [_label_in(written, comparison.name, level.label) for level in comparison.levels]
    parts = Counter(
        label
        for level, label in zip(comparison.levels, labels, strict=True)
        if level.same_as is None
    )
    return tuple(
        LevelParameters(
            **{kind: share / max(parts[label], 1) for kind, share in read[label].items()}
        )
        for label in labels
    )


def _label_in(written: int, comparison: str, label: str) -> str:
    """What a level is called in a model of a format."""
    since, before = _NEW_LEVELS.get((comparison, label), (1, label))
    return label if written >= since else before


def _read_thresholds(folder: Path) -> Thresholds:
    read = tomllib.loads((folder / "thresholds.toml").read_text(encoding="utf-8"))
    found = Thresholds(**{name: float(value) for name, value in read.items()})
    if found.review > found.link or found.fracture > found.link or found.margin < 0:
        raise ModelFileError(
            "thresholds: review and fracture may not exceed link, nor margin be negative",
            where=str(folder),
        )
    return found


def _read_tf(text: str) -> dict[tuple[str, str], float]:
    rows = (line.split("\t") for line in text.splitlines())
    return {(column, value): float(tf) for column, value, tf in rows}


def _digest(parts: Mapping[str, str]) -> str:
    sha = hashlib.sha256()
    for name in sorted(parts):
        sha.update(name.encode() + b"\0" + parts[name].encode() + b"\0")
    return sha.hexdigest()
