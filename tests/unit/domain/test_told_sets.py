"""Which IDs an export told: those that the records of its sources had at its transaction."""

import pytest

from mdm.domain.told_sets import (
    WITHOUT_RECORD,
    RecordPast,
    ToldKind,
    ToldSet,
    holders_of_sets,
)

PAST = RecordPast(
    record_id=1,
    source="clinic",
    placed=((3, "A"), (5, "B"), (7, None), (9, "A")),
    restricted=((1, False), (6, True), (9, False)),
    erased=11,
)
OPEN, ALL, CITIZENS = ToldKind.OPEN_RECORDS, ToldKind.ALL_RECORDS, ToldKind.CITIZENS


@pytest.mark.parametrize(
    ("tx_id", "kind", "told"),
    [
        (2, ALL, None),
        (3, OPEN, ("A", 1)),
        (4, OPEN, ("A", 1)),
        (5, OPEN, ("B", 1)),
        (6, OPEN, None),
        (6, ALL, ("B", 1)),
        (6, CITIZENS, None),
        (7, ALL, None),
        (9, CITIZENS, ("A", WITHOUT_RECORD)),
        (10, OPEN, ("A", 1)),
        (11, ALL, None),
        (99, ALL, None),
    ],
)
def test_a_record_was_told_with_the_id_and_the_flag_that_it_had(
    tx_id: int, kind: ToldKind, told: tuple[str, int] | None
) -> None:
    found = holders_of_sets([PAST], [("pec", ToldSet("clinic", tx_id, kind))])

    assert found == ({} if told is None else {told: {"pec"}})


def test_an_export_of_another_source_tells_nothing_and_one_of_all_does() -> None:
    told = [("pec", ToldSet("school", 4)), ("feed", ToldSet(None, 4)), ("feed", ToldSet(None, 5))]

    assert holders_of_sets([PAST], told) == {("A", 1): {"feed"}, ("B", 1): {"feed"}}
