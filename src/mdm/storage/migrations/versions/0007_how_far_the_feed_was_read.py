"""How far each system has read the feed of changes"""

import sqlalchemy as sa
from alembic import op

from mdm.errors import SchemaVersionError
from mdm.storage.tables.base import BigKey, PlainText

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feed_mark",
        sa.Column("holder", PlainText(), nullable=False),
        sa.Column("at", PlainText(), nullable=False),
        sa.Column("citizen", PlainText(), nullable=False),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.PrimaryKeyConstraint("holder", name=op.f("pk_feed_mark")),
        sqlite_strict=True,
    )


def downgrade() -> None:
    raise SchemaVersionError("the schema is never taken back: restore a backup")
