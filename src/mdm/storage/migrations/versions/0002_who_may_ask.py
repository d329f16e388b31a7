"""Accounts, clients, how far tellings are noted; jobs leave the registry"""

import sqlalchemy as sa
from alembic import op

from mdm.errors import SchemaVersionError
from mdm.storage.tables.base import BigKey, PlainText

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ROLES = (
    "'caseworker', 'steward', 'supervisor', 'data_owner', 'operator', 'system', 'auditor', "
    "'data_protection_officer'"
)


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("name", PlainText(), nullable=False),
        sa.Column("password_hash", PlainText(), nullable=False),
        sa.Column("role", PlainText(), nullable=False),
        sa.Column("sector", PlainText(), nullable=False),
        sa.Column("unit", PlainText(), nullable=True),
        sa.Column("display_name", PlainText(), nullable=False),
        sa.Column("state", PlainText(), nullable=False),
        sa.Column("at", PlainText(), nullable=False),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.CheckConstraint(f"role IN ({_ROLES})", name=op.f("ck_account_role")),
        sa.CheckConstraint("state IN ('active', 'disabled')", name=op.f("ck_account_state")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_account")),
        sqlite_strict=True,
    )
    op.create_table(
        "client",
        sa.Column("client_id", PlainText(), nullable=False),
        sa.Column("name", PlainText(), nullable=False),
        sa.Column("secret_hash", PlainText(), nullable=False),
        sa.Column("sector", PlainText(), nullable=False),
        sa.Column("sources", PlainText(), nullable=False),
        sa.Column("state", PlainText(), nullable=False),
        sa.Column("at", PlainText(), nullable=False),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.CheckConstraint("state IN ('active', 'disabled')", name=op.f("ck_client_state")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_client")),
        sqlite_strict=True,
    )
    op.create_table(
        "told_mark",
        sa.Column("chain", PlainText(), nullable=False),
        sa.Column("n", BigKey(), nullable=False),
        sa.Column("hash", PlainText(), nullable=False),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_told_mark")),
        sqlite_strict=True,
    )
    op.drop_table("job")


def downgrade() -> None:
    raise SchemaVersionError("the schema is never taken back: restore a backup")
