"""Report → CSV for a spreadsheet: one row a citation, numbers it can add up, and no cell that it takes for a formula."""

import csv
from collections.abc import Iterable, Iterator
from decimal import Decimal
from io import TextIOWrapper
from typing import BinaryIO

from kimi_docs.export import words
from kimi_docs.export.nouns import Report, Source
from kimi_docs.export.plain import clean
from kimi_docs.language import translate

_LARGEST = 300  # digits before or behind the point: what a spreadsheet still takes for a number
_ACTIVE = tuple("=+-@\t\r\n＝＋－＠")


def write(report: Report, out: BinaryIO) -> None:
    write_rows(out, _cell_rows(report) if report.grid else _claim_rows(report))


def write_rows(out: BinaryIO, rows: Iterable[Iterable[str | Decimal]]) -> None:
    """Rows in UTF-8 with the mark by which Excel knows it."""
    text = TextIOWrapper(out, "utf-8-sig", newline="", write_through=True)
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    text.detach()


def _cell(value: str | Decimal) -> str:
    """A number as it is, also below zero: as text it would be left out of sums."""
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < _LARGEST:
        return f"{value:f}"
    return inert(str(value))


def inert(text: str) -> str:
    """The text with `'` before it where a spreadsheet would begin to calculate."""
    known = clean(text)
    return f"'{known}" if known.lstrip(" \u3000\xa0").startswith(_ACTIVE) or known.startswith("'") else known


def _claim_rows(report: Report) -> Iterator[Iterable[str]]:
    tongue = report.language
    head = [translate("Title", tongue), translate("Section", tongue), translate("Claim", tongue), translate("Verification", tongue)]
    yield [*head, *_source_head(tongue)]
    for leaf in report.leaves:
        for part in leaf.parts:
            for statement in part.statements:
                known = (leaf.title, part.title, statement.text, words.borne(statement.standing, statement.unquoted, tongue))
                yield from ((*known, *_source(source, tongue)) for source in statement.sources or (None,))


def _cell_rows(report: Report) -> Iterator[Iterable[str | Decimal]]:
    tongue, grid = report.language, report.grid
    head = [translate("Document", tongue), translate("Column", tongue), translate("Value", tongue)]
    yield [*head, translate("Verification", tongue), *_source_head(tongue), translate("Remark", tongue)]
    for row in grid.rows if grid else ():
        for cell in row.cells:
            value = cell.value if isinstance(cell.value, Decimal) else cell.shown
            known = (row.document, cell.column, value, words.standing(cell.standing, tongue))
            yield from ((*known, *_source(source, tongue), cell.remark) for source in cell.sources or (None,))


def _source_head(language: str) -> list[str]:
    head = [translate("Quote", language), translate("Page", language)]
    return [*head, translate("Source", language), translate("Verdict", language)]


def _source(source: Source | None, language: str) -> tuple[str, ...]:
    if source is None:
        return ("", "", "", "")
    return (source.quote, source.place, source.document, words.verdict(source.verdict, language))
