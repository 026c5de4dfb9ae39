"""Shapes of a slide → their texts in reading order: the title first, then as the author ordered them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kimi_docs.domain.text import BlockKind
from kimi_docs.extract.equation import linear
from kimi_docs.extract.package import Element, attribute, child, local

_TITLES = frozenset(("title", "ctrTitle"))
_MARGINS = frozenset(("dt", "ftr", "sldNum", "hdr"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """The text of one shape."""

    text: str
    kind: BlockKind = BlockKind.PARAGRAPH
    title: bool = False


class Shapes:
    """Walks one slide. `related` gives the text of a chart or diagram by its relation's id. What it cannot name it looks into."""

    def __init__(self, related: Callable[[str], str] = lambda _: "") -> None:
        self._related = related
        self.pictures = 0
        self.hidden: list[str] = []

    def pieces(self, tree: Element | None) -> list[Piece]:
        found = list(self._below(tree)) if tree is not None else []
        return sorted(found, key=lambda piece: not piece.title)

    def _below(self, parent: Element) -> Iterator[Piece]:
        for element in parent:
            name = local(element)
            if _is_hidden(element):
                self.hidden.append("\n".join(paragraphs(body) for body in element.iter("{*}txBody")))
            elif name == "sp":
                yield from self._shape(element)
            elif name == "graphicFrame":
                yield from self._frame(element)
            elif name == "pic":
                self.pictures += 1
            elif name == "AlternateContent":
                yield from self._alternatives(element)
            elif name not in {"nvGrpSpPr", "grpSpPr", "extLst", "cxnSp", "contentPart"}:
                yield from self._below(element)

    def _alternatives(self, element: Element) -> Iterator[Piece]:
        """The first branch that says anything: they show the same."""
        for branch in element:
            found = list(self._below(branch))
            if found:
                yield from found
                return

    def _shape(self, element: Element) -> Iterator[Piece]:
        holder = next((found for found in element.iter("{*}ph")), None)
        kind = attribute(holder, "type")
        text = paragraphs(child(element, "txBody"))
        if text.strip() and kind not in _MARGINS:
            title = kind in _TITLES
            yield Piece(
                text=" ".join(text.split()) if title else text,
                kind=BlockKind.HEADING if title else BlockKind.PARAGRAPH,
                title=title,
            )

    def _frame(self, element: Element) -> Iterator[Piece]:
        table = next(element.iter("{*}tbl"), None)
        if table is not None:
            rows = [[_flat(cell) for cell in row if local(cell) == "tc"] for row in table if local(row) == "tr"]
            text = "\n".join(" | ".join(row) for row in rows if any(row))
            if text:
                yield Piece(text=text, kind=BlockKind.TABLE)
            return
        data = child(child(element, "graphic"), "graphicData")
        for part in data if data is not None else ():
            for name in ("id", "dm"):
                text = self._related(attribute(part, name)) if attribute(part, name) else ""
                if text.strip():
                    yield Piece(text=text, kind=BlockKind.TABLE if local(part) == "chart" else BlockKind.PARAGRAPH)
                    break


def _is_hidden(element: Element) -> bool:
    """Switched off in the list of what is on the slide; what is in a group is off with it."""
    about = next((child(part, "cNvPr") for part in element if local(part).startswith("nv")), None)
    return attribute(about, "hidden") in {"1", "true"}


def paragraphs(body: Element | None) -> str:
    """The lines of a text body; lower levels are set in by two spaces each."""
    lines: list[str] = []
    for paragraph in body.iter("{*}p") if body is not None else ():
        text = "".join(_inline(paragraph)).rstrip()
        if text:
            level = attribute(child(paragraph, "pPr"), "lvl")
            lines.append("  " * min(int(level) if level.isdigit() else 0, 8) + text)
    return "\n".join(lines)


def _inline(parent: Element) -> Iterator[str]:
    for element in parent:
        name = local(element)
        if name == "t":
            yield element.text or ""
        elif name == "br":
            yield "\n"
        elif name == "fld" and attribute(element, "type") == "slidenum":
            continue
        elif name == "oMath":
            yield linear(element)
        elif name == "AlternateContent":
            yield from _inline(next(iter(element), element))
        elif name not in {"pPr", "rPr", "endParaRPr", "p"}:
            yield from _inline(element)


def _flat(cell: Element) -> str:
    """A cell in one line; a cell that another one covers is empty."""
    covered = {attribute(cell, "hMerge"), attribute(cell, "vMerge")} & {"1", "true"}
    return "" if covered else " ".join(paragraphs(child(cell, "txBody")).split())
