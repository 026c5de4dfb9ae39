"""An open store → what is wrong with it."""

from sqlalchemy.engine import Connection, Engine

from kimi_docs.domain.ports import Blobs
from kimi_docs.errors import KimiDocsError
from kimi_docs.language import Message, say
from storage.engine import reading
from storage.scope import kept_blobs


def faults(engine: Engine, blobs: Blobs) -> list[Message]:
    """What is wrong, empty where all is well: a damaged database, rows that refer to nothing, files that are missing."""
    found: list[Message] = []
    try:
        with reading(engine) as connection:
            if engine.dialect.name == "sqlite":
                found += [say("The database is damaged: {what}", what=what) for what in _sqlite_faults(connection)]
            kept = kept_blobs(connection)
    except KimiDocsError as error:
        return [*found, error.message]
    missing = len(blobs.absent(kept))
    return [*found, say("Files missing on the disk: {count}", count=missing)] if missing else found


def _sqlite_faults(connection: Connection) -> list[str]:
    found = [str(what) for what in connection.exec_driver_sql("PRAGMA integrity_check").scalars() if what != "ok"]
    return found + [f"{row[0]} → {row[2]}" for row in connection.exec_driver_sql("PRAGMA foreign_key_check")]
