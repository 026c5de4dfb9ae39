"""What is searched: passages of documents, summaries and answers. Those there are already are taken in by `SqlStorage.reindex`."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "sources",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("session", sa.Text(), nullable=True),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("stamp", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["space", "document"], ["documents.space", "documents.id"], name=op.f("fk_sources_documents"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["session"], ["sessions.id"], name=op.f("fk_sources_sessions"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_sources")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_sources_space_kind_id"), "sources", ["space", "kind", "id"], unique=True)
    op.create_index(op.f("ix_sources_space_document"), "sources", ["space", "document"], unique=False)
    op.create_index(op.f("ix_sources_session"), "sources", ["session"], unique=False)
    op.create_table(
        "passages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, autoincrement=False),
        sa.Column("source", sa.Integer(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["sources.number"], name=op.f("fk_passages_sources"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passages")),
    )
    op.create_index(op.f("ix_passages_source"), "passages", ["source"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        # Its segments come ready made, parted by spaces: `ascii` parts them there and nowhere else.
        op.execute("CREATE VIRTUAL TABLE words USING fts5(title, text, content='', tokenize='ascii')")
        op.execute("INSERT INTO words(words, rank) VALUES('rank', 'bm25(5.0, 1.0)')")
    else:
        op.execute(
            "CREATE TABLE words (rowid BIGINT PRIMARY KEY REFERENCES passages (id) ON DELETE CASCADE, segments TSVECTOR NOT NULL)"
        )
        op.execute("CREATE INDEX ix_words_segments ON words USING gin (segments)")


def downgrade() -> None:
    op.execute("DROP TABLE words")
    op.drop_table("passages")
    op.drop_table("sources")
