"""The first schema"""

import sqlalchemy as sa
from alembic import op

from mdm.errors import SchemaVersionError
from mdm.storage.tables.base import BigKey, Flag, PlainText, RealNumber

revision = "0001"
down_revision = None
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_table(
        "golden_record",
        sa.Column("municipal_id", PlainText(), nullable=False),
        sa.Column("name", PlainText(), nullable=True),
        sa.Column("name_key", PlainText(), nullable=True),
        sa.Column("social_name", PlainText(), nullable=True),
        sa.Column("mother", PlainText(), nullable=True),
        sa.Column("father", PlainText(), nullable=True),
        sa.Column("birth_date", PlainText(), nullable=True),
        sa.Column("sex", PlainText(), nullable=True),
        sa.Column("race", PlainText(), nullable=True),
        sa.Column("cpf", PlainText(), nullable=True),
        sa.Column("cns", PlainText(), nullable=True),
        sa.Column("nis", PlainText(), nullable=True),
        sa.Column("inep_id", PlainText(), nullable=True),
        sa.Column("phones", PlainText(), nullable=True),
        sa.Column("emails", PlainText(), nullable=True),
        sa.Column("address", PlainText(), nullable=True),
        sa.Column("deceased_on", PlainText(), nullable=True),
        sa.Column("deceased_status", PlainText(), nullable=True),
        sa.Column("sources", PlainText(), nullable=True),
        sa.Column("record_count", BigKey(), nullable=False),
        sa.Column("lineage", PlainText(), nullable=False),
        sa.Column("content_digest", PlainText(), nullable=False),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.PrimaryKeyConstraint("municipal_id", name=op.f("pk_golden_record")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "issue",
        sa.Column("issue_id", BigKey(), autoincrement=False, nullable=False),
        sa.Column("load_id", BigKey(), nullable=False),
        sa.Column("record_id", BigKey(), nullable=False),
        sa.Column("field", PlainText(), nullable=False),
        sa.Column("value_class", PlainText(), nullable=False),
        sa.Column("reason", PlainText(), nullable=False),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.PrimaryKeyConstraint("issue_id", name=op.f("pk_issue")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_issue_load_id"), "issue", ["load_id"], unique=False)
    op.create_index(op.f("ix_issue_record_id"), "issue", ["record_id"], unique=False)
    op.create_table(
        "job",
        sa.Column("job_id", BigKey(), autoincrement=False, nullable=False),
        sa.Column("kind", PlainText(), nullable=False),
        sa.Column("state", PlainText(), nullable=False),
        sa.Column("argument", PlainText(), nullable=True),
        sa.Column("progress", RealNumber(), nullable=True),
        sa.Column("result", PlainText(), nullable=True),
        sa.Column("error", PlainText(), nullable=True),
        sa.Column("requested_by", PlainText(), nullable=False),
        sa.Column("at", PlainText(), nullable=False),
        sa.Column("started_at", PlainText(), nullable=True),
        sa.Column("ended_at", PlainText(), nullable=True),
        sa.Column("heartbeat_at", PlainText(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed', 'cancelled')",
            name=op.f("ck_job_state"),
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_job_standing",
        "job",
        ["state", "job_id"],
        unique=False,
        sqlite_where=sa.text("state IN ('waiting', 'running')"),
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )
    op.create_table(
        "judgement",
        sa.Column("judgement_id", BigKey(), autoincrement=False, nullable=False),
        sa.Column("verdict", PlainText(), nullable=False),
        sa.Column("record_l", BigKey(), nullable=False),
        sa.Column("record_r", BigKey(), nullable=False),
        sa.Column("content_hash_l", PlainText(), nullable=False),
        sa.Column("content_hash_r", PlainText(), nullable=False),
        sa.Column("actor", PlainText(), nullable=False),
        sa.Column("reason", PlainText(), nullable=True),
        sa.Column("at", PlainText(), nullable=False),
        sa.Column("state", PlainText(), nullable=False),
        sa.Column("tx_id", BigKey(), nullable=False),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.CheckConstraint(
            "state IN ('active', 'undone', 'suspended')", name=op.f("ck_judgement_state")
        ),
        sa.CheckConstraint(
            "verdict IN ('same', 'different', 'unsure')", name=op.f("ck_judgement_verdict")
        ),
        sa.CheckConstraint("record_l < record_r", name=op.f("ck_judgement_pair_order")),
        sa.PrimaryKeyConstraint("judgement_id", name=op.f("pk_judgement")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_judgement_record_l"), "judgement", ["record_l"], unique=False)
    op.create_index(op.f("ix_judgement_record_r"), "judgement", ["record_r"], unique=False)
    op.create_index(
        "ux_judgement_active",
        "judgement",
        ["record_l", "record_r"],
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "ledger_event",
        sa.Column("seq", BigKey(), autoincrement=False, nullable=False),
        sa.Column("tx_id", BigKey(), nullable=False),
        sa.Column("kind", PlainText(), nullable=False),
        sa.Column("record_id", BigKey(), nullable=True),
        sa.Column("municipal_id", PlainText(), nullable=True),
        sa.Column("from_id", PlainText(), nullable=True),
        sa.Column("weight", RealNumber(), nullable=True),
        sa.Column("detail", PlainText(), nullable=True),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('mint', 'place', 'move', 'unplace', 'relink', 'anchor', 'withdraw_id', 'reinstate_id', 'tombstone_id', 'ambiguous', 'record_state', 'judge', 'judge_undo', 'judge_suspend', 'judge_resume')",  # noqa: E501
            name=op.f("ck_ledger_event_kind"),
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ledger_event")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_ledger_event_municipal_id"), "ledger_event", ["municipal_id"], unique=False
    )
    op.create_index(op.f("ix_ledger_event_record_id"), "ledger_event", ["record_id"], unique=False)
    op.create_index(op.f("ix_ledger_event_tx_id"), "ledger_event", ["tx_id"], unique=False)
    op.create_table(
        "ledger_tx",
        sa.Column("tx_id", BigKey(), autoincrement=False, nullable=False),
        sa.Column("at", PlainText(), nullable=False),
        sa.Column("kind", PlainText(), nullable=False),
        sa.Column("actor", PlainText(), nullable=False),
        sa.Column("purpose", PlainText(), nullable=False),
        sa.Column("request", PlainText(), nullable=True),
        sa.Column("cause", PlainText(), nullable=True),
        sa.Column("plan_id", BigKey(), nullable=True),
        sa.Column("model_version", PlainText(), nullable=True),
        sa.Column("content_digest", PlainText(), nullable=False),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.PrimaryKeyConstraint("tx_id", name=op.f("pk_ledger_tx")),
        sqlite_strict=True,
    )
    op.create_table(
        "load",
        sa.Column("load_id", BigKey(), autoincrement=False, nullable=False),
        sa.Column("source", PlainText(), nullable=False),
        sa.Column("state", PlainText(), nullable=False),
        sa.Column("scopes", PlainText(), nullable=False),
        sa.Column("files", PlainText(), nullable=False),
        sa.Column("read", BigKey(), nullable=False),
        sa.Column("new", BigKey(), nullable=False),
        sa.Column("changed", BigKey(), nullable=False),
        sa.Column("unchanged", BigKey(), nullable=False),
        sa.Column("reinstated", BigKey(), nullable=False),
        sa.Column("withdrawn", BigKey(), nullable=False),
        sa.Column("quarantined", BigKey(), nullable=False),
        sa.Column("issues", BigKey(), nullable=False),
        sa.Column("held_reason", PlainText(), nullable=True),
        sa.Column("content_digest", PlainText(), nullable=True),
        sa.Column("tx_id", BigKey(), nullable=False),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.CheckConstraint("state IN ('applied', 'held', 'refused')", name=op.f("ck_load_state")),
        sa.PrimaryKeyConstraint("load_id", name=op.f("pk_load")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_load_source"), "load", ["source"], unique=False)
    op.create_table(
        "membership",
        sa.Column("record_id", BigKey(), autoincrement=False, nullable=False),
        sa.Column("municipal_id", PlainText(), nullable=False),
        sa.Column("link_status", PlainText(), nullable=False),
        sa.Column("weight", RealNumber(), nullable=True),
        sa.Column("linked_at", PlainText(), nullable=False),
        sa.Column("seq", BigKey(), nullable=False),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.CheckConstraint(
            "link_status IN ('alone', 'automatic', 'confirmed')",
            name=op.f("ck_membership_link_status"),
        ),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_membership")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_membership_municipal_id"), "membership", ["municipal_id"], unique=False
    )
    op.create_table(
        "municipal_id",
        sa.Column("municipal_id", PlainText(), nullable=False),
        sa.Column("founder_record_id", BigKey(), nullable=False),
        sa.Column("anchor_record_id", BigKey(), nullable=False),
        sa.Column("minted_seq", BigKey(), nullable=False),
        sa.Column("state", PlainText(), nullable=False),
        sa.Column("ambiguous_until", PlainText(), nullable=True),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.CheckConstraint(
            "state IN ('active', 'withdrawn', 'tombstone')", name=op.f("ck_municipal_id_state")
        ),
        sa.PrimaryKeyConstraint("municipal_id", name=op.f("pk_municipal_id")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_municipal_id_anchor_record_id"), "municipal_id", ["anchor_record_id"], unique=False
    )
    op.create_index(
        op.f("ix_municipal_id_founder_record_id"),
        "municipal_id",
        ["founder_record_id"],
        unique=False,
    )
    op.create_table(
        "plan",
        sa.Column("plan_id", BigKey(), autoincrement=False, nullable=False),
        sa.Column("state", PlainText(), nullable=False),
        sa.Column("base_seq", BigKey(), nullable=False),
        sa.Column("model_version", PlainText(), nullable=True),
        sa.Column("inputs_digest", PlainText(), nullable=False),
        sa.Column("counts", PlainText(), nullable=False),
        sa.Column("items", sa.LargeBinary(), nullable=False),
        sa.Column("items_digest", PlainText(), nullable=False),
        sa.Column("applied_tx", BigKey(), nullable=True),
        sa.Column("reverted_tx", BigKey(), nullable=True),
        sa.Column("at", PlainText(), nullable=False),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.CheckConstraint(
            "state IN ('proposed', 'applied', 'reverted', 'refused')", name=op.f("ck_plan_state")
        ),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_plan")),
        sqlite_strict=True,
    )
    op.create_table(
        "quarantine",
        sa.Column("quarantine_id", BigKey(), autoincrement=False, nullable=False),
        sa.Column("load_id", BigKey(), nullable=False),
        sa.Column("source", PlainText(), nullable=False),
        sa.Column("file", PlainText(), nullable=False),
        sa.Column("line", BigKey(), nullable=True),
        sa.Column("local_id", PlainText(), nullable=True),
        sa.Column("reason", PlainText(), nullable=False),
        sa.Column("content", PlainText(), nullable=True),
        sa.Column("resolved_load_id", BigKey(), nullable=True),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.PrimaryKeyConstraint("quarantine_id", name=op.f("pk_quarantine")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_quarantine_load_id"), "quarantine", ["load_id"], unique=False)
    op.create_index(
        op.f("ix_quarantine_source_local_id"), "quarantine", ["source", "local_id"], unique=False
    )
    op.create_table(
        "record",
        sa.Column("record_id", BigKey(), autoincrement=False, nullable=False),
        sa.Column("source", PlainText(), nullable=False),
        sa.Column("local_id", PlainText(), nullable=False),
        sa.Column("scope", PlainText(), nullable=True),
        sa.Column("state", PlainText(), nullable=False),
        sa.Column("version", BigKey(), nullable=False),
        sa.Column("content_hash", PlainText(), nullable=False),
        sa.Column("last_load_id", BigKey(), nullable=False),
        sa.Column("stale", Flag(), nullable=False),
        sa.Column("restricted", Flag(), nullable=False),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'present', 'withdrawn', 'superseded', 'erased')",
            name=op.f("ck_record_state"),
        ),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_record")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_record_pending",
        "record",
        ["record_id"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        op.f("ix_record_source_local_id"), "record", ["source", "local_id"], unique=True
    )
    op.create_table(
        "record_version",
        sa.Column("record_id", BigKey(), autoincrement=False, nullable=False),
        sa.Column("version", BigKey(), autoincrement=False, nullable=False),
        sa.Column("load_id", BigKey(), nullable=False),
        sa.Column("content_hash", PlainText(), nullable=False),
        sa.Column("payload", PlainText(), nullable=False),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "version", name=op.f("pk_record_version")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "review_item",
        sa.Column("review_id", BigKey(), autoincrement=False, nullable=False),
        sa.Column("kind", PlainText(), nullable=False),
        sa.Column("record_l", BigKey(), nullable=False),
        sa.Column("record_r", BigKey(), nullable=True),
        sa.Column("state", PlainText(), nullable=False),
        sa.Column("match_weight", RealNumber(), nullable=True),
        sa.Column("match_probability", RealNumber(), nullable=True),
        sa.Column("reason", PlainText(), nullable=True),
        sa.Column("group_id", BigKey(), nullable=True),
        sa.Column("priority", RealNumber(), nullable=True),
        sa.Column("content_hash", PlainText(), nullable=True),
        sa.Column("claimed_by", PlainText(), nullable=True),
        sa.Column("lease_until", PlainText(), nullable=True),
        sa.Column("plan_id", BigKey(), nullable=True),
        sa.Column("judgement_id", BigKey(), nullable=True),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'claimed', 'decided', 'stale')", name=op.f("ck_review_item_state")
        ),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_review_item")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_review_item_record_l"), "review_item", ["record_l"], unique=False)
    op.create_index(op.f("ix_review_item_record_r"), "review_item", ["record_r"], unique=False)
    op.create_index(
        "ux_review_item_waiting",
        "review_item",
        ["kind", "record_l", "record_r"],
        unique=True,
        sqlite_where=sa.text("state IN ('open', 'claimed')"),
        postgresql_where=sa.text("state IN ('open', 'claimed')"),
    )
    op.create_table(
        "scored_pair",
        sa.Column("record_l", BigKey(), autoincrement=False, nullable=False),
        sa.Column("record_r", BigKey(), autoincrement=False, nullable=False),
        sa.Column("match_weight", RealNumber(), nullable=False),
        sa.Column("pattern", BigKey(), nullable=False),
        sa.Column("guard", PlainText(), nullable=True),
        sa.Column("outcome", PlainText(), nullable=False),
        sa.Column("plan_id", BigKey(), nullable=True),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('linked', 'review', 'refused')", name=op.f("ck_scored_pair_outcome")
        ),
        sa.CheckConstraint("record_l < record_r", name=op.f("ck_scored_pair_pair_order")),
        sa.PrimaryKeyConstraint("record_l", "record_r", name=op.f("pk_scored_pair")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_scored_pair_record_r"), "scored_pair", ["record_r"], unique=False)
    op.create_table(
        "source",
        sa.Column("name", PlainText(), nullable=False),
        sa.Column("sector", PlainText(), nullable=False),
        sa.Column("layout", PlainText(), nullable=False),
        sa.Column("declaration", PlainText(), nullable=False),
        sa.Column("declaration_hash", PlainText(), nullable=False),
        sa.Column("tx_id", BigKey(), nullable=False),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_source")),
        sqlite_strict=True,
    )
    op.create_table(
        "state_digest",
        sa.Column("name", PlainText(), nullable=False),
        sa.Column("rows", BigKey(), nullable=False),
        sa.Column("sum_a", BigKey(), nullable=False),
        sa.Column("sum_b", BigKey(), nullable=False),
        sa.Column("tx_id", BigKey(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_state_digest")),
        sqlite_strict=True,
    )
    op.create_table(
        "told",
        sa.Column("municipal_id", PlainText(), nullable=False),
        sa.Column("holder", PlainText(), nullable=False),
        sa.Column("record_id", BigKey(), autoincrement=False, nullable=False),
        sa.Column("first_at", PlainText(), nullable=False),
        sa.Column("last_at", PlainText(), nullable=False),
        sa.Column("row_check", BigKey(), nullable=False),
        sa.PrimaryKeyConstraint("municipal_id", "holder", "record_id", name=op.f("pk_told")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    raise SchemaVersionError("there is no schema before the first: restore a backup")
