"""Columns of one kind are made alike, and every table says in `info` who may see its rows."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, DateTime, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

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


def key(name: str = "id") -> Column[str]:
    return Column(name, Text, primary_key=True)


def words(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def moment(name: str, nullable: bool = False) -> Column[datetime]:
    return Column(name, Moment, nullable=nullable)
