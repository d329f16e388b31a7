"""Marks of merges and doubted numbers found without reading all records and issues"""

import sqlalchemy as sa
from alembic import op

from mdm.errors import SchemaVersionError

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, table, rows in (
        ("ix_record_superseded", "record", "state = 'superseded'"),
        ("ix_issue_mark", "issue", "field = 'merged_into'"),
        ("ix_issue_ownership", "issue", "reason IN ('not_theirs', 'contested')"),
    ):
        op.create_index(
            name,
            table,
            ["record_id"],
            unique=False,
            sqlite_where=sa.text(rows),
            postgresql_where=sa.text(rows),
        )


def downgrade() -> None:
    raise SchemaVersionError("the schema is never taken back: restore a backup")
