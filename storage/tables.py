"""The tables. Each says in `info` who may see its rows: the whole space, or their owner only."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

SPACE: dict[str, Any] = {"visible": "space"}
OWNER: dict[str, Any] = {"visible": "owner"}
READER: dict[str, Any] = {"visible": "reader"}  # by the owner named, or the whole space where none is
SOURCE: dict[str, Any] = {"visible": "source"}  # as its source is
ACCOUNT: dict[str, Any] = {"visible": "account"}  # belongs to nobody: numbers all who use one account at the provider share


class Moment(TypeDecorator[datetime]):
    """A time in UTC: kept without zone where the database knows none, always aware in Python."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC).replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _key(name: str = "id") -> Column[str]:
    return Column(name, Text, primary_key=True)


def _words(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _moment(name: str, nullable: bool = False) -> Column[datetime]:
    return Column(name, Moment, nullable=nullable)


documents = Table(
    "documents",
    metadata,
    _key("space"),
    _key(),
    _words("owner"),
    _words("name"),
    _words("format"),
    Column("bytes", BigInteger, nullable=False),
    _words("title"),
    _words("language"),
    _moment("added_at"),
    _moment("deleted_at", nullable=True),
    _words("searchable"),
    Index(None, "space", "deleted_at", "added_at", "id"),
    info=SPACE,
)

extractions = Table(
    "extractions",
    metadata,
    _key("space"),
    _key("document"),
    _words("owner"),
    _words("blob"),
    _words("extractor"),
    Column("pages", Integer, nullable=False),
    Column("characters", BigInteger, nullable=False),
    _moment("created_at"),
    ForeignKeyConstraint(["space", "document"], ["documents.space", "documents.id"], ondelete="CASCADE"),
    info=SPACE,
)

summaries = Table(
    "summaries",
    metadata,
    _key("space"),
    _key(),
    _words("owner"),
    _words("document"),
    _words("engine"),
    _words("model"),
    _words("template"),
    _words("language"),
    _words("state"),
    _moment("created_at"),
    _words("usage"),
    _words("notices"),
    _words("coverage"),
    _words("draft"),
    ForeignKeyConstraint(["space", "document"], ["documents.space", "documents.id"], ondelete="CASCADE"),
    Index(None, "space", "document", "created_at"),
    info=SPACE,
)

sessions = Table(
    "sessions",
    metadata,
    _key(),
    _words("space"),
    _words("owner"),
    _words("title"),
    _words("documents"),
    _moment("created_at"),
    _moment("updated_at"),
    _moment("deleted_at", nullable=True),
    _words("searchable"),
    Index(None, "space", "owner", "deleted_at", "updated_at"),
    info=OWNER,
)

answers = Table(
    "answers",
    metadata,
    _key(),
    _words("space"),
    _words("owner"),
    Column("session", Text, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    _words("question"),
    _words("engine"),
    _words("model"),
    _words("state"),
    _moment("created_at"),
    _words("documents"),
    _words("usage"),
    _words("notices"),
    _words("draft"),
    _words("searchable"),
    Index(None, "session", "created_at"),
    Index(None, "space", "owner"),
    info=OWNER,
)

runs = Table(
    "runs",
    metadata,
    _key(),
    _words("space"),
    _words("owner"),
    _words("kind"),
    _words("state"),
    _words("documents"),
    _words("session"),
    _words("batch"),
    Column("stage", Text),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    _words("result"),
    Column("stop_requested", Boolean, nullable=False),
    _moment("created_at"),
    _moment("updated_at"),
    _words("question"),
    _words("order"),
    _words("usage"),
    Column("failure", Text),
    Column("draft", Text),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("holder", Text, nullable=False, server_default=""),
    Index(None, "space", "owner", "created_at"),
    Index(None, "space", "owner", "batch", "created_at"),
    Index(None, "space", "owner", "session", "created_at"),
    Index(None, "state", "created_at"),
    Index(None, "state", "updated_at"),
    info=OWNER,
)

batches = Table(
    "batches",
    metadata,
    _key(),
    _words("space"),
    _words("owner"),
    _words("title"),
    _words("entries"),
    _words("order"),
    _words("columns"),
    _moment("created_at"),
    Index(None, "space", "owner", "created_at"),
    info=OWNER,
)

cells = Table(
    "cells",
    metadata,
    _key("space"),
    _key("document"),
    _key("column"),
    _words("owner"),
    _words("engine"),
    _words("model"),
    _moment("created_at"),
    _words("cell"),
    _words("history"),
    ForeignKeyConstraint(["space", "document"], ["documents.space", "documents.id"], ondelete="CASCADE"),
    info=SPACE,
)

calls = Table(
    "calls",
    metadata,
    _key("space"),
    _key(),
    _words("owner"),
    _words("run"),
    _words("model"),
    _words("state"),
    _moment("sent_at", nullable=True),
    _moment("answered_at", nullable=True),
    Column("sendings", Integer, nullable=False),
    Column("possible_duplicates", Integer, nullable=False),
    Column("cost", Text),  # a decimal number as it is written: no float ever touches money
    _words("currency"),
    _words("request_id"),
    Column("holder", Text, nullable=False, server_default=""),
    Column("completion", Text),
    Index(None, "space", "run", "sent_at"),
    Index(None, "space", "sent_at"),
    info=SPACE,
)

departures = Table(
    "departures",
    metadata,
    _key(),
    _words("space"),
    _words("owner"),
    _moment("at"),
    _words("host"),
    _words("purpose"),
    Column("bytes", BigInteger, nullable=False),
    Column("characters", BigInteger, nullable=False),
    Column("document", Text),
    _words("pages"),
    _words("remote_id"),
    _moment("deleted_at", nullable=True),
    Index(None, "space", "owner", "at"),
    info=OWNER,
)

marks = Table(
    "marks",
    metadata,
    _key("account"),
    _key("member"),
    _key("kind"),
    Column("slot", BigInteger, primary_key=True),
    Column("until", Double, nullable=False),
    Column("requests", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    info=ACCOUNT,
)

measures = Table("measures", metadata, _key("account"), _key("name"), _words("content"), info=ACCOUNT)

sources = Table(
    "sources",
    metadata,
    Column("number", Integer, primary_key=True),
    _words("space"),
    _words("owner"),
    _words("kind"),
    _words("id"),
    Column("document", Text),
    Column("session", Text, ForeignKey("sessions.id", ondelete="CASCADE")),
    _words("format"),
    _words("language"),
    _moment("at"),
    Column("deleted", Boolean, nullable=False),
    _words("stamp"),
    ForeignKeyConstraint(["space", "document"], ["documents.space", "documents.id"], ondelete="CASCADE"),
    Index(None, "space", "kind", "id", unique=True),
    Index(None, "space", "document"),
    Index(None, "session"),
    info=READER,
    sqlite_autoincrement=True,  # a number taken again would find the words of what had it before
)

passages = Table(
    "passages",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("source", Integer, ForeignKey("sources.number", ondelete="CASCADE"), nullable=False),
    Column("page", Integer),
    Column("start", Integer, nullable=False),
    _words("title"),
    _words("text"),
    Index(None, "source"),
    info=SOURCE,
)
