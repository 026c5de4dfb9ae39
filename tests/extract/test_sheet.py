"""Workbooks and tables → lines in which every place is a cell again."""

import datetime
import re
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from kimi_docs.domain.text import Extraction
from kimi_docs.errors import Damaged, NoText
from kimi_docs.extract import delimited, sheet
from kimi_docs.extract.rows import cell_at, grid, sheet_text
from kimi_docs.extract.sheet_parts import formulas
from kimi_docs.extract.wire import partitioned

from . import made


def workbook(tmp_path: Path, *sheets: tuple[str, dict[str, object]], hidden: str = "") -> Extraction:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, cells in sheets:
        page = book.create_sheet(name)
        for place, value in cells.items():
            page[place] = value
        if name == hidden:
            page.sheet_state = "hidden"
    book.save(tmp_path / "a.xlsx")
    return sheet.read(tmp_path / "a.xlsx", "id")


VALUES = [
    (0, "0"), (False, "FALSE"), (3, "3"), (3.0, "3"), (1.25, "1.25"), (1e20, "1e+20"), ("字", "字"), ("a\nb\tc", "a b c"),
    (datetime.date(2024, 2, 29), "2024-02-29"), (datetime.datetime(2024, 2, 29, 13, 5), "2024-02-29 13:05:00"),
    (datetime.time(7, 30), "07:30:00"), (datetime.timedelta(hours=30), "30:00:00"), ("007", "007"), (-0.1, "-0.1"),
    (0.1 + 0.2, "0.3"),
    (6222021234567890, "6222021234567890"), (-6222021234567890.0, "-6222021234567890"),
    (1e15 + 1, "1000000000000001"),
    (99999999999999.98, "99999999999999.98"), (9007199254740994.0, "9007199254740994"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "shown"), VALUES, ids=[shown for _, shown in VALUES])
def test_values_are_shown_as_their_readers_know_them(tmp_path: Path, value: object, shown: str) -> None:
    assert workbook(tmp_path, ("S", {"A1": value, "B1": "end"})).text == f"{shown}\tend\n"


def test_each_sheet_is_a_page_and_an_offset_is_a_cell(tmp_path: Path) -> None:
    found = workbook(tmp_path, ("One", {"B2": "x", "D5": "deep"}), ("空", {}), ("Three", {"C300": "far"}))
    assert [(page.label, page.state) for page in found.pages] == [("One", "read"), ("空", "empty"), ("Three", "read")]
    assert [cell_at(found.page_text(1), found.page_text(1).index(word)) for word in ("x", "deep")] == ["B2", "D5"]
    assert cell_at(found.page_text(3), found.page_text(3).index("far")) == "C300"
    assert len(found.page_text(3)) < 40
    assert partitioned(found)


def test_a_hidden_sheet_is_listed_and_left_out(tmp_path: Path) -> None:
    found = workbook(tmp_path, ("One", {"A1": "seen"}), ("Two", {"B2": "not seen"}), hidden="Two")
    assert [(page.label, page.state) for page in found.pages] == [("One", "read"), ("Two", "empty")]
    assert [(notice.code, notice.page) for notice in found.notices] == [("hidden_sheet", 2), ("hidden", 2)]
    assert [(hidden.page, hidden.text.strip()) for hidden in found.hidden] == [(2, "not seen")]
    assert "not seen" not in found.text


def test_hidden_rows_and_columns_are_named_and_read(tmp_path: Path) -> None:
    book = Workbook()
    page = book.active
    for row in range(1, 13):
        page.append([row, f"b{row}", f"c{row}"])
    for row in (3, 4, 5, 9):
        page.row_dimensions[row].hidden = True
    page.column_dimensions["B"].hidden = True
    book.save(tmp_path / "a.xlsx")
    found = sheet.read(tmp_path / "a.xlsx", "id")
    assert [notice.message.text() for notice in found.notices] == [
        "Hidden in the workbook, but read: rows 3–5, 9.",
        "Hidden in the workbook, but read: columns B.",
    ]
    assert "b4" in found.text


def test_merged_cells_say_their_value_in_each_row_and_a_title_once(tmp_path: Path) -> None:
    book = Workbook()
    page = book.active
    for place, value in {"A1": "Title", "A2": "north", "B2": 1, "B3": 2, "B4": 3, "C2": "x", "D4": "end"}.items():
        page[place] = value
    for merged in ("A1:C1", "A2:A4", "C2:D3"):
        page.merge_cells(merged)
    book.save(tmp_path / "a.xlsx")
    found = sheet.read(tmp_path / "a.xlsx", "id")
    assert found.text == "Title\nnorth\t1\tx\tx\nnorth\t2\tx\tx\nnorth\t3\t\tend\n"


def test_a_merged_amount_is_said_once_and_a_year_above_its_quarters_in_each(tmp_path: Path) -> None:
    book = Workbook()
    page = book.active
    for place, value in {"A1": 2024, "A2": "Q1", "B2": "Q2", "A3": 500.5, "C3": 7, "A4": 3, "B4": 4}.items():
        page[place] = value
    for merged in ("A1:B1", "A3:B3", "C3:C4"):
        page.merge_cells(merged)
    page["C1"] = "all"
    book.save(tmp_path / "a.xlsx")
    found = sheet.read(tmp_path / "a.xlsx", "id")
    assert found.text == "2024\t2024\tall\nQ1\tQ2\n500.5\t\t7\n3\t4\n"


YEARS_AND_AMOUNTS = [
    ("an amount below headers", [["Region", "2023", "2024"], ["North", 2000, ""]], ["B2:C2"], "North\t2000\n"),
    ("an amount in a form", [["Item", "Sum", ""], ["Rent", 2000, ""]], ["B1:C1", "B2:C2"], "Rent\t2000\n"),
    ("an amount for two rows", [["a", 2000, 1], ["b", "", 2]], ["B1:B2"], "a\t2000\t1\nb\t\t2\n"),
    (
        "years below a title",
        [["Sales", "", "", ""], [2023, "", 2024, ""], list("abcd")],
        ["A1:D1", "A2:B2", "C2:D2"],
        "2023\t2023\t2024\t2024\na\tb\tc\td\n",
    ),
    (
        "years below groups",
        [["", "N", "", "S"], ["", 2023, "", 2024, ""], list("abcde")],
        ["B2:C2", "D2:E2"],
        "\t2023\t2023\t2024\t2024\na\tb\tc\td\te\n",
    ),
    ("a year beside its quarters", [["Year", "Q", "Sum"], [2023, "Q1", 5], ["", "Q2", 6]], ["A2:A3"], "2023\tQ1\t5\n2023\tQ2\t6\n"),
    ("a year by its header", [["市", "年份", "Q"], ["北", 2023, 1], ["北", "", 2]], ["B2:B3"], "北\t2023\t1\n北\t2023\t2\n"),
]


@pytest.mark.parametrize(("rows", "merged", "end"), [case[1:] for case in YEARS_AND_AMOUNTS], ids=[c[0] for c in YEARS_AND_AMOUNTS])
def test_years_are_told_from_amounts(tmp_path: Path, rows: list[list[object]], merged: list[str], end: str) -> None:
    book = Workbook()
    page = book.active
    for row in rows:
        page.append(row)
    for place in merged:
        page.merge_cells(place)
    book.save(tmp_path / "a.xlsx")
    assert sheet.read(tmp_path / "a.xlsx", "id").text.endswith(end)


def test_error_cells_say_their_error(tmp_path: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    page = book.add_worksheet()
    page.write_row(0, 1, ["b", 0, False])
    page.write_formula(1, 1, "=1/0", None, "#DIV/0!")
    page.write_formula(1, 2, "=NA()", None, "#N/A")
    page.write_formula(1, 3, '=IF(1<2,"yes","no")', None, "yes")
    book.close()
    found = sheet.read(tmp_path / "a.xlsx", "id")
    assert found.text == "\tb\t0\tFALSE\n\t#DIV/0!\t#N/A\tyes\n"
    assert formulas(tmp_path / "a.xlsx") == {"Sheet1": {"B2": "=1/0", "C2": "=NA()", "D2": '=IF(1<2,"yes","no")'}}


def patched(path: Path, part: str, cell: str, by: str) -> Path:
    """The same workbook with another cell in the place of one (`B2`) of a part."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    parts[part] = re.sub(rf'<c r="{cell}".*?</c>', by, parts[part])
    path.write_bytes(made.archive(parts))
    return path


@pytest.mark.parametrize("error", ["#DIV/0!", "#SPILL!", "#GETTING_DATA"])
@pytest.mark.parametrize("length", [3, 5000])
def test_an_error_is_kept_whatever_its_name_and_its_formula(tmp_path: Path, error: str, length: int) -> None:
    workbook(tmp_path, ("S", {"A1": "north", "B1": 1, "C1": "=B1", "A2": "south", "B2": 2}))
    cell = f'<c r="B1" t="e"><f>{"1+" * length}X()</f><v>{error}</v></c>'
    path = patched(tmp_path / "a.xlsx", "xl/worksheets/sheet1.xml", "B1", cell)
    assert sheet.read(path, "id").text == f"north\t{error}\nsouth\t2\n"


def test_dates_since_1904(tmp_path: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(tmp_path / "a.xlsx", {"date_1904": True})
    page = book.add_worksheet()
    page.write_datetime(0, 0, datetime.datetime(2024, 2, 29), book.add_format({"num_format": "yyyy-mm-dd"}))
    page.write_row(1, 0, ["end"])
    book.close()
    assert sheet.read(tmp_path / "a.xlsx", "id").text == "2024-02-29\nend\n"


def test_rows_of_different_lengths_stay_rows() -> None:
    assert sheet_text([["a", "b"], ["c"], ["d", "e", "f"]]) == "a\tb\nc\nd\te\tf\n"


def test_blanks_around_a_line_end_are_one_however_many() -> None:
    start = time.process_time()
    assert sheet_text([["a" + " " * 200_000 + "b  c \n d\x85 \u2028e", "x"]]) == "a" + " " * 200_000 + "b  c d e\tx\n"
    assert time.process_time() - start < 1


@pytest.mark.parametrize("rows", [1, 300])
def test_columns_of_large_numbers_come_back_equal(rows: int) -> None:
    text = sheet_text([["甲", 6222021234567890.0 + row, 0.5, 12345678901234.25, 110101199003071232.0] for row in range(rows)])
    assert text.splitlines()[-1] == f"甲\t{6222021234567890 + rows - 1}\t0.5\t12345678901234.25\t1.1010119900307123e+17"


@given(
    st.lists(st.lists(st.one_of(st.text(max_size=4), st.floats(allow_nan=False, allow_infinity=False), st.booleans()), max_size=4))
)
def test_rows_written_at_once_are_as_rows_written_one_by_one(rows: list[list[object]]) -> None:
    together = rows * 3
    assert sheet_text(together) == sheet_text([*row, None] for row in together)
    assert [line for line in grid(sheet_text(together)) if any(line)] == [
        line for row in together for line in grid(sheet_text([row])) if any(line)
    ]


@given(st.lists(st.lists(st.sampled_from(["", "a", "b c", "字"]), max_size=4), max_size=80))
def test_every_cell_is_found_where_it_was(rows: list[list[str]]) -> None:
    numbered = [[f"{cell}{row}.{column}" if cell else "" for column, cell in enumerate(cells)] for row, cells in enumerate(rows)]
    text = sheet_text(numbered)
    for row, cells in enumerate(numbered):
        for column, cell in enumerate(cells):
            if cell:
                starts = [place for place in range(len(text)) if text.startswith(cell, place) and text[place + len(cell)] in "\t\n"]
                assert f"{'ABCD'[column]}{row + 1}" in {cell_at(text, place) for place in starts}


def test_two_cells_in_opposite_corners_cost_nothing(tmp_path: Path) -> None:
    workbook(tmp_path, ("S", {"A1": "top", "XFD1048576": "bottom"}))
    found = sheet.read((tmp_path / "a.xlsx").rename(tmp_path / "stored without an ending"), "id")
    assert len(found.text) < 20_000
    assert cell_at(found.text, found.text.index("bottom")) == "XFD1048576"


def test_nothing_and_nonsense_say_so(tmp_path: Path) -> None:
    with pytest.raises(NoText):
        workbook(tmp_path, ("S", {}))
    (tmp_path / "b.xlsx").write_bytes(made.archive({"xl/workbook.xml": "<nothing"}))
    with pytest.raises(Damaged):
        sheet.read(tmp_path / "b.xlsx", "id")


TABLES = [
    ("a,b\n1,2\n", "a\tb\n1\t2\n"),
    ("a;b\n1,5;2\n", "a\tb\n1,5\t2\n"),
    ("a\tb\n1\t2\n", "a\tb\n1\t2\n"),
    ('a,b\n"x, ""y""\nz",2\n', 'a\tb\nx, "y" z\t2\n'),
    ("名,值\r\n甲,0\r\n", "名\t值\n甲\t0\n"),
    ("one\ntwo\n", "one\ntwo\n"),
    ("a,b\n1\u20282,3\n4,5\n", "a\tb\n1 2\t3\n4\t5\n"),
]


@pytest.mark.parametrize(("content", "text"), TABLES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_delimiters_quotes_and_encodings_of_tables(tmp_path: Path, content: str, text: str, encoding: str) -> None:
    (tmp_path / "a.csv").write_bytes(content.encode(encoding))
    assert delimited.read(tmp_path / "a.csv", "id").text == text
