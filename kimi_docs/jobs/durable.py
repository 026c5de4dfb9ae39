"""Settings → what worker and queue share of DBOS: the database of workflows and how it is opened.

On SQLite: every transaction BEGIN IMMEDIATE (count-then-claim is not atomic otherwise), a millisecond clock (DBOS stamps whole
seconds on Python 3.11), JSON instead of pickle, a constant application version (the default strands work at every edit).
"""

import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dbos import DBOSPortableJSONSerializer, run_dbos_database_migrations

from kimi_docs.settings import Settings

APPLICATION = "kimi-docs"
VERSION = "1"
QUEUE = "runs"
WORKFLOW = "perform"
WAL_DAMAGED_BY_TWO_WRITERS = ((3, 7, 0), (3, 51, 2))
"""SQLite versions that can corrupt a WAL database with two writing processes (sqlite.org, WAL-reset bug)."""


def database_url(settings: Settings) -> str:
    """The workflows' own SQLite file, or beside the data in PostgreSQL."""
    if settings.database_url.startswith("postgresql"):
        return settings.database_url
    return f"sqlite:///{settings.home / 'runs.sqlite3'}"


def open_engine(settings: Settings) -> sa.Engine:
    """The engine for DBOS and for its client; the two must open the file the same way."""
    url = database_url(settings)
    if not url.startswith("sqlite"):
        return sa.create_engine(url, pool_pre_ping=True, pool_size=20, max_overflow=0)
    path = settings.home / "runs.sqlite3"
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600, exist_ok=True)
    engine = sa.create_engine(url, pool_size=20, max_overflow=0)
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    return engine


def migrate(settings: Settings) -> None:
    """Make or renew DBOS's tables. Screen and worker may start at once: one does it, the others wait."""
    url = database_url(settings)
    if url.startswith("sqlite"):
        open_engine(settings).dispose()
    with _one_at_a_time(settings.home / "migrate.lock"), _with_clock():
        run_dbos_database_migrations(url)


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("a") as file:
        if not sys.platform.startswith("win"):
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _with_clock() -> Iterator[None]:
    """DBOS migrates through an engine of its own, which lacks `unixepoch` where SQLite is older than 3.42."""

    def add(connection: Any, _record: Any) -> None:
        if hasattr(connection, "create_function") and sqlite3.sqlite_version_info < (3, 42):
            connection.create_function("unixepoch", 1, lambda _modifier: time.time())

    sa.event.listen(sa.Engine, "connect", add)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "connect", add)


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    first, last = WAL_DAMAGED_BY_TWO_WRITERS
    journal = "DELETE" if first <= sqlite3.sqlite_version_info <= last else "WAL"
    for pragma in ("busy_timeout=30000", "foreign_keys=ON", f"journal_mode={journal}", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")
    if sqlite3.sqlite_version_info < (3, 42):
        connection.create_function("unixepoch", 1, lambda _modifier: time.time())
    if sys.version_info < (3, 12):
        connection.create_function("strftime", 2, _strftime)


def _strftime(form: str, moment: str) -> str | None:
    if moment != "now":
        return None
    return f"{time.time():.3f}" if form == "%s" else datetime.now(UTC).strftime(form)


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def serializer() -> DBOSPortableJSONSerializer:
    return DBOSPortableJSONSerializer()


def lock_file(settings: Settings) -> Path:
    return settings.home / "worker.lock"
