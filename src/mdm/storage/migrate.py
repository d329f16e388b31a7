"""Schema versions: Alembic inside the package, run inside the caller's transaction.

Both databases take back schema changes with the transaction, so a migration that is killed half
way leaves the old schema.
"""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from mdm.errors import NoRegistryError, SchemaVersionError


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", "mdm.storage:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def newest_revision() -> str:
    """The schema version this program works with."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def present_revision(connection: Connection) -> str | None:
    """The schema version of a database; None if it holds no registry."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: Connection) -> None:
    """Bring a database to the newest version.

    Raises:
        SchemaVersionError: The database was made by a newer program.
    """
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
