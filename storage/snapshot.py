"""An engine → its rows as they are at one moment, while others go on writing."""

import errno
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from storage.engine import BUSY_SECONDS, reading
from storage.failures import worded

_LOOKED_EVERY_SECONDS = 0.5
_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
"""Of what is only read nothing says so."""


def copy_sqlite(file: Path, target: Path) -> None:
    """The database as it is now, in a file of its owner only. Who writes meanwhile waits a moment.

    Raises: OSError where the copy finds no room, sqlite3.Error (also when somebody holds the database for too long).
    """
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
    with closing(sqlite3.connect(file, timeout=_LOOKED_EVERY_SECONDS)) as source, closing(sqlite3.connect(target)) as copy:
        try:
            source.backup(copy, progress=_not_for_ever())
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) not in _NO_ROOM:
                raise
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error


def _not_for_ever() -> Callable[[int, int, int], None]:
    """Ends the waiting for who holds the database: left alone, copying waits without end and is deaf to Ctrl-C."""
    until = time.monotonic() + BUSY_SECONDS

    def look(state: int, _left: int, _all: int) -> None:
        if state in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > until:
            raise sqlite3.OperationalError("database is locked")

    return look


@contextmanager
def snapshot(engine: Engine, folder: Path) -> Iterator[Connection]:
    """Reading from one state. A copy of a SQLite file is made in `folder` meanwhile: a long look at the file itself would keep
    others from writing.

    Raises: Misconfigured, KimiDocsError, OSError.
    """
    if engine.dialect.name != "sqlite":
        with reading(engine.execution_options(isolation_level="REPEATABLE READ")) as connection:
            yield connection
        return
    with tempfile.TemporaryDirectory(prefix=".kimi-docs-", dir=folder) as own, worded(engine.url):
        copy = Path(own) / "copy.sqlite3"
        copy_sqlite(Path(engine.url.database or ""), copy)
        copied = sa.create_engine(engine.url.set(database=str(copy)), hide_parameters=True)
        try:
            with copied.connect() as connection:
                yield connection
        finally:
            copied.dispose()
