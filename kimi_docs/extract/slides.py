"""PowerPoint (pptx) → one page per slide: title, text, tables, charts, and the speaker's notes."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from kimi_docs.domain.text import BlockKind, Extraction, HiddenKind, Notice, PageKind, PageState
from kimi_docs.extract.build import Builder, Mark, tidy
from kimi_docs.extract.chart import chart_text
from kimi_docs.extract.package import Element, Package, Relation, attribute, child, damaged
from kimi_docs.extract.properties import properties
from kimi_docs.extract.slides_walk import Piece, Shapes, paragraphs
from kimi_docs.extract.word import listed
from kimi_docs.language import say

EXTRACTOR = "slides-1"


def read(path: Path, document_id: str, *, password: str = "") -> Extraction:  # noqa: ARG001 - encrypted files end at intake
    """Raises: Damaged, NoText, TooLarge."""
    builder = Builder(document_id, EXTRACTOR)
    with Package(path) as package:
        main = package.main_part("ppt/presentation.xml")
        root = package.tree(main)
        if root is None:
            raise damaged()
        pictures = 0
        for number, part in enumerate(_slides(package, main, root), 1):
            slide = package.optional(part)
            if slide is None:
                builder.notice(Notice(code="failed_slide", message=say("This slide is damaged and was not read."), page=number))
            if attribute(slide, "show") in {"0", "false"}:
                builder.notice(Notice(code="hidden_slide", message=say("This slide is hidden in the presentation."), page=number))
            pictures += _add(builder, package, part, slide)
        about = properties(package)
    if pictures:
        message = say("Text in the pictures of this document was not read (pictures: {count}).", count=pictures)
        builder.notice(Notice(code="pictures", message=message))
    return builder.finish(title=about.pop("title", "") or builder.first_label, metadata=about)


def _slides(package: Package, main: str, root: Element) -> list[str]:
    """The parts of the slides in the order they are shown."""
    relations = package.relations(main)
    ids = [_relation_id(entry) for entry in _entries(root)]
    found = [relations[id].target for id in ids if id in relations]
    return found or sorted((r.target for r in relations.values() if r.kind == "slide"), key=lambda name: (len(name), name))


def _entries(root: Element) -> list[Element]:
    listed = child(root, "sldIdLst")
    return list(listed) if listed is not None else []


def _relation_id(element: Element) -> str:
    """`r:id`, which stands beside an `id` without a namespace."""
    return next((str(value) for key, value in element.attrib.items() if key.endswith("}id")), "")


def _add(builder: Builder, package: Package, part: str, slide: Element | None) -> int:
    """One slide as the next page; how many pictures it has."""
    relations = package.relations(part)
    shapes = Shapes(lambda id: _related(package, relations.get(id)))
    pieces = shapes.pieces(_tree(slide))
    pieces += [Piece(text=text) for text in _notes(package, relations)]
    text, marks = "", list[Mark]()
    for piece in pieces:
        shown = tidy(piece.text)
        if piece.kind is not BlockKind.PARAGRAPH:
            marks.append((piece.kind, len(text), len(text) + len(shown), int(piece.title)))
        text += shown + "\n\n"
    title = next((piece.text for piece in pieces if piece.title), "")
    text = text[:-1]
    builder.add(text, kind=PageKind.SLIDE, label=title, marks=marks, state=PageState.FAILED if slide is None else None)
    builder.hidden += listed(((HiddenKind.MARKED, text) for text in shapes.hidden), len(builder))
    return shapes.pictures


def _tree(slide: Element | None) -> Element | None:
    return child(child(slide, "cSld"), "spTree")


def _related(package: Package, relation: Relation | None) -> str:
    """The text of a chart or of a diagram's nodes."""
    if relation is None:
        return ""
    root = package.optional(relation.target)
    if relation.kind == "chart":
        return chart_text(root)
    if relation.kind == "diagramData" and root is not None:
        nodes = (paragraphs(child(node, "t")) for node in root.iter("{*}pt"))
        return "\n".join(text for text in nodes if text.strip())
    return ""


def _notes(package: Package, relations: Mapping[str, Relation]) -> Iterator[str]:
    """What the speaker wrote below the slide."""
    for relation in relations.values():
        if relation.kind == "notesSlide":
            tree = _tree(package.optional(relation.target))
            for shape in tree.iter("{*}sp") if tree is not None else ():
                holder = next((found for found in shape.iter("{*}ph")), None)
                if attribute(holder, "type") == "body":
                    text = paragraphs(child(shape, "txBody"))
                    if text.strip():
                        yield f"Notes: {text}"
