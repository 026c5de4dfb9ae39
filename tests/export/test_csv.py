"""CSV opens as a table in a spreadsheet, and no cell of it is a formula."""

import csv
from decimal import Decimal
from io import StringIO

import pytest

from kimi_docs.domain.table import Cell, Column, Doubt, Row, Table, ValueType
from kimi_docs.export.csv_file import inert
from kimi_docs.export.formats import to_bytes
from kimi_docs.export.plain import clean
from kimi_docs.export.table import of_table
from tests.export.examples import DOCUMENT, HOSTILE, citation, hostile, ordinary


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


def test_there_is_a_row_for_each_citation_and_each_claim_without_one() -> None:
    made = rows(to_bytes(ordinary(), ".csv"))
    assert made[0] == ["Title", "Section", "Claim", "Verification", "Quote", "Page", "Source", "Verdict"]
    assert [row[2] for row in made[1:]] == ["Shade cools streets."] * 2 + [
        "Shade nearly cools.",
        "Shade pays rent.",
        "Nobody said this.",
    ]
    assert made[4] == [
        "Shade in cities",
        "Findings",
        "Shade pays rent.",
        "✗ not verified",
        "pays rent",
        "said to be on p. 9",
        "Tree shade",
        "✗ not found",
    ]
    assert to_bytes(ordinary(), ".csv").startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_begins_like_a_formula_and_every_text_comes_back(text: str) -> None:
    made = rows(to_bytes(hostile(text), ".csv"))
    cells = [cell for row in made for cell in row if cell]
    assert not [cell for cell in cells if cell.lstrip()[:1] in tuple("=+-@＝＋－＠") or cell[0] in "\t\r\n"]
    assert clean(text) in {made[1][2], made[1][2].removeprefix("'")}


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠x", "  =1", "\x00=1", "'=1"])
def test_a_prefix_makes_it_text(text: str) -> None:
    assert inert(text) == f"'{clean(text)}"


def test_ordinary_text_has_no_prefix() -> None:
    assert inert("2 - 1 = 1") == "2 - 1 = 1"


def of_cell(cell: Cell) -> list[str]:
    """The row of a table's only cell."""
    column = Column(name="Profit", question="How much?", type=ValueType.NUMBER)
    table = Table(id="t", title="T", columns=(column,), rows=(Row(document=DOCUMENT.id, cells=(cell,)),))
    head, row = rows(to_bytes(of_table(table, [DOCUMENT], "en"), ".csv"))
    assert (head[2], head[-1], len(head)) == ("Value", "Remark", len(row))
    return row


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("-1234.5", "-1234.5"),
        ("1200", "1200"),
        ("1E+3", "1000"),
        ("1e30", "1" + "0" * 30),
        ("-0.000001", "-0.000001"),
        ("-1E+400", "'-1E+400"),
    ],
)
def test_a_number_is_written_as_a_spreadsheet_adds_it_up(value: str, written: str) -> None:
    assert of_cell(Cell(column="Profit", value=Decimal(value), citations=(citation(),)))[2] == written


def test_a_text_that_begins_like_a_number_is_still_no_formula() -> None:
    assert of_cell(Cell(column="Profit", value="-1234.5"))[2] == "'-1234.5"


@pytest.mark.parametrize("doubt", Doubt)
def test_a_doubtful_cell_is_marked(doubt: Doubt) -> None:
    assert of_cell(Cell(column="Profit", value=Decimal(5), citations=(citation(),), doubts=(doubt,)))[-1]
    assert not of_cell(Cell(column="Profit", value=Decimal(5), citations=(citation(),)))[-1]
