"""Batches and cells of tables; how often a run ended the program, and which process carries it out."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("entries", sa.Text(), nullable=False),
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    op.create_index(op.f("ix_batches_space_owner_created_at"), "batches", ["space", "owner", "created_at"], unique=False)
    op.create_table(
        "cells",
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cell", sa.Text(), nullable=False),
        sa.Column("history", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["space", "document"], ["documents.space", "documents.id"], name=op.f("fk_cells_documents"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("space", "document", "column", name=op.f("pk_cells")),
    )
    with op.batch_alter_table("runs") as table:
        table.add_column(sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("holder", sa.Text(), nullable=False, server_default=""))
    op.create_index(op.f("ix_runs_state_updated_at"), "runs", ["state", "updated_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_runs_state_updated_at"), table_name="runs")
    with op.batch_alter_table("runs") as table:
        table.drop_column("holder")
        table.drop_column("tries")
    op.drop_table("cells")
    op.drop_table("batches")
