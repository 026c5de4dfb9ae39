"""Sheets + SQL → rows computed by DuckDB, with the cells they were computed from. Read-only, without files, network or code.

DuckDB's own tree of a query says which functions it calls and which columns it reads. Only functions are allowed that make nothing
longer than it was: what others allocate is not counted in DuckDB's limit, and a call of them cannot be interrupted.

A sheet's text holds one line per row and one tab between cells (`extract/rows.py`), so a sheet is a table again here: its first
line that looks like a header names the columns, and a column's type is what all its cells agree on.
"""

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from kimi_docs.domain.text import Extraction, Page, PageKind
from kimi_docs.errors import WrongUse
from kimi_docs.extract.rows import SEPARATOR, column_letters
from kimi_docs.language import Message, say

ROW_LIMIT = 200
SECONDS = 5.0
MEMORY = "512MB"
WIDEST = 1_000
"""Columns of a table."""
MOST_BLANK = 5_000_000
"""Cells added to a table because its rows are not equally long."""
LONGEST_NAME = 120
LONGEST_SQL = 10_000
LONGEST_REASON = 300
_WHOLE = re.compile(r"[-+]?(?:0|[1-9]\d{0,14})")  # 007 is a name
_NUMBER = re.compile(rf"{_WHOLE.pattern}(?:\.\d+)?(?:[eE][-+]?\d+)?")
_FIGURE = re.compile(r"[-+(]?[$€£¥￥]? ?[-+]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?[)%]?")
_YEAR = re.compile(r"19\d\d|20\d\d|2100")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?")
_GAP = re.compile(r"\t\[(\d+) blank rows\]")
_TYPES = (("BIGINT", _WHOLE), ("DOUBLE", _NUMBER), ("DATE", _DATE), ("TIMESTAMP", _MOMENT))
_FUNCTIONS = frozenset(
    """+ - * / // % ^ ** @ ! & | << >> ~~ !~~ ~~* !~~* ~~~ like_escape not_like_escape ilike_escape not_ilike_escape
    abs add subtract multiply divide mod fmod fdiv round round_even floor ceil ceiling trunc sign sqrt cbrt exp ln log log2 log10
    pow power greatest least even pi degrees radians sin cos tan asin acos atan atan2 isnan isinf isfinite factorial width_bucket
    sum sum_no_overflow fsum kahan_sum sumkahan avg mean favg count count_star count_if countif min max min_by max_by arg_min
    arg_max argmin argmax any_value arbitrary first last median mode quantile quantile_cont quantile_disc percentile_cont
    percentile_disc stddev stddev_pop stddev_samp var_pop var_samp variance corr covar_pop covar_samp regr_slope regr_intercept
    regr_r2 regr_count regr_avgx regr_avgy skewness kurtosis kurtosis_pop mad sem product geomean geometric_mean entropy
    weighted_avg wavg bool_and bool_or approx_count_distinct approx_quantile string_agg group_concat listagg
    row_number rank rank_dense dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
    lower upper lcase ucase trim ltrim rtrim length len strlen char_length character_length substring substr left right contains
    starts_with ends_with prefix suffix instr strpos position reverse regexp_matches regexp_full_match regexp_extract split_part
    ascii ord translate replace strip_accents levenshtein nullif ifnull if iif coalesce typeof
    date_part datepart extract date_trunc datetrunc date_diff datediff date_sub datesub date_add age strftime strptime try_strptime
    make_date make_timestamp to_timestamp year month day quarter week weekday dayofweek isodow dayofmonth dayofyear weekofyear
    yearweek isoyear hour minute second decade century epoch dayname monthname last_day now today current_date current_timestamp
    to_years to_quarters to_months to_weeks to_days to_hours to_minutes to_seconds""".split()  # noqa: SIM905 — far shorter so
)
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


Node = Mapping[str, Any]
"""A part of a query, as DuckDB writes it in JSON."""


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
    """`cells` are the ranges of the columns that the query reads; `more` says that rows beyond the limit were left out."""

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
        with _refusals():
            nodes = self._checked(sql)
            rows, names = self._run(sql, row_limit + 1, seconds)
        kept = tuple(tuple(row) for row in rows[:row_limit])
        named = self._named(nodes)
        return QueryResult(sql=sql, columns=names, rows=kept, cells=_cells(named, nodes), tables=named, more=len(rows) > row_limit)

    def _run(self, sql: str, most: int, seconds: float) -> tuple[list[tuple[Any, ...]], tuple[str, ...]]:
        timer = threading.Timer(seconds, self._connection.interrupt)
        timer.start()
        try:
            cursor = self._connection.execute(sql)
            rows = cursor.fetchmany(most)
            return rows, tuple(column[0] for column in cursor.description or ())
        except duckdb.InterruptException:
            raise WrongUse(say("The query took longer than {seconds} seconds.", seconds=seconds), say("Ask for less.")) from None
        finally:
            timer.cancel()

    def _checked(self, sql: str) -> Sequence[Node]:
        """All nodes of the query's tree."""
        if len(sql) > LONGEST_SQL:
            raise _refused(say("A query has at most {most} characters.", most=LONGEST_SQL))
        statements = self._connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise WrongUse(say("Only one SELECT at a time is allowed."), say("Nothing was changed."))
        (written,) = self._connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchone() or ("{}",)
        tree = json.loads(written)
        if tree.get("error", True):
            raise WrongUse(say("Only one SELECT at a time is allowed."), say("Nothing was changed."))
        nodes = list(_nodes(tree))
        if any(node.get("type") == "RECURSIVE_CTE_NODE" for node in nodes):
            raise _refused(say("A query may not call itself."))
        for node in nodes:
            if (_function(node) or "count") not in _FUNCTIONS or _lengthens(node):
                raise _refused(say("The function {name} is not allowed here.", name=node["function_name"]))
        return nodes

    def _named(self, nodes: Sequence[Node]) -> tuple[SheetTable, ...]:
        names = {str(node.get("table_name")).casefold() for node in nodes if node.get("type") == "BASE_TABLE"}
        return tuple(table for table in self.tables if table.name in names)

    def _load(self, extraction: Extraction, page: Page, number: int) -> SheetTable | None:
        rows = list(_rows(page.span.of(extraction.text)))
        if not rows:
            return None
        header, body = _header(rows)
        width = max(len(cells) for _, cells in rows)
        cells = [row for _, row in body]
        places = _places(cells, width)
        texts = [[row[place] if place < len(row) else "" for row in cells] for place in places]
        columns = tuple(
            Column(name=name, letters=column_letters(place + 1), type=_type(column))
            for place, name, column in zip(places, _names(header, places), texts, strict=True)
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
        self._insert(table, texts)
        return table

    def _insert(self, table: SheetTable, texts: Sequence[Sequence[str]]) -> None:
        import pandas as pd

        frame = pd.DataFrame({column.name: text for column, text in zip(table.columns, texts, strict=True)}, dtype=str)
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


def _places(rows: Sequence[Sequence[str]], width: int) -> Sequence[int]:
    """The columns a table has: all of the sheet's, but only some with values where one cell far out would make it huge."""
    cells = sum(map(len, rows))
    if width <= WIDEST and width * len(rows) - cells <= MOST_BLANK:
        return range(width)
    filled = sorted({place for row in rows for place, cell in enumerate(row) if cell})
    return filled[: min(WIDEST, (cells + MOST_BLANK) // max(1, len(rows)))] or [0]


def _names(header: Sequence[str], places: Sequence[int]) -> list[str]:
    """One name a column, none twice; a column without a name is called by its letters."""
    names: dict[str, str] = {}
    for place in places:
        letters = column_letters(place + 1)
        name = " ".join(header[place].split())[:LONGEST_NAME].strip() if place < len(header) else ""
        name = name or letters
        while name.casefold() in names:
            name = f"{name} ({letters})"
        names[name.casefold()] = name
    return list(names.values())


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


@contextmanager
def _refusals() -> Iterator[None]:
    """Whatever DuckDB or Python cannot do with a query makes it a wrong one: half a character, a span of too many days."""
    try:
        yield
    except (duckdb.Error, TypeError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        reason = str(error).split("\n")[0][:LONGEST_REASON].encode("utf-8", "replace").decode()
        raise _refused(say("The query was refused: {reason}", reason=reason)) from None


def _refused(message: Message) -> WrongUse:
    return WrongUse(message, say("Correct it."))


def _nodes(tree: Any) -> Iterator[Node]:
    left = [tree]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            yield part
            left += part.values()
        elif isinstance(part, list):
            left += part


def _lengthens(node: Node) -> bool:
    """A replacement by more than one character."""
    if _function(node) != "replace":
        return False
    new = (node.get("arguments") or node.get("children") or [{}])[-1]
    text = new.get("expression", new).get("literal", {}).get("text")
    return not isinstance(text, str) or len(text) > 1


def _cells(named: Sequence[SheetTable], nodes: Sequence[Node]) -> tuple[str, ...]:
    """Ranges of the columns that the query reads, whole tables where it reads all; none where it gives values from no column."""
    if any(map(_invents, nodes)):
        return ()
    names = {str(node["column_names"][-1]).casefold() for node in nodes if node.get("column_names")}
    names |= {str(name).casefold() for node in nodes for name in node.get("using_columns") or ()}
    if any(map(_reads_all, nodes)):
        return tuple(f"{table.sheet}!{table.first_row}:{table.last_row}" for table in named)
    return tuple(table.cells(column) for table in named for column in table.columns if column.name.casefold() in names)


def _invents(node: Node) -> bool:
    """A list of values, or a SELECT of something that is worked out without a column: `6 * 7`."""
    selected = node.get("select_list") or ()
    return node.get("type") == "EXPRESSION_LIST" or not all(map(_comes_from_cells, selected))


def _comes_from_cells(selected: Node) -> bool:
    """Constants may stand in a result too: the query brings them itself, so they prove nothing."""
    parts = list(_nodes(selected))
    return selected.get("class") == "CONSTANT" or any(node.get("column_names") or _reads_all(node) for node in parts)


def _reads_all(node: Node) -> bool:
    return node.get("class") == "STAR" or _function(node) == "count_star"


def _function(node: Node) -> str:
    return str(node.get("function_name") or "").lower()
