"""Sheets + SQL → rows computed by DuckDB, with the cells they were computed from. Read-only, without files, network or code.

A sheet's text holds one line per row and one tab between cells (`extract/rows.py`), so a sheet is a table again here: its first
line that looks like a header names the columns, and a column's type is what all its cells agree on.
"""

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from kimi_docs.domain.text import Extraction, Page, PageKind
from kimi_docs.errors import WrongUse
from kimi_docs.extract.rows import SEPARATOR, column_letters
from kimi_docs.language import say

ROW_LIMIT = 200
SECONDS = 5.0
MEMORY = "512MB"
_WHOLE = re.compile(r"[-+]?(?:0|[1-9]\d{0,14})")  # 007 is a name
_NUMBER = re.compile(rf"{_WHOLE.pattern}(?:\.\d+)?(?:[eE][-+]?\d+)?")
_FIGURE = re.compile(r"[-+(]?[$€£¥￥]? ?[-+]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?[)%]?")
_YEAR = re.compile(r"19\d\d|20\d\d|2100")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?")
_GAP = re.compile(r"\t\[(\d+) blank rows\]")
_TYPES = (("BIGINT", _WHOLE), ("DOUBLE", _NUMBER), ("DATE", _DATE), ("TIMESTAMP", _MOMENT))
_LOCKED = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_unsigned_extensions": "false",
    "python_enable_replacements": "false",
    "memory_limit": MEMORY,
    "max_temp_directory_size": "0KB",
    "threads": "1",
    "lock_configuration": "true",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column of a sheet: its name as it stands there, its letters (`B`), its SQL type."""

    name: str
    letters: str
    type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetTable:
    """A sheet as a table. `name` is what SQL calls it; rows `first_row`…`last_row` of the sheet are its rows."""

    name: str
    document: str
    page: int
    sheet: str
    columns: tuple[Column, ...]
    first_row: int
    last_row: int

    def cells(self, column: Column) -> str:
        """The range a column was read from: `Sheet2!B7:B9000`."""
        return f"{self.sheet}!{column.letters}{self.first_row}:{column.letters}{self.last_row}"


@dataclass(frozen=True, kw_only=True, slots=True)
class QueryResult:
    """`cells` are the ranges of the columns that the query names; `more` says that rows beyond the limit were left out."""

    sql: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    cells: tuple[str, ...]
    tables: tuple[SheetTable, ...] = ()
    more: bool = False


class Sheets:
    """The sheets of some documents, open for questions in SQL. Raises: WrongUse with DuckDB's own words about a wrong query."""

    def __init__(self, extractions: Sequence[Extraction]) -> None:
        self._connection = duckdb.connect(":memory:")
        pages = [(extraction, page) for extraction in extractions for page in extraction.pages if page.kind is PageKind.SHEET]
        self.tables = tuple(table for table in (self._load(*page, number) for number, page in enumerate(pages, 1)) if table)
        for name, value in _LOCKED.items():
            self._connection.execute(f"SET {name} = '{value}'")

    def close(self) -> None:
        self._connection.close()

    def query(self, sql: str, *, row_limit: int = ROW_LIMIT, seconds: float = SECONDS) -> QueryResult:
        """One SELECT over the tables."""
        self._check(sql)
        timer = threading.Timer(seconds, self._connection.interrupt)
        timer.start()
        try:
            cursor = self._connection.execute(sql)
            rows = cursor.fetchmany(row_limit + 1)
            names = tuple(column[0] for column in cursor.description or ())
        except duckdb.InterruptException:
            raise WrongUse(say("The query took longer than {seconds} seconds.", seconds=seconds), say("Ask for less.")) from None
        except duckdb.Error as error:
            raise WrongUse(say("The query was refused: {reason}", reason=str(error).split("\n")[0]), say("Correct it.")) from None
        finally:
            timer.cancel()
        kept = tuple(tuple(row) for row in rows[:row_limit])
        named, more = self._named(sql), len(rows) > row_limit
        return QueryResult(sql=sql, columns=names, rows=kept, cells=_cells(named, sql), tables=named, more=more)

    def _check(self, sql: str) -> None:
        try:
            statements = self._connection.extract_statements(sql)
        except duckdb.Error as error:
            raise WrongUse(say("The query was refused: {reason}", reason=str(error).split("\n")[0]), say("Correct it.")) from None
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise WrongUse(say("Only one SELECT at a time is allowed."), say("Nothing was changed."))

    def _named(self, sql: str) -> tuple[SheetTable, ...]:
        return tuple(table for table in self.tables if re.search(rf"\b{re.escape(table.name)}\b", sql, re.IGNORECASE))

    def _load(self, extraction: Extraction, page: Page, number: int) -> SheetTable | None:
        rows = list(_rows(page.span.of(extraction.text)))
        if not rows:
            return None
        header, body = _header(rows)
        width = max(len(cells) for _, cells in rows)
        names = _names(header, width)
        padded = [cells + [""] * (width - len(cells)) for _, cells in body]
        types = [_type([cells[index] for cells in padded]) for index in range(width)]
        columns = tuple(
            Column(name=name, letters=column_letters(index + 1), type=kind)
            for index, (name, kind) in enumerate(zip(names, types, strict=True))
        )
        table = SheetTable(
            name=f"t{number}",
            document=extraction.document,
            page=page.number,
            sheet=page.label,
            columns=columns,
            first_row=body[0][0] if body else rows[0][0],
            last_row=rows[-1][0],
        )
        self._insert(table, padded)
        return table

    def _insert(self, table: SheetTable, rows: Sequence[Sequence[str]]) -> None:
        import pandas as pd

        frame = pd.DataFrame(rows, columns=[column.name for column in table.columns], dtype=str)
        self._connection.register("incoming", frame)
        casts = ", ".join(f"TRY_CAST(NULLIF({_quoted(c.name)}, '') AS {c.type}) AS {_quoted(c.name)}" for c in table.columns)
        self._connection.execute(f"CREATE TABLE {table.name} AS SELECT {casts} FROM incoming")  # noqa: S608 — quoted names
        self._connection.unregister("incoming")


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """(row number in the sheet, cells) of the rows that are not blank."""
    number = 0
    for line in text.split("\n"):
        gap = _GAP.fullmatch(line)
        number += int(gap.group(1)) if gap else 1
        if line.strip() and not gap:
            yield number, line.split(SEPARATOR)


def _header(rows: Sequence[tuple[int, list[str]]]) -> tuple[list[str], Sequence[tuple[int, list[str]]]]:
    """The first row that is wide enough and of words, or words and years, and the rows after it; no row of numbers is skipped."""
    width = max(len(cells) for _, cells in rows)
    for index, (_, cells) in enumerate(rows[:20]):
        filled = [cell for cell in cells if cell.strip()]
        figures = [cell for cell in filled if _FIGURE.fullmatch(cell) or _DATE.match(cell)]
        wide = len(filled) * 2 >= width and len(filled) >= min(2, width)
        if wide and len(figures) < len(filled) and all(map(_YEAR.fullmatch, figures)):
            return cells, rows[index + 1 :]
        if figures:
            break
    return [], rows


def _names(header: Sequence[str], width: int) -> list[str]:
    """One name a column, none twice; a column without a name is called by its letters."""
    names: list[str] = []
    for index in range(width):
        name = " ".join(header[index].split()) if index < len(header) else ""
        name = name or column_letters(index + 1)
        taken = {other.casefold() for other in names}
        names.append(name if name.casefold() not in taken else f"{name} ({column_letters(index + 1)})")
    return names


def _type(cells: Sequence[str]) -> str:
    filled = [cell for cell in cells if cell]
    if not filled:
        return "VARCHAR"
    for name, pattern in _TYPES:
        if all(pattern.fullmatch(cell) for cell in filled):
            return name
    booleans = {"true", "false"}
    return "BOOLEAN" if all(cell.lower() in booleans for cell in filled) else "VARCHAR"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _cells(named: Sequence[SheetTable], sql: str) -> tuple[str, ...]:
    """Ranges of the columns whose names occur in the query, of the tables whose names do; without any, the whole tables."""
    ranges = [table.cells(column) for table in named for column in table.columns if _occurs(column.name, sql)]
    return tuple(ranges or (f"{table.sheet}!{table.first_row}:{table.last_row}" for table in named))


def _occurs(name: str, sql: str) -> bool:
    return name.casefold() in sql.casefold()
