"""Report → a Word document: real headings, and every citation a footnote with quote, page and verdict."""

from typing import BinaryIO

import docx
from docx.document import Document as WordDocument
from docx.oxml.ns import qn
from docx.shared import RGBColor
from docx.text.paragraph import Paragraph

from kimi_docs.export import words
from kimi_docs.export.footnotes import Footnotes
from kimi_docs.export.plain import one_line
from kimi_docs.export.report import Fact, Part, Report, Source, Statement
from kimi_docs.export.shapes import claim_mark
from kimi_docs.export.words import Standing
from kimi_docs.language import translate

_EAST_ASIAN_FONT = "Microsoft YaHei"
_COLOURS = {Standing.CLOSE: RGBColor(0x8A, 0x5A, 0x00), Standing.UNVERIFIED: RGBColor(0xB0, 0x00, 0x20)}


def write(report: Report, out: BinaryIO) -> None:
    document = docx.Document()
    _describe(document, report)
    notes = Footnotes(document)
    _set_fonts(document, report.language)
    document.add_paragraph(one_line(report.title), style="Title")
    for caution in report.cautions:
        document.add_paragraph(style="Intense Quote").add_run(f"{words.CAUTION} {one_line(caution)}")
    _facts(document, report.facts)
    for part in report.parts:
        _part(document, notes, part, report.language)
    document.add_paragraph(translate("Receipt", report.language), style="Heading 1")
    _facts(document, report.receipt)
    notes.save()
    document.save(out)


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


def _facts(document: WordDocument, facts: tuple[Fact, ...]) -> None:
    if not facts:
        return
    table = document.add_table(rows=0, cols=2, style="Table Grid")
    for fact in facts:
        label, value = table.add_row().cells
        label.text = one_line(fact.label)
        value.text = one_line(words.shown(fact.value))
    document.add_paragraph()


def _part(document: WordDocument, notes: Footnotes, part: Part, language: str) -> None:
    if part.title:
        document.add_paragraph(one_line(part.title), style="Heading 1")
    if part.remark:
        document.add_paragraph().add_run(one_line(part.remark)).italic = True
    for statement in part.statements:
        _statement(document.add_paragraph(style="List Bullet"), notes, statement, language)


def _statement(paragraph: Paragraph, notes: Footnotes, statement: Statement, language: str) -> None:
    paragraph.add_run(one_line(statement.text))
    for mark in claim_mark(statement.standing, language):
        run = paragraph.add_run(f" {mark}")
        run.bold, run.font.color.rgb = True, _COLOURS[statement.standing]
    for source in statement.sources:
        notes.add(paragraph, _note(source, language))


def _note(source: Source, language: str) -> str:
    rest = [source.place, source.document, words.verdict(source.verdict, language)]
    return one_line(f"{words.quoted(source.quote)} — " + " · ".join(text for text in rest if text))
