"""Table → a report with a grid: the cells for spreadsheets, a part for each document for everything that is read."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import chain

from kimi_docs.domain.claims import Claim
from kimi_docs.domain.document import Document
from kimi_docs.domain.table import Cell, CellValue, Column, Doubt, Row, Silence, Table
from kimi_docs.domain.text import Extraction
from kimi_docs.export import bibliography, shapes_table, words
from kimi_docs.export.nouns import Fact, Grid, GridCell, GridRow, Part, Report, Statement
from kimi_docs.export.parts import Sources, cautions, origin, receipt
from kimi_docs.export.words import Standing
from kimi_docs.language import mark, translate

DOUBTS: Mapping[Doubt, str] = {
    Doubt.CONFLICT: mark("conflicts with other passages"),
    Doubt.OUTLIER: mark("far from the other values"),
    Doubt.WRONG_TYPE: mark("not of the column's type"),
    Doubt.PARTLY_READ: mark("a part of the document was withheld"),
}


def of_table(
    table: Table, documents: Iterable[Document], language: str, extractions: Mapping[str, Extraction] | None = None
) -> Report:
    """The report of a table; documents in the order of its rows."""
    known, texts = {document.id: document for document in documents}, extractions or {}
    names = {id: document.shown_name for id, document in known.items()}
    sources = Sources(names=names, texts=texts, language=language)
    grid = Grid(
        heads=tuple((_head(column), column.question) for column in table.columns),
        rows=tuple(_row(row, table.columns, sources, language) for row in table.rows),
    )
    title = table.title or translate("Table", language)
    return Report(
        name=title,
        title=title,
        language=language,
        facts=(*_facts(table, language),),
        cautions=cautions(False, table.notices, None, language),
        parts=tuple(_part(row) for row in grid.rows),
        receipt=receipt(table.usage, language),
        data=shapes_table.table(table),
        usage=table.usage,
        references=tuple(
            bibliography.reference(known[row.document], texts.get(row.document)) for row in table.rows if row.document in known
        ),
        grid=grid,
    )


def shown(value: CellValue, language: str) -> str:
    """A value as its reader sees it."""
    if isinstance(value, bool):
        return translate("yes", language) if value else translate("no", language)
    if isinstance(value, Silence):
        return translate("not stated", language)
    if isinstance(value, Decimal):
        return f"{value:,f}"
    return value.isoformat() if isinstance(value, date) else value


def standing_of(cell: Cell) -> Standing:
    """As far as the cell's quotes bear it; where the document says nothing, there is nothing to verify."""
    if not cell.stated and not cell.citations:
        return Standing.SILENT
    return words.standing_of(Claim(text="", citations=cell.citations))


def _head(column: Column) -> str:
    return f"{column.name} ({column.unit})" if column.unit else column.name


def _facts(table: Table, language: str) -> Iterable[Fact]:
    cells = [cell for cell in table.cells if standing_of(cell) is not Standing.SILENT]
    found = sum(cell.verified for cell in cells)
    yield from origin(table, language)
    yield Fact(label=translate("Documents", language), value=len(table.rows))
    yield Fact(label=translate("Columns", language), value=len(table.columns))
    value = translate("{verified} of {total} cells verified", language, verified=found, total=len(cells))
    yield Fact(label=translate("Verification", language), value=value)


def _row(row: Row, columns: tuple[Column, ...], sources: Sources, language: str) -> GridRow:
    filled = ((_head(column), row.cell(column.name)) for column in columns)
    cells = tuple(_cell(head, cell, sources, language) for head, cell in filled if cell)
    return GridRow(document=sources.name(row.document), cells=cells)


def _cell(head: str, cell: Cell, sources: Sources, language: str) -> GridCell:
    text = shown(cell.value, language)
    return GridCell(
        column=head,
        value=cell.value if isinstance(cell.value, Decimal | date) else text,
        shown=text,
        standing=standing_of(cell),
        sources=sources.sources(cell.citations),
        remark=_remark(cell, language),
    )


def _remark(cell: Cell, language: str) -> str:
    doubts = (translate(DOUBTS[doubt], language) for doubt in cell.doubts)
    edited = [translate("edited by {name}", language, name=cell.edited_by)] if cell.edited_by else []
    return "; ".join(chain(doubts, edited))


def _part(row: GridRow) -> Part:
    lines = (
        Statement(
            text=f"{cell.column}: {cell.shown}" + (f" [{cell.remark}]" if cell.remark else ""),
            standing=cell.standing,
            sources=cell.sources,
        )
        for cell in row.cells
    )
    return Part(title=row.document, statements=tuple(lines))
