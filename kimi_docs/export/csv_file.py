"""Report → CSV for a spreadsheet: one row a citation, and no cell that a spreadsheet takes for a formula."""

import csv
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from typing import BinaryIO

from kimi_docs.export import words
from kimi_docs.export.nouns import Report, Source
from kimi_docs.export.plain import clean
from kimi_docs.language import translate

_ACTIVE = tuple("=+-@\t\r\n＝＋－＠")


def write(report: Report, out: BinaryIO) -> None:
    rows = _cell_rows(report) if report.grid else _claim_rows(report)
    write_rows(out, rows)


def write_rows(out: BinaryIO, rows: Iterable[Iterable[str]]) -> None:
    """Rows in UTF-8 with the mark by which Excel knows it."""
    text = TextIOWrapper(out, "utf-8-sig", newline="", write_through=True)
    csv.writer(text).writerows([inert(value) for value in row] for row in rows)
    text.detach()


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


def _cell_rows(report: Report) -> Iterator[Iterable[str]]:
    tongue, grid = report.language, report.grid
    head = [translate("Document", tongue), translate("Column", tongue), translate("Value", tongue)]
    yield [*head, translate("Verification", tongue), *_source_head(tongue)]
    for row in grid.rows if grid else ():
        for cell in row.cells:
            known = (row.document, cell.column, cell.shown, words.standing(cell.standing, tongue))
            yield from ((*known, *_source(source, tongue)) for source in cell.sources or (None,))


def _source_head(language: str) -> list[str]:
    head = [translate("Quote", language), translate("Page", language)]
    return [*head, translate("Source", language), translate("Verdict", language)]


def _source(source: Source | None, language: str) -> tuple[str, ...]:
    if source is None:
        return ("", "", "", "")
    return (source.quote, source.place, source.document, words.verdict(source.verdict, language))
