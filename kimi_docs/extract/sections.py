"""Paragraphs with heading levels → pages of kind section, cut at headings or at about 3,000 characters."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from kimi_docs.domain.text import BlockKind, PageKind
from kimi_docs.extract.build import Builder, Mark, check_length

CUT_CHARACTERS = 3000
"""Where there are no headings, a section ends at the first paragraph border after this many."""
MOST_CHARACTERS = 6000
"""No section is longer, headings or not."""
CUT_LEVEL = 2
"""Headings down to this level begin a section."""
_GAP = "\n\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Paragraph:
    """`level` 1…6 is a heading's; `fresh` begins a new page whatever stood before (a form feed, the footnotes)."""

    text: str
    kind: BlockKind = BlockKind.PARAGRAPH
    level: int = 0
    fresh: bool = False
    label: str = ""


def add_sections(builder: Builder, paragraphs: Iterable[Paragraph]) -> None:
    """Raises: TooLarge."""
    writer = _Writer(builder)
    for paragraph in paragraphs:
        for piece in _pieces(paragraph):
            writer.take(piece)
    writer.close()


class _Writer:
    """The section being written: its text so far, its blocks, and the path of headings it stands under."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.parts: list[str] = []
        self.marks: list[Mark] = []
        self.length = 0
        self.path: list[str] = []
        self.label = ""
        self.only_headings = True
        self.headed = False
        self.total = 0

    def take(self, paragraph: Paragraph) -> None:
        if self.parts and self._ends_before(paragraph):
            self.close()
        if paragraph.level and not paragraph.fresh:
            self._descend(paragraph)
        if paragraph.label:
            self.path, self.label = [paragraph.label], paragraph.label
        if not self.parts:
            self.label = " › ".join(part for part in self.path if part)
        size = len(paragraph.text)
        if paragraph.kind is not BlockKind.PARAGRAPH:
            self.marks.append((paragraph.kind, self.length, self.length + size, paragraph.level))
        self.only_headings = self.only_headings and bool(paragraph.level)
        self.parts += [paragraph.text, _GAP]
        self.length += size + len(_GAP)
        self.total += size
        check_length(self.total)

    def _ends_before(self, paragraph: Paragraph) -> bool:
        if paragraph.fresh:
            return True
        if 0 < paragraph.level <= CUT_LEVEL and not self.only_headings:
            return True
        most = MOST_CHARACTERS if self.headed else CUT_CHARACTERS
        after = self.length + len(paragraph.text)
        return after > MOST_CHARACTERS or (self.length >= most and not self.only_headings)

    def _descend(self, heading: Paragraph) -> None:
        """Change the path of headings; only those that may begin a section are named in a label."""
        self.headed = True
        if heading.level <= CUT_LEVEL:
            self.path = [*self.path[: heading.level - 1], _name(heading)]
            if self.only_headings:
                self.label = " › ".join(self.path)

    def close(self) -> None:
        if self.parts:
            self.parts[-1] = "\n"
            self.builder.add("".join(self.parts), kind=PageKind.SECTION, label=self.label, marks=self.marks)
        self.parts, self.marks, self.length, self.only_headings = [], [], 0, True


def _name(heading: Paragraph) -> str:
    """A heading in a label: its first line without Markdown's marks."""
    return heading.text.strip().partition("\n")[0].lstrip("# ")[:120]


def _pieces(paragraph: Paragraph) -> Iterable[Paragraph]:
    """A paragraph longer than a section, cut at line ends or else anywhere."""
    text = paragraph.text
    if len(text) <= MOST_CHARACTERS:
        yield paragraph
        return
    fresh, label = paragraph.fresh, paragraph.label
    for piece in split(text, CUT_CHARACTERS):
        yield Paragraph(text=piece, kind=paragraph.kind, fresh=fresh, label=label)
        fresh, label = False, ""


_BREAK = re.compile(r"\n|(?<=[。！？])|(?<=[.!?])\s")


def split(text: str, size: int) -> Iterable[str]:
    """Pieces of at most `size` characters, cut after a line or a sentence where there is one in the second half."""
    start = 0
    while len(text) - start > size:
        breaks = [match.end() for match in _BREAK.finditer(text, start + size // 2, start + size)]
        end = breaks[-1] if breaks else start + size
        piece = text[start:end].rstrip("\n")
        if piece.strip():
            yield piece
        start = end
    if text[start:].strip():
        yield text[start:]
