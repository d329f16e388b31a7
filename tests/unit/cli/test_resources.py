from pathlib import Path

import pytest

from mdm.errors import ModelFileError
from mdm.resources import models_folder, samples_folder


def test_what_travels_with_the_checkout_is_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert (models_folder() / "person").is_dir()
    assert (samples_folder() / "truth.csv").is_file()


def test_a_folder_that_is_named_is_the_only_one_looked_at(tmp_path: Path) -> None:
    assert models_folder(tmp_path) == tmp_path
    with pytest.raises(ModelFileError):
        models_folder(tmp_path / "missing")
