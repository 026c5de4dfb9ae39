"""Sheets that follow one another → the running text of each, as far as it can be told without the sheets before and after them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kimi_docs.domain.text import BlockKind
from kimi_docs.extract.build import Mark
from kimi_docs.extract.hidden import ordering
from kimi_docs.extract.pdf_margins import REACH, Edges, margins
from kimi_docs.extract.pdf_outline import Entry, headings, tall
from kimi_docs.extract.pdf_page import Sheet, removals
from kimi_docs.extract.pdf_text import Range, composed
from kimi_docs.extract.quality import garbled, implausible

Contents = Mapping[int, Sequence[Entry]]
"""The entries of the outline by the page they lead to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """The running text of a page."""

    text: str

    tables: Sequence[Range]
    """Where they stand in the text."""

    garbled: bool
    """It is no readable text."""

    ordering: bool
    """It may hold an order to a model."""

    headings: Sequence[Mark]
    """Those that can be told without other pages."""

    def marks(self, sheet: Sheet, rank: Mapping[float, int]) -> list[Mark]:
        """Its headings and tables. Where there is no outline, headings are told by how high they are written too."""
        named = {mark[1]: mark for mark in self.headings}
        if rank:
            levels = {line: rank[height] for line, height in sheet.heights.items() if height in rank}
            named = {mark[1]: mark for mark in tall(self.text, levels)} | named
        found = [mark for mark in named.values() if not any(start <= mark[1] < end for start, end in self.tables)]
        found += [(BlockKind.TABLE, start, end, 0) for start, end in self.tables]
        return sorted(found, key=lambda mark: mark[1])


def running(sheet: Sheet, index: int, edges: Sequence[Edges], place: int, contents: Contents) -> Running:
    """Page `index` of the document, whose edges are at `place` among `edges`; `REACH` of them before and after it are looked at."""
    removed, given = removals(sheet, margins(edges, place))
    text, tables = composed(sheet.raw or "", removed, given)
    return Running(
        text=text,
        tables=tables,
        garbled=bool(text.strip()) and (garbled(text) or (sheet.layer and implausible(text))),
        ordering=ordering(text),
        headings=list(headings(text, contents.get(index, ()))),
    )


def run_of(sheets: Sequence[Sheet], pages: range, count: int, contents: Contents) -> list[Running | None]:
    """Those of the `pages` of a document of `count`, None where a margin can only be told by a page that is not among them."""
    edges = [sheet.edges for sheet in sheets]
    first = pages.start + REACH if pages.start else 0
    end = pages.stop - REACH if pages.stop < count else count
    return [
        running(sheet, index, edges, place, contents) if first <= index < end else None
        for place, (index, sheet) in enumerate(zip(pages, sheets, strict=True))
    ]
