"""What exports told, a row each"""

import sqlalchemy as sa
from alembic import op

from mdm.errors import SchemaVersionError
from mdm.storage.tables.base import BigKey, PlainText

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "told_set",
        sa.Column("holder", PlainText(), nullable=False),
        sa.Column("kind", PlainText(), nullable=False),
        sa.Column("source", PlainText(), nullable=False),
        sa.Column("tx_id", BigKey(), autoincrement=False, nullable=False),
        sa.Column("first_at", PlainText(), nullable=False),
        sa.Column("last_at", PlainText(), nullable=False),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('open_records', 'all_records', 'citizens')", name=op.f("ck_told_set_kind")
        ),
        sa.PrimaryKeyConstraint("holder", "kind", "source", "tx_id", name=op.f("pk_told_set")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    raise SchemaVersionError("the schema is never taken back: restore a backup")
