"""Where files that travel with the program lie: in a checkout, or inside the installed wheel."""

from pathlib import Path

from mdm.errors import ModelFileError

SAMPLES = Path("data", "samples")
_PACKAGE = Path(__file__).resolve().parent


def models_folder(named: Path | None = None) -> Path:
    """The folder that holds linkage models, `person/v6` among them.

    Args:
        named: The folder that the user names (MDM_MODELS); nothing else is looked at then.

    Raises:
        ModelFileError: There is no such folder.
    """
    shipped = (_PACKAGE / "_linkage_models", _PACKAGE.parents[1] / "linkage_models")
    for folder in shipped if named is None else (named,):
        if folder.is_dir():
            return folder.resolve()
    where = None if named is None else str(named)
    raise ModelFileError("no folder of linkage models", where=where)


def samples_folder() -> Path:
    """The sample city: of the checkout that the program runs from, otherwise below this folder."""
    of_checkout = _PACKAGE.parents[1] / SAMPLES
    return of_checkout if of_checkout.is_dir() else SAMPLES
