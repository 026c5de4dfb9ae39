"""Headings → the contents field of a Word document, filled already, which Word brings up to date with its page numbers."""

from collections.abc import Sequence

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.text.paragraph import Paragraph

_FIELD = ' TOC \\o "1-3" \\h \\z \\u '
_MOST = 500
"""Lines written here; Word makes the others when it updates the field."""


def contents(paragraph: Paragraph, headings: Sequence[tuple[int, str]]) -> None:
    """Put the field into the paragraph. It is marked as out of date, so that Word fills in the page numbers."""
    run = paragraph.add_run()
    begin = _character("begin")
    begin.set(qn("w:dirty"), "true")
    instruction = OxmlElement("w:instrText")
    instruction.text = _FIELD
    instruction.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    for element in (begin, instruction, _character("separate")):
        run._r.append(element)
    for number, (level, text) in enumerate(headings[:_MOST]):
        line = paragraph.add_run(f"{'    ' * (level - 1)}{text}")
        if number + 1 < min(len(headings), _MOST):
            line.add_break()
    paragraph.add_run()._r.append(_character("end"))


def _character(kind: str) -> BaseOxmlElement:
    element: BaseOxmlElement = OxmlElement("w:fldChar")
    element.set(qn("w:fldCharType"), kind)
    return element
