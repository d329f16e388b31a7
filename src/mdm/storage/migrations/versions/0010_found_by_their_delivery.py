"""Records found by the delivery that changed them last"""

from alembic import op

from mdm.errors import SchemaVersionError

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_record_last_load_id"), "record", ["last_load_id"], unique=False)


def downgrade() -> None:
    raise SchemaVersionError("the schema is never taken back: restore a backup")
