"""Paths, folders and archives → the files in them, one at a time; what cannot be taken comes as its error."""

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kimi_docs.errors import DocumentError, TooLarge, WrongUse
from kimi_docs.extract import archive
from kimi_docs.extract.sniff import real_type
from kimi_docs.intake import clean_name
from kimi_docs.language import say


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file found: its bytes, or why there are none."""

    name: str
    content: bytes = b""
    problem: DocumentError | None = None


def gather(paths: Iterable[Path], *, max_bytes: int) -> Iterator[File]:
    """The files, in the order of their names within each folder. Raises: WrongUse for a path that is not there."""
    listed = list(paths)
    for path in listed:
        if not told(path.exists, True):
            raise WrongUse(say("There is no file {name}.", name=str(path)), say("Check the path."))
    for file in files(listed):
        try:
            content = content_of(file, max_bytes)
        except DocumentError as problem:
            yield File(name=clean_name(file.name), problem=problem)
        else:
            yield from unpacked(file.name, content, max_bytes=max_bytes)


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files themselves, and those in the folders."""
    for path in paths:
        yield from _files(path) if told(path.is_dir, False) else [path]


def unpacked(name: str, content: bytes, *, max_bytes: int) -> Iterator[File]:
    """The file itself, or the files of the archive it is."""
    shown = clean_name(name)
    try:
        if len(content) > max_bytes or not content.startswith(b"PK\x03\x04") or real_type(content, shown) != "zip":
            yield File(name=shown, content=content)
            return
        archive.check(content)
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            for entry in sorted(opened.infolist(), key=lambda entry: entry.filename):
                if not entry.filename.endswith("/") and not _hidden(Path(entry.filename)):
                    yield from _entry(opened, entry, max_bytes)
    except DocumentError as problem:
        yield File(name=shown, problem=problem)


def _entry(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, max_bytes: int) -> Iterator[File]:
    try:
        content = opened.read(entry) if entry.file_size <= max_bytes else b""
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, RuntimeError, OSError, ValueError):
        yield File(name=clean_name(entry.filename), problem=archive.damaged())
        return
    if not content and entry.file_size:
        too_large = TooLarge(say("This file is too large."), say("Split it into smaller files and add those."))
        yield File(name=clean_name(entry.filename), problem=too_large)
        return
    yield from unpacked(entry.filename, content, max_bytes=max_bytes)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if not _hidden(path.relative_to(folder)) and told(path.is_file, True))


def told(ask: Callable[[], bool], otherwise: bool) -> bool:
    """What the system says of a path, or `otherwise` where it does not tell: reading it will say why."""
    try:
        return ask()
    except OSError:
        return otherwise


def _hidden(path: Path) -> bool:
    """What programs leave behind and nobody means: `.DS_Store`, `__MACOSX/…`, Word's `~$…`."""
    return any(part.startswith((".", "~$", "__MACOSX")) and part not in (".", "..") for part in path.parts)


def content_of(path: Path, max_bytes: int) -> bytes:
    """One byte more than may be taken tells that it is too large. Raises: DocumentError where the system does not give it."""
    try:
        with path.open("rb") as opened:
            return opened.read(max_bytes + 1)
    except OSError as error:
        message = say("“{name}” cannot be opened.", name=clean_name(path.name))
        raise DocumentError(message, say("Check that it is still there and that you may read it.")) from error
