"""Errors of the database and the disk → sentences for the person who reads them."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import URL
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

from kimi_docs.errors import KimiDocsError, Misconfigured, Unreachable
from kimi_docs.language import Message, say

DAMAGED = say("The database {database} is damaged.")
AWAY = say("The database {database} cannot be reached.")
REPAIR = say("Nothing was changed. Run “kimi-docs doctor”, or restore a backup.")


def shown(url: URL) -> str:
    """The address of a database without its password."""
    return url.database or "" if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)


@contextmanager
def worded(url: URL) -> Iterator[None]:
    """What goes wrong with the database inside, said in words. Programming errors (a wrong statement) pass as they are.

    A damaged SQLite file may also show as text that is no UTF-8, be it in a row or in SQLite's own message.

    Raises: Misconfigured (damaged, read-only), Unreachable, KimiDocsError (disk full, busy, interrupted).
    """
    try:
        yield
    except UnicodeDecodeError as error:
        raise damaged(shown(url)) from error
    except (ProgrammingError, IntegrityError, DataError):
        raise
    except (DBAPIError, sqlite3.Error) as error:
        cut = isinstance(error, DBAPIError) and error.connection_invalidated
        failure = unreachable(url) if cut else _failure(str(error.orig if isinstance(error, DBAPIError) else error).lower(), url)
        if failure is None:
            raise
        raise failure from error


def damaged(database: str) -> Misconfigured:
    """The error that says so."""
    return Misconfigured(say(DAMAGED.id, database=database), REPAIR)


def unreachable(url: URL) -> Unreachable:
    return Unreachable(say(AWAY.id, database=shown(url)), say("Check KIMI_DOCS_DATABASE_URL and that the server is running."))


def _failure(words: str, url: URL) -> KimiDocsError | None:
    for signs, kind, message, advice in _KNOWN:
        if any(sign in words for sign in signs):
            return kind(say(message.id, database=shown(url)), advice)
    return None


_KNOWN: tuple[tuple[tuple[str, ...], type[KimiDocsError], Message, Message], ...] = (
    (
        ("malformed", "not a database", "unsupported file format"),
        Misconfigured,
        DAMAGED,
        REPAIR,
    ),
    (
        ("database or disk is full", "no space left", "disk full"),
        KimiDocsError,
        say("The disk that holds {database} is full."),
        say("What was kept before is safe. Free some space and try again."),
    ),
    (
        ("readonly database", "read-only"),
        Misconfigured,
        say("The database {database} cannot be written."),
        say("Check who owns the file and its folder, or set KIMI_DOCS_HOME to another folder."),
    ),
    (
        ("unable to open database file", "disk i/o error"),
        Misconfigured,
        say("The database {database} cannot be opened."),
        say("Check that the folder is there, may be written and that the disk is well."),
    ),
    (
        ("database is locked", "database table is locked"),
        KimiDocsError,
        say("The database {database} was busy for too long."),
        say("Nothing was changed. Try again; if it stays so, another program holds the file."),
    ),
    (
        (
            "connection refused",
            "connection failed",
            "could not translate host name",
            "failed to resolve host",
            "connection is bad",
            "timeout expired",
            "connection timeout",
            "password authentication failed",
            "does not exist",
            "server closed the connection",
            "the database system is",
            "terminating connection",
            "connection to server",
            "connection is closed",
            "connection is lost",
            "connection already closed",
            "remaining connection slots",
        ),
        Unreachable,
        AWAY,
        say("Check KIMI_DOCS_DATABASE_URL and that the server is running."),
    ),
)


def disk_failure(error: OSError, place: str) -> KimiDocsError:
    """What an error of the file system means for the person."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return KimiDocsError(
            say("The disk that holds {place} is full.", place=place),
            say("What was kept before is safe. Free some space and try again."),
        )
    return Misconfigured(
        say("The folder {place} cannot be used: {reason}.", place=place, reason=error.strerror or type(error).__name__),
        say("Check who owns it, or set KIMI_DOCS_HOME to a folder you may write."),
    )
