"""The store, its files and what its owner keeps beside them → one file."""

import errno
import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.engine import Engine

from kimi_docs import __version__
from kimi_docs.domain.ports import Blobs
from kimi_docs.domain.safekeeping import Backup, previous
from kimi_docs.errors import KimiDocsError, NotFound
from kimi_docs.language import say
from storage.backup_format import (
    FILES,
    LIST,
    MOST_OWN_BYTES,
    OWN,
    UNREADABLE,
    Contents,
    Entry,
    kept_tables,
    known_name,
    row_to_json,
    rows_name,
)
from storage.migrate import current
from storage.scope import documents_in_trash, everybodys, kept_blobs, read_blobs
from storage.snapshot import snapshot

_AT_ONCE = 1 << 20
_MANY = 500


def write_backup(engine: Engine, blobs: Blobs, out: Path, own: Mapping[str, bytes]) -> Backup:
    """Everybody's rows as they are at one moment, and the files they need; others may go on working. `own` are files of the home
    by their name in the archive. It appears under its name when it is whole.

    Raises: Misconfigured, KimiDocsError (disk full, something that is no backup is there).
    """
    try:
        _refuse_other(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=out.parent, prefix=".kimi-docs-", suffix=".part")  # 0600
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as target:
                contents = _write(engine, blobs, target, own, out.parent)
                target.flush()
                os.fsync(target.fileno())
            if contents.missing and out.exists() and not previous(out).exists():
                out.replace(previous(out))  # it may have what is missing now
            temporary.replace(out)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise _not_written(error, out) from error
    return contents.backup


def _refuse_other(out: Path) -> None:
    """What is replaced is an older backup, or an empty file: a slip must not cost the library itself, or a document."""
    if out.exists() and not (out.is_file() and (not out.stat().st_size or _is_backup(out))):
        raise KimiDocsError(
            say("The backup cannot be written to {place}: something else is there.", place=str(out)),
            say("Nothing was changed. Choose another name."),
        )


def _is_backup(file: Path) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            return LIST in archive.namelist()
    except UNREADABLE:
        return False


def _not_written(error: OSError, out: Path) -> KimiDocsError:
    reason = error.strerror or type(error).__name__
    return KimiDocsError(
        say("The backup cannot be written to {place}: {reason}.", place=str(out), reason=reason),
        say("Nothing was changed. Choose another place, with room for it."),
    )


def _write(engine: Engine, blobs: Blobs, target: BinaryIO, own: Mapping[str, bytes], folder: Path) -> Contents:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        writer = _Writer(archive)
        with snapshot(engine, folder) as connection:
            schema = current(connection) or ""
            for table in kept_tables():
                rows = connection.execution_options(yield_per=_MANY).execute(everybodys(table)).mappings()
                writer.add(rows_name(table.name), ((row_to_json(dict(row)) + "\n").encode() for row in rows), lines=True)
            needed, in_trash, was_read = kept_blobs(connection), documents_in_trash(connection), read_blobs(connection)
        missing = [id for id in sorted(needed | in_trash) if not writer.add_blob(blobs, id, packed=id in was_read)]
        for name, content in own.items():
            if known_name(OWN + name) and len(content) <= MOST_OWN_BYTES:  # others could not be put back, and nobody reads them
                writer.add(OWN + name, iter((content,)))
        contents = Contents(
            schema=schema,
            made_at=datetime.now(UTC),
            program=__version__,
            entries=writer.entries,
            missing=tuple(id for id in missing if id in needed),  # of what is in the trash the file may be gone
        )
        archive.writestr(LIST, contents.to_json())
    return contents


class _Writer:
    """Members of the archive, one after the other, with their sums."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.entries: dict[str, Entry] = {}
        self._archive = archive

    def add(self, name: str, parts: Iterator[bytes], *, lines: bool = False, packed: bool = True) -> Entry:
        digest, size, count = hashlib.sha256(), 0, 0
        info = zipfile.ZipInfo(name, datetime.now(UTC).timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        info.external_attr = 0o600 << 16
        with self._archive.open(info, "w", force_zip64=True) as member:
            for part in parts:
                digest.update(part)
                size, count = size + len(part), count + 1
                member.write(part)
        self.entries[name] = Entry(size=size, sha256=digest.hexdigest(), count=count if lines else 0)
        return self.entries[name]

    def add_blob(self, blobs: Blobs, id: str, *, packed: bool) -> bool:
        """False where the file is missing or is no longer what it was; then it is not in the list, and nobody looks at it."""
        with suppress(NotFound):
            entry = self.add(FILES + id, _read(blobs.path(id)), packed=packed)
            if entry.sha256 == id:
                return True
            del self.entries[FILES + id]
        return False


def _read(file: Path) -> Iterator[bytes]:
    """Its bytes, as far as the disk gives them: their sum tells whether that is all. One bad spot does not cost the backup."""
    try:
        with file.open("rb") as opened:
            yield from iter(lambda: opened.read(_AT_ONCE), b"")
    except OSError as error:
        if error.errno not in (errno.EIO, errno.ENOENT):
            raise
