"""Old Excel's record stream (xls) → what calamine does not read: error cells of Excel 95 to 2003, whole sheets of Excel 2 to 4."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from kimi_docs.extract import ole
from kimi_docs.extract.sheet_parts import Extras

MAX_ROWS, MAX_COLUMNS = 65_536, 256
_STARTS = frozenset((0x0009, 0x0209, 0x0409, 0x0809))
_END, _SHEET_NAME, _DATE_SYSTEM, _ROW, _COLUMNS, _PAGE_CODES = 0x000A, 0x0085, 0x0022, 0x0208, 0x007D, 0x0042
_NUMBERS, _LABELS, _FLAGS = frozenset((0x0003, 0x0203)), frozenset((0x0004, 0x0204)), frozenset((0x0005, 0x0205))
_FORMULAS, _STRINGS, _SHORT_NUMBERS = frozenset((0x0006, 0x0206, 0x0406)), frozenset((0x0007, 0x0207)), frozenset((0x027E, 0x007E))
_WHOLE, _LOCKED = 0x0002, 0x002F
_FIRST_RECORDS = 20
_FORMATS = frozenset((0x001E, 0x041E))
_STYLES = frozenset((0x0043, 0x0243, 0x0443))
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}


@dataclass(slots=True)
class Sheet:
    """The cells of one sheet, rows and columns from 0."""

    cells: dict[int, dict[int, Any]] = field(default_factory=dict)
    errors: dict[int, dict[int, str]] = field(default_factory=dict)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)

    def rows(self) -> Iterator[list[Any]]:
        for row in range(max(self.cells, default=-1) + 1):
            cells = self.cells.get(row, {})
            yield [cells.get(column, "") for column in range(max(cells, default=-1) + 1)]


def is_bare(content: bytes) -> bool:
    """A stream without a compound file around it: Excel 2, 3 or 4."""
    return content[:2] in (b"\x09\x00", b"\x09\x02", b"\x09\x04")


def old_sheet(content: bytes) -> Sheet:
    """The one sheet of a bare stream. What cannot be understood is left out."""
    sheet = _Reader().sheets(content)
    return sheet[0] if sheet else Sheet()


def extras(content: bytes) -> Mapping[str, Extras]:
    """Error cells and what is hidden, by the names of the sheets."""
    compound = ole.Compound(content)
    stream = compound.read("Workbook") or compound.read("Book")
    if not stream:
        return {}
    wide = "Workbook" in compound.streams
    names = [_name(body, wide=wide) for kind, body in _records(stream) if kind == _SHEET_NAME and len(body) > 7]
    places = [struct.unpack_from("<I", body)[0] for kind, body in _records(stream) if kind == _SHEET_NAME and len(body) > 7]
    found: dict[str, Extras] = {}
    for name, place in zip(names, places, strict=True):
        sheet = _Reader().sheets(stream[place:], most=1)
        if sheet:
            one = sheet[0]
            found[name] = Extras(errors=one.errors, hidden_rows=tuple(one.hidden_rows), hidden_columns=tuple(one.hidden_columns))
    return found


def is_locked(content: bytes) -> bool:
    """Its records are enciphered, be it in the weakest way."""
    compound = ole.Compound(content)
    stream = compound.read("Workbook") or compound.read("Book")
    return any(kind == _LOCKED for kind, _ in islice(_records(stream), _FIRST_RECORDS))


def _name(body: bytes, *, wide: bool) -> str:
    """Of a sheet: in Excel 97 and later with a flag that says how wide the characters are."""
    length = body[6]
    if not wide:
        return body[7 : 7 + length].decode("cp1252", "replace")
    return body[8 : 8 + 2 * length].decode("utf-16-le", "replace") if body[7] & 1 else body[8 : 8 + length].decode("latin-1")


def _records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, place)
        yield kind, stream[place + 4 : place + 4 + size]
        place += 4 + size


class _Reader:
    """Goes through the records once."""

    def __init__(self) -> None:
        self._version = 0
        self._since_1904 = False
        self._encoding = "cp1252"
        self._formats: list[str] = []
        self._styles: list[int] = []
        self._waiting: tuple[int, int] | None = None

    def sheets(self, stream: bytes, *, most: int = 100) -> list[Sheet]:
        found: list[Sheet] = []
        depth = 0
        for kind, body in _records(stream):
            try:
                if kind in _STARTS:
                    depth += 1
                    if depth == 1:
                        if len(found) == most:
                            break
                        found.append(Sheet())
                        self._version = {0x0009: 2, 0x0209: 3, 0x0409: 4}.get(kind, 8)
                elif kind == _END:
                    depth -= 1
                    if depth <= 0 and len(found) == most:
                        break
                elif found and depth == 1:
                    self._take(found[-1], kind, body)
            except struct.error:
                continue
        return found

    def _take(self, sheet: Sheet, kind: int, body: bytes) -> None:
        if kind in _FLAGS or kind in _FORMULAS or kind in _NUMBERS or kind in _SHORT_NUMBERS or kind in _LABELS or kind == _WHOLE:
            self._cell(sheet, kind, body)
        elif kind in _STRINGS and self._waiting:
            row, column = self._waiting
            self._put(sheet, row, column, self._text(body, 0))
        elif kind == _ROW and body[12] & 0x20:
            sheet.hidden_rows.append(struct.unpack_from("<H", body)[0])
        elif kind == _COLUMNS and struct.unpack_from("<H", body, 8)[0] & 1:
            first, last = struct.unpack_from("<HH", body)
            sheet.hidden_columns += range(first, min(last, MAX_COLUMNS - 1) + 1)
        elif kind == _DATE_SYSTEM:
            self._since_1904 = body[0] == 1
        elif kind == _PAGE_CODES:
            page = struct.unpack_from("<H", body)[0]
            self._encoding = {0x8000: "mac_roman", 0x8001: "cp1252"}.get(page, f"cp{page}")
        elif kind in _FORMATS:
            start = 3 if kind == 0x041E else 1
            self._formats.append(body[start : start + body[start - 1]].decode("cp1252", "replace"))
        elif kind in _STYLES:
            self._styles.append(body[3] if kind == 0x0043 else body[1])

    def _cell(self, sheet: Sheet, kind: int, body: bytes) -> None:
        row, column = struct.unpack_from("<HH", body)
        start = 7 if self._version == 2 else 6
        style = body[4] & 0x3F if self._version == 2 else struct.unpack_from("<H", body, 4)[0]
        self._waiting = None
        if kind in _FLAGS:
            value, is_error = body[start], body[start + 1]
            self._flag(sheet, row, column, value, is_error)
        elif kind in _FORMULAS:
            self._formula(sheet, (row, column), style, body[start : start + 8])
        elif kind in _NUMBERS:
            self._put(sheet, row, column, self._number(struct.unpack_from("<d", body, start)[0], style))
        elif kind in _SHORT_NUMBERS:
            self._put(sheet, row, column, self._number(_short(struct.unpack_from("<I", body, start)[0]), style))
        elif kind == _WHOLE:
            self._put(sheet, row, column, self._number(struct.unpack_from("<H", body, start)[0], style))
        else:
            self._put(sheet, row, column, self._text(body, start))

    def _formula(self, sheet: Sheet, place: tuple[int, int], style: int, result: bytes) -> None:
        if result[6:8] != b"\xff\xff":
            self._put(sheet, *place, self._number(struct.unpack("<d", result)[0], style))
        elif result[0] == 0:
            self._waiting = place
        elif result[0] in {1, 2}:
            self._flag(sheet, *place, result[2], result[0] == 2)

    def _flag(self, sheet: Sheet, row: int, column: int, value: int, is_error: int) -> None:
        if is_error:
            sheet.errors.setdefault(row, {})[column] = _ERRORS.get(value, "#N/A")
        self._put(sheet, row, column, _ERRORS.get(value, "#N/A") if is_error else bool(value))

    def _put(self, sheet: Sheet, row: int, column: int, value: Any) -> None:
        if self._version < 8 and row < MAX_ROWS and column < MAX_COLUMNS:
            sheet.cells.setdefault(row, {})[column] = value

    def _text(self, body: bytes, start: int) -> str:
        width = 1 if self._version == 2 else 2
        length = int.from_bytes(body[start : start + width], "little")
        raw = body[start + width : start + width + length]
        try:
            return raw.decode(self._encoding, "replace")
        except LookupError:
            return raw.decode("cp1252", "replace")

    def _number(self, value: float, style: int) -> Any:
        """A date where the cell's format writes one."""
        shown = self._styles[style] if style < len(self._styles) else 0
        form = self._formats[shown].split(";")[0].lower() if shown < len(self._formats) else ""
        bare = "".join(part for place, part in enumerate(form.split('"')) if not place % 2)
        if not any(letter in bare for letter in ("y", "d", "h:", ":m", "m/")) or "[" in bare or bare == "general":
            return float(value)
        try:
            return (datetime(1904, 1, 1) if self._since_1904 else datetime(1899, 12, 30)) + timedelta(days=value)
        except OverflowError:
            return float(value)


def _short(code: int) -> float:
    """A number of 30 bits, whole or the upper half of a long one, perhaps a hundredth."""
    if code & 2:
        value = float((code >> 2) - (1 << 30 if code & 0x80000000 else 0))
    else:
        value = float(struct.unpack("<d", b"\0\0\0\0" + struct.pack("<I", code & 0xFFFFFFFC))[0])
    return value / 100 if code & 1 else value
