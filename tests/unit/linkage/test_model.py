"""A model folder: what is saved is what is loaded, and nothing altered passes for it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.errors import ModelFileError
from mdm.linkage.explain import unpack_pattern
from mdm.linkage.model import (
    _NEW_LEVELS,
    LevelParameters,
    PersonModel,
    Thresholds,
    load_model,
    save_model,
    splink_settings,
)
from mdm.linkage.person_model import COMPARISONS, TF_COLUMNS, TWIN_MARK, Level
from mdm.linkage.training_chances import LEAST_M
from support.linkage_city import SHIPPED_MODEL

FILES = (
    "model.json", "term_frequencies.tsv", "given_names.txt", "thresholds.toml", "model.sha256",
)  # fmt: skip


def made(m: float = 0.5) -> PersonModel:
    return PersonModel(
        levels={
            c.name: tuple(LevelParameters(m, 0.123456789, 0.3) for _ in c.levels)
            for c in COMPARISONS
        },
        matches_per_record=0.4,
        relatives_per_record=2.5,
        term_frequencies={("given", "ANA"): 0.01, ("given", ""): 0.0001},
        given_tokens=("ANA", "MARIA"),
        fingerprint={"records": 10, "fill": {"cpf": 0.5}},
        thresholds=Thresholds(link=7.0, review=0.0, fracture=2.0, margin=3.0),
        digest="",
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped model."""
    return Path(shutil.copytree(SHIPPED_MODEL, tmp_path / "v1"))


def test_a_saved_model_is_loaded_as_it_was(tmp_path: Path) -> None:
    digest = save_model(made(), tmp_path / "v1")
    loaded = load_model(tmp_path / "v1")

    assert loaded.digest == digest
    for name in PersonModel.__slots__:
        if name != "digest":
            assert getattr(loaded, name) == getattr(made(), name)


def test_saving_what_was_loaded_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    save_model(load_model(folder), tmp_path / "now")  # a shipped model may be of an older format
    loaded = load_model(tmp_path / "now")

    assert save_model(loaded, tmp_path / "again") == loaded.digest
    for name in ("model.json", "term_frequencies.tsv", "given_names.txt", "model.sha256"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "now" / name).read_bytes()


def test_a_parameter_beyond_nine_digits_changes_no_hash(tmp_path: Path) -> None:
    digest = save_model(made(0.5), tmp_path / "a")

    assert save_model(made(0.5 + 4e-14), tmp_path / "b") == digest
    assert save_model(made(0.5 + 1e-8), tmp_path / "c") != digest


def test_a_version_is_never_overwritten(tmp_path: Path) -> None:
    digest = save_model(made(), tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in FILES}

    assert save_model(made(), tmp_path) == digest
    with pytest.raises(ModelFileError):
        save_model(made(0.6), tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == before


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(ModelFileError):
        load_model(folder)


@pytest.mark.parametrize("name", ["model.json", "term_frequencies.tsv", "given_names.txt"])
def test_one_altered_digit_or_letter_is_refused(folder: Path, name: str) -> None:
    text = (folder / name).read_text("utf-8")
    place = text.index("A" if name == "given_names.txt" else "1", len(text) // 2)
    (folder / name).write_text(text[:place] + "9" + text[place + 1 :], "utf-8")

    with pytest.raises(ModelFileError):
        load_model(folder)


def _as_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("", "utf-8")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "not JSON": lambda f: (f / "model.json").write_text("{", "utf-8"),
    "JSON of another shape": lambda f: (f / "model.json").write_text("[1]", "utf-8"),
    "another format": lambda f: (f / "model.json").write_text('{"format": 99}', "utf-8"),
    "bytes": lambda f: (f / "term_frequencies.tsv").write_bytes(b"\xff\xfe\x00"),
    "threshold missing": lambda f: (f / "thresholds.toml").write_text("link = 7.0\n", "utf-8"),
    "threshold of text": lambda f: (f / "thresholds.toml").write_text(
        'link = "high"\nreview = 0\nfracture = 2\nmargin = 3\n', "utf-8"
    ),
    "review above link": lambda f: (f / "thresholds.toml").write_text(
        "link = 7\nreview = 8\nfracture = 2\nmargin = 3\n", "utf-8"
    ),
    "margin below zero": lambda f: (f / "thresholds.toml").write_text(
        "link = 7\nreview = 0\nfracture = 2\nmargin = -1\n", "utf-8"
    ),
    "a file, no folder": _as_file,
    "no folder": shutil.rmtree,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_folder_is_refused_by_name(folder: Path, damage: str) -> None:
    DAMAGES[damage](folder)

    with pytest.raises(ModelFileError) as refused:
        load_model(folder)
    assert refused.value.where == str(folder)


def test_shipped_frequencies_have_a_floor_and_no_value_below_it() -> None:
    model = load_model(SHIPPED_MODEL)
    for column in TF_COLUMNS:
        shares = [s for (c, value), s in model.term_frequencies.items() if c == column and value]
        assert len(shares) > 0
        # Ten holders are the fewest that are told; the floor is of those with fewer.
        assert model.term_frequencies[column, ""] < min(shares)


def test_every_parameter_of_the_shipped_model_is_a_share_and_shares_add_up() -> None:
    model = load_model(SHIPPED_MODEL)
    for comparison in COMPARISONS:
        levels = zip(comparison.levels, model.levels[comparison.name], strict=True)
        apart = [parameters for level, parameters in levels if level.same_as is None]
        for kind in ("m", "u", "r", "t"):
            values = [getattr(parameters, kind) for parameters in apart]
            assert all(0 < value < 1 for value in values), (comparison.name, kind)
            assert abs(sum(values) - 1) < 1e-6, (comparison.name, kind)


def test_the_strongest_level_speaks_for_a_match_and_the_rest_against_it() -> None:
    model = load_model(SHIPPED_MODEL)
    for comparison in COMPARISONS:
        if comparison.name == TWIN_MARK:  # parts twins from matches, says nothing of strangers
            continue
        named = zip(comparison.levels, model.levels[comparison.name], strict=True)
        first, *_, last = (parameters for level, parameters in named if not level.mute)
        assert first.m > first.u, comparison.name
        assert last.m < last.u, comparison.name


def test_what_was_one_level_in_an_older_format_weighs_what_it_weighed() -> None:
    for name in ("v2", "v3", "v4", "v5"):
        body = json.loads((SHIPPED_MODEL.parent / name / "model.json").read_text("utf-8"))
        read = load_model(SHIPPED_MODEL.parent / name)
        for (comparison, label), (since, was) in _NEW_LEVELS.items():
            if body["format"] >= since:
                continue
            place = next(c for c in COMPARISONS if c.name == comparison).place(label)
            now, old = read.levels[comparison][place], body["comparisons"][comparison][was]
            for kind in ("u", "r", "t"):
                ratio = getattr(now, kind) / now.m
                assert ratio == pytest.approx(old[kind] / old["m"]), (name, comparison, label)


def test_a_mute_level_weighs_nothing_against_any_class() -> None:
    model = load_model(SHIPPED_MODEL)
    for comparison in COMPARISONS:
        levels = zip(comparison.levels, model.levels[comparison.name], strict=True)
        for level, told in levels:
            if level.mute:
                for share in (told.u, told.r, told.t):
                    assert share == pytest.approx(told.m, rel=1e-6), (comparison.name, level.label)


def test_settings_carry_every_level_with_its_parameters() -> None:
    model = load_model(SHIPPED_MODEL)
    settings = splink_settings(model, 4096)

    assert settings["probability_two_random_records_match"] == model.matches_per_record / 4096
    for comparison, told in zip(COMPARISONS, settings["comparisons"], strict=True):
        missing, *levels = told["comparison_levels"]
        assert missing["is_null_level"]
        assert [level["m_probability"] for level in levels] == [
            p.m for p in model.levels[comparison.name]
        ]
        assert levels[-1]["sql_condition"] == "ELSE"


def test_a_level_of_names_is_as_rare_among_twins_as_among_matches_at_least() -> None:
    """Twins of two rare names that sound alike were never seen in training, and there are some."""
    model = load_model(SHIPPED_MODEL)
    for comparison in ("given", "surname", "phone", "address", "father"):
        for level, told in zip(_levels(comparison), model.levels[comparison], strict=True):
            assert level.mute or told.t >= 0.9 * LEAST_M, (comparison, level.label)


def _levels(comparison: str) -> tuple[Level, ...]:
    return next(c.levels for c in COMPARISONS if c.name == comparison)


def test_a_year_beside_1_january_speaks_for_a_match_and_two_days_of_a_year_against() -> None:
    model = load_model(SHIPPED_MODEL)
    labels = [level.label for level in _levels("birth_date")]
    filler, plain = (
        model.levels["birth_date"][labels.index(label)]
        for label in ("year_equal_default_day", "year_equal")
    )

    assert filler.m / filler.u > 8
    assert plain.m / plain.u < 1 / 4


@st.composite
def patterns(draw: st.DrawFn) -> tuple[int, dict[str, str]]:
    """A pattern packed by hand, in mixed radix: 0 missing, else places from the weakest."""
    packed, radix, labels = 0, 1, {}
    for comparison in COMPARISONS:
        names = ["missing", *reversed([level.label for level in comparison.levels])]
        digit = draw(st.integers(0, len(comparison.levels)))
        packed += digit * radix
        radix *= len(comparison.levels) + 1
        labels[comparison.name] = names[digit]
    return packed, labels


@given(drawn=patterns())
def test_unpacking_is_the_inverse_of_packing(drawn: tuple[int, dict[str, str]]) -> None:
    packed, labels = drawn

    assert 0 <= packed < 2**63
    assert unpack_pattern(packed) == labels


def test_a_model_of_format_1_is_read_with_no_twins_and_a_mute_mark() -> None:
    first = load_model(SHIPPED_MODEL.parent / "v1")

    assert first.version == "38a586da2dc628fe"
    assert first.twins_per_record == 0
    assert {(p.m / p.u, p.r / p.u) for p in first.levels[TWIN_MARK]} == {(1.0, 1.0)}
