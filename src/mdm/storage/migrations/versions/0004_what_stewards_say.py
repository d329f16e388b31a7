"""Golden values that stewards set; judgements about identifiers; their ledger kinds"""

import sqlalchemy as sa
from alembic import op

from mdm.errors import SchemaVersionError
from mdm.storage.tables.base import BigKey, PlainText, RealNumber

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KINDS = "kind IN ('mint', 'place', 'move', 'unplace', 'relink', 'anchor', 'withdraw_id', 'reinstate_id', 'tombstone_id', 'ambiguous', 'record_state', 'judge', 'judge_undo', 'judge_suspend', 'judge_resume', 'judge_identifier', 'judge_identifier_undo', 'judge_identifier_suspend', 'override', 'override_undo', 'override_lapse')"  # noqa: E501
_KIND_CHECK = "ck_ledger_event_kind"
_INDEXED = ("municipal_id", "record_id", "tx_id")


def upgrade() -> None:
    op.create_table(
        "golden_override",
        sa.Column("override_id", BigKey(), autoincrement=False, nullable=False),
        sa.Column("record_id", BigKey(), nullable=False),
        sa.Column("attribute", PlainText(), nullable=False),
        sa.Column("value", PlainText(), nullable=True),
        sa.Column("judged", PlainText(), nullable=False),
        sa.Column("actor", PlainText(), nullable=False),
        sa.Column("reason", PlainText(), nullable=True),
        sa.Column("at", PlainText(), nullable=False),
        sa.Column("state", PlainText(), nullable=False),
        sa.Column("tx_id", BigKey(), nullable=False),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.CheckConstraint(
            "state IN ('active', 'undone', 'lapsed')", name=op.f("ck_golden_override_state")
        ),
        sa.PrimaryKeyConstraint("override_id", name=op.f("pk_golden_override")),
        sqlite_strict=True,
    )
    _indexes("golden_override", ["record_id", "attribute"])
    op.create_table(
        "identifier_judgement",
        sa.Column("judgement_id", BigKey(), autoincrement=False, nullable=False),
        sa.Column("record_id", BigKey(), nullable=False),
        sa.Column("identifier", PlainText(), nullable=False),
        sa.Column("value_hash", PlainText(), nullable=True),
        sa.Column("verdict", PlainText(), nullable=False),
        sa.Column("content_hash", PlainText(), nullable=False),
        sa.Column("actor", PlainText(), nullable=False),
        sa.Column("reason", PlainText(), nullable=True),
        sa.Column("at", PlainText(), nullable=False),
        sa.Column("state", PlainText(), nullable=False),
        sa.Column("tx_id", BigKey(), nullable=False),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.CheckConstraint(
            "identifier IN ('cpf', 'cns', 'nis')", name=op.f("ck_identifier_judgement_identifier")
        ),
        sa.CheckConstraint(
            "verdict IN ('own', 'not_theirs')", name=op.f("ck_identifier_judgement_verdict")
        ),
        sa.CheckConstraint(
            "state IN ('active', 'undone', 'suspended')",
            name=op.f("ck_identifier_judgement_state"),
        ),
        sa.PrimaryKeyConstraint("judgement_id", name=op.f("pk_identifier_judgement")),
        sqlite_strict=True,
    )
    _indexes("identifier_judgement", ["record_id", "identifier", "value_hash", "actor"])
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_events()
    else:
        op.drop_constraint(op.f(_KIND_CHECK), "ledger_event")
        op.create_check_constraint(op.f(_KIND_CHECK), "ledger_event", _KINDS)


def _indexes(table: str, active: list[str]) -> None:
    op.create_index(op.f(f"ix_{table}_record_id"), table, ["record_id"], unique=False)
    op.create_index(
        f"ux_{table}_active",
        table,
        active,
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )


def _rebuild_events() -> None:
    """SQLite changes no CHECK in place: the events are copied, with their row checks."""
    op.create_table(
        "ledger_event_0004",
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
        f"INSERT INTO ledger_event_0004 ({columns}) SELECT {columns} FROM ledger_event ORDER BY seq"
    )
    op.drop_table("ledger_event")
    op.rename_table("ledger_event_0004", "ledger_event")
    for column in _INDEXED:
        op.create_index(op.f(f"ix_ledger_event_{column}"), "ledger_event", [column], unique=False)


def downgrade() -> None:
    raise SchemaVersionError("the schema is never taken back: restore a backup")
