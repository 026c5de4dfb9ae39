"""Old Office file (OLE compound) → the streams at its top: their names say what it is, their bytes are what it holds."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END = 0xFFFFFFFA
"""Sector numbers from here up are marks, not places."""
_MOST_ENTRIES = 20_000
_SMALL_BYTES = 4096
"""A stream smaller than this lies in the small sectors."""


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    left: int
    right: int
    first: int
    sector: int
    size: int


def stream_names(content: bytes) -> frozenset[str]:
    """Names in the root storage; all names where its tree is broken; none where there is no directory at all."""
    return frozenset(Compound(content).streams)


class Compound:
    """An open compound file. Nothing in it is believed: whatever points nowhere or in circles is read as far as it goes."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._size = 1 << min(struct.unpack_from("<H", content, 30)[0], 16) if len(content) >= 512 else 512
        known = content.startswith(MAGIC) and len(content) >= 512
        self._table = _allocation(content, self._size) if known else []
        entries = list(self._entries()) if known else []
        self._root = entries[0] if entries else None
        self._small_table: Sequence[int] | None = None
        self._small = b""
        self.streams: Mapping[str, _Entry] = _in_root(entries)

    def read(self, name: str) -> bytes:
        """The bytes of a stream, `b""` where there is none of that name."""
        entry = self.streams.get(name)
        if entry is None:
            return b""
        if entry.size >= _SMALL_BYTES or self._root is None:
            return self._chain(entry.sector, entry.size)
        if self._small_table is None:
            start = struct.unpack_from("<I", self._content, 60)[0]
            packed = self._chain(start, len(self._content))
            self._small_table = struct.unpack(f"<{len(packed) // 4}I", packed[: len(packed) // 4 * 4])
            self._small = self._chain(self._root.sector, len(self._content))
        return b"".join(self._small[n * 64 : n * 64 + 64] for n in _follow(entry.sector, self._small_table))[: entry.size]

    def _chain(self, sector: int, size: int) -> bytes:
        width = self._size
        parts = (self._content[(n + 1) * width : (n + 2) * width] for n in _follow(sector, self._table))
        return b"".join(parts)[:size]

    def _entries(self) -> Iterator[_Entry]:
        directory = self._chain(struct.unpack_from("<I", self._content, 48)[0], _MOST_ENTRIES * 128)
        for place in range(0, len(directory) - 127, 128):
            length = min(struct.unpack_from("<H", directory, place + 64)[0], 64)
            name = directory[place : place + max(0, length - 2)].decode("utf-16-le", errors="replace")
            left, right, first = struct.unpack_from("<III", directory, place + 68)
            sector, size = struct.unpack_from("<II", directory, place + 116)
            yield _Entry(name, left, right, first, sector, size)


def _follow(sector: int, table: Sequence[int]) -> Iterator[int]:
    seen: set[int] = set()
    while sector < _END and sector not in seen:
        seen.add(sector)
        yield sector
        sector = table[sector] if sector < len(table) else _END


def _in_root(entries: Sequence[_Entry]) -> dict[str, _Entry]:
    if not entries:
        return {}
    found: dict[str, _Entry] = {}
    waiting, seen = [entries[0].first], set[int]()
    while waiting:
        number = waiting.pop()
        if number < len(entries) and number not in seen:
            seen.add(number)
            entry = entries[number]
            found[entry.name] = entry
            waiting += [entry.left, entry.right]
    return found or {entry.name: entry for entry in entries}


def _allocation(content: bytes, size: int) -> list[int]:
    """Which sector follows which. The first 109 table sectors are named in the head, the others in a chain of their own.

    No sector is taken twice, nor more than there are: a chain that names one without end would fill the memory.
    """
    table: list[int] = []
    for sector in dict.fromkeys(islice(_table_sectors(content, size), len(content) // size)):
        start = (sector + 1) * size
        if start + size <= len(content):
            table += struct.unpack_from(f"<{size // 4}I", content, start)
    return table


def _table_sectors(content: bytes, size: int) -> Iterator[int]:
    yield from (sector for sector in struct.unpack_from("<109I", content, 76) if sector < _END)
    sector, seen = struct.unpack_from("<I", content, 68)[0], set[int]()
    while sector < _END and sector not in seen and (sector + 2) * size <= len(content):
        seen.add(sector)
        *named, sector = struct.unpack_from(f"<{size // 4}I", content, (sector + 1) * size)
        yield from (number for number in named if number < _END)


def properties(compound: Compound) -> dict[str, str]:
    """Title, author and so on of the summary stream (`\\x05SummaryInformation`)."""
    content = compound.read("\x05SummaryInformation")
    names = {2: "title", 3: "subject", 4: "author", 5: "keywords", 8: "modified_by", 18: "application"}
    try:
        start = struct.unpack_from("<I", content, 44)[0]
        count = min(struct.unpack_from("<I", content, start + 4)[0], 100)
        places = dict(struct.unpack_from("<II", content, start + 8 + 8 * n) for n in range(count))
        page = struct.unpack_from("<H", content, start + places[1] + 4)[0] if 1 in places else 1252
        found = {name: _string(content, start + places[id], page) for id, name in names.items() if id in places}
    except struct.error:
        return {}
    return {name: text for name, text in found.items() if text}


def _string(content: bytes, place: int, page: int) -> str:
    kind, length = struct.unpack_from("<II", content, place)
    if kind not in {30, 31}:
        return ""
    encoding = (
        "utf-16-le"
        if kind == 31
        else {65001: "utf-8", 936: "gb18030", 1200: "utf-16-le", 10000: "mac_roman"}.get(page, f"cp{page}")
    )
    raw = content[place + 8 : place + 8 + length * (2 if kind == 31 else 1)]
    try:
        return raw.decode(encoding, "replace").partition("\0")[0].strip()
    except LookupError:
        return raw.decode("cp1252", "replace").partition("\0")[0].strip()
