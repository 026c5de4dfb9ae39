"""Word files open again with their headings, their text and real footnotes."""

from io import BytesIO
from zipfile import ZipFile

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import qn

from kimi_docs.export.formats import to_bytes
from kimi_docs.export.plain import one_line
from tests.export.examples import HOSTILE, hostile, ordinary, partial, talk


def opened(content: bytes) -> docx.document.Document:
    return docx.Document(BytesIO(content))


def footnotes(content: bytes) -> list[str]:
    root = parse_xml(ZipFile(BytesIO(content)).read("word/footnotes.xml"))
    notes = [note for note in root if note.get(qn("w:type")) is None]
    return ["".join(text.text or "" for text in note.iter(qn("w:t"))).strip() for note in notes]


def test_headings_are_real_and_claims_are_there() -> None:
    document = opened(to_bytes(ordinary(), ".docx"))
    styled = [(p.style.name, p.text) for p in document.paragraphs if p.text]
    assert ("Title", "Shade in cities") in styled
    assert [text for style, text in styled if style == "Heading 1"] == ["Findings", "Receipt"]
    assert [text for style, text in styled if style == "List Bullet"] == [
        "Shade cools streets.",
        "Shade nearly cools. (≈ close wording found)",
        "Shade pays rent. (✗ not verified)",
        "Nobody said this. (✗ not verified)",
    ]
    cells = [cell.text for row in document.tables[0].rows for cell in row.cells]
    assert "2 of 4 claims verified" in cells
    assert document.core_properties.author == "Kimi Docs"


def test_each_citation_is_a_footnote_with_quote_page_and_verdict() -> None:
    content = to_bytes(ordinary(), ".docx")
    notes = footnotes(content)
    assert notes[0] == "“Shade cools streets” — p. 2 · Tree shade · ✓ exact"
    assert notes[3] == "“pays rent” — said to be on p. 9 · Tree shade · ✗ not found"
    references = list(opened(content).element.iter(qn("w:footnoteReference")))
    assert [reference.get(qn("w:id")) for reference in references] == ["1", "2", "3", "4"]


def test_the_footnotes_part_is_declared_once_and_survives_saving_again() -> None:
    content = to_bytes(ordinary(), ".docx")
    parts = ZipFile(BytesIO(content))
    assert parts.namelist().count("word/footnotes.xml") == 1
    assert parts.read("[Content_Types].xml").count(b"/word/footnotes.xml") == 1
    assert parts.read("word/_rels/document.xml.rels").count(b"footnotes.xml") == 1
    settings = parse_xml(parts.read("word/settings.xml"))
    order = [child.tag for child in settings]
    assert order.index(qn("w:footnotePr")) < order.index(qn("w:compat"))
    again = BytesIO()
    opened(content).save(again)
    assert footnotes(again.getvalue()) == footnotes(content)


def test_chinese_text_has_a_font_in_every_style() -> None:
    styles = opened(to_bytes(ordinary(), ".docx")).styles.element
    fonts = list(styles.iter(qn("w:rFonts")))
    assert fonts
    assert all(font.get(qn("w:eastAsia")) and font.get(qn("w:eastAsiaTheme")) is None for font in fonts)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text(text: str) -> None:
    content = to_bytes(hostile(text), ".docx")
    document = opened(content)
    paragraphs = [p.text for p in document.paragraphs]
    assert f"{one_line(text)}" in paragraphs
    assert one_line(text) in footnotes(content)[0]
    fields = document.element.iter(qn("w:hyperlink"), qn("w:instrText"), qn("w:fldSimple"))
    assert [field.text.split()[0] for field in fields] == ["TOC"]
    assert not [rel for rel in document.part.rels.values() if rel.is_external]


def test_a_part_says_so_and_a_session_keeps_its_questions() -> None:
    assert any("only a part" in p.text for p in opened(to_bytes(partial(), ".docx")).paragraphs[:3])
    headings = [p.text for p in opened(to_bytes(talk(), ".docx")).paragraphs if p.style.name == "Heading 1"]
    assert headings == ["What cools?", "Who pays?", "Receipt"]
