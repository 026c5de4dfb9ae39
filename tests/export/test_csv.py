"""CSV opens as a table in a spreadsheet, and no cell of it is a formula."""

import csv
from io import StringIO

import pytest

from kimi_docs.export.csv_file import inert
from kimi_docs.export.formats import to_bytes
from kimi_docs.export.plain import clean
from tests.export.examples import HOSTILE, hostile, ordinary


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
