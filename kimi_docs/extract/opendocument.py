"""OpenDocument text and slides (odt, odp) → sections or slides, in document order."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from kimi_docs.domain.text import BlockKind, Extraction, HiddenKind, Notice, PageKind
from kimi_docs.extract.build import Builder, Mark, tidy
from kimi_docs.extract.package import Element, Package, attribute, child, damaged, local
from kimi_docs.extract.sections import Paragraph, add_sections
from kimi_docs.extract.word import listed
from kimi_docs.language import say

EXTRACTOR = "opendocument-1"
MAX_REPEATED = 200
"""Repeated cells and rows beyond this are filling."""
_SKIPPED = frozenset(
    ("tracked-changes", "sequence-decls", "forms", "variable-decls", "user-field-decls", "hidden-text", "page-number", "ruby-text")
)

_FAMILIES = {"p": "paragraph", "h": "paragraph", "span": "text"}


def read(path: Path, document_id: str, *, password: str = "") -> Extraction:  # noqa: ARG001 - encrypted files end at intake
    """Raises: Damaged, NoText, TooLarge."""
    builder = Builder(document_id, EXTRACTOR)
    with Package(path) as package:
        root = package.tree("content.xml")
        body = child(root, "body")
        if body is None:
            raise damaged()
        walk = _Walk(_hidden_styles(root, package.optional("styles.xml")))
        slides = child(body, "presentation")
        if slides is not None:
            _add_slides(builder, walk, slides)
        else:
            blocks = list(walk.blocks(body))
            add_sections(builder, (block for block in [*blocks, *walk.apart()] if block.text.strip()))
            builder.hidden += listed((HiddenKind.MARKED, text) for text in walk.hidden)
        about = _metadata(package.optional("meta.xml"))
    if walk.pictures:
        message = say("Text in the pictures of this document was not read (pictures: {count}).", count=walk.pictures)
        builder.notice(Notice(code="pictures", message=message))
    return builder.finish(title=about.pop("title", ""), metadata=about)


def _add_slides(builder: Builder, walk: "_Walk", slides: Element) -> None:
    for slide in slides:
        if local(slide) != "page":
            continue
        text, marks = "", list[Mark]()
        blocks = [block for block in walk.blocks(slide) if block.text.strip()]
        for block in [*blocks, *walk.apart()]:
            if block.kind is not BlockKind.PARAGRAPH:
                marks.append((block.kind, len(text), len(text) + len(block.text), block.level))
            text += block.text + "\n"
        name = attribute(slide, "name")
        label = blocks[0].text.partition("\n")[0] if blocks else name
        builder.add(text, kind=PageKind.SLIDE, label=label[:120], marks=marks)
        builder.hidden += listed(((HiddenKind.MARKED, text) for text in walk.hidden), len(builder))
        walk.hidden.clear()


class _Walk:
    """One document's walk. Footnotes and comments are gathered and come last (`apart`)."""

    def __init__(self, hidden_styles: frozenset[tuple[str, str]] = frozenset()) -> None:
        self.pictures = 0
        self.hidden: list[str] = []
        self._hidden_styles = hidden_styles
        self._notes: list[str] = []
        self._comments: list[str] = []
        self._speaker: list[str] = []

    def apart(self) -> Iterator[Paragraph]:
        """What stands beside the text, once."""
        for label, found in (("Footnotes", self._notes), ("Comments", self._comments)):
            for number, text in enumerate(found, 1):
                yield Paragraph(text=f"[{number}] {text}", fresh=number == 1, label=label if number == 1 else "")
        yield from (Paragraph(text=f"Notes: {text}") for text in self._speaker)
        self._notes, self._comments, self._speaker = [], [], []

    def blocks(self, parent: Element, depth: int = 0) -> Iterator[Paragraph]:
        for element in parent:
            name = local(element)
            if self._is_hidden(element):
                self.hidden.append(" ".join(" ".join(element.itertext()).split()))
            elif name == "h":
                level = attribute(element, "outline-level")
                text = " ".join(self._inline(element).split())
                yield Paragraph(text=text, kind=BlockKind.HEADING, level=min(int(level) if level.isdigit() else 1, 6) or 1)
            elif name == "p":
                yield Paragraph(text=tidy(self._inline(element)).strip())
            elif name == "list":
                yield from self._list(element, depth)
            elif name == "table":
                yield from self._table(element)
            elif name == "notes":
                self._speaker += [text for block in self.blocks(element) if (text := block.text.strip())]
            elif name == "image":
                self.pictures += 1
            elif name not in _SKIPPED:
                yield from self.blocks(element, depth)

    def _is_hidden(self, element: Element) -> bool:
        """By its style, by a field in it, or as a section that is switched off."""
        name = local(element)
        if name == "section":
            display = attribute(element, "display")
            return display == "none" or (display == "condition" and attribute(element, "is-hidden") == "true")
        family = _FAMILIES.get(name)
        if family is None:
            return False
        if (family, attribute(element, "style-name")) in self._hidden_styles:
            return True
        return family == "paragraph" and any(
            local(field) == "hidden-paragraph" and attribute(field, "is-hidden") == "true" for field in element
        )

    def _list(self, element: Element, depth: int) -> Iterator[Paragraph]:
        for item in element:
            for block in self.blocks(item, depth + 1):
                nested = block.kind is BlockKind.LIST
                text = block.text if nested or not block.text.strip() else f"{'  ' * depth}- {block.text}"
                yield Paragraph(text=text, kind=BlockKind.LIST)

    def _table(self, element: Element) -> Iterator[Paragraph]:
        rows = [" | ".join(self._cells(row)).rstrip() for row in _rows(element)]
        text = "\n".join(row for row in rows if row.strip(" |"))
        if text:
            yield Paragraph(text=text, kind=BlockKind.TABLE)

    def _cells(self, row: Element) -> list[str]:
        cells: list[str] = []
        for cell in row:
            if local(cell) in {"table-cell", "covered-table-cell"}:
                text = " ".join(" ".join(block.text.split()) for block in self.blocks(cell)).strip()
                repeated = attribute(cell, "number-columns-repeated")
                cells += [text] * min(int(repeated) if repeated.isdigit() else 1, MAX_REPEATED)
        return cells

    def _inline(self, parent: Element) -> str:
        parts = [parent.text or ""]
        for element in parent:
            name = local(element)
            if name == "span" and self._is_hidden(element):
                self.hidden.append(" ".join(" ".join(element.itertext()).split()))
            elif name == "s":
                count = attribute(element, "c")
                parts.append(" " * min(int(count) if count.isdigit() else 1, 100))
            elif name in {"tab", "line-break"}:
                parts.append("\t" if name == "tab" else "\n")
            elif name == "note":
                parts.append(self._note(element))
            elif name == "annotation":
                self._comments.append(self._said(element))
            elif name in {"text-box", "frame", "object"}:
                parts += [f"\n{block.text}" for block in self.blocks(element)]
            elif name == "image":
                self.pictures += 1
            elif name not in _SKIPPED:
                parts.append(self._inline(element))
            parts.append(element.tail or "")
        return "".join(parts)

    def _note(self, element: Element) -> str:
        self._notes.append(self._said(child(element, "note-body")))
        return f"[{len(self._notes)}]"

    def _said(self, element: Element | None) -> str:
        blocks = self.blocks(element) if element is not None else ()
        return " ".join(" ".join(block.text.split()) for block in blocks)


def _hidden_styles(*roots: Element | None) -> frozenset[tuple[str, str]]:
    """Family and name of the styles whose letters are not displayed, of themselves or inherited."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for root in roots:
        for style in root.iter("{*}style") if root is not None else ():
            display = attribute(child(style, "text-properties"), "display")
            found[attribute(style, "family"), attribute(style, "name")] = display, attribute(style, "parent-style-name")
    return frozenset((family, name) for family, name in found if _display(found, family, name) == "none")


def _display(styles: Mapping[tuple[str, str], tuple[str, str]], family: str, name: str) -> str:
    for _ in range(10):  # styles may inherit in a circle
        display, name = styles.get((family, name), ("", ""))
        if display or not name:
            return display
    return ""


def _rows(table: Element) -> Iterator[Element]:
    for element in table:
        name = local(element)
        if name == "table-row":
            yield element
        elif name in {"table-header-rows", "table-rows", "table-row-group"}:
            yield from _rows(element)


def _metadata(root: Element | None) -> dict[str, str]:
    names = {"title": "title", "creator": "author", "subject": "subject", "date": "modified", "creation-date": "created"}
    entries = root.iter() if root is not None else ()
    found = {names[local(entry)]: " ".join((entry.text or "").split()) for entry in entries if local(entry) in names}
    return {name: text for name, text in found.items() if text}
