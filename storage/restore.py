"""A backup → a store that holds what it holds. All of it is looked through before anything is changed."""

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from kimi_docs.domain.ports import Blobs
from kimi_docs.domain.runs import RunState
from kimi_docs.domain.safekeeping import Backup
from kimi_docs.errors import Damaged, KimiDocsError, Misconfigured, NotFound, WrongUse
from kimi_docs.language import say
from storage.backup_format import (
    FILES,
    LIST,
    MOST_LIST_BYTES,
    MOST_OWN_BYTES,
    OWN,
    UNREADABLE,
    Contents,
    contents_of,
    kept_tables,
    row_of,
    rows_name,
)
from storage.blobs import FolderBlobs
from storage.engine import open_engine, reading, writing
from storage.migrate import make, upgrade, versions
from storage.scope import everybodys, is_empty, put_back
from storage.tables import runs

_AT_ONCE = 1 << 20
_MANY = 200
_LONGEST_LINE = 256 * 1024**2
_IN_STEPS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Ways of packing that a member can be unpacked from piece by piece; what is packed in others fills the memory at once."""


def restore_backup(engine: Engine, blobs: Blobs, file: Path, *, merge: bool) -> tuple[Backup, Mapping[str, bytes]]:
    """Put everything back into an empty store or, with `merge`, what is not there into one that has something: what is there stays
    as it is. Runs that were not done come back stopped. Gives the owner's own files too, by their name in the archive.

    Raises: NotFound, Damaged (the archive is none, or not whole), WrongUse (the store is not empty), Misconfigured (made by a newer
    version), KimiDocsError (disk full). Of rows all come back or none.
    """
    with _opened(file) as archive:
        contents = _contents(archive)
        _refuse_newer(contents)
        _check_room(contents, engine, blobs)
        for name in contents.entries:
            _check(archive, contents, name)
        if not merge:
            with reading(engine) as connection:
                _refuse_filled(connection)
        for name in contents.entries:
            if name.startswith(FILES):
                blobs.put(_whole(archive, name))
        with _rows_of(archive, contents) as rows, writing(engine) as connection:
            if not merge:
                _refuse_filled(connection)  # somebody may have begun meanwhile
            for table in kept_tables():
                _put_back(connection, table, rows[table.name])
        own = {name[len(OWN) :]: _whole(archive, name) for name in contents.entries if name.startswith(OWN)}
    return contents.backup, own


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(file)
    except FileNotFoundError as error:
        raise NotFound(say("There is no file {name}.", name=str(file)), say("Check the path.")) from error
    except OSError as error:
        message = say("{name} cannot be opened: {reason}.", name=str(file), reason=error.strerror or type(error).__name__)
        raise KimiDocsError(message, say("Nothing was changed. Check the path and who may read it.")) from error
    except UNREADABLE as error:
        raise _spoiled() from error
    with archive:
        yield archive


def _spoiled(name: str = LIST) -> Damaged:
    return Damaged(
        say("This is no backup, or it is damaged: {name} is not as it was.", name=name),
        say("Nothing was changed. Take another backup."),
    )


def _contents(archive: zipfile.ZipFile) -> Contents:
    try:
        if archive.getinfo(LIST).file_size > MOST_LIST_BYTES:
            raise _spoiled()
        contents = contents_of(json.loads(_whole(archive, LIST)))
        sizes = {name: archive.getinfo(name).file_size for name in contents.entries}
    except UNREADABLE as error:
        raise _spoiled() from error
    for name, entry in contents.entries.items():
        if sizes[name] != entry.size or (name.startswith(OWN) and entry.size > MOST_OWN_BYTES):
            raise _spoiled(name)
    return contents


def _refuse_newer(contents: Contents) -> None:
    if contents.schema not in versions():
        raise Misconfigured(
            say("The backup was made by a newer version of this program ({version}).", version=contents.program),
            say("Nothing was changed. Install that version, and restore it there."),
        )


def _check_room(contents: Contents, engine: Engine, blobs: Blobs) -> None:
    """What it takes unpacked is there, so that no archive can fill a disk. Of a server and a bucket others take care."""
    folder = Path(engine.url.database or "").parent if engine.dialect.name == "sqlite" else None
    folder = folder or (blobs.folder if isinstance(blobs, FolderBlobs) else None)
    needed = 2 * sum(entry.size for entry in contents.entries.values())
    if folder and folder.is_dir() and shutil.disk_usage(folder).free < needed:
        megabytes = needed // 1024**2 + 1
        raise KimiDocsError(
            say("The disk is full: {megabytes} MB are needed.", megabytes=megabytes), say("Nothing was changed. Make room.")
        )


def _parts(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    try:
        if archive.getinfo(name).compress_type not in _IN_STEPS:
            raise _spoiled(name)
        with archive.open(name) as member:
            yield from iter(lambda: member.read(_AT_ONCE), b"")
    except (*UNREADABLE, OSError) as error:
        raise _spoiled(name) from error


def _whole(archive: zipfile.ZipFile, name: str) -> bytes:
    return b"".join(_parts(archive, name))


def _check(archive: zipfile.ZipFile, contents: Contents, name: str) -> None:
    """Raises: Damaged."""
    digest = hashlib.sha256()
    for part in _parts(archive, name):
        digest.update(part)
    wanted = contents.entries[name].sha256
    if digest.hexdigest() != wanted or (name.startswith(FILES) and name[len(FILES) :] != wanted):
        raise _spoiled(name)


def _refuse_filled(connection: Connection) -> None:
    if not is_empty(connection):
        raise WrongUse(
            say("There is something in this library already."),
            say("Nothing was changed. Set KIMI_DOCS_HOME to an empty folder, or add what is missing here with --merge."),
        )


Rows = Mapping[str, Iterator[Mapping[str, Any]]]


@contextmanager
def _rows_of(archive: zipfile.ZipFile, contents: Contents) -> Iterator[Rows]:
    """The rows by table, those of an older version brought up to date."""
    if contents.schema == versions()[-1]:
        yield {table.name: _rows(archive, contents, table) for table in kept_tables()}
        return
    with tempfile.TemporaryDirectory(prefix="kimi-docs-") as folder:
        staging = open_engine(f"sqlite:///{Path(folder) / 'staging.sqlite3'}")
        try:
            make(staging, contents.schema)
            _fill(staging, archive, contents)
            upgrade(staging)
            with reading(staging) as connection:
                yield {table.name: _read(connection, table) for table in kept_tables()}
        finally:
            staging.dispose()


def _fill(staging: Engine, archive: zipfile.ZipFile, contents: Contents) -> None:
    with writing(staging) as connection:
        tables = sa.MetaData()
        tables.reflect(connection)
        for table in tables.sorted_tables:
            _put_back(connection, table, _rows(archive, contents, table))


def _read(connection: Connection, table: sa.Table) -> Iterator[Mapping[str, Any]]:
    yield from map(dict, connection.execute(everybodys(table)).mappings())


def _rows(archive: zipfile.ZipFile, contents: Contents, table: sa.Table) -> Iterator[Mapping[str, Any]]:
    name = rows_name(table.name)
    if name not in contents.entries:
        return
    try:
        with archive.open(name) as member:
            for line in iter(lambda: member.readline(_LONGEST_LINE), b""):
                yield row_of(line, table)
    except UNREADABLE as error:
        raise _spoiled(name) from error


def _put_back(connection: Connection, table: sa.Table, rows: Iterator[Mapping[str, Any]]) -> None:
    """Raises: Damaged for rows that do not fit."""
    statement = put_back(connection.dialect.name, table)
    try:
        while some := [_stopped(row) if table.name == runs.name else dict(row) for row in islice(rows, _MANY)]:
            connection.execute(statement, some)
    except sa.exc.StatementError as error:
        if isinstance(error, sa.exc.DBAPIError) and not isinstance(error, sa.exc.IntegrityError | sa.exc.DataError):
            raise
        raise _spoiled(rows_name(table.name)) from error
    except (KeyError, ValueError, OverflowError) as error:
        raise _spoiled(rows_name(table.name)) from error


def _stopped(run: Mapping[str, Any]) -> dict[str, Any]:
    """One that was not done when the backup was made: it may have been done since, and is not done and paid again unasked."""
    return dict(run) if RunState(run["state"]).ended else {**run, "state": RunState.STOPPED.value, "holder": ""}
