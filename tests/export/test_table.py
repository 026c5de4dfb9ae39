"""A table keeps its types, its quotes and its doubts in every format."""

import csv
import json
from datetime import datetime
from io import BytesIO, StringIO

import docx
import openpyxl
import pytest

from kimi_docs.domain.table import Cell, Silence, Table
from kimi_docs.export import shapes_table
from kimi_docs.export.formats import to_bytes
from kimi_docs.export.table import of_table
from tests.export.examples import DOCUMENT, HOSTILE, citation
from tests.export.tables import COLUMNS, ROWS, TABLE, table


def book() -> openpyxl.Workbook:
    return openpyxl.load_workbook(BytesIO(to_bytes(table(), ".xlsx")))


def test_a_workbook_holds_the_table_cell_by_cell() -> None:
    opened = book()
    assert opened.sheetnames == ["Table", "Columns", "Citations", "Receipt"]
    assert [tuple(row) for row in opened["Table"].iter_rows(values_only=True)] == [
        ("Document", "Sample (trees)", "Date", "Peer reviewed", "Method", "Result"),
        ("Tree shade", 1200, datetime(2021, 7, 3), "yes", "not stated", "=1+1"),
        ("城市树荫", 2.5, "1850-01-02", None, None, "树荫降温"),
    ]
    assert opened["Table"].freeze_panes == "B2"
    assert opened["Table"].auto_filter.ref == "A1:F3"
    assert opened["Columns"]["B2"].value == "How many trees?"


def test_a_cell_carries_its_quote_and_verdict_as_a_comment() -> None:
    sheet = book()["Table"]
    assert sheet["B2"].comment.text == "“1200 trees” — p. 2 · ✓ exact"
    assert sheet["C2"].comment.text == "“3rd of July” — p. 2 · ≈ close"
    assert sheet["F2"].comment.text == "“=2+2” — said to be on p. 9 · ✗ not found"
    assert sheet["B3"].comment.text == "✗ not verified\n⚠ far from the other values"
    assert "edited by Li Na" in sheet["F3"].comment.text
    assert sheet["E2"].comment is None


def test_a_cell_that_is_not_verified_shows_a_sign_and_keeps_its_value() -> None:
    sheet = book()["Table"]
    assert "✗" in sheet["F2"].number_format
    assert "✗" in sheet["B3"].number_format
    assert "≈" in sheet["C2"].number_format
    assert not any(sign in sheet["B2"].number_format + sheet["E2"].number_format for sign in "✗≈")
    assert sheet["F2"].data_type == "s"
    assert sheet["F2"].quotePrefix


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_quotes_and_names_are_inert(text: str) -> None:
    cells = (Cell(column=text, value=text, citations=(citation(quote=text),), edited_by=text),)
    column = COLUMNS[4].__class__(name=text, question=text)
    made = of_table(Table(id="x", title=text, columns=(column,), rows=(ROWS[0].__class__(document="x", cells=cells),)), [], "en")
    opened = openpyxl.load_workbook(BytesIO(to_bytes(made, ".xlsx")))
    assert not [cell for sheet in opened for row in sheet.iter_rows() for cell in row if cell.data_type == "f" or cell.hyperlink]


def test_a_csv_of_a_table_has_a_row_for_each_citation() -> None:
    rows = list(csv.reader(StringIO(to_bytes(table(), ".csv").decode("utf-8-sig"), newline="")))
    assert rows[1] == ["Tree shade", "Sample (trees)", "1200", "✓ verified", "1200 trees", "p. 2", "Tree shade", "✓ exact", ""]
    assert ["Tree shade", "Method", "not stated", "– nothing to verify", "", "", "", "", ""] in rows
    assert ["'=1+1", "✗ not verified", "'=2+2"] in [row[2:5] for row in rows]


@pytest.mark.parametrize("ending", [".md", ".docx"])
def test_a_table_reads_as_a_part_for_each_document(ending: str) -> None:
    content = to_bytes(table(), ending)
    text = content.decode() if ending == ".md" else "\n".join(p.text for p in docx.Document(BytesIO(content)).paragraphs)
    assert "Sample (trees): 1,200" in text
    assert "Method: not stated" in text
    assert "Method: not stated (" not in text
    assert "far from the other values" in text
    assert text.count("✗ not verified") == 3


def test_json_keeps_numbers_dates_and_silence() -> None:
    made = json.loads(to_bytes(table(), ".json"))
    assert made["columns"][0] == {
        "name": "Sample",
        "question": "How many trees?",
        "type": "number",
        "unit": "trees",
        "choices": [],
    }
    assert [cell["value"] for cell in made["rows"][0]["cells"]] == [1200, "2021-07-03", True, "not stated", "=1+1"]
    assert [cell["verified"] for cell in made["rows"][0]["cells"]] == [True, True, True, False, False]
    assert made["rows"][1]["cells"][2]["edited_by"] == "Li Na"
    assert made["rows"][0]["document"] == DOCUMENT.id
    assert set(made["rows"][0]["cells"][0]) >= {"column", "value", "citations"}


def test_silence_is_a_value_and_not_an_unfilled_cell() -> None:
    assert not Cell(column="a", value=Silence.NOT_STATED).stated
    assert Cell(column="a", value="not stated").stated
    assert TABLE.rows[1].cell("Method") is None
    assert shapes_table.value(Silence.NOT_STATED) == "not stated"


def test_a_table_counts_what_was_verified() -> None:
    facts = {fact.label: fact.value for fact in table().facts}
    assert facts["Verification"] == "4 of 7 cells verified"
