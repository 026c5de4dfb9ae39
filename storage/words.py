"""What the database itself makes of the passages' segments. Each kind has its own table, so migrations make it, not `tables`."""

from sqlalchemy import BigInteger, Column, MetaData, Table
from sqlalchemy.dialects.postgresql import TSVECTOR

_fts5 = Table("words", MetaData(), *(Column(name) for name in ("rowid", "words", "rank", "title", "text")))
_postgresql = Table("words", MetaData(), Column("rowid", BigInteger, primary_key=True), Column("segments", TSVECTOR))


def words_of(dialect: str) -> Table:
    """The column `words` of FTS5's is how it is asked and told."""
    return _fts5 if dialect == "sqlite" else _postgresql
