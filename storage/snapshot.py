"""An engine → its rows as they are at one moment, while others go on writing."""

import errno
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from storage.engine import reading
from storage.failures import worded

_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
"""Of what is only read nothing says so."""


def copy_sqlite(file: Path, target: Path) -> None:
    """The database as it is now, in a file of its owner only. Who writes meanwhile waits a moment.

    Raises: OSError where the copy finds no room, sqlite3.Error.
    """
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
    with closing(sqlite3.connect(file, timeout=30)) as source, closing(sqlite3.connect(target)) as copy:
        try:
            source.backup(copy)
        except sqlite3.Error as error:
            if error.sqlite_errorcode not in _NO_ROOM:
                raise
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error


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
