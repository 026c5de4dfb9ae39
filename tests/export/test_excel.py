"""Excel files hold the data cell by cell, and no text in them can act."""

from datetime import datetime
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import openpyxl
import pytest

from kimi_docs.domain.table import Cell, Column, Row, Table, ValueType
from kimi_docs.export.excel_pen import cell_text
from kimi_docs.export.formats import to_bytes
from kimi_docs.export.plain import clean
from kimi_docs.export.table import of_table
from tests.export.examples import DOCUMENT, HOSTILE, hostile, ordinary, talk


def opened(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(BytesIO(content))


def rows(book: openpyxl.Workbook, name: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in book[name].iter_rows(values_only=True)]


def test_claims_and_citations_equal_the_data() -> None:
    book = opened(to_bytes(ordinary(), ".xlsx"))
    assert book.sheetnames == ["Claims", "Citations", "Coverage", "Receipt"]
    assert rows(book, "Claims") == [
        ("#", "Section", "Claim", "Pages", "Citations", "Verification"),
        (1, "Findings", "Shade cools streets.", "p. 2\np. i (page 1 of the file)", "1, 2", "✓ verified"),
        (2, "Findings", "Shade nearly cools.", "p. 2", "3", "≈ close wording found"),
        (3, "Findings", "Shade pays rent.", "said to be on p. 9", "4", "✗ not verified"),
        (4, "Findings", "Nobody said this.", None, None, "✗ not verified"),
    ]
    assert rows(book, "Citations")[4] == (4, 3, "pays rent", "said to be on p. 9", "Tree shade", "✗ not found")
    assert rows(book, "Coverage")[1:] == [("p. i (page 1 of the file)", "read", 9), ("p. 2", "read", 35), ("p. 3", "empty", 0)]


def test_numbers_and_dates_are_real() -> None:
    facts = dict(rows(opened(to_bytes(ordinary(), ".xlsx")), "Receipt")[1:])
    assert facts["Date"] == datetime(2026, 11, 26, 8, 30)
    assert (facts["Input tokens"], facts["Cost (USD)"], facts["Estimated cost (USD)"]) == (12345, 0.0123, "unknown")


def test_every_sheet_has_a_frozen_head_a_filter_and_bearable_widths() -> None:
    for sheet in opened(to_bytes(ordinary(), ".xlsx")):
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref
        assert all(column.width <= 81 for column in sheet.column_dimensions.values())
        assert all(row[0].alignment.wrap_text for row in sheet.iter_rows(max_col=1) if isinstance(row[0].value, str))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_inert_and_whole(text: str) -> None:
    content = to_bytes(hostile(text), ".xlsx")
    cells = [cell for sheet in opened(content) for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    for name in ZipFile(BytesIO(content)).namelist():
        assert not {b"<f>", b"<hyperlink"} & {
            mark for mark in (b"<f>", b"<hyperlink") if mark in ZipFile(BytesIO(content)).read(name)
        }
    assert rows(opened(content), "Citations")[1][2] == clean(text)
    assert rows(opened(content), "Claims")[1][2] == clean(text)


@pytest.mark.parametrize("text", [text for text in HOSTILE if clean(text)[0] in "=+-@\t＝"])
def test_a_formula_stays_text_even_when_its_cell_is_edited(text: str) -> None:
    assert opened(to_bytes(hostile(text), ".xlsx"))["Claims"]["C2"].quotePrefix


def test_a_text_too_long_for_a_cell_is_cut_visibly() -> None:
    assert cell_text("a" * 32_767) == "a" * 32_767
    cut = cell_text("😀" * 20_000)
    assert cut.endswith("…")
    assert len(cut.encode("utf-16-le")) // 2 <= 32_767


def test_a_session_lists_its_questions_as_sections() -> None:
    book = opened(to_bytes(talk(), ".xlsx"))
    assert "Coverage" not in book.sheetnames
    assert {row[1] for row in rows(book, "Claims")[1:]} == {"What cools?"}
    assert dict(rows(book, "Receipt"))["Who pays?"] == "The documents do not hold an answer to this question."


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("1e30", 1e30),
        ("-1234.5", -1234.5),
        ("1e-30", 1e-30),
        ("1E+400", "1E+400"),
        ("1234567890123456", "1234567890123456"),
    ],
)
def test_a_number_of_any_size_is_written(value: str, kept: object) -> None:
    column = Column(name="Profit", question="How much?", type=ValueType.NUMBER)
    row = Row(document=DOCUMENT.id, cells=(Cell(column="Profit", value=Decimal(value)),))
    book = opened(to_bytes(of_table(Table(id="t", title="T", columns=(column,), rows=(row,)), [DOCUMENT], "en"), ".xlsx"))
    assert kept in [cell.value for cell in book.worksheets[0][2]]
