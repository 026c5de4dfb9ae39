"""Database URL → an engine whose writes never deadlock, and the two ways to use it: reading and writing."""

import logging
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, Engine, make_url

from kimi_docs.errors import Misconfigured
from kimi_docs.language import say
from storage.failures import disk_failure, worded

BUSY_SECONDS = 30
WAL_CORRUPTS = ((3, 7, 0), (3, 51, 2))
"""SQLite versions, both ends included, in which two writing processes can corrupt a WAL database."""

_NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afpfs", "davfs", "ceph", "glusterfs"}
_log = logging.getLogger(__name__)


def open_engine(database_url: str) -> Engine:
    """An engine for a SQLite file or a PostgreSQL server; for SQLite the folder is made. Nothing is connected yet.

    Raises: Misconfigured.
    """
    url = _parse(database_url)
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    try:
        return sa.create_engine(
            url, pool_pre_ping=True, connect_args={"connect_timeout": 10, "application_name": "kimi-docs"}, hide_parameters=True
        )
    except ModuleNotFoundError as error:
        raise Misconfigured(
            say("PostgreSQL needs a package that is not installed."), say("Run: pip install 'kimi-docs[postgres]'")
        ) from error


def _parse(database_url: str) -> URL:
    try:
        url = make_url(database_url)
    except sa.exc.ArgumentError as error:
        raise _unknown_address() from error
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    in_memory = url.database in (None, "", ":memory:")
    if url.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg") or (
        url.drivername != "postgresql+psycopg" and in_memory
    ):
        raise _unknown_address()
    return url


def _unknown_address() -> Misconfigured:
    return Misconfigured(
        say("KIMI_DOCS_DATABASE_URL is not an address this program understands."),
        say("Write sqlite:////folder/file.sqlite3 or postgresql+psycopg://user@host/database"),
    )


def private_folder(folder: Path) -> None:
    """Make the folder, for its owner only; one that is there already keeps its rights.

    Raises: Misconfigured, KimiDocsError (disk full).
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise disk_failure(error, str(folder)) from error


def _sqlite(url: URL) -> Engine:
    file = Path(url.database or "").expanduser().absolute()
    private_folder(file.parent)
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600))
    except OSError as error:
        raise disk_failure(error, str(file)) from error
    mode = journal_mode(file)
    # Connections to a file are cheap, and a screen has a thread for each tab: never let one wait for the pool.
    engine = sa.create_engine(
        url.set(database=str(file)), max_overflow=-1, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True
    )

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the transaction is begun below, not by the driver
        _prepare(connection, mode)

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        if connection.get_execution_options().get("kimi_docs_reading", False):
            driver.execute("BEGIN")  # type: ignore[union-attr]
        else:
            _begin_write(driver)

    return engine


def _begin_write(connection: Any) -> None:
    """Begin as a writer: a write that begins as a read cannot wait for its turn, SQLite answers "locked" at once.

    The waiting is ours and not SQLite's, which looks ever more seldom the longer it waits: among twenty busy writers one was
    left waiting for 25 of its 30 seconds. Looking at random moments gives everybody the same chance.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    connection.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(random.uniform(0.001, 0.02))  # noqa: S311
    finally:
        connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")


def journal_mode(file: Path) -> str:
    """`WAL` where it is safe; `DELETE` for the SQLite versions that may corrupt it, and on a network's file system."""
    first, last = WAL_CORRUPTS
    network = network_file_system(file.parent)
    if network:
        _log.warning("The database lies on a network file system (%s): slow, and not safe for several machines.", network)
    return "DELETE" if network or first <= sqlite3.sqlite_version_info <= last else "WAL"


def network_file_system(folder: Path) -> str:
    """The kind of network file system a folder lies on, or nothing. Known on Linux only."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return ""
    entries = [line.split()[1:3] for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines()]
    above = {str(parent) for parent in (folder.resolve(), *folder.resolve().parents)}
    kind = max(((point, kind) for point, kind in entries if point in above), key=lambda entry: len(entry[0]), default=("", ""))[1]
    return kind if kind in _NETWORK_FILE_SYSTEMS else ""


def _prepare(connection: sqlite3.Connection, mode: str) -> None:
    connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA cache_spill=OFF")  # a long change that outgrows the cache would lock readers out before its end
    connection.execute(f"PRAGMA synchronous={'NORMAL' if mode == 'WAL' else 'FULL'}")
    deadline = time.monotonic() + BUSY_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone()[0].upper() != mode:
        try:
            connection.execute(f"PRAGMA journal_mode={mode}").fetchone()
        except sqlite3.OperationalError as error:
            # The change of mode does not wait for other connections as statements do.
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads. Raises: Misconfigured, KimiDocsError."""
    with worded(engine.url), engine.connect() as connection:
        connection.execution_options(kimi_docs_reading=True)
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes: all of it or nothing. Raises: Misconfigured, KimiDocsError."""
    with worded(engine.url), engine.begin() as connection:
        yield connection


def upserting(dialect: str, table: sa.Table) -> Any:
    """The insert of that dialect which knows `on_conflict_do_update` and `on_conflict_do_nothing`."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
