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
    crossed = ", ".join(f"t1 AS a{number}" for number in range(24))
    with pytest.raises(WrongUse, match="longer than 1 seconds"):
        sheets.query(f"SELECT count(*) FROM {crossed} WHERE a1.Units * a2.Units % 11 <> 3", seconds=1)
    assert time.monotonic() - started < 10


def test_a_query_that_wants_too_much_memory_is_refused(sheets: Sheets) -> None:
    crossed = ", ".join(f"t1 AS a{number}" for number in range(24))
    with pytest.raises(WrongUse, match="Memory"):
        sheets.query(f"SELECT string_agg(a1.Region, ',') FROM {crossed}", seconds=20)


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


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT list_sum(range(100000000)) FROM t1",
        "SELECT repeat(Region, 1000000000) FROM t1",
        "SELECT lpad(Region, 1000000000, 'x') FROM t1",
        "SELECT printf('%1000000000d', Units) FROM t1",
        "SELECT Region || Region FROM t1",
        "SELECT replace(Region, 'o', 'oooo') FROM t1",
        "SELECT replace(Region, 'o', Region) FROM t1",
        "SELECT generate_series FROM generate_series(1, 2000000000)",
        "SELECT Units FROM t1 WHERE Units IN (SELECT unnest(range(100000000)))",
        "WITH RECURSIVE r AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM r) SELECT x FROM r",
        "SELECT [Units, Units] FROM t1",
        f"SELECT {'1 + ' * 4000}1",
        f"SELECT {'(' * 900}1{')' * 900} FROM t1 {'-- ' * 4000}",
    ],
    ids=lambda sql: sql[:40],
)
def test_what_makes_long_values_is_refused_at_once(sheets: Sheets, sql: str) -> None:
    started = time.monotonic()
    with pytest.raises(WrongUse):
        sheets.query(sql, seconds=1)
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT Region, sum(Units) FILTER (WHERE Price > 1) FROM t1 GROUP BY Region HAVING count(*) > 0 ORDER BY 2 DESC LIMIT 3",
        "SELECT quantile_cont(Price, 0.5), stddev(Units), round(avg(Units), 2), count(DISTINCT Region) FROM t1",
        "SELECT date_trunc('month', Month), extract(year FROM Month), strftime(Month, '%Y-%m'), Month + INTERVAL 1 MONTH FROM t1",
        "SELECT CAST(replace(replace(Region, '.', ''), ',', '.') AS VARCHAR), TRY_CAST(Region AS DOUBLE), Units::DOUBLE FROM t1",
        "SELECT CASE WHEN Region ILIKE '%o%' THEN upper(trim(Region)) ELSE coalesce(Region, '-') END FROM t1",
        "SELECT rank() OVER (PARTITION BY Paid ORDER BY Units DESC), lag(Units) OVER (ORDER BY Month) FROM t1",
        "WITH s AS (SELECT Region, Units * Price AS Sales FROM t1) SELECT Region FROM s WHERE Sales = (SELECT max(Sales) FROM s)",
        "SELECT a.Region FROM t1 a JOIN t1 b USING (Month) WHERE a.Units BETWEEN 1 AND 20 AND a.Region NOT LIKE 'x%'",
        "FROM t1",
    ],
    ids=lambda sql: sql[:40],
)
def test_what_people_ask_of_a_sheet_is_allowed(sheets: Sheets, sql: str) -> None:
    assert sheets.query(sql).cells


@pytest.mark.parametrize("sql", ["SELECT '\ud800' FROM t1", "SELECT INTERVAL 200000000 MONTH FROM t1", "SELECT Region + 1 FROM t1"])
def test_what_cannot_be_carried_out_is_a_wrong_query(sheets: Sheets, sql: str) -> None:
    with pytest.raises(WrongUse) as refused:
        sheets.query(sql)
    assert str(refused.value).encode()


@pytest.mark.parametrize(
    ("sql", "cells"),
    [
        ("SELECT 6*7 FROM t1 LIMIT 1", ()),
        ("SELECT 6*7 FROM t1 WHERE Units > 0", ()),
        ("SELECT x FROM (SELECT 6*7 AS x FROM t1)", ()),
        ("SELECT x FROM t1, (VALUES (6*7)) AS v(x) WHERE Units > 0", ()),
        ("SELECT 'Units' FROM t1", ()),
        ("SELECT * FROM t1 WHERE Region = 'y'", ("Sheet1!2:5",)),
        ("SELECT count(*) FROM t1 WHERE Region = 'y'", ("Sheet1!2:5",)),
        ("SELECT max(s.Units) FROM t1 AS s WHERE Region <> 'Price'", ("Sheet1!A2:A5", "Sheet1!C2:C5")),
        ("SELECT count(Units), 't2' FROM t1 -- Price of t2", ("Sheet1!C2:C5",)),
    ],
)
def test_the_cells_are_those_the_query_reads(sheets: Sheets, sql: str, cells: tuple[str, ...]) -> None:
    assert sheets.query(sql).cells == cells


def test_a_name_inside_another_word_is_not_read() -> None:
    with contextlib.closing(Sheets([workbook("n\tamount\n1\t2\n")])) as sheets:
        assert sheets.query("SELECT sum(amount) FROM t1").cells == ("Sheet1!B2:B2",)


def test_one_cell_far_out_makes_no_huge_table() -> None:
    started = time.monotonic()
    with contextlib.closing(
        Sheets([workbook("\t".join(["Region", "Units"] + ["x"] * 16382) + "\n" + "North\t2\n" * 3000)])
    ) as sheets:
        assert [column.name for column in sheets.tables[0].columns] == ["Region", "Units"]
        assert sheets.query("SELECT sum(Units) FROM t1").rows == ((6000,),)
    assert time.monotonic() - started < 5


def test_the_columns_that_are_left_keep_their_letters() -> None:
    text = "\t".join(f"C{number}" for number in range(2000)) + "\n" + "1\t\t" + "\t" * 1000 + "2\n"
    with contextlib.closing(Sheets([workbook(text)])) as sheets:
        assert [(column.name, column.letters) for column in sheets.tables[0].columns] == [("C0", "A"), ("C1002", "ALO")]


def test_rows_of_unequal_length_are_not_filled_up_without_end() -> None:
    stairs = "".join("\t" * (number % 900) + "1\n" if number < 900 else "1\n" for number in range(60_000))
    with contextlib.closing(Sheets([workbook(stairs)])) as sheets:
        assert 1 <= len(sheets.tables[0].columns) * 60_000 <= 6_000_000


def test_long_names_are_cut_and_stay_different() -> None:
    with contextlib.closing(Sheets([workbook(f"{'x' * 500}\t{'x' * 600}\n1\t2\n")])) as sheets:
        assert [column.name for column in sheets.tables[0].columns] == ["x" * 120, "x" * 120 + " (B)"]
        assert sheets.query("SELECT * FROM t1").rows == ((1, 2),)
