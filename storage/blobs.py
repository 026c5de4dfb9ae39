"""Bytes → a file named by their SHA-256 → bytes."""

import hashlib
import os
import re
import tempfile
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from kimi_docs import faults
from kimi_docs.errors import NotFound
from kimi_docs.language import say
from storage.engine import private_folder
from storage.failures import disk_failure

_ID = re.compile(r"[0-9a-f]{64}")


class FolderBlobs:
    """Fits `Blobs`: the bytes lie in `ab/abcdef…` below a folder of this machine, readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, content: bytes) -> str:
        """Raises: Misconfigured, KimiDocsError (disk full); then nothing half-written stays."""
        id = hashlib.sha256(content).hexdigest()
        file = self._file(id)
        try:
            if _holds(file, content):
                return id
            self._make(file.parent)
            faults.point("blob_saving")
            _write(file, content)
            faults.point("blob_saved")
        except OSError as error:
            raise disk_failure(error, str(self.folder)) from error
        return id

    def get(self, id: str) -> bytes:
        """Raises: NotFound, also for bytes that are no longer those that were kept."""
        file = self.path(id)
        try:
            content = file.read_bytes()
        except FileNotFoundError as error:  # removed since
            raise missing(id) from error
        except OSError as error:
            raise disk_failure(error, str(self.folder)) from error
        if hashlib.sha256(content).hexdigest() != id:
            raise NotFound(say("The file {id} is damaged on the disk.", id=id[:12]), say("Add the document again."))
        return content

    def path(self, id: str) -> Path:
        """Raises: NotFound."""
        file = self._file(id)
        if not file.is_file():
            raise missing(id)
        return file

    def remove(self, id: str) -> None:
        """Raises: Misconfigured."""
        try:
            self._file(id).unlink(missing_ok=True)
        except NotFound:
            return
        except OSError as error:
            raise disk_failure(error, str(self.folder)) from error

    def absent(self, ids: Collection[str]) -> set[str]:
        """Those of the ids whose bytes are not there."""
        return {id for id in ids if not (_ID.fullmatch(id) and self._file(id).is_file())}

    def _file(self, id: str) -> Path:
        return self.folder / place_of(id)

    def _make(self, folder: Path) -> None:
        if not folder.is_dir():
            private_folder(self.folder)
            private_folder(folder)
            _sync_folder(self.folder)


def place_of(id: str) -> str:
    """`ab/abcdef…`: where the bytes of that id lie below a folder or in a bucket. Raises: NotFound for what is no id."""
    if not _ID.fullmatch(id):
        raise missing(id)
    return f"{id[:2]}/{id}"


def missing(id: str) -> NotFound:
    """The error that says so."""
    return NotFound(say("The file {id} is missing.", id=id[:12]), say("Add the document again."))


def _holds(file: Path, content: bytes) -> bool:
    """These bytes are there already. A file of the same length that was damaged since is written anew."""
    with suppress(OSError):
        return file.is_file() and file.stat().st_size == len(content) and file.read_bytes() == content
    return False


def _write(file: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".part")  # 0600
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(file.parent)


def _sync_folder(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # Windows cannot, and need not
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
