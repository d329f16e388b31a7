"""Who is sealed, and the kinds of ledger events that tell it"""

import sqlalchemy as sa
from alembic import op

from mdm.errors import SchemaVersionError
from mdm.storage.tables.base import BigKey, PlainText, RealNumber

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_KINDS = "kind IN ('mint', 'place', 'move', 'unplace', 'relink', 'anchor', 'withdraw_id', 'reinstate_id', 'tombstone_id', 'ambiguous', 'record_state', 'judge', 'judge_undo', 'judge_suspend', 'judge_resume', 'judge_identifier', 'judge_identifier_undo', 'judge_identifier_suspend', 'override', 'override_undo', 'override_lapse', 'seal', 'unseal')"  # noqa: E501
_KIND_CHECK = "ck_ledger_event_kind"
_INDEXED = ("municipal_id", "record_id", "tx_id")


def upgrade() -> None:
    op.create_table(
        "seal",
        sa.Column("seal_id", BigKey(), autoincrement=False, nullable=False),
        sa.Column("municipal_id", PlainText(), nullable=False),
        sa.Column("reason", PlainText(), nullable=False),
        sa.Column("actor", PlainText(), nullable=False),
        sa.Column("second", PlainText(), nullable=False),
        sa.Column("at", PlainText(), nullable=False),
        sa.Column("state", PlainText(), nullable=False),
        sa.Column("tx_id", BigKey(), nullable=False),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.CheckConstraint(
            "reason IN ('adoption', 'protection', 'court_order')", name=op.f("ck_seal_reason")
        ),
        sa.CheckConstraint("state IN ('active', 'undone')", name=op.f("ck_seal_state")),
        sa.PrimaryKeyConstraint("seal_id", name=op.f("pk_seal")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_seal_municipal_id"), "seal", ["municipal_id"], unique=False)
    op.create_table(
        "sealed_record",
        sa.Column("record_id", BigKey(), autoincrement=False, nullable=False),
        sa.Column("seal_id", BigKey(), nullable=False),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_sealed_record")),
        sqlite_strict=True,
    )
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_events()
    else:
        op.drop_constraint(op.f(_KIND_CHECK), "ledger_event")
        op.create_check_constraint(op.f(_KIND_CHECK), "ledger_event", _KINDS)


def _rebuild_events() -> None:
    """SQLite changes no CHECK in place: the events are copied, with their row checks."""
    op.create_table(
        "ledger_event_0009",
        sa.Column("seq", BigKey(), autoincrement=False, nullable=False),
        sa.Column("tx_id", BigKey(), nullable=False),
        sa.Column("kind", PlainText(), nullable=False),
        sa.Column("record_id", BigKey(), nullable=True),
        sa.Column("municipal_id", PlainText(), nullable=True),
        sa.Column("from_id", PlainText(), nullable=True),
        sa.Column("weight", RealNumber(), nullable=True),
        sa.Column("detail", PlainText(), nullable=True),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.CheckConstraint(_KINDS, name=op.f(_KIND_CHECK)),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ledger_event")),
        sqlite_strict=True,
    )
    columns = "seq, tx_id, kind, record_id, municipal_id, from_id, weight, detail, row_check"
    op.execute(
        f"INSERT INTO ledger_event_0009 ({columns}) SELECT {columns} FROM ledger_event ORDER BY seq"
    )
    op.drop_table("ledger_event")
    op.rename_table("ledger_event_0009", "ledger_event")
    for column in _INDEXED:
        op.create_index(op.f(f"ix_ledger_event_{column}"), "ledger_event", [column], unique=False)


def downgrade() -> None:
    raise SchemaVersionError("the schema is never taken back: restore a backup")
