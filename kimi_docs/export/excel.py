"""Report → an Excel workbook: table, claims, citations, coverage, receipt. Text stays text: no formula, no link."""

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

from kimi_docs.export import words
from kimi_docs.export.excel_pen import Cell, Pen, Row, workbook
from kimi_docs.export.nouns import Fact, Grid, GridCell, GridRow, Report
from kimi_docs.export.words import Standing
from kimi_docs.language import translate

_COLUMN_WIDTH = 28


def write(report: Report, out: BinaryIO) -> None:
    dates = (fact.value for leaf in report.leaves for fact in leaf.facts if isinstance(fact.value, datetime))
    with workbook(out, report.title, next(dates, None)) as book:
        pen = Pen(book)
        if report.chapters:
            _documents(pen, report)
        for leaf in report.leaves:
            if leaf.grid:
                _table(pen, leaf.grid, leaf.language)
        if any(leaf.parts and not leaf.grid for leaf in report.leaves) or not report.grid:
            _claims(pen, report)
        _citations(pen, report)
        if any(leaf.pages for leaf in report.leaves):
            _coverage(pen, report)
        _receipt(pen, report)


def _documents(pen: Pen, report: Report) -> None:
    """One row a chapter, then one a failure: what the batch holds at a glance."""
    tongue = report.language
    head = ["#", translate("Title", tongue), translate("Document", tongue), translate("Claims", tongue)]
    head += [translate("Not verified", tongue), translate("Calls", tongue), translate("Warning", tongue)]
    rows: list[Row] = []
    for chapter in report.chapters:
        standings = [statement.standing for statement in chapter.statements]
        warning = "\n".join(f"{words.CAUTION} {caution}" for caution in chapter.cautions)
        counts = (len(standings), standings.count(Standing.UNVERIFIED), chapter.usage.calls)
        rows.append((len(rows) + 1, chapter.title, chapter.name, *counts, warning))
    rows += [(len(rows) + number, "", "", "", "", "", f"{words.CAUTION} {each}") for number, each in enumerate(report.cautions, 1)]
    pen.sheet(translate("Documents", tongue), head, (6, 40, 36, 10, 12, 10, 60), rows)


def _table(pen: Pen, grid: Grid, tongue: str) -> None:
    head = [translate("Document", tongue), *(name for name, _ in grid.heads)]
    widths = [36, *([_COLUMN_WIDTH] * len(grid.heads))]
    pen.grid(translate("Table", tongue), head, widths, (_table_row(row, grid, tongue) for row in grid.rows))
    questions: list[Row] = list(grid.heads)
    head = [translate("Column", tongue), translate("Question", tongue)]
    pen.sheet(translate("Columns", tongue), head, (_COLUMN_WIDTH, 80), questions)


def _table_row(row: GridRow, grid: Grid, tongue: str) -> list[Cell | None]:
    known = {cell.column: Cell(cell.value, cell.standing, _note(cell, tongue)) for cell in row.cells}
    return [Cell(row.document), *(known.get(name) for name, _ in grid.heads)]


def _note(cell: GridCell, tongue: str) -> str:
    """Every quote with its place and verdict; then what else is to be known about the cell."""
    lines = []
    for source in cell.sources:
        rest = [source.place, words.verdict(source.verdict, tongue)]
        lines.append(f"{words.quoted(source.quote)} — " + " · ".join(text for text in rest if text))
    if cell.standing is Standing.UNVERIFIED and not cell.sources:
        lines.append(words.standing(cell.standing, tongue))
    return "\n".join([*lines, *([f"{words.CAUTION} {cell.remark}"] if cell.remark else [])])


def _claims(pen: Pen, report: Report) -> None:
    tongue, many = report.language, bool(report.chapters)
    head = ["#", *([translate("Title", tongue)] if many else []), translate("Section", tongue), translate("Claim", tongue)]
    head += [translate("Pages", tongue), translate("Citations", tongue), translate("Verification", tongue)]
    rows: list[Row] = []
    tints = []
    for leaf in _told(report):
        for part in leaf.parts:
            for statement in part.statements:
                places = "\n".join(dict.fromkeys(source.place for source in statement.sources if source.place))
                numbers = ", ".join(str(source.number) for source in statement.sources)
                whose: Row = (leaf.title,) if many else ()
                borne = words.borne(statement.standing, statement.unquoted, tongue)
                rows.append((len(rows) + 1, *whose, part.title, statement.text, places, numbers, borne))
                tints.append(statement.standing)
    widths = (6, *([36] if many else []), 26, 80, 18, 12, 22)
    pen.sheet(translate("Claims", tongue), head, widths, rows, tints)


def _told(report: Report) -> Iterator[Report]:
    """The reports that are told in claims; a table has a sheet of its own."""
    return (leaf for leaf in report.leaves if not leaf.grid)


def _citations(pen: Pen, report: Report) -> None:
    tongue = report.language
    head = ["#", translate("Claim", tongue), translate("Quote", tongue), translate("Page", tongue)]
    head += [translate("Document", tongue), translate("Verification", tongue)]
    rows: list[Row] = []
    tints, number = [], 0
    for leaf in report.leaves:
        for statement in leaf.statements:
            number += not leaf.grid
            claim = statement.text if leaf.grid else number
            for source in statement.sources:
                verdict = words.verdict(source.verdict, tongue)
                rows.append((source.number, claim, source.quote, source.place, source.document, verdict))
                tints.append(words.TRUST[source.verdict])
    widths = (6, 40 if any(leaf.grid for leaf in report.leaves) else 8, 80, 18, 36, 18)
    pen.sheet(translate("Citations", tongue), head, widths, rows, tints)


def _coverage(pen: Pen, report: Report) -> None:
    tongue, many = report.language, bool(report.chapters)
    head = [*([translate("Title", tongue)] if many else []), translate("Page", tongue)]
    head += [translate("State", tongue), translate("Characters", tongue)]
    rows: Iterator[Row] = (
        (*((leaf.title,) if many else ()), page.place, page.state, page.characters) for leaf in report.leaves for page in leaf.pages
    )
    pen.sheet(translate("Coverage", tongue), head, (*([36] if many else []), 30, 28, 14), rows)


def _receipt(pen: Pen, report: Report) -> None:
    tongue = report.language
    facts = [Fact(label=translate("Title", tongue), value=report.title), *report.facts]
    facts += [Fact(label=translate("Warning", tongue), value=f"{words.CAUTION} {caution}") for caution in report.cautions]
    facts += [Fact(label=part.title, value=part.remark) for part in report.parts if part.remark]
    rows = [(fact.label, fact.value) for fact in (*facts, *report.receipt)]
    for chapter in report.chapters:
        rows += [(f"{chapter.title} — {fact.label}", fact.value) for fact in (*chapter.facts, *chapter.receipt)]
    pen.sheet(translate("Receipt", tongue), (translate("Fact", tongue), translate("Value", tongue)), (32, 80), rows)
