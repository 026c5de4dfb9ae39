"""Addresses → an open store, its folders and schema made; and the check of what it holds."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sqlalchemy.engine import Connection

from kimi_docs.domain.ports import Blobs
from kimi_docs.errors import KimiDocsError, Misconfigured, NotFound
from kimi_docs.language import Message, say
from storage.blobs import FolderBlobs
from storage.engine import open_engine, private_folder, reading
from storage.migrate import upgrade
from storage.scope import kept_blobs
from storage.store import SqlStorage


def open_storage(*, database_url: str, blobs_url: str, home: Path) -> SqlStorage:
    """Open the store, making what is not there. Empty addresses mean a file and a folder in the home.

    Raises: Misconfigured (a wrong address, a folder that cannot be written, a server that cannot be reached, a damaged
    database or one of a newer version), KimiDocsError (disk full, busy).
    """
    private_folder(home)
    blobs = open_blobs(blobs_url or str(home / "blobs"))
    engine = open_engine(database_url or f"sqlite:///{home / 'kimi-docs.sqlite3'}")
    try:
        upgrade(engine)
    except KimiDocsError:
        engine.dispose()
        raise
    return SqlStorage(engine, blobs)


def open_blobs(url: str) -> Blobs:
    """The blobs at a folder or an address. `s3://` will open here.

    Raises: Misconfigured.
    """
    parts = urlsplit(url)
    if parts.scheme == "" or len(parts.scheme) == 1:  # a folder, also on a drive of Windows
        folder = Path(url).expanduser()
    elif parts.scheme == "file" and parts.netloc in ("", "localhost"):
        folder = Path(unquote(parts.path))
    else:
        raise Misconfigured(
            say("KIMI_DOCS_BLOBS_URL has an address this program does not understand: {scheme}.", scheme=parts.scheme),
            say("Set it to a folder."),
        )
    private_folder(folder)
    return FolderBlobs(folder)


def integrity(storage: SqlStorage) -> Sequence[Message]:
    """What is wrong with the store, for the doctor; empty where all is well. Reads the whole SQLite database."""
    found: list[Message] = []
    try:
        with reading(storage.engine) as connection:
            if storage.engine.dialect.name == "sqlite":
                found += [say("The database is damaged: {what}", what=what) for what in _sqlite_faults(connection)]
            blobs = kept_blobs(connection)
    except KimiDocsError as error:
        return [*found, error.message]
    missing = sum(not _is_there(storage.blobs, blob) for blob in blobs)
    return [*found, say("Files missing on the disk: {count}", count=missing)] if missing else found


def _sqlite_faults(connection: Connection) -> list[str]:
    found = [str(what) for what in connection.exec_driver_sql("PRAGMA integrity_check").scalars() if what != "ok"]
    return found + [f"{row[0]} → {row[2]}" for row in connection.exec_driver_sql("PRAGMA foreign_key_check")]


def _is_there(blobs: Blobs, id: str) -> bool:
    try:
        blobs.path(id)
    except NotFound:
        return False
    return True
