"""Old Word's formatting pages (FKP) → runs of the file with the few properties that matter to a reader."""

import struct
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_SIZES = {0: 1, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2, 7: 3}
_TABLE_DEFINITION = 0xD608
_TABS = 0xC615
IN_TABLE, ROW_END, OUTLINE, LISTED = 0x2416, 0x2417, 0x2640, 0x460B
CELL_INSIDE, ROW_END_INSIDE = 0x244B, 0x244C
VANISH, DELETED = 0x083C, 0x0800


@dataclass(frozen=True, slots=True)
class Run:
    """Bytes `start` to `end` of the document stream: the style and the properties set directly."""

    start: int
    end: int
    style: int
    set: Mapping[int, int]


class Runs:
    """All runs of one kind, found by place."""

    def __init__(self, runs: Iterator[Run]) -> None:
        self.all = sorted(runs, key=lambda run: run.start)
        self._starts = [run.start for run in self.all]

    def at(self, place: int) -> Run | None:
        index = bisect_right(self._starts, place) - 1
        return self.all[index] if index >= 0 and place < self.all[index].end else None


def paragraph_runs(document: bytes, table: bytes, place: int, size: int) -> Runs:
    return Runs(_runs(document, table[place : place + size], paragraphs=True))


def character_runs(document: bytes, table: bytes, place: int, size: int) -> Runs:
    return Runs(_runs(document, table[place : place + size], paragraphs=False))


def _runs(document: bytes, plc: bytes, *, paragraphs: bool) -> Iterator[Run]:
    count = max(0, (len(plc) - 4) // 8)
    for (number,) in struct.iter_unpack("<I", plc[4 * (count + 1) : 4 * (count + 1) + 4 * count]):
        page = document[(number & 0x3FFFFF) * 512 : (number & 0x3FFFFF) * 512 + 512]
        if len(page) == 512:
            yield from _page(page, paragraphs=paragraphs)


def _page(page: bytes, *, paragraphs: bool) -> Iterator[Run]:
    count, width = page[511], 13 if paragraphs else 1
    if 4 * (count + 1) + width * count > 511:
        return
    places = struct.unpack_from(f"<{count + 1}I", page)
    for index in range(count):
        at = page[4 * (count + 1) + width * index] * 2
        style, properties = 0, b""
        if at and paragraphs:
            length = page[at] * 2 - 1 if page[at] else (page[at + 1] * 2 if at < 510 else 0)
            start = at + 1 if page[at] else at + 2
            content = page[start : start + max(0, length)]
            if len(content) >= 2:
                style, properties = struct.unpack_from("<H", content)[0], content[2:]
        elif at:
            properties = page[at + 1 : at + 1 + page[at]]
        yield Run(places[index], places[index + 1], style, dict(_properties(properties)))


def _properties(content: bytes) -> Iterator[tuple[int, int]]:
    place = 0
    while place + 3 <= len(content):
        code = struct.unpack_from("<H", content, place)[0]
        place += 2
        size = _SIZES.get(code >> 13)
        if size is None:
            if code == _TABLE_DEFINITION:
                size = struct.unpack_from("<H", content, place)[0] + 1 if place + 2 <= len(content) else 2
            else:
                size = content[place] + 1
                if code == _TABS and content[place] == 255:
                    return  # its length is counted in another way, and nothing that matters follows it
        else:
            yield code, int.from_bytes(content[place : place + size], "little")
        place += size
