"""Old Office file (OLE compound) → the names of the streams at its top, which say what it is."""

import struct
from collections.abc import Iterator

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END = 0xFFFFFFFA
"""Sector numbers from here up are marks, not places."""
_MOST_ENTRIES = 20_000


def stream_names(content: bytes) -> frozenset[str]:
    """Names in the root storage; all names where its tree is broken; none where there is no directory at all."""
    entries = list(_entries(content))
    if not entries:
        return frozenset()
    names: set[str] = set()
    waiting, seen = [entries[0][3]], set[int]()
    while waiting:
        number = waiting.pop()
        if number < len(entries) and number not in seen:
            seen.add(number)
            name, left, right, _ = entries[number]
            names.add(name)
            waiting += [left, right]
    return frozenset(names or {name for name, *_ in entries})


def _entries(content: bytes) -> Iterator[tuple[str, int, int, int]]:
    """Name, left and right neighbour and first child of each entry of the directory."""
    if len(content) < 512 or not content.startswith(MAGIC):
        return
    size = 1 << min(struct.unpack_from("<H", content, 30)[0], 16)
    table = _allocation(content, size)
    sector = struct.unpack_from("<I", content, 48)[0]
    seen: set[int] = set()
    while sector < _END and sector not in seen and len(seen) < _MOST_ENTRIES // 4:
        seen.add(sector)
        start = (sector + 1) * size
        for place in range(start, min(start + size, len(content) - 127), 128):
            length = min(struct.unpack_from("<H", content, place + 64)[0], 64)
            name = content[place : place + max(0, length - 2)].decode("utf-16-le", errors="replace")
            left, right, first = struct.unpack_from("<III", content, place + 68)
            yield name, left, right, first
        sector = table[sector] if sector < len(table) else _END


def _allocation(content: bytes, size: int) -> list[int]:
    """Which sector follows which, from the first 109 table sectors (7 MB: directories begin there)."""
    table: list[int] = []
    for sector in struct.unpack_from("<109I", content, 76):
        start = (sector + 1) * size
        if sector < _END and start + size <= len(content):
            table += struct.unpack_from(f"<{size // 4}I", content, start)
    return table
