"""Rows → a sheet of an Excel workbook. Nothing else here touches a cell, and no text becomes a formula or a link."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import BinaryIO

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from kimi_docs.export import words
from kimi_docs.export.plain import clean
from kimi_docs.export.words import Standing, Value

_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "remove_timezone": True,
}
_ACTIVE = tuple("=+-@\t\r\n＝＋－＠")
_CELL_UNITS = 32_767  # Excel's limit, in UTF-16 code units
_NOTE_UNITS = 3_000
_MAX_WIDTH = 80
_DIGITS = 15  # what a double holds: a longer number would not come back as it is, so it stays text
_LARGEST = 300  # digits before or behind the point, for the same reason
_FIRST_DAY = date(1900, 3, 1)  # before it Excel's calendar has a day that never was

Anything = Value | date
Row = Sequence[Anything]


class Cell:
    """A value of a table with how far it is borne and the note that hangs on it."""

    __slots__ = ("note", "standing", "value")

    def __init__(self, value: Anything, standing: Standing = Standing.VERIFIED, note: str = "") -> None:
        self.value, self.standing, self.note = value, standing, note


def workbook(out: BinaryIO, title: str, created: datetime | None) -> Workbook:
    """An empty workbook whose file is the same for the same data."""
    book = xlsxwriter.Workbook(out, _OPTIONS)
    day = created or datetime(1980, 1, 1)
    book.set_properties({"title": clean(title)[:255], "author": "Kimi Docs", "created": day.replace(tzinfo=None)})
    return book


class Pen:
    """Writes values by their type."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        top = {"valign": "top"}
        self._head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#E8EDF3", "text_wrap": True})
        self._text = book.add_format({**top, "text_wrap": True})
        self._quoted = book.add_format({**top, "text_wrap": True, "quote_prefix": True})  # stays text even when edited
        self._date = book.add_format({**top, "num_format": "yyyy-mm-dd hh:mm", "align": "left"})
        self._whole = book.add_format({**top, "num_format": "#,##0"})
        self._money = book.add_format({**top, "num_format": "#,##0.######"})
        self._marks = {
            Standing.CLOSE: book.add_format({**top, "text_wrap": True, "bg_color": "#FFF2CC"}),
            Standing.UNVERIFIED: book.add_format({**top, "text_wrap": True, "bg_color": "#F8CECC", "bold": True}),
        }
        self._looks: dict[tuple[str, Standing, bool], Format] = {}

    def sheet(
        self,
        name: str,
        head: Sequence[str],
        widths: Sequence[int],
        rows: Iterable[Row],
        tints: Iterable[Standing] = (),
    ) -> None:
        """A table with a frozen head and a filter; `tints` colours the last cell of each row."""
        sheet, colours, number = self._begin(name, head, widths), iter(tints), 0
        for number, row in enumerate(rows, 1):
            tint = self._marks.get(next(colours, Standing.VERIFIED))
            for column, value in enumerate(row):
                self._put(sheet, number, column, value, tint if column == len(row) - 1 else None)
        self._end(sheet, number, len(head), 0)

    def grid(self, name: str, head: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[Cell | None]]) -> None:
        """A table whose cells carry their verdict: as a colour, as a sign behind the value, and in the note."""
        sheet, number = self._begin(name, head, widths), 0
        for number, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                if cell is None:
                    continue
                self._put_marked(sheet, number, column, cell)
                if cell.note:
                    size = {"x_scale": 2.5, "y_scale": min(6.0, 1 + len(cell.note) / 150), "author": "Kimi Docs"}
                    sheet.write_comment(number, column, cut(cell.note, _NOTE_UNITS), size)
        self._end(sheet, number, len(head), 1)

    def _begin(self, name: str, head: Sequence[str], widths: Sequence[int]) -> Worksheet:
        sheet = self._book.add_worksheet(self._unused(name))
        for column, (title, width) in enumerate(zip(head, widths, strict=True)):
            sheet.set_column(column, column, min(width, _MAX_WIDTH))
            sheet.write_string(0, column, cell_text(title), self._head)
        return sheet

    def _unused(self, name: str) -> str:
        taken = {sheet.get_name() for sheet in self._book.worksheets()}
        names = (name[:31] if number == 1 else f"{name[:27]} {number}" for number in count(1))
        return next(name for name in names if name not in taken)

    def _end(self, sheet: Worksheet, rows: int, columns: int, frozen: int) -> None:
        sheet.freeze_panes(1, frozen)
        sheet.autofilter(0, 0, max(1, rows), columns - 1)

    def _put(self, sheet: Worksheet, row: int, column: int, value: Anything, tint: Format | None) -> None:
        if value == "":
            sheet.write_blank(row, column, None, self._text)
        elif isinstance(value, str):
            text = cell_text(value)
            sheet.write_string(row, column, text, tint or (self._quoted if text.startswith(_ACTIVE) else self._text))
        elif isinstance(value, int):
            sheet.write_number(row, column, value, self._whole)
        elif isinstance(value, Decimal):
            sheet.write_number(row, column, value, self._money)
        else:
            sheet.write_datetime(row, column, value, self._date)

    def _put_marked(self, sheet: Worksheet, row: int, column: int, cell: Cell) -> None:
        value = cell.value
        if isinstance(value, Decimal) and _fits(value):
            whole = value == value.to_integral_value()
            sheet.write_number(row, column, value, self._look("#,##0" if whole else "#,##0.##########", cell.standing))
        elif isinstance(value, date) and _day(value) >= _FIRST_DAY:
            sheet.write_datetime(row, column, value, self._look("yyyy-mm-dd", cell.standing))
        else:
            text = cell_text(words.shown(value) if not isinstance(value, date | Decimal) else str(value))
            look = self._look("@", cell.standing, quoted=text.startswith(_ACTIVE))
            sheet.write_string(row, column, text, look)

    def _look(self, pattern: str, standing: Standing, *, quoted: bool = False) -> Format:
        """The sign is part of how the value is shown, so the value stays a number, a date or the exact text."""
        key = (pattern, standing, quoted)
        if key not in self._looks:
            colour = {Standing.CLOSE: "#FFF2CC", Standing.UNVERIFIED: "#F8CECC"}.get(standing)
            sign = f'" {words.STANDINGS[standing][0]}"' if colour else ""
            look = {"valign": "top", "text_wrap": True, "align": "left", "num_format": f"{pattern}{sign}"}
            look |= {"bg_color": colour} if colour else {}
            self._looks[key] = self._book.add_format(look | ({"quote_prefix": True} if quoted else {}))
        return self._looks[key]


def _fits(value: Decimal) -> bool:
    """A double holds it digit by digit."""
    return value.is_finite() and abs(value.adjusted()) < _LARGEST and len(value.normalize().as_tuple().digits) <= _DIGITS


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def cell_text(text: str) -> str:
    """The clean text, cut visibly where a cell of Excel ends."""
    known = clean(text)
    if len(known.encode("utf-16-le")) // 2 <= _CELL_UNITS:
        return known
    return known.encode("utf-16-le")[: (_CELL_UNITS - 1) * 2].decode("utf-16-le", "ignore") + "…"
    return cut(text, _CELL_UNITS)


def cut(text: str, units: int) -> str:
    known = clean(text)
    if len(known) * 2 <= units or len(known.encode("utf-16-le")) // 2 <= units:
        return known
    return known.encode("utf-16-le")[: (units - 1) * 2].decode("utf-16-le", "ignore") + "…"
