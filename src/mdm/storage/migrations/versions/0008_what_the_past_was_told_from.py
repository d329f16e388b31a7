"""Whose numbers were, and when golden values changed"""

import sqlalchemy as sa
from alembic import op

from mdm.errors import SchemaVersionError
from mdm.storage.tables.base import BigKey, PlainText

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ownership_span",
        sa.Column("span_id", BigKey(), autoincrement=False, nullable=False),
        sa.Column("record_id", BigKey(), nullable=False),
        sa.Column("identifier", PlainText(), nullable=False),
        sa.Column("value_hash", PlainText(), nullable=False),
        sa.Column("state", PlainText(), nullable=False),
        sa.Column("from_tx", BigKey(), nullable=False),
        sa.Column("until_tx", BigKey(), nullable=True),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.PrimaryKeyConstraint("span_id", name=op.f("pk_ownership_span")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_ownership_span_record_id"), "ownership_span", ["record_id"], unique=False
    )
    op.create_table(
        "golden_change",
        sa.Column("municipal_id", PlainText(), nullable=False),
        sa.Column("tx_id", BigKey(), autoincrement=False, nullable=False),
        sa.Column("digest_before", PlainText(), nullable=True),
        sa.Column("digest_after", PlainText(), nullable=True),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.PrimaryKeyConstraint("municipal_id", "tx_id", name=op.f("pk_golden_change")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_golden_change_tx_id"), "golden_change", ["tx_id"], unique=False)


def downgrade() -> None:
    raise SchemaVersionError("the schema is never taken back: restore a backup")
