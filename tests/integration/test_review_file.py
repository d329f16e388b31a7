from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mdm.errors import (
    FileEmptyError,
    FileEncodingError,
    FileIsDirectoryError,
    FileLayoutError,
    FileMissingError,
    ReviewFileError,
)
from mdm.services.review_file import COLUMNS, import_review
from mdm.storage.store import Store
from support.small_registry import HEADER, SmallRegistry
from support.stewards import (
    ANA,
    BIA,
    ONE_CPF,
    OTHER_CPF,
    RULES,
    apart,
    assert_sound,
    homes,
    judge,
    rows,
)


@pytest.fixture
def made(store: Store) -> SmallRegistry:
    return SmallRegistry(store)


@pytest.fixture
def answers(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of answers about records of source `a`."""

    def write(*lines: tuple[str, str, str]) -> Path:
        path = tmp_path / "answers.csv"
        body = [f"a,{left},a,{right},{verdict},seen" for left, right, verdict in lines]
        path.write_text("\n".join([",".join(COLUMNS), *body]) + "\n", "utf-8")
        return path

    return write


def import_file(made: SmallRegistry, path: Path, by: str = "ines") -> dict[str, object]:
    return import_review(made.store, RULES, replace(HEADER, actor=by), path)


def test_a_file_of_answers_is_taken_as_a_whole_and_once(
    made: SmallRegistry, answers: Callable[..., Path]
) -> None:
    records, ids = apart(made, ANA, ANA, BIA, ANA, ANA)
    path = answers(("1", "2", "same"), ("2", "3", "different"), ("4", "5", "SAME"), ("3", "4", ""))
    result = import_file(made, path)

    assert result == {
        "lines": 3, "taken": 3, "unchanged": 0, "needs_second": 0, "merged": 2, "split": 0,
        "moved": 2,
    }  # fmt: skip
    assert homes(made, records) == [ids[0], ids[0], ids[2], ids[3], ids[3]]
    again = import_file(made, path)
    assert (again["taken"], again["unchanged"], again["moved"]) == (0, 3, 0)
    assert rows(made, "SELECT COUNT(*) FROM judgement") == [(3,)]
    assert_sound(made)


def test_one_refused_line_refuses_the_file_and_every_refused_line_is_named(
    made: SmallRegistry, answers: Callable[..., Path]
) -> None:
    records, ids = apart(made, ANA, ANA, ANA)
    judge(made, "different", "2", "3")
    path = answers(("1", "2", "same"), ("1", "3", "same"))
    with pytest.raises(ReviewFileError) as refused:
        import_file(made, path)
    assert refused.value.message == "nothing was taken: line 3: judgement_conflict"
    assert homes(made, records) == ids

    path = answers(("1", "9", "same"), ("1", "2", "maybe"), ("1", "1", "same"), ("1", "2", "same"))
    path.write_text(path.read_text("utf-8") + "z,1,a,1,same,\n", "utf-8")
    with pytest.raises(ReviewFileError) as refused:
        import_file(made, path)
    assert refused.value.message == (
        "nothing was taken: line 2: not_found; line 3: verdict; line 4: same_record; "
        "line 6: unknown_source"
    )
    assert rows(made, "SELECT COUNT(*) FROM judgement") == [(1,)]


def test_lines_that_contradict_each_other_refuse_the_file(
    made: SmallRegistry, answers: Callable[..., Path]
) -> None:
    apart(made, ANA, ANA, ANA)
    path = answers(("1", "2", "same"), ("2", "3", "same"), ("1", "3", "different"))

    with pytest.raises(ReviewFileError, match=r"line 4: judgement_conflict"):
        import_file(made, path)


@pytest.mark.parametrize("verdicts", [("same", "different"), ("different", "same")])
def test_two_answers_for_one_pair_refuse_the_file_also_across_a_guard(
    made: SmallRegistry, answers: Callable[..., Path], verdicts: tuple[str, str]
) -> None:
    apart(made, {**ANA, **ONE_CPF}, {**ANA, **OTHER_CPF})
    path = answers(("1", "2", verdicts[0]), ("2", "1", verdicts[1]))

    with pytest.raises(ReviewFileError, match=r"line 3: judgement_conflict"):
        import_file(made, path)
    assert rows(made, "SELECT COUNT(*) FROM judgement") == [(0,)]


@pytest.mark.parametrize("line", ["a,1,a", "a,1,a,2,same,seen,too much", "a,1,a,2,,,too much"])
def test_a_broken_line_refuses_the_file(
    made: SmallRegistry, answers: Callable[..., Path], line: str
) -> None:
    apart(made, ANA, ANA)
    path = answers()
    path.write_text(path.read_text("utf-8") + line + "\n", "utf-8")

    with pytest.raises(ReviewFileError, match=r"line 2: broken_line"):
        import_file(made, path)


def test_a_guarded_line_waits_for_the_file_of_another_steward(
    made: SmallRegistry, answers: Callable[..., Path]
) -> None:
    records, ids = apart(made, {**ANA, **ONE_CPF}, {**ANA, **OTHER_CPF})
    path = answers(("1", "2", "same"), ("2", "1", "same"))
    result = import_file(made, path)
    assert (result["taken"], result["needs_second"]) == (1, 2)
    assert homes(made, records) == ids

    import_file(made, path, by="rui")
    assert homes(made, records) == [ids[0], ids[0]]


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (None, FileMissingError),
        (b"", FileEmptyError),
        (b"source_l,local_id_l\n", FileLayoutError),
        ("source_l,raz\xe3o\n".encode("latin-1"), FileEncodingError),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_name(
    made: SmallRegistry, tmp_path: Path, content: bytes | None, refusal: type[Exception]
) -> None:
    path = tmp_path / "answers.csv"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(refusal):
        import_file(made, path)
    with pytest.raises(FileIsDirectoryError):
        import_file(made, tmp_path)
