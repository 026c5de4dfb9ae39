"""Many reports in one file, or a file each: nothing lost, nothing twice, no two alike."""

import csv
import json
import time
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import ZipFile

import docx
import openpyxl
import pybtex.database
import pypdfium2
import pytest
import rispy

from kimi_docs.errors import WrongUse
from kimi_docs.export import formats
from kimi_docs.export.volume import volume
from tests.export.examples import HOSTILE, hostile, ordinary, talk
from tests.export.tables import batch, many, table


@pytest.fixture(params=formats.FORMATS)
def ending(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_many_reports_become_one_file_of_every_format(tmp_path: Path, ending: str) -> None:
    formats.export_many(tmp_path / f"all{ending}", many(), title="All of them")
    assert [each.name for each in tmp_path.iterdir()] == [f"all{ending}"]
    assert (tmp_path / f"all{ending}").read_bytes()


def test_a_batch_with_a_table_can_be_written_in_every_format(ending: str) -> None:
    assert formats.to_bytes(batch(), ending)


def test_none_is_wrong_use_and_one_is_itself(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="nothing to export"):
        formats.export_many(tmp_path / "all.md", [])
    assert volume([ordinary()]) == ordinary()


def test_numbers_of_sources_run_through_all_chapters() -> None:
    made = volume(many())
    assert [source.number for chapter in made.chapters for source in chapter.sources] == list(range(1, 13))
    assert made.usage.calls == 6


def test_a_workbook_of_many_names_the_document_of_each_claim() -> None:
    book = openpyxl.load_workbook(BytesIO(formats.to_bytes(batch(), ".xlsx")))
    assert book.sheetnames == ["Documents", "Table", "Columns", "Claims", "Citations", "Coverage", "Receipt"]
    claims = list(book["Claims"].iter_rows(min_row=2, values_only=True))
    assert [row[1] for row in claims] == ["Shade in cities"] * 4 + ["Summary 1"] * 4
    assert claims[2][-1] == "✗ not verified"
    documents = list(book["Documents"].iter_rows(min_row=2, values_only=True))
    assert "“bad.pdf” is broken. Mend it." in documents[-1][-1]
    numbers = [row[0] for row in book["Citations"].iter_rows(min_row=2, values_only=True)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_word_file_of_many_has_a_chapter_and_contents_for_each() -> None:
    document = docx.Document(BytesIO(formats.to_bytes(volume(many()), ".docx")))
    styled = [(p.style.name, p.text) for p in document.paragraphs]
    assert [text for style, text in styled if style == "Heading 1"] == ["Summary 1", "Summary 2", "Summary 3", "Receipt"]
    assert [text for style, text in styled if style == "Heading 2"] == ["Findings"] * 3
    contents = next(p.text for p in document.paragraphs if "Summary 1\n" in p.text)
    assert contents.split("\n")[:2] == ["Summary 1", "    Findings"]


def test_markdown_of_many_nests_its_headings() -> None:
    made = formats.to_bytes(batch(), ".md").decode()
    assert [line for line in made.splitlines() if line.startswith(("# ", "## "))][:2] == ["# A quarter", "## Shade studies"]
    assert "⚠ bad.pdf: “bad.pdf” is broken. Mend it." in made.replace("\\", "")


def test_json_of_a_batch_has_the_shape_of_the_contract() -> None:
    made = json.loads(formats.to_bytes(batch(), ".json"))
    assert {"id", "state", "documents", "table", "usage"} <= set(made)
    assert made["state"] == "partial"
    assert set(made["documents"][0]) == {"document", "state", "error", "summary"}
    assert made["documents"][1]["error"]["code"] == "damaged"
    assert made["documents"][0]["summary"] == "s1"
    assert {"columns", "rows"} <= set(made["table"])
    assert len(json.loads(formats.to_bytes(volume(many()), ".json"))["summaries"]) == 3


def test_lists_of_references_hold_each_document() -> None:
    bib = pybtex.database.parse_string(formats.to_bytes(volume(many()), ".bib").decode(), "bibtex")
    assert list(bib.entries) == ["tree", "tree-2", "tree-3"]
    assert len(rispy.loads(formats.to_bytes(volume(many()), ".ris").decode())) == 3


def test_a_zip_holds_a_file_each_and_an_index_and_is_the_same_each_time() -> None:
    content = formats.to_bytes(volume(many()), ".zip")
    archive = ZipFile(BytesIO(content))
    assert archive.namelist() == ["index.csv", "shade.md", "shade (2).md", "shade (3).md"]
    assert archive.testzip() is None
    index = list(csv.reader(StringIO(archive.read("index.csv").decode("utf-8-sig"), newline="")))
    assert [row[0] for row in index[1:]] == archive.namelist()[1:]
    assert index[1][:5] == ["shade.md", "Summary 1", "shade.pdf", "4", "2"]
    assert formats.to_bytes(volume(many()), ".zip") == content


@pytest.mark.parametrize("inner", [".docx", ".xlsx", ".pdf", ".json"])
def test_a_zip_can_hold_files_of_another_format(tmp_path: Path, inner: str) -> None:
    formats.export_many(tmp_path / f"all{inner}.zip", many(2))
    names = ZipFile(tmp_path / f"all{inner}.zip").namelist()
    assert names == ["index.csv", f"shade{inner}", f"shade (2){inner}"]
    assert ZipFile(BytesIO(formats.to_bytes(volume(many(2)), ".zip", inner=inner))).namelist() == names


def test_a_zip_has_only_safe_names_and_no_two_alike() -> None:
    names = ZipFile(BytesIO(formats.to_bytes(volume([hostile(text) for text in HOSTILE]), ".zip"))).namelist()
    assert len({name.casefold() for name in names}) == len(HOSTILE) + 1
    assert not [name for name in names if "/" in name or "\\" in name or name.startswith(".")]


def test_a_file_is_the_same_each_time(ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = formats.to_bytes(batch(), ending)
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(2_000_000_000))
    assert formats.to_bytes(batch(), ending) == first


def test_two_tables_in_one_workbook_have_sheets_of_their_own() -> None:
    book = openpyxl.load_workbook(BytesIO(formats.to_bytes(volume([table(), table()]), ".xlsx")))
    assert [name for name in book.sheetnames if name.startswith("Table")] == ["Table", "Table 2"]


def test_a_report_without_documents_names_the_formats_that_are_possible() -> None:
    lonely = volume([talk(), talk()])
    assert ".bib" in formats.possible(lonely)
    bare = talk().__class__(name="x", title="x", language="en")
    with pytest.raises(WrongUse, match=r"refers to no document.*\.md \.docx \.xlsx \.pdf \.csv \.json \.zip"):
        formats.to_bytes(bare, ".bib")


def test_a_large_pdf_is_set_in_parts_and_keeps_its_text_contents_and_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kimi_docs.export.typeset._PART_WEIGHT", 40)
    with pypdfium2.PdfDocument(formats.to_bytes(volume(many(5)), ".pdf")) as pdf:
        text = "".join(page.get_textpage().get_text_range() for page in pdf)
        titles = [entry.get_title() for entry in pdf.get_toc()]
        assert [f"Summary {number}" in titles for number in range(1, 6)] == [True] * 5
        assert pdf[len(pdf) - 1].get_textpage().get_text_range().split()[-1] == str(len(pdf))
    assert text.count("pays rent") >= 5
    assert "20. " in text
