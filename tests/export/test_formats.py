"""A file is written whole or not at all, and its name suits every system."""

import errno
import io
import json
from pathlib import Path
from typing import BinaryIO

import docx
import openpyxl
import pypdfium2 as pdfium
import pytest

from kimi_docs.domain.claims import Claim, Section
from kimi_docs.errors import KimiDocsError, WrongUse
from kimi_docs.export import formats, plain, report
from kimi_docs.export.report import Report
from tests.export.examples import DOCUMENT, EXTRACTION, HOSTILE, citation, hostile, ordinary, summary


@pytest.mark.parametrize("ending", formats.FORMATS)
def test_a_file_equals_the_download(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"out{ending.upper()}"
    formats.export_to(path, ordinary())
    assert path.stat().st_size > 200
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    if ending in (".md", ".json"):
        assert path.read_bytes() == formats.to_bytes(ordinary(), ending)


def test_every_format_has_a_media_type() -> None:
    assert set(formats.MEDIA_TYPES) == set(formats.FORMATS)


@pytest.mark.parametrize("ending", [".odt", "", ".md.exe"])
def test_an_unknown_ending_names_the_known_ones(tmp_path: Path, ending: str) -> None:
    with pytest.raises(WrongUse, match=r"\.md \.docx \.xlsx \.pdf \.csv \.json \.bib \.ris \.zip"):
        formats.export_to(tmp_path / f"out{ending}", ordinary())
    assert not list(tmp_path.iterdir())


class CrashError(Exception):
    """What a kill or a fault in the middle of writing looks like from inside."""


def crashing(report: Report, out: BinaryIO) -> None:
    out.write(b"half")
    raise CrashError


def full_disk(report: Report, out: BinaryIO) -> None:
    out.write(b"half")
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(("exporter", "error"), [(crashing, CrashError), (full_disk, KimiDocsError)])
def test_a_failure_leaves_the_old_file_and_no_half_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exporter: formats.Exporter, error: type[Exception]
) -> None:
    path = tmp_path / "out.md"
    path.write_text("old")
    monkeypatch.setattr(formats, "FORMATS", {".md": exporter})
    with pytest.raises(error):
        formats.export_to(path, ordinary())
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["out.md"]


def test_a_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(KimiDocsError, match="could not be written"):
        formats.export_to(tmp_path / "nowhere" / "out.md", ordinary())


@pytest.mark.parametrize("text", HOSTILE)
def test_json_holds_the_text_unchanged(text: str) -> None:
    data = json.loads(formats.to_bytes(hostile(text), ".json"))
    assert data["sections"][0]["claims"][0]["text"] == text
    assert data["document"]["name"] == text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("paper.pdf", "paper.md"),
        ("Bericht v2.1.PDF", "Bericht v2.1.md"),
        ("../../etc/passwd", "_.._etc_passwd.md"),
        ("..\\..\\boot.ini", "_.._boot.ini.md"),
        ("C:\\x\x00y", "C__xy.md"),
        ("CON", "_CON.md"),
        ("com1.txt", "_com1.md"),
        ("nul.tar.pdf", "_nul.tar.md"),
        ("-rf *", "rf _.md"),
        ("evil\u202egnp.exe", "evilgnp.exe.md"),
        ("e\u0301te\u0301.docx", "été.md"),
        ("年度报告：2026？.docx", "年度报告_2026_.md"),
        (" . ", "document.md"),
        ("", "document.md"),
        (".pdf", "document.md"),
        ("a\n\nb\udc80", "a b.md"),
    ],
)
def test_a_download_name_suits_every_system(name: str, expected: str) -> None:
    assert plain.file_name(name, ".md") == expected


@pytest.mark.parametrize("name", ["x" * 5000, "字" * 5000, "👩‍👩‍👧" * 500])
def test_a_download_name_is_short_enough(name: str) -> None:
    assert len(plain.file_name(name, ".docx").encode()) <= 200


def test_a_report_is_named_after_its_document() -> None:
    assert formats.download_name(ordinary(), ".xlsx") == "shade.xlsx"


def read_back(content: bytes, ending: str) -> str:
    """All the text of an export."""
    if ending == ".docx":
        return "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(content)).paragraphs)
    if ending == ".pdf":
        return "\n".join(page.get_textpage().get_text_range() for page in pdfium.PdfDocument(content))
    if ending == ".xlsx":
        book = openpyxl.load_workbook(io.BytesIO(content))
        return "\n".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)
    return content.decode()


@pytest.mark.parametrize("ending", [".md", ".docx", ".xlsx", ".pdf", ".csv", ".json", ".ris"])
def test_numbers_of_a_claim_that_no_quote_says_are_marked_in_every_format(ending: str) -> None:
    claim = Claim(text="Revenue was 90 million.", citations=(citation(),), unquoted=("90",))
    told = report.of_summary(summary(Section(title="Findings", claims=(claim,))), DOCUMENT, EXTRACTION, "en")
    found = " ".join(read_back(formats.to_bytes(told, ending), ending).split())
    assert ('"unquoted": [ "90" ]' if ending == ".json" else "not in the quotes: 90") in found
