"""Text → its lines, each with what it is: prose, heading, list item, table row, or something nobody reads."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import takewhile

from kimi_docs.domain.text import Block, BlockKind, Page, Span
from kimi_docs.local.shapes import AMOUNT, BOILERPLATE, CITING, CONTENTS, DATE, KNOWN_HEADINGS, REFERENCES
from kimi_docs.local.tokens import CJK, is_cjk
from kimi_docs.local.words import ENGLISH_STOP


class Kind(Enum):
    PROSE = auto()
    HEADING = auto()
    ITEM = auto()
    TABLE = auto()
    BLANK = auto()
    DROPPED = auto()  # furniture, contents, references, addresses


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """`start` and `end` leave out white space and the mark of a list item or heading."""

    start: int
    end: int
    kind: Kind
    block: int = -1

    @property
    def span(self) -> Span:
        return Span(start=self.start, end=self.end)


_LINE = re.compile(r"[^\r\n\f\v\u2028\u2029]*(?:\r\n|[\r\n\f\v\u2028\u2029])|[^\r\n\f\v\u2028\u2029]+")
_NUMBERED = re.compile(
    rf"(?:(?:\d{{1,2}}\.){{0,3}}\d{{1,2}}\.?|[IVX]{{1,5}}\.|[A-Z]\.\d?|(?:Chapter|Section|Part|Article|Appendix)\s+\w{{1,4}}[.:]?)\s+[A-Z{CJK}]"
    r"|第[一二三四五六七八九十百零\d]{1,4}[章节篇部编]|[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十]{1,3}[)）]"
)
_ITEM = re.compile(r"(?:[•●▪■◆◦‣·○*–—-]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})\)|（\d{1,2}）|[①-⑳]|\d{1,2}[.、](?=[\s【（(“]))\s*")
_MARKDOWN = re.compile(r"#{1,6}\s+|>\s+")
_SPEAKER = re.compile(rf"(?:[A-Z][\w.'-]*(?: [A-Z][\w.'-]*){{0,3}}|[{CJK}]{{2,6}}\d?)\s?[:：]\s?\S")
_LEADER = re.compile(r"(?:\.\s?){4,}\s*\w{0,5}$|…{2,}\s*\d*$|·{4,}\s*\d*$")
_PAGE_NUMBER = re.compile(
    r"(?:page\s*)?[-–—\s]*(?:\d{1,4}|[ivxlc]{1,6})[-–—\s]*(?:(?:of|/)\s*\d{1,4})?|第\s*\d+\s*页.{0,8}", re.IGNORECASE
)
_COLUMNS = re.compile(r"\t|(?<!\s)\s{3,}+\S++\s{3}|\|.*\|| \| |(?<!\.)\.{6,}+\s?\S{0,3}\s?\d")
_NUMBER_CELL = re.compile(r"[-+±(]?[$€£¥]?\d[\d.,:/]*[%)*†]*|[-–—]+|N/?A", re.IGNORECASE)
_COUNTER = re.compile(rf"(?P<date>{DATE})|(?<![\d.,:/-])\d{{1,4}}(?:[/-]\d{{1,3}})?(?!\d|[.,:/-]\d)", re.IGNORECASE)
_FULL_STOP = re.compile(r"[.!?。！？][\"'”’」』)）]*$")
_END = re.compile(r"[.!?。！？;；:：,，、…][\"'”’」』)）\]]*$")


def lines(
    text: str, *, pages: Sequence[Page] = (), blocks: Sequence[Block] = (), title: str = "", everything: bool = False
) -> list[Line]:
    """Every line of the text. A page border ends a line's paragraph by a blank line of no length.

    `everything`: only what stands beside the text is marked as dropped; addresses and back matter are lines like others.
    """
    furniture = _furniture(text, pages)
    borders = {page.span.start for page in pages[1:]}
    known = sorted(blocks, key=lambda block: block.span.start)
    starts = [block.span.start for block in known]
    found: list[Line] = []
    for start, end in _raw_lines(text, borders):
        if start in borders:
            found.append(Line(start=start, end=start, kind=Kind.BLANK))
        place = bisect_right(starts, _skip_space(text, start, end)) - 1
        inside = place >= 0 and start < known[place].span.end
        block = known[place] if inside else None
        line = _line(text, start, end, block, place if inside else -1, start in furniture, everything)
        if title and line.kind == Kind.PROSE and text[line.start : line.end] in title and line.end - line.start > 5:
            line = Line(start=line.start, end=line.end, kind=Kind.HEADING, block=line.block)
        found.append(line)
    return found if everything else _without_back_matter(text, found)


def _raw_lines(text: str, borders: set[int]) -> Iterator[tuple[int, int]]:
    ordered = sorted(borders)
    for match in _LINE.finditer(text):
        start, end = match.span()
        for border in ordered[bisect_right(ordered, start) : bisect_right(ordered, end - 1)]:
            yield start, border
            start = border
        yield start, end


def _skip_space(text: str, start: int, end: int) -> int:
    while start < end and text[start].isspace():
        start += 1
    return start


def _line(text: str, start: int, end: int, block: Block | None, number: int, furniture: bool, everything: bool) -> Line:
    start = _skip_space(text, start, end)
    while end > start and text[end - 1].isspace():
        end -= 1
    if start == end:
        return Line(start=start, end=end, kind=Kind.BLANK)
    content = text[start:end]
    if (
        furniture
        or _PAGE_NUMBER.fullmatch(content)
        or _LEADER.search(content[-200:])
        or (not everything and len(content) < 200 and BOILERPLATE.search(content))
    ):
        return Line(start=start, end=end, kind=Kind.DROPPED, block=number)
    if mark := _MARKDOWN.match(content):
        heading = content.startswith("#")
        return Line(start=start + mark.end(), end=end, kind=Kind.HEADING if heading else Kind.PROSE, block=number)
    if block is not None and block.kind in (BlockKind.HEADING, BlockKind.TABLE):
        kind = Kind.HEADING if block.kind == BlockKind.HEADING else Kind.TABLE
        return Line(start=start, end=end, kind=kind, block=number)
    if is_row(content):
        return Line(start=start, end=end, kind=Kind.TABLE, block=number)
    if is_heading(content):
        return Line(start=start, end=end, kind=Kind.HEADING, block=number)
    if (mark := _ITEM.match(content)) and mark.end() < len(content):
        return Line(start=start + mark.end(), end=end, kind=Kind.ITEM, block=number)
    kind = Kind.ITEM if _SPEAKER.match(content) else Kind.PROSE
    return Line(start=start, end=end, kind=kind, block=number)


def is_heading(content: str) -> bool:
    """Numbered, a name every paper uses, or short capitals; never something that ends like a sentence."""
    if len(content) > 90 or _END.search(content):
        return bool(KNOWN_HEADINGS.fullmatch(content))
    if KNOWN_HEADINGS.fullmatch(content) or REFERENCES.fullmatch(content) or CONTENTS.fullmatch(content):
        return True
    numbered = _NUMBERED.match(content)
    if numbered:
        return len(content) <= (40 if content[-1] > "\u3000" else 80)
    letters = [c for c in content if c.isalpha()]
    return len(letters) >= 4 and len(content) < 70 and all(c.isupper() for c in letters) and content.isascii()


def is_row(content: str) -> bool:
    """Columns set apart, or mostly numbers."""
    if _COLUMNS.search(content):
        return True
    cells = content.split()
    numbers = sum(bool(_NUMBER_CELL.fullmatch(cell)) for cell in cells)
    return len(cells) >= 3 and numbers >= 0.5 * len(cells)


def _furniture(text: str, pages: Sequence[Page]) -> set[int]:
    """The starts of the lines that stand at the head or foot of several pages, page numbers aside. An amount is none."""
    seen: Counter[str] = Counter()
    edges: list[tuple[str, int]] = []
    for page in pages if len(pages) >= 3 else ():
        all_lines = [m for m in _LINE.finditer(text, page.span.start, page.span.end) if m.group().strip()]
        ends = [(m.start(), m.group().strip()) for m in all_lines[:2] + all_lines[-2:] if len(m.group()) < 200]
        edge = {start: _masked(content) for start, content in ends if not AMOUNT.search(content)}
        seen.update({key for key in edge.values() if len(key) < 150})
        edges.extend((key, start) for start, key in edge.items())
    least = max(3, len(pages) // 8)
    return {start for key, start in edges if seen[key] >= least}


def _masked(content: str) -> str:
    """The line without what may be the number of a page; a date or a long number sets lines apart."""
    return _COUNTER.sub(lambda found: found["date"] or "#", content)


def _without_back_matter(text: str, found: list[Line]) -> list[Line]:
    """Drop what stands under “References”, “Acknowledgements” or “Contents” until another heading or prose."""
    kept: list[Line] = []
    name = ""
    for number, line in enumerate(found):
        content = text[line.start : line.end]
        if line.kind == Kind.HEADING or REFERENCES.fullmatch(content):
            name = _back_matter(content)
        elif name and line.kind in (Kind.PROSE, Kind.ITEM) and _prose_again(text, found, number, name):
            name = ""
        drop = name and line.kind != Kind.BLANK
        kept.append(Line(start=line.start, end=line.end, kind=Kind.DROPPED, block=line.block) if drop else line)
    return kept


def _back_matter(content: str) -> str:
    """The name of the heading, if what stands under it is nothing to summarize."""
    name = re.sub(r"^[\d.\s]+", "", content)
    return name if REFERENCES.fullmatch(name) or CONTENTS.fullmatch(name) else ""


def _prose_again(text: str, found: list[Line], number: int, name: str) -> bool:
    """Whether a paragraph of sentences begins here, after the contents even a line."""
    contents = bool(CONTENTS.fullmatch(name))
    if contents and _clearly_prose(text[found[number].start : found[number].end]):
        return True
    begins = number > 1 and found[number - 1].kind == Kind.BLANK and (contents or not _before(text, found, number))
    return begins and _clearly_prose(" ".join(text[line.start : line.end] for line in _paragraph(found, number)))


def _before(text: str, found: list[Line], number: int) -> str:
    """The line before the blank one: a paragraph that follows the heading at once belongs to it."""
    return _back_matter(text[found[number - 2].start : found[number - 2].end])


def _paragraph(found: list[Line], number: int) -> list[Line]:
    return list(takewhile(lambda line: line.kind in (Kind.PROSE, Kind.ITEM), found[number : number + 40]))


def _clearly_prose(content: str) -> bool:
    """Ends as a sentence, has the small words of one, and nothing of a reference or of thanks."""
    if not _FULL_STOP.search(content) or CITING.search(content):
        return False
    if is_cjk(content):
        return len(content) >= 15
    found = re.findall(r"[a-z]+", content.lower())
    return len(found) >= 7 and sum(word in ENGLISH_STOP for word in found) >= 0.3 * len(found)
