"""Zip archive → refused before any parser if unpacking it would cost too much.

Sizes in the headers are not believed: every entry is unpacked once, piece by piece, and counted.
"""

import io
import zipfile
import zlib
from dataclasses import dataclass

from kimi_docs.errors import Damaged, PasswordNeeded, TooLarge
from kimi_docs.language import Message, say

MAX_UNPACKED_BYTES = 300 * 1024**2
MAX_RATIO = 100
RATIO_FLOOR_BYTES = 10 * 1024**2
"""Below this an archive may be as dense as it likes."""
MAX_ENTRIES = 10_000
_ENTRY = b"PK\x01\x02"
MAX_DEPTH = 3
_PIECE_BYTES = 1024**2


@dataclass
class _Spent:
    unpacked: int = 0
    entries: int = 0


def check(content: bytes) -> None:
    """Raises: TooLarge, Damaged, PasswordNeeded."""
    _check(content, len(content), 1, _Spent())


def _check(content: bytes, packed_bytes: int, depth: int, spent: _Spent) -> None:
    if depth > MAX_DEPTH:
        raise _too_large(say("This file holds archives within archives, more than {depth} deep.", depth=MAX_DEPTH))
    if content.count(_ENTRY) > MAX_ENTRIES:  # before the parser holds them all; what its end says of their number may be a lie
        raise _too_many()
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        if depth > 1:
            return  # an entry that only begins like an archive
        raise damaged() from error
    with archive:
        entries = archive.infolist()
        spent.entries += len(entries)
        if spent.entries > MAX_ENTRIES:
            raise _too_many()
        if sum(entry.compress_size for entry in entries) > len(content):
            raise _too_large(say("The parts of this file overlap, so that it would unpack without end."))
        for entry in entries:
            if entry.flag_bits & 1:
                raise PasswordNeeded(say("This file is protected with a password."), say("Add a copy without a password."))
            nested = _unpack(content, entry, packed_bytes, spent)
            if nested:
                _check(nested, packed_bytes, depth + 1, spent)


def _unpack(content: bytes, entry: zipfile.ZipInfo, packed_bytes: int, spent: _Spent) -> bytes:
    """Count the bytes of an entry; return them if they are an archive themselves."""
    packed = _packed(content, entry)
    if entry.compress_type == zipfile.ZIP_STORED:
        _count(len(packed), packed_bytes, spent)
        return packed if packed.startswith(b"PK\x03\x04") else b""
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise damaged()
    engine = zlib.decompressobj(-15)
    kept: list[bytes] = []
    try:
        piece = engine.decompress(packed, _PIECE_BYTES)
        is_archive = piece.startswith(b"PK\x03\x04")
        while piece:
            _count(len(piece), packed_bytes, spent)
            if is_archive:
                kept.append(piece)
            piece = engine.decompress(engine.unconsumed_tail, _PIECE_BYTES) if engine.unconsumed_tail or not engine.eof else b""
    except zlib.error as error:
        raise damaged() from error
    return b"".join(kept)


def _packed(content: bytes, entry: zipfile.ZipInfo) -> bytes:
    """The packed bytes of an entry, found through its own header."""
    header = content[entry.header_offset : entry.header_offset + 30]
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise damaged()
    start = entry.header_offset + 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    return content[start : start + entry.compress_size]


def _count(size: int, packed_bytes: int, spent: _Spent) -> None:
    spent.unpacked += size
    if spent.unpacked > MAX_UNPACKED_BYTES:
        raise _too_large(say("Unpacked, this file is larger than {megabytes} MB.", megabytes=MAX_UNPACKED_BYTES // 1024**2))
    if spent.unpacked > RATIO_FLOOR_BYTES and spent.unpacked > MAX_RATIO * packed_bytes:
        raise _too_large(say("Unpacked, this file is more than {ratio} times its size.", ratio=MAX_RATIO))


def damaged() -> Damaged:
    return Damaged(
        say("This file is damaged: its parts cannot be unpacked."),
        say("Open it in the program it comes from, save it again, and add that."),
    )


def _too_many() -> TooLarge:
    return _too_large(say("This file holds more than {count} parts.", count=MAX_ENTRIES))


def _too_large(message: Message) -> TooLarge:
    return TooLarge(message, say("If you trust the file, save it again in the program it comes from, or split it."))
