"""Control samples: what stewards judge without knowing what the machine did"""

import sqlalchemy as sa
from alembic import op

from mdm.errors import SchemaVersionError
from mdm.storage.tables.base import BigKey, PlainText

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quality_sample",
        sa.Column("sample_id", BigKey(), autoincrement=False, nullable=False),
        sa.Column("at", PlainText(), nullable=False),
        sa.Column("plan_id", BigKey(), nullable=True),
        sa.Column("model_version", PlainText(), nullable=False),
        sa.Column("seed", BigKey(), nullable=False),
        sa.Column("strata", PlainText(), nullable=False),
        sa.Column("tx_id", BigKey(), nullable=False),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.PrimaryKeyConstraint("sample_id", name=op.f("pk_quality_sample")),
        sqlite_strict=True,
    )
    op.create_table(
        "quality_pair",
        sa.Column("sample_id", BigKey(), autoincrement=False, nullable=False),
        sa.Column("record_l", BigKey(), autoincrement=False, nullable=False),
        sa.Column("record_r", BigKey(), autoincrement=False, nullable=False),
        sa.Column("stratum", PlainText(), nullable=False),
        sa.Column("content_hash", PlainText(), nullable=False),
        sa.Column("held_verdict", PlainText(), nullable=True),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.CheckConstraint("record_l < record_r", name=op.f("ck_quality_pair_pair_order")),
        sa.PrimaryKeyConstraint("sample_id", "record_l", "record_r", name=op.f("pk_quality_pair")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_quality_pair_record_l_record_r"),
        "quality_pair",
        ["record_l", "record_r"],
        unique=False,
    )


def downgrade() -> None:
    raise SchemaVersionError("the schema is never taken back: restore a backup")
