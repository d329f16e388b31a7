"""The run report: complete, self-contained, readable, and without a person's values."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from mdm.clustering.decision import ReviewReason
from mdm.domain.scored_pair import Guard
from mdm.standardise.reasons import Reason
from mdm.volume.report import labels
from mdm.volume.report.charts import histogram
from mdm.volume.report.facts import (
    Accuracy,
    Expectation,
    Filled,
    GoldenAccuracy,
    IssueCount,
    LargeCitizen,
    ModelFacts,
    NamedCount,
    Overlap,
    PairAccuracy,
    RunReport,
    SizeCount,
    SourceFacts,
    Timing,
    WeightBin,
)
from mdm.volume.report.page import render
from mdm.volume.report.shape import read_shape, weight_bins
from support.golden_tables import INPUTS, city_of
from support.members import member

MODEL = ModelFacts("person/v1", "9f2c4e0b", 9.0, 2.5)
EMPTY = RunReport("2026-11-23T10:12:00Z", None, MODEL, 0, 0)
FULL = RunReport(
    made_at="2026-11-23T10:12:00Z",
    plan_id=4,
    model=MODEL,
    records=1234567,
    citizens=1000000,
    sources=(SourceFacts("saude", "Saúde <PEC>", 1002, 900, 50, 40, 5, 3, 7, 61, 995),),
    issues=(
        IssueCount("saude", "cpf", "bad_check_digit", 40),
        IssueCount("saude", "birth_date", "default_date", 21),
    ),
    by_records=(SizeCount(1, 700000), SizeCount(2, 290000), SizeCount(6, 9000), SizeCount(9, 1000)),
    by_sources=(SizeCount(1, 800000), SizeCount(2, 200000)),
    overlap=(Overlap(("saude",), 600000), Overlap(("cadunico", "saude"), 400000)),
    links=(NamedCount("automatic", 300000),),
    review=(NamedCount("twin_pattern", 33), NamedCount("between_thresholds", 400)),
    weights=tuple(WeightBin(float(w), w + 1.0, 10 * (w + 5)) for w in range(-4, 26)),
    expectations=(
        Expectation(2.0, 0.999, 0.995, 120),
        Expectation(9.0, 0.99992, 0.9861, 500, chosen=True),
        Expectation(20.0, 0.99999999, 0.9, 4000),
    ),
    completeness=(Filled("saude", "cpf", 0.866), Filled("saude", "nis", 0.0)),
    largest=(LargeCitizen("0123456789", 12, 3, 9.4), LargeCitizen("ABCDEFGHJK", 9, 2, None)),
    timings=(Timing("link", 9.4), Timing("total", 16.3)),
    accuracy=Accuracy(
        (PairAccuracy("pairs", 0.99996, 0.9902, 0.9951),),
        (GoldenAccuracy("birth_date", 0.9965, 990000),),
        review_per_1000=0.43,
        candidate_recall=0.9987,
    ),
    peak_memory_bytes=3 * 2**30,
)
VOID = {"meta", "rect", "line", "br"}


class _Page(HTMLParser):
    """Collects what the rules speak of, and checks that tags close in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headers: list[dict[str, str | None]] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.words: list[str] = []
        self.tables = self.captions = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        assert not {"src", "srcset", "onclick", "onload"} & set(found)
        assert tag not in {"script", "img", "iframe", "link", "object"}
        if tag == "th":
            self.headers.append(found)
        self.tables += tag == "table"
        self.captions += tag == "caption"
        if "id" in found:
            self.ids.append(str(found["id"]))
        if tag == "a":
            self.targets.append(str(found["href"]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.mark.parametrize("report", [EMPTY, FULL], ids=["empty", "full"])
def test_the_page_is_well_formed_and_asks_nothing_of_the_network(report: RunReport) -> None:
    html = render(report)
    page = _Page(html)

    assert page.open == []
    assert not re.search(r"https?:|url\(|@import|javascript:", html)
    assert "default-src 'none'" in html


@pytest.mark.parametrize("report", [EMPTY, FULL], ids=["empty", "full"])
def test_the_page_can_be_read_aloud_and_walked_by_keyboard(report: RunReport) -> None:
    html = render(report)
    page = _Page(html)

    assert html.startswith('<!doctype html><html lang="pt-BR">')
    assert all(header.get("scope") in {"col", "row"} for header in page.headers)
    assert page.captions == page.tables
    assert len(set(page.ids)) == len(page.ids)
    assert {target.removeprefix("#") for target in page.targets} <= set(page.ids)


def test_every_figure_stands_on_the_page_as_brazilians_write_it() -> None:
    words = "|".join(_Page(render(FULL)).words).replace("\u202f", " ")

    for expected in (
        "1.234.567",
        "Saúde <PEC>",
        "1.002",
        "dígito verificador não confere",
        "saude: data de nascimento",
        "6 ou mais|10.000",
        "padrão de gêmeos",
        "limiar de ligação: 9,0 bits",
        "limiar de revisão: 2,5 bits",
        "86,6 %",
        "01234-56789",
        "9f2c4e0b",
        "3,00 GiB",
        "> 99,99 %",
        "99,65 %",
        "990.000",
        "23/11/2026, 10:12 UTC",
        "plano 4",
    ):
        assert expected in words


def test_without_a_truth_nothing_is_said_about_accuracy() -> None:
    assert "qualidade" not in render(EMPTY)
    assert "qualidade" in render(FULL)


def test_texts_from_outside_cannot_become_markup() -> None:
    source = SourceFacts("<b>", "<b>x</b>", 1, 1, 0, 0, 0, 0, 0, 1, 1)
    odd = RunReport(
        "<i>",
        1,
        ModelFacts("<b>", "<b>", 1.0, 0.0),
        1,
        1,
        sources=(source,),
        issues=(IssueCount("<b>", "<b>", "<b>", 1),),
        overlap=(Overlap(("<b>",), 1),),
        links=(NamedCount("<b>", 1),),
        review=(NamedCount("<b>", 1),),
        completeness=(Filled("<b>", "<b>", 0.5),),
        largest=(LargeCitizen("<b>", 1, 1, None),),
        timings=(Timing("<b>", 1.0),),
        accuracy=Accuracy((PairAccuracy("<b>", 1, 1, 1),), (GoldenAccuracy("<b>", 1, 1),)),
    )
    html = render(odd)

    assert "<b>" not in html
    assert "<i>" not in html


def test_the_report_is_plain_json() -> None:
    assert json.loads(json.dumps(FULL.as_dict()))["sources"][0]["read"] == 1002


@pytest.mark.parametrize(
    ("share", "text"),
    [(1.0, "100,0"), (0.99999, "> 99,9"), (0.00001, "< 0,1"), (0.0, "0,0"), (0.5, "50,0")],
)
def test_a_share_is_never_rounded_into_all_or_nothing(share: float, text: str) -> None:
    assert labels.percent(share) == f"{text}\u202f%"


def test_every_reason_that_the_registry_knows_has_portuguese_words() -> None:
    assert {str(reason) for reason in Reason} <= set(labels.REASONS)
    assert {str(reason) for reason in ReviewReason} <= set(labels.REVIEW)
    assert {str(guard) for guard in Guard} <= set(labels.REVIEW)


def test_a_threshold_outside_the_weights_is_told_but_not_drawn() -> None:
    drawn = histogram(FULL.weights, [])
    far = render(RunReport("", None, ModelFacts("m", "h", 99.0, 2.5), 1, 1, weights=FULL.weights))

    assert drawn.count("<line") == 0
    assert far.count('<line class="link"') == 1
    assert far.count('<line class="review"') == 2
    assert "99,0 bits" in far


def test_the_shape_counts_present_unrestricted_records() -> None:
    city = {
        "A": [member(1, cpf="1"), member(2, "cadunico"), member(3, state="withdrawn")],
        "B": [member(4, phones=("5133334444",)), member(5, "educacao", restricted=True)],
    }
    with city_of(city) as con:
        con.execute(
            "CREATE TABLE scored AS SELECT * FROM (VALUES (1, 2, 7.5), (2, 1, 6.0), (1, 4, 1.0))"
            " v(record_l, record_r, match_weight)"
        )
        shape = read_shape(con, INPUTS, scored="scored")
        left = con.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()

    assert (shape.records, shape.citizens) == (3, 2)
    assert shape.by_records == (SizeCount(1, 1), SizeCount(2, 1))
    assert shape.by_sources == (SizeCount(1, 1), SizeCount(2, 1))
    assert set(shape.overlap) == {Overlap(("saude",), 1), Overlap(("cadunico", "saude"), 1)}
    assert shape.largest == (LargeCitizen("A", 2, 2, 6.0),)
    assert Filled("saude", "cpf", 0.5) in shape.completeness
    assert Filled("saude", "phones", 0.5) in shape.completeness
    assert left == []


def test_weight_bins_hold_every_pair_once_in_at_most_eighty_bins() -> None:
    with city_of({}) as con:
        con.execute(
            "CREATE TABLE scored AS SELECT (i * 1.37 - 40)::DOUBLE AS match_weight"
            " FROM range(90) t(i)"
        )
        con.execute("CREATE TABLE none AS SELECT * FROM scored LIMIT 0")
        bins = weight_bins(con, "scored")
        none = weight_bins(con, "none")

    assert none == ()
    assert sum(found.pairs for found in bins) == 90
    assert len(bins) <= 80
    assert all(a.high == b.low for a, b in pairwise(bins))
    assert bins[0].low <= -40
    assert bins[-1].high > 89 * 1.37 - 40


def test_thresholds_are_told_as_an_error_that_is_tolerated() -> None:
    chosen = replace(FULL, model=replace(MODEL, tolerated=1e-4))
    words = render(chosen)

    assert "1 ligação errada em 1.000" in words
    assert "menos de 1 ligação errada em 1.000.000" in words
    assert "escolhido para tolerar 1 ligação errada em 10.000" in words
    assert "9,0 (em uso)" in words
    assert "O limiar em uso é o do modelo." in render(FULL)
    assert "O que esperar" not in render(EMPTY)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (1e-3, "1 ligação errada em 1.000"),
        (1.23e-4, "1 ligação errada em 8.100"),
        (0.25, "25,0\u202f% de ligações erradas"),
        (0.0, "menos de 1 ligação errada em 1.000.000"),
    ],
)
def test_a_share_of_errors_in_words(share: float, words: str) -> None:
    assert labels.one_in(share) == words
