"""Indexes by which readers find citizens and families"""

from alembic import op
from sqlalchemy import text

from mdm.domain.number_list import NUMBERS_FOUND
from mdm.errors import SchemaVersionError
from mdm.storage.tables.lookups import PayloadValue, has_nth, nth_number

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        op.f("ix_golden_record_birth_date_name_key"), "golden_record", ["birth_date", "name_key"]
    )
    for column in ("cpf", "inep_id"):
        op.create_index(op.f(f"ix_golden_record_{column}"), "golden_record", [column])
    for column, count in NUMBERS_FOUND.items():
        for n in range(count):
            op.create_index(
                op.f(f"ix_golden_record_{column}_{n}"),
                "golden_record",
                [text(nth_number(column, n))],
                sqlite_where=text(has_nth(column, n)),
                postgresql_where=text(has_nth(column, n)),
            )
    op.create_index(
        op.f("ix_record_version_household"), "record_version", [PayloadValue("household_id")]
    )


def downgrade() -> None:
    raise SchemaVersionError("the schema is never taken back: restore a backup")
