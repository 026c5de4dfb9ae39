"""Sums over a sheet are computed, not guessed; and a query can do nothing but read the sheets it was given."""

import contextlib
import time
from collections.abc import Iterator

import pytest

from kimi_docs.analyze.query_table import Sheets
from kimi_docs.domain.text import Extraction, Page, PageKind, Span
from kimi_docs.errors import WrongUse

SALES = (
    "Region\tMonth\tUnits\tPrice\tPaid\nNorth\t2025-01-31\t10\t2.5\tTRUE\nSouth\t2025-02-28\t0\t3\tFALSE\n\n"
    "北方\t2025-03-31\t7\t\tTRUE\n"
)
BARE = "1\t2\n3\t4\n"


def workbook(*texts: str) -> Extraction:
    pages, at = [], 0
    for number, text in enumerate(texts, 1):
        span = Span(start=at, end=at + len(text))
        pages.append(Page(number=number, label=f"Sheet{number}", kind=PageKind.SHEET, span=span))
        at = span.end
    return Extraction(document="d" * 64, extractor="test", text="".join(texts), pages=tuple(pages))


@pytest.fixture
def sheets() -> Iterator[Sheets]:
    with contextlib.closing(Sheets([workbook(SALES, BARE)])) as opened:
        yield opened


def test_columns_have_the_types_all_their_cells_agree_on(sheets: Sheets) -> None:
    assert [column.type for column in sheets.tables[0].columns] == ["VARCHAR", "DATE", "BIGINT", "DOUBLE", "BOOLEAN"]
    assert [column.name for column in sheets.tables[1].columns] == ["A", "B"]


def test_a_sum_is_computed_and_names_its_cells(sheets: Sheets) -> None:
    result = sheets.query("SELECT sum(Units) AS total FROM t1")
    assert result.rows == ((17,),)
    assert result.cells == ("Sheet1!C2:C5",)


def test_an_empty_cell_is_null_and_zero_is_zero(sheets: Sheets) -> None:
    assert sheets.query("SELECT count(Price), min(Units) FROM t1").rows == ((2, 0),)
    assert sheets.query("SELECT Region FROM t1 WHERE Price IS NULL").rows == (("北方",),)


def test_rows_beyond_the_limit_are_left_out_and_that_is_said(sheets: Sheets) -> None:
    result = sheets.query("SELECT * FROM t1", row_limit=2)
    assert len(result.rows) == 2
    assert result.more


@pytest.mark.parametrize(
    "attack",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/*')",
        "COPY t1 TO '/tmp/stolen.csv'",
        "ATTACH '/tmp/other.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "PRAGMA database_list",
        "DROP TABLE t1",
        "INSERT INTO t1 SELECT * FROM t1",
        "UPDATE t1 SET Units = 0",
        "SELECT 1; DROP TABLE t1",
        "CREATE TABLE x AS SELECT 1",
        "EXPORT DATABASE '/tmp/x'",
        "SELECT * FROM frame",
        "SELECT * FROM sheets",
        "",
        "not sql at all",
    ],
)
def test_a_query_that_would_do_more_than_read_is_refused(sheets: Sheets, attack: str) -> None:
    with pytest.raises(WrongUse):
        sheets.query(attack)
    assert sheets.query("SELECT sum(Units) FROM t1").rows == ((17,),)


def test_a_query_that_runs_for_ever_is_ended(sheets: Sheets) -> None:
    started = time.monotonic()
    with pytest.raises(WrongUse):
        sheets.query("SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range * b.range % 7 = 3", seconds=1)
    assert time.monotonic() - started < 10


def test_a_query_that_wants_too_much_memory_is_refused(sheets: Sheets) -> None:
    with pytest.raises(WrongUse):
        sheets.query("SELECT list(range) FROM range(2000000000)", seconds=20)


def test_hostile_column_names_are_names() -> None:
    text = 'a"; DROP TABLE t1; --\tb\tb\n1\t2\t3\n'
    with contextlib.closing(Sheets([workbook(text)])) as sheets:
        assert [column.name for column in sheets.tables[0].columns] == ['a"; DROP TABLE t1; --', "b", "b (C)"]
        assert sheets.query("SELECT * FROM t1").rows == ((1, 2, 3),)


@pytest.mark.parametrize(
    ("text", "names", "first_row"),
    [
        ("Region\t2022\t2023\nNorth\t10\t20\nSouth\t30\t40\n", ["Region", "2022", "2023"], 2),
        ("Item\t2024\nApples\t10\nPears\t20\nVegetables\nLeeks\t5\n", ["Item", "2024"], 2),
        ("Apples\t10\nPears\t20\nVegetables\nLeeks\t5\n", ["A", "B"], 1),
        ("Sales\nRegion\tUnits\nNorth\t10\n", ["Region", "Units"], 3),
        ("Year:\t2022.5\t\nRegion\tUnits\tPrice\nNorth\t10\t1\n", ["A", "B", "C"], 1),
        ("2022\t2023\nA\tB\n", ["A", "B"], 1),
        ("Apples\t$5\nPears\t$6\n", ["A", "B"], 1),
        ("Name\nAnna\nBo\n", ["Name"], 2),
    ],
)
def test_a_header_is_words_or_words_and_years_and_no_number_is_lost_to_it(text: str, names: list[str], first_row: int) -> None:
    with contextlib.closing(Sheets([workbook(text)])) as sheets:
        assert [column.name for column in sheets.tables[0].columns] == names
        assert sheets.tables[0].first_row == first_row


def test_a_year_in_the_header_is_not_added_up() -> None:
    with contextlib.closing(Sheets([workbook("Region\t2022\t2023\nNorth\t10\t20\nSouth\t30\t40\n")])) as sheets:
        assert sheets.query('SELECT sum("2023") FROM t1').rows == ((60,),)


def test_numbers_with_leading_zeros_stay_text() -> None:
    with contextlib.closing(Sheets([workbook("Code\tUnits\n007\t0\n7\t-0.5\n")])) as sheets:
        assert sheets.query("SELECT Code FROM t1").rows == (("007",), ("7",))
        assert sheets.tables[0].columns[1].type == "DOUBLE"
