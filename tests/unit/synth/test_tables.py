from dataclasses import fields
from importlib.resources import files

import numpy as np
import pytest

from mdm.synth import lists
from mdm.synth.layout_text import day_first, fixed_lines, part, recoded
from mdm.synth.rates import CityRates, SourceRates
from mdm.synth.streams import Streams, draw
from mdm.synth.tables import MIDDLE, NEW, OLD, join_present, join_tokens, vocabulary

pa = pytest.importorskip("pyarrow")
TABLES = (
    "first_names_female.tsv",
    "first_names_male.tsv",
    "second_names.tsv",
    "surnames.tsv",
)


def test_tables_name_their_source_and_stay_small() -> None:
    folder = files("mdm.synth").joinpath("data")
    texts = [folder.joinpath(name).read_text(encoding="utf-8") for name in TABLES]

    assert all(text.startswith("# ") and ("IBGE" in text or "TSE" in text) for text in texts)
    assert sum(len(text.encode()) for text in texts) < 300_000


def test_every_rate_is_explained() -> None:
    for rates in (SourceRates, CityRates):
        text = rates.__doc__
        assert text is not None
        assert [f.name for f in fields(rates) if f.name not in text] == []


def test_surnames_come_as_often_as_in_the_state() -> None:
    words = vocabulary()
    tokens = words.surnames.tokens[
        draw(Streams(1).named("s"), 40_000, words.surnames.shares[MIDDLE])
    ]
    names = words.plain.take(pa.array(words.without_particle[tokens])).to_pylist()

    # SILVA stands in 10.5 % of full names, which hold 1.75 surnames on average.
    assert names.count("SILVA") / 40_000 == pytest.approx(0.105 / 1.75, abs=0.01)
    assert names.count("SCHMIDT") > 30


@pytest.mark.parametrize(("name", "time"), [("TEREZINHA", OLD), ("VALENTINA", NEW)])
def test_names_follow_the_fashion_of_the_years(name: str, time: int) -> None:
    words = vocabulary()
    pool = words.first[1]
    token = words.plain.to_pylist().index(name)
    counts = [
        int((pool.tokens[draw(Streams(2).named("n"), 30_000, pool.shares[t])] == token).sum())
        for t in (OLD, NEW)
    ]

    assert counts[0 if time == OLD else 1] > 3 * counts[1 if time == OLD else 0]


def test_accents_fold_back_to_the_plain_name() -> None:
    words = vocabulary()

    plain, accented = words.plain.to_pylist(), words.accented.to_pylist()

    assert [lists.fold(text) for text in accented] == plain
    assert "JOÃO" in accented


def test_absent_tokens_leave_no_space_and_empty_rows_stay_rows() -> None:
    words = pa.array(["ANA", "DA SILVA"])

    texts = join_tokens(
        [np.asarray([0, -1, -1]), np.asarray([-1, -1, -1]), np.asarray([1, 1, -1])], words
    )

    assert texts.to_pylist() == ["ANA DA SILVA", "DA SILVA", ""]


def test_joining_keeps_rows_whose_parts_are_all_missing() -> None:
    nothing = pa.array([None, "a"], pa.string())

    assert join_present([nothing, nothing], ";").to_pylist() == ["", "a;a"]


def test_fixed_lines_pad_cut_and_place_by_position() -> None:
    line = fixed_lines({3: (2, pa.array(["ABC"])), 7: (3, pa.array([None], pa.string()))}, 10, 1)

    assert line.to_pylist() == ["  AB      "]


def test_cells_with_several_values_are_taken_apart() -> None:
    cells = pa.array(["a;b", "c", None])

    assert part(cells, 0).to_pylist() == ["a", "c", None]
    assert part(cells, 1).to_pylist() == ["b", None, None]


def test_codes_are_translated_and_unusable_dates_keep_their_digits() -> None:
    assert recoded(pa.array(["03", None, "99"]), {"03": "4"}, "0").to_pylist() == ["4", "0", "0"]
    assert day_first(pa.array(["2026-10-31", "0000-00-00", None]), "/").to_pylist() == [
        "31/10/2026",
        "00/00/0000",
        None,
    ]
