"""Report → an Excel workbook: claims, citations, coverage, receipt. Text stays text: no formula, no link."""

from collections.abc import Sequence
from decimal import Decimal
from typing import BinaryIO

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from kimi_docs.export import words
from kimi_docs.export.plain import clean
from kimi_docs.export.report import Fact, Report
from kimi_docs.export.words import Standing, Value
from kimi_docs.language import translate

_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "remove_timezone": True,
}
_ACTIVE = tuple("=+-@\t\r\n＝＋－＠")
_CELL_UNITS = 32_767  # Excel's limit, in UTF-16 code units
_MAX_WIDTH = 80

Row = Sequence[Value]


def write(report: Report, out: BinaryIO) -> None:
    with xlsxwriter.Workbook(out, _OPTIONS) as book:
        book.set_properties({"title": clean(report.title)[:255], "author": "Kimi Docs"})
        pen = _Pen(book)
        _claims(pen, report)
        _citations(pen, report)
        if report.pages:
            _coverage(pen, report)
        _receipt(pen, report)


class _Pen:
    """Writes values by their type, and is the only thing here that touches a cell."""

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

    def sheet(
        self, name: str, head: Sequence[str], widths: Sequence[int], rows: Sequence[Row], tints: Sequence[Standing] = ()
    ) -> None:
        """A table with a frozen head and a filter; `tints` colours the row's text that starts with its sign."""
        sheet = self._book.add_worksheet(name[:31])
        for column, (title, width) in enumerate(zip(head, widths, strict=True)):
            sheet.set_column(column, column, min(width, _MAX_WIDTH))
            sheet.write_string(0, column, cell_text(title), self._head)
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                tint = self._marks.get(tints[number]) if tints and column == len(row) - 1 else None
                self._put(sheet, number + 1, column, value, tint)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(1, len(rows)), len(head) - 1)

    def _put(self, sheet: Worksheet, row: int, column: int, value: Value, tint: Format | None) -> None:
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


def cell_text(text: str) -> str:
    """The clean text, cut visibly where a cell of Excel ends."""
    known = clean(text)
    if len(known.encode("utf-16-le")) // 2 <= _CELL_UNITS:
        return known
    return known.encode("utf-16-le")[: (_CELL_UNITS - 1) * 2].decode("utf-16-le", "ignore") + "…"


def _claims(pen: _Pen, report: Report) -> None:
    tongue = report.language
    head = ["#", translate("Section", tongue), translate("Claim", tongue), translate("Pages", tongue)]
    head += [translate("Citations", tongue), translate("Verification", tongue)]
    rows: list[Row] = []
    for part in report.parts:
        for statement in part.statements:
            places = "\n".join(dict.fromkeys(source.place for source in statement.sources if source.place))
            numbers = ", ".join(str(source.number) for source in statement.sources)
            standing = words.standing(statement.standing, tongue)
            rows.append((len(rows) + 1, part.title, statement.text, places, numbers, standing))
    tints = [statement.standing for statement in report.statements]
    pen.sheet(translate("Claims", tongue), head, (6, 26, 80, 18, 12, 22), rows, tints)


def _citations(pen: _Pen, report: Report) -> None:
    tongue = report.language
    head = ["#", translate("Claim", tongue), translate("Quote", tongue), translate("Page", tongue)]
    head += [translate("Document", tongue), translate("Verification", tongue)]
    rows = [
        (source.number, number, source.quote, source.place, source.document, words.verdict(source.verdict, tongue))
        for number, statement in enumerate(report.statements, 1)
        for source in statement.sources
    ]
    tints = [words.TRUST[source.verdict] for source in report.sources]
    pen.sheet(translate("Citations", tongue), head, (6, 8, 80, 18, 36, 18), rows, tints)


def _coverage(pen: _Pen, report: Report) -> None:
    tongue = report.language
    head = (translate("Page", tongue), translate("State", tongue), translate("Characters", tongue))
    rows = [(page.place, page.state, page.characters) for page in report.pages]
    pen.sheet(translate("Coverage", tongue), head, (30, 28, 14), rows)


def _receipt(pen: _Pen, report: Report) -> None:
    tongue = report.language
    facts = [Fact(label=translate("Title", tongue), value=report.title), *report.facts]
    facts += [Fact(label=translate("Warning", tongue), value=f"{words.CAUTION} {caution}") for caution in report.cautions]
    facts += [Fact(label=part.title, value=part.remark) for part in report.parts if part.remark]
    rows = [(fact.label, fact.value) for fact in (*facts, *report.receipt)]
    pen.sheet(translate("Receipt", tongue), (translate("Fact", tongue), translate("Value", tongue)), (32, 80), rows)
