"""Golden records by row number, so that a new one splits no page among the others"""

import re

from alembic import op

from mdm.errors import SchemaVersionError

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_INDEXES = "SELECT name, sql FROM sqlite_schema WHERE tbl_name = '{table}' AND type = 'index'"
_TABLE = "SELECT sql FROM sqlite_schema WHERE name = '{table}'"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":  # PostgreSQL keeps its rows so in any case
        _with_row_ids("golden_record")


def _with_row_ids(table: str) -> None:
    """Make a table without row IDs anew as one that has them: SQLite cannot alter it."""
    connection = op.get_bind()
    declared = str(connection.exec_driver_sql(_TABLE.format(table=table)).scalar_one())
    indexes = connection.exec_driver_sql(_INDEXES.format(table=table)).all()
    made = [(name, sql) for name, sql in indexes if sql is not None]
    for name, _ in made:
        op.execute(f"DROP INDEX {name}")
    op.execute(f"ALTER TABLE {table} RENAME TO {table}_before")
    op.execute(re.sub(r"WITHOUT ROWID,\s*", "", declared))
    op.execute(f"INSERT INTO {table} SELECT * FROM {table}_before")
    op.execute(f"DROP TABLE {table}_before")
    for _, sql in made:
        # An expression's colon is no parameter.
        connection.exec_driver_sql(sql)


def downgrade() -> None:
    raise SchemaVersionError("the schema is never taken back: restore a backup")
