"""The dry run of a source before it is declared."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from mdm.bootstrap.application import open_application, utc_now
from mdm.errors import NoRegistryError
from mdm.ingest.check import check_source
from mdm.ingest.declaration import load_declaration
from mdm.ports import ProgressStep
from mdm.volume.standard import known_values


def check_delivery(
    declaration: Path, files: Sequence[Path], home: Path | None, *, progress: ProgressStep
) -> dict[str, object]:
    """Describe what a delivery would bring; nothing is stored.

    Args:
        declaration: TOML file of the source.
        files: One delivery.
        home: Home folder, None for the one of the settings; without a registry there is no
            overlap to tell.
        progress: Told a step and its share done.

    Returns:
        See `mdm.ingest.check.check_source`.

    Raises:
        SourceDeclarationError: The declaration has errors.
        FileRefusedError: A file as a whole cannot be read.
    """
    source = load_declaration(declaration)
    try:
        application = open_application(home)
    except NoRegistryError:
        return check_source(source, files, today=utc_now().date(), progress=progress)
    with application.synced_volume(progress) as con:
        try:
            return check_source(
                source,
                files,
                today=application.today(),
                known=partial(known_values, con),
                progress=progress,
            )
        finally:
            application.store.close()
