"""Elements of a Word part → paragraphs and tables in document order, each text once."""

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from kimi_docs.domain.text import BlockKind, HiddenKind
from kimi_docs.extract.equation import linear
from kimi_docs.extract.package import Element, attribute, child, local
from kimi_docs.extract.sections import Paragraph
from kimi_docs.extract.word_numbers import Numbers
from kimi_docs.extract.word_styles import TITLE, Look, Styles, look_of

_SKIPPED_NAMES = (
    "pPr rPr tblPr tblGrid trPr tcPr sdtPr sdtEndPr sectPr del moveFrom delText instrText delInstrText rt rubyPr fldData "
    "oMathParaPr fPr naryPr radPr dPr sSubPr sSupPr ctrlPr proofErr bookmarkStart bookmarkEnd annotationRef"
)
_SKIPPED = frozenset(_SKIPPED_NAMES.split())
_WORDS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}


_MOST_COLUMNS = 63
_MINUTE = 4
"""Half points: letters of two points are a hair high."""
_WHITE = re.compile("(?:F[0-9A-F]){3}", re.IGNORECASE)
_Found = TypeVar("_Found")


class Walk:
    """One document's walk; counts what it leaves out."""

    def __init__(self, styles: Styles, numbers: Numbers) -> None:
        self._styles = styles
        self._numbers = numbers
        self.title = ""
        self.hidden: list[tuple[HiddenKind, str]] = []
        self.deleted = 0
        self.pictures = 0
        self._boxes: list[Element] = []
        self._on_colour = False
        self._look = Look()

    def blocks(self, parent: Element) -> Iterator[Paragraph]:
        """Paragraphs and tables below an element; what merely wraps them (content controls, insertions) is looked through."""
        for element in parent:
            name = local(element)
            if name == "p":
                yield from self._paragraph(element)
            elif name == "tbl":
                yield from self._table(element)
            elif name == "AlternateContent":
                chosen = _alternative(element)
                if chosen is not None:
                    yield from self.blocks(chosen)
            elif name not in _SKIPPED:
                yield from self.blocks(element)
            elif name in {"del", "moveFrom"}:
                self.deleted += 1

    def notes(self, root: Element | None) -> Iterator[str]:
        """The texts of footnotes, endnotes or comments (the separators Word keeps among them have none)."""
        for note in root if root is not None else ():
            if not attribute(note, "type") or attribute(note, "type") == "normal":
                text = "\n".join(block.text.strip() for block in self.blocks(note) if block.text.strip())
                if text:
                    yield text

    def _paragraph(self, element: Element) -> Iterator[Paragraph]:
        properties = child(element, "pPr")
        self._look = self._styles.look(attribute(child(properties, "pStyle"), "val"))
        text = self._upon(self._inline, element, child(properties, "shd") is not None)
        boxes, self._boxes = self._boxes, []
        level = self._styles.level(properties) if text.strip() else 0
        if level == TITLE:
            self.title = self.title or " ".join(text.split())
            level = 1
        label = self._label(properties) if text.strip() else ""
        if level:
            text = " ".join(text.split())
            yield Paragraph(text=f"{label} {text}" if label.strip("-") else text, kind=BlockKind.HEADING, level=level)
        elif text.strip() and (label or self._styles.listed(properties)):
            yield Paragraph(text=f"{label or '-'} {text.strip()}", kind=BlockKind.LIST)
        else:
            yield Paragraph(text=text)
        for box in boxes:
            yield from self._upon(lambda box: list(self.blocks(box)), box, True)

    def _upon(self, read: Callable[[Element], _Found], element: Element, coloured: bool) -> _Found:
        """Read an element whose ground may have a colour: white letters may well be seen there."""
        before, self._on_colour = self._on_colour, self._on_colour or coloured
        try:
            return read(element)
        finally:
            self._on_colour = before

    def _label(self, properties: Element | None) -> str:
        """The number or bullet that Word draws before a paragraph."""
        list_id, level, style = self._styles.place(properties)
        if not list_id:
            return ""
        return self._numbers.label(list_id, self._numbers.level_of(list_id, style) if level is None else level)

    def _table(self, element: Element) -> Iterator[Paragraph]:
        rows = [" | ".join(self._cells(row)) for row in _inside(element, "tr")]
        text = "\n".join(row.rstrip() for row in rows if row.strip(" |"))
        boxes, self._boxes = self._boxes, []
        if text:
            yield Paragraph(text=text, kind=BlockKind.TABLE)
        for box in boxes:
            yield from self.blocks(box)

    def _cells(self, row: Element) -> list[str]:
        """The cells of a row; where one spans several columns empty ones follow it, so that the next stays below its header."""
        cells, owed = list[str](), _count(child(row, "trPr"), "gridBefore")
        for cell in _inside(row, "tc"):
            cells += [*[""] * owed, self._upon(self._cell, cell, True)]
            owed = _count(child(cell, "tcPr"), "gridSpan") - 1
        return cells

    def _cell(self, cell: Element) -> str:
        """A cell in one line. A table in it becomes `a, b; c, d`."""
        parts: list[str] = []
        for block in self.blocks(cell):
            text = block.text.strip()
            if block.kind is BlockKind.TABLE:
                text = "; ".join(line.replace(" | ", ", ") for line in text.split("\n"))
            if text:
                parts.append(" ".join(text.split()))
        return " ".join(parts)

    def _inline(self, parent: Element) -> str:
        """The characters below a paragraph; text boxes are set aside and follow it."""
        parts: list[str] = []
        for element in parent:
            name = local(element)
            if name == "t":
                parts.append(element.text or "")
            elif name in _WORDS:
                parts.append(_WORDS[name])
            elif name == "r":
                parts.append(self._run(element))
            elif name == "oMath":
                parts.append(linear(element))
            elif name == "txbxContent":
                self._boxes.append(element)
            elif name in {"blip", "imagedata"}:
                self.pictures += 1
            elif name == "AlternateContent":
                chosen = _alternative(element)
                parts.append(self._inline(chosen) if chosen is not None else "")
            elif name in {"del", "moveFrom"}:
                self.deleted += 1
            elif name not in _SKIPPED:
                parts.append(self._inline(element))
        return "".join(parts)

    def _run(self, run: Element) -> str:
        text = self._inline(run)
        kind = self._hidden_kind(child(run, "rPr")) if text.strip() else None
        if kind is None:
            return text
        self.hidden.append((kind, text))
        return ""

    def _hidden_kind(self, properties: Element | None) -> HiddenKind | None:
        """Why nobody sees letters of these properties, in their styles."""
        styled = self._styles.look(attribute(child(properties, "rStyle"), "val")).over(self._look)
        look = look_of(properties).over(styled)
        if look.vanishes:
            return HiddenKind.MARKED
        if look.half_points.isdigit() and int(look.half_points) <= _MINUTE:
            return HiddenKind.TINY
        grounded = self._on_colour or look.grounded
        return HiddenKind.COLOUR if _WHITE.fullmatch(look.colour) and not grounded else None


def _inside(parent: Element, name: str) -> Iterator[Element]:
    """Rows of a table or cells of a row, content controls looked through."""
    for element in parent:
        found = local(element)
        if found == name:
            yield element
        elif found in {"sdt", "sdtContent", "customXml", "ins", "moveTo"}:
            yield from _inside(element, name)


def _count(properties: Element | None, name: str) -> int:
    """How many columns a property says."""
    said = attribute(child(properties, name), "val")
    return min(int(said), _MOST_COLUMNS) if said.isdigit() and len(said) < 6 else 0


def _alternative(element: Element) -> Element | None:
    """The one branch that is read of several that show the same."""
    choices = [branch for branch in element if local(branch) == "Choice"]
    return choices[0] if choices else child(element, "Fallback")
