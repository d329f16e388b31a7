"""Schema versions: Alembic inside the package, run inside the caller's transaction.

Both databases take back schema changes with the transaction, so a migration that is killed half
way leaves the old schema. To ask for the present version needs no Alembic, which takes half a
second to start: every command asks.
"""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect

from mdm.errors import NoRegistryError, SchemaVersionError

if TYPE_CHECKING:
    from alembic.config import Config

_TABLE = "alembic_version"


def _config(connection: Connection | None = None) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "mdm.storage:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@cache
def newest_revision() -> str:
    """The schema version this program works with: the number in front of the last script's name."""
    scripts = files("mdm.storage").joinpath("migrations", "versions").iterdir()
    return max(script.name for script in scripts if script.name.endswith(".py")).split("_")[0]


def present_revision(connection: Connection) -> str | None:
    """The schema version of a database; None if it holds no registry."""
    if not inspect(connection).has_table(_TABLE):
        return None
    found = connection.exec_driver_sql(f"SELECT version_num FROM {_TABLE}").scalar()
    return None if found is None else str(found)


def upgrade(connection: Connection) -> None:
    """Bring a database to the newest version.

    Raises:
        SchemaVersionError: The database was made by a newer program.
    """
    from alembic import command
    from alembic.script import ScriptDirectory

    present = present_revision(connection)
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if present is not None and present not in known:
        raise SchemaVersionError("the database was made by a newer version of the program")
    command.upgrade(_config(connection), "head")


def check_revision(connection: Connection) -> None:
    """Refuse a database whose schema is not this program's.

    Raises:
        NoRegistryError: The database holds no registry.
        SchemaVersionError: It holds one of another version.
    """
    present = present_revision(connection)
    if present is None:
        raise NoRegistryError("the database holds no registry: run `mdm init`")
    if present != newest_revision():
        raise SchemaVersionError(f"the database has schema {present}: run `mdm init` to migrate it")
