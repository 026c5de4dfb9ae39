"""The sample documents hold what their sources say."""

import re
from datetime import datetime
from pathlib import Path

import docx
import openpyxl
import pypdfium2
import pytest

SAMPLES = Path(__file__).parents[2] / "samples"
NAMES = ("paper-en.pdf", "paper-zh.pdf", "report-en.docx", "report-zh.docx", "workbook.xlsx")


def letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def source(name: str) -> list[str]:
    """The paragraphs of the source, without tables and marks."""
    lines = (SAMPLES / "source" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [re.sub("^(#{1,3}|[~=%-]) ", "", line) for line in lines if not line.startswith("| ")]


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_small(name: str) -> None:
    assert 5_000 < (SAMPLES / name).stat().st_size < 300_000


@pytest.mark.parametrize("name", ["paper-en", "paper-zh"])
def test_a_paper_holds_its_text(name: str) -> None:
    with pypdfium2.PdfDocument(SAMPLES / f"{name}.pdf") as paper:
        text = letters("".join(paper[number].get_textpage().get_text_range() for number in range(len(paper))))
    assert [line for line in source(name) if letters(line) not in text] == []


@pytest.mark.parametrize("name", ["report-en", "report-zh"])
def test_a_report_holds_its_text_in_order(name: str) -> None:
    report = docx.Document(str(SAMPLES / f"{name}.docx"))
    assert [paragraph.text for paragraph in report.paragraphs] == source(name)
    assert len(report.tables) == 1


def test_the_workbook_holds_200_dated_readings() -> None:
    book = openpyxl.load_workbook(SAMPLES / "workbook.xlsx")
    assert book.sheetnames == ["Stations", "Readings", "Means 平均值"]
    dates = [row[0] for row in book["Readings"].iter_rows(min_row=2, values_only=True)]
    assert len(dates) == 200
    assert all(isinstance(date, datetime) for date in dates)
