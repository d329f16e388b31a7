"""The file that maps old local IDs to new ones."""

from pathlib import Path

import pytest

from mdm.errors import FileEmptyError, FileLayoutError, RekeyFileError
from mdm.services.rekey_source import read_map


def written(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def test_a_map_is_read_as_a_person_would_read_it(tmp_path: Path) -> None:
    path = written(tmp_path / "map.csv", "new_local_id,note,old_local_id", " b1 ,,a1", "b2,x,a2")

    assert read_map(path) == {"a1": "b1", "a2": "b2"}


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        (["a0,b0", "a0,b1"], "line 3"),
        (["a0,"], "line 2"),
        (["a0"], "line 2"),
        (["a0,a1", "a1,b1"], "line 2"),
        (["a0,a0"], "line 2"),
    ],
)
def test_a_map_that_says_two_things_is_refused_as_a_whole(
    tmp_path: Path, lines: list[str], named: str
) -> None:
    path = written(tmp_path / "map.csv", "old_local_id,new_local_id", *lines)

    with pytest.raises(RekeyFileError, match=named) as refused:
        read_map(path)
    assert "a0" not in str(refused.value)


def test_a_file_that_is_no_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileLayoutError):
        read_map(written(tmp_path / "map.csv", "alt,neu", "1,2"))
    with pytest.raises(FileEmptyError):
        read_map(written(tmp_path / "map.csv", "old_local_id,new_local_id"))
    with pytest.raises(FileEmptyError):
        read_map(written(tmp_path / "map.csv"))
