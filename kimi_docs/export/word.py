"""Report → a Word document: contents, real headings, and every citation a footnote with quote, page and verdict."""

from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import docx
from docx.document import Document as WordDocument
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.table import CT_Tbl
from docx.shared import RGBColor
from docx.table import Table
from docx.text.paragraph import Paragraph

from kimi_docs.export import words
from kimi_docs.export.contents import contents
from kimi_docs.export.footnotes import Footnotes
from kimi_docs.export.nouns import Fact, Part, Report, Source, Statement
from kimi_docs.export.plain import one_line
from kimi_docs.export.shapes import claim_mark
from kimi_docs.export.words import Standing
from kimi_docs.language import translate

_EAST_ASIAN_FONT = "Microsoft YaHei"
_COLOURS = {Standing.CLOSE: RGBColor(0x8A, 0x5A, 0x00), Standing.UNVERIFIED: RGBColor(0xB0, 0x00, 0x20)}
_DEEPEST = 3


def write(report: Report, out: BinaryIO) -> None:
    document = docx.Document()
    _describe(document, report)
    pen = _Pen(document)
    _set_fonts(document, report.language)
    pen.paragraph("Title", report.title)
    pen.head(report)
    contents(pen.paragraph("Normal"), list(_headings(report)))
    pen.body(report)
    pen.notes.save()
    _save(document, out)


def _save(document: WordDocument, out: BinaryIO) -> None:
    """Without the time of day that python-docx puts on every part: the same report is the same file."""
    made = BytesIO()
    document.save(made)
    with ZipFile(made) as parts, ZipFile(out, "w", ZIP_DEFLATED) as steady:
        for part in parts.infolist():
            steady.writestr(ZipInfo(part.filename), parts.read(part), ZIP_DEFLATED)


def _describe(document: WordDocument, report: Report) -> None:
    properties = document.core_properties
    properties.title, properties.author = one_line(report.title)[:255], "Kimi Docs"
    properties.comments, properties.language = "", report.language


def _set_fonts(document: WordDocument, language: str) -> None:
    """Chinese and Latin text each get a font of their own in every style, also where the template names a theme's."""
    root = document.styles.element
    for fonts in root.iter(qn("w:rFonts")):
        fonts.attrib.pop(qn("w:eastAsiaTheme"), None)
        fonts.set(qn("w:eastAsia"), _EAST_ASIAN_FONT)
    for tongue in root.iter(qn("w:lang")):
        tongue.set(qn("w:eastAsia"), "zh-CN")
        tongue.set(qn("w:val"), "en-US" if language == "en" else language)


def _headings(report: Report, level: int = 1) -> Iterator[tuple[int, str]]:
    """Level and text of each heading, as `_Pen.body` sets them."""
    yield from ((level, one_line(part.title)) for part in report.parts if part.title)
    for chapter in report.chapters:
        yield (level, one_line(chapter.title))
        yield from _headings(chapter, level + 1)
    if level == 1:
        yield (level, translate("Receipt", report.language))


class _Pen:
    """Sets reports into one Word document.

    Styles and the end of the body are looked up once: python-docx searches for them each time, and a long document takes the
    square of its length.
    """

    def __init__(self, document: WordDocument) -> None:
        self._document = document
        self.notes = Footnotes(document)
        self._end, self._width = document.element.body.sectPr, document._block_width
        self._styles = {style.name: style for style in document.styles}

    def paragraph(self, style: str, text: str = "") -> Paragraph:
        made = Paragraph(OxmlElement("w:p"), self._document._body)
        self._end.addprevious(made._p)
        if style != "Normal":
            made._p.get_or_add_pPr().get_or_add_pStyle().val = self._styles[style].style_id
        if text:
            made.add_run(one_line(text))
        return made

    def head(self, report: Report) -> None:
        for caution in report.cautions:
            self.paragraph("Intense Quote", f"{words.CAUTION} {caution}")
        self.facts(report.facts)

    def body(self, report: Report, level: int = 1) -> None:
        for part in report.parts:
            self.part(part, report.language, level)
        for chapter in report.chapters:
            self.paragraph(_heading(level), chapter.title)
            self.head(chapter)
            self.body(chapter, level + 1)
        receipt = translate("Receipt", report.language)
        self.paragraph(_heading(level), receipt) if level == 1 else self.paragraph("Normal", f"{receipt}:")
        self.facts(report.receipt)

    def facts(self, facts: tuple[Fact, ...]) -> None:
        if not facts:
            return
        table = Table(CT_Tbl.new_tbl(len(facts), 2, self._width), self._document._body)
        table._tbl.tblStyle_val = self._styles["Table Grid"].style_id
        self._end.addprevious(table._tbl)
        cells = table._cells
        for number, fact in enumerate(facts):
            cells[2 * number].text = one_line(fact.label)
            cells[2 * number + 1].text = one_line(words.shown(fact.value))
        self.paragraph("Normal")

    def part(self, part: Part, language: str, level: int) -> None:
        if part.title:
            self.paragraph(_heading(level), part.title)
        if part.remark:
            self.paragraph("Normal").add_run(one_line(part.remark)).italic = True
        for statement in part.statements:
            self.statement(self.paragraph("List Bullet"), statement, language)

    def statement(self, paragraph: Paragraph, statement: Statement, language: str) -> None:
        paragraph.add_run(one_line(statement.text))
        for mark in claim_mark(statement.standing, language, statement.unquoted):
            run = paragraph.add_run(f" {mark}")
            run.bold, run.font.color.rgb = True, _COLOURS.get(statement.standing, _COLOURS[Standing.CLOSE])
        for source in statement.sources:
            self.notes.add(paragraph, _note(source, language))


def _heading(level: int) -> str:
    return f"Heading {min(level, _DEEPEST)}"


def _note(source: Source, language: str) -> str:
    rest = [source.place, source.document, words.verdict(source.verdict, language)]
    return one_line(f"{words.quoted(source.quote)} — " + " · ".join(text for text in rest if text))
