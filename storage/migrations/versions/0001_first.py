"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sendings", sa.Integer(), nullable=False),
        sa.Column("possible_duplicates", sa.Integer(), nullable=False),
        sa.Column("cost", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("completion", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("space", "id", name=op.f("pk_calls")),
    )
    op.create_index(op.f("ix_calls_space_run_sent_at"), "calls", ["space", "run", "sent_at"], unique=False)
    op.create_index(op.f("ix_calls_space_sent_at"), "calls", ["space", "sent_at"], unique=False)
    op.create_table(
        "departures",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("characters", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("pages", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departures")),
    )
    op.create_index(op.f("ix_departures_space_owner_at"), "departures", ["space", "owner", "at"], unique=False)
    op.create_table(
        "documents",
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("searchable", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("space", "id", name=op.f("pk_documents")),
    )
    op.create_index(
        op.f("ix_documents_space_deleted_at_added_at_id"), "documents", ["space", "deleted_at", "added_at", "id"], unique=False
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("documents", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("stop_requested", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("usage", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("draft", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_index(op.f("ix_runs_space_owner_batch_created_at"), "runs", ["space", "owner", "batch", "created_at"], unique=False)
    op.create_index(op.f("ix_runs_space_owner_created_at"), "runs", ["space", "owner", "created_at"], unique=False)
    op.create_index(
        op.f("ix_runs_space_owner_session_created_at"), "runs", ["space", "owner", "session", "created_at"], unique=False
    )
    op.create_index(op.f("ix_runs_state_created_at"), "runs", ["state", "created_at"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("documents", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("searchable", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index(
        op.f("ix_sessions_space_owner_deleted_at_updated_at"),
        "sessions",
        ["space", "owner", "deleted_at", "updated_at"],
        unique=False,
    )
    op.create_table(
        "answers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("documents", sa.Text(), nullable=False),
        sa.Column("usage", sa.Text(), nullable=False),
        sa.Column("notices", sa.Text(), nullable=False),
        sa.Column("draft", sa.Text(), nullable=False),
        sa.Column("searchable", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["session"], ["sessions.id"], name=op.f("fk_answers_sessions"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
    )
    op.create_index(op.f("ix_answers_session_created_at"), "answers", ["session", "created_at"], unique=False)
    op.create_index(op.f("ix_answers_space_owner"), "answers", ["space", "owner"], unique=False)
    op.create_table(
        "extractions",
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.Column("extractor", sa.Text(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("characters", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["space", "document"], ["documents.space", "documents.id"], name=op.f("fk_extractions_documents"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("space", "document", name=op.f("pk_extractions")),
    )
    op.create_table(
        "summaries",
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("usage", sa.Text(), nullable=False),
        sa.Column("notices", sa.Text(), nullable=False),
        sa.Column("coverage", sa.Text(), nullable=False),
        sa.Column("draft", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["space", "document"], ["documents.space", "documents.id"], name=op.f("fk_summaries_documents"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("space", "id", name=op.f("pk_summaries")),
    )
    op.create_index(op.f("ix_summaries_space_document_created_at"), "summaries", ["space", "document", "created_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_summaries_space_document_created_at"), table_name="summaries")
    op.drop_table("summaries")
    op.drop_table("extractions")
    op.drop_index(op.f("ix_answers_space_owner"), table_name="answers")
    op.drop_index(op.f("ix_answers_session_created_at"), table_name="answers")
    op.drop_table("answers")
    op.drop_index(op.f("ix_sessions_space_owner_deleted_at_updated_at"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index(op.f("ix_runs_state_created_at"), table_name="runs")
    op.drop_index(op.f("ix_runs_space_owner_session_created_at"), table_name="runs")
    op.drop_index(op.f("ix_runs_space_owner_created_at"), table_name="runs")
    op.drop_index(op.f("ix_runs_space_owner_batch_created_at"), table_name="runs")
    op.drop_table("runs")
    op.drop_index(op.f("ix_documents_space_deleted_at_added_at_id"), table_name="documents")
    op.drop_table("documents")
    op.drop_index(op.f("ix_departures_space_owner_at"), table_name="departures")
    op.drop_table("departures")
    op.drop_index(op.f("ix_calls_space_sent_at"), table_name="calls")
    op.drop_index(op.f("ix_calls_space_run_sent_at"), table_name="calls")
    op.drop_table("calls")
