"""Files made to hurt → an error of ours or harmless text, whatever the format."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from kimi_docs.domain.document import Document
from kimi_docs.errors import DocumentError
from kimi_docs.extract.formats import reader
from kimi_docs.extract.sandbox import Pool
from kimi_docs.intake import take

from . import made

MAX = 50 * 1024**2
CANARY = "CANARY-5f1c"
BOMB = "<!ENTITY a 'expanded'>" + "".join(
    f"<!ENTITY {one} '{f'&{other};' * 10}'>" for one, other in zip("bcdefgh", "abcdefg", strict=True)
)
RELATIONSHIPS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
CELLS = '<row r="1"><c r="A1" t="inlineStr"><is><t>{}</t></is></c></row>'
SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def word(kind: str, text: str) -> bytes:
    body = f"<w:body>{made.paragraph(text)}</w:body>"
    return made.archive({"word/document.xml": f'{kind}<w:document xmlns:w="{made.WORD}">{body}</w:document>'})


def slides(kind: str, text: str) -> bytes:
    spaces = f'xmlns:p="{made.SLIDES}" xmlns:r="{made.RELATIONS}" xmlns:a="{made.DRAWING}"'
    tree = f"<p:cSld><p:spTree>{made.shape(text)}</p:spTree></p:cSld>"
    listed = '<p:sldIdLst><p:sldId r:id="r1"/></p:sldIdLst>'
    return made.archive(
        {
            "ppt/presentation.xml": f"{kind}<p:presentation {spaces}>{listed}</p:presentation>",
            "ppt/_rels/presentation.xml.rels": RELATIONSHIPS.format(made.relation("r1", "slide", "slides/slide1.xml")),
            "ppt/slides/slide1.xml": f"{kind}<p:sld {spaces}>{tree}</p:sld>",
        }
    )


def workbook(kind: str, text: str) -> bytes:
    sheets = '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets>'
    data = f"<sheetData>{CELLS.format(text)}</sheetData>"
    return made.archive(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": RELATIONSHIPS.format(made.relation("r1", "officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": f'{kind}<workbook xmlns="{SPREADSHEET}" xmlns:r="{made.RELATIONS}">{sheets}</workbook>',
            "xl/_rels/workbook.xml.rels": RELATIONSHIPS.format(made.relation("r1", "worksheet", "worksheets/sheet1.xml")),
            "xl/worksheets/sheet1.xml": f'{kind}<worksheet xmlns="{SPREADSHEET}">{data}</worksheet>',
        }
    )


def open_document(kind: str, text: str) -> bytes:
    body = f"<o:body><o:text><t:p>{text}</t:p></o:text></o:body>"
    content = f'{kind}<o:document-content xmlns:o="urn:o" xmlns:t="urn:t">{body}</o:document-content>'
    return made.archive({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content})


def book(kind: str, text: str) -> bytes:
    item = '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>'
    return made.archive(
        {
            "META-INF/container.xml": f'{kind}<container><rootfiles><rootfile full-path="a.opf"/></rootfiles></container>',
            "a.opf": f'{kind}<package><manifest>{item}</manifest><spine><itemref idref="a"/></spine></package>',
            "a.xhtml": page(kind, text),
        }
    )


def page(kind: str, text: str) -> bytes:
    return f"{kind}<html><body><p>{text}</p></body></html>".encode()


FORMATS: dict[str, Callable[[str, str], bytes]] = {
    "docx": word, "pptx": slides, "xlsx": workbook, "odt": open_document, "epub": book, "html": page,
}  # fmt: skip


@pytest.mark.parametrize("format", FORMATS)
def test_the_files_made_here_are_read(tmp_path: Path, format: str) -> None:
    path = tmp_path / f"a.{format}"
    path.write_bytes(FORMATS[format]("", "seen"))
    assert reader(format).read(path, "id").text == "seen\n"


ATTACKS = {
    "a file": ('<!DOCTYPE d [<!ENTITY x SYSTEM "file://{canary}">]>', "seen &x;"),
    "a parameter": ('<!DOCTYPE d [<!ENTITY % p SYSTEM "file://{canary}"> %p;]>', "seen"),
    "an address": ('<!DOCTYPE d [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>', "seen &x;"),
    "a bomb": (f"<!DOCTYPE d [{BOMB}]>", "seen &h;"),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("format", FORMATS)
def test_entities_bring_in_nothing(tmp_path: Path, format: str, attack: str) -> None:
    (tmp_path / "canary").write_text(CANARY)
    kind, text = ATTACKS[attack]
    path = tmp_path / f"a.{format}"
    path.write_bytes(FORMATS[format](kind.format(canary=tmp_path / "canary"), text))
    started = time.monotonic()
    with suppress(DocumentError):
        found = reader(format).read(path, "id").text
        assert CANARY not in found
        assert found.count("expanded") <= 1
    assert time.monotonic() - started < 5


@pytest.mark.corpus
@pytest.mark.skipif(not made.CORPUS.exists(), reason="the shared corpus is not on this machine")
def test_all_hostile_files_that_are_no_pdf_end_well() -> None:
    """The safe behaviour of each: an error of ours or text, never a broken child, never long."""
    paths = sorted(path for path in (made.CORPUS / "hostile").rglob("*") if path.is_file() and path.suffix != ".pdf")

    def outcome(path: Path) -> tuple[str, float]:
        """What it was said to be, and how long that took."""
        started, said = time.monotonic(), "text"
        try:
            intake = take(path, max_bytes=MAX)
            document = Document(id=intake.id, name=intake.name, format=intake.format, bytes=intake.bytes)
            pool.extract(path, document)
        except DocumentError as error:
            said = error.message.text("en")
        return said, time.monotonic() - started

    with Pool(2) as pool, ThreadPoolExecutor(2) as threads:
        outcomes = dict(zip(paths, threads.map(outcome, paths), strict=True))
    assert [path.name for path, (said, seconds) in outcomes.items() if "broke down" in said or seconds > 30] == []
