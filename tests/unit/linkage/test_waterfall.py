"""The drawing of the evidence: every step stands where the one before ended."""

from itertools import pairwise
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from mdm.linkage.waterfall import CLAMP, Step, svg, waterfall

BITS = st.floats(-60, 60).filter(lambda bits: abs(bits) >= 0.1)
TOTAL = Step(label="sum", text="", bits=1.0, kind="total")


def steps(values: list[float]) -> list[Step]:
    return [Step(label=str(n), text="", bits=bits) for n, bits in enumerate(values)]


@given(st.lists(BITS, max_size=17))
def test_bars_join_on_to_each_other_and_stay_in_the_drawing(values: list[float]) -> None:
    drawn = waterfall(steps(values), total=TOTAL, marks=[(7.0, "link")])

    for before, after in pairwise(drawn.bars[:-1]):
        ends = (before.x, before.x + before.width)
        assert min(abs(end - after.from_x) for end in ends) <= 1.0
    assert all(bar.x >= 0 and bar.x + bar.width <= drawn.width for bar in drawn.bars)
    assert all(bar.y + bar.height <= drawn.height for bar in drawn.bars)
    assert drawn.bars[-1].kind == "total"


def test_what_speaks_against_goes_left_and_what_speaks_in_favour_right() -> None:
    drawn = waterfall(steps([5.0, -3.0]), total=TOTAL, marks=[])
    rise, fall, _ = drawn.bars

    assert (rise.kind, fall.kind) == ("for", "against")
    assert rise.x == drawn.zero
    assert fall.x < rise.x + rise.width
    assert (rise.bits, fall.bits) == ("+5,0", "−3,0")


def test_one_huge_number_does_not_squeeze_the_others() -> None:
    huge, cut = (
        waterfall(steps([bits, 5.0]), total=TOTAL, marks=[]).bars[1].width for bits in (800, CLAMP)
    )

    assert huge == cut


@given(st.lists(st.floats(-30, 30), max_size=8))
def test_the_sum_is_drawn_where_it_stands_beside_the_thresholds(values: list[float]) -> None:
    told = Step(label="sum", text="", bits=sum(values) / 8, kind="total")
    drawn = waterfall(steps(values), total=told, marks=[(7.0, "link")])

    total, (mark, _) = drawn.bars[-1], drawn.marks[0]
    end = total.x + total.width if told.bits >= 0 else total.x
    assert end <= mark + 1.0 if told.bits <= 7.0 else end >= mark


def test_steps_too_small_to_see_are_left_out() -> None:
    drawn = waterfall(steps([0.01, 4.0]), total=TOTAL, marks=[])

    assert len(drawn.bars) == 2


def test_the_drawing_is_a_file_of_its_own_with_a_bar_for_every_step() -> None:
    drawn = waterfall(steps([5.0, -3.0]), total=TOTAL, marks=[(7.0, "une < 7")])
    root = ET.fromstring(svg(drawn, title="A & B"))  # noqa: S314 - our own text
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]

    assert root[0].text == "A & B"
    assert len(list(root.iter("{http://www.w3.org/2000/svg}g"))) == len(drawn.bars)
    assert "une < 7" in texts
    assert "−3,0" in texts
