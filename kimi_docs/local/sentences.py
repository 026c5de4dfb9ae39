"""Text → sentences as spans of it, English and Chinese, headings beside them and nothing that is not prose."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kimi_docs.domain.text import Block, Page, Span
from kimi_docs.local.lines import Kind, Line, lines
from kimi_docs.local.shapes import AMOUNT, BOILERPLATE
from kimi_docs.local.tokens import CJK, is_cjk
from kimi_docs.local.words import ABBREVIATIONS, ENGLISH_STOP, OPENERS
from kimi_docs.local.workbook import cells

LONGEST_CHARACTERS = 700
"""What is longer is no sentence but a list or a lost table."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """`text` is readable (line breaks and hyphenation repaired); the span is verbatim. `whole`: begins and ends as a sentence.

    `aside`: a heading, a line of the contents or of every page, which names what is said elsewhere.
    """

    span: Span
    text: str
    heading: str = ""
    paragraph: int = 0
    first: bool = False
    whole: bool = True
    aside: bool = False


_STOP = re.compile(r"[。！？]+|…{2,}|[.!?]+")
_CLOSING = "\"'”’」』）)]》"
_LAST_WORD = re.compile(r"[\w.'’-]+$")
_NEXT_WORD = re.compile(r"[\"'“‘(\[]*([A-Za-z]+)")
_HYPHEN = re.compile(r"(?<=\w)[-\u00ad\u2010\ufffe\x02][ \t]*[\r\n]+\s*(?=[a-z])|[\u00ad\x02\ufffe]")
_CJK_GAP = re.compile(rf"(?<=[{CJK}\u3001-\u303f\uff00-\uffef])\s*[\r\n]+\s*(?=[{CJK}\u3001-\u303f\uff00-\uffef])")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\W_]+")
_CODE = re.compile(r"[=;{}<>|\\]")
_ENDS = re.compile(rf"[.!?。！？…;；][{re.escape(_CLOSING)}]*$")
_BEGINS = re.compile(rf"[\"'“‘「『（(\[《【]*[A-Z0-9{CJK}]")


def sentences(text: str, *, pages: Sequence[Page] = (), blocks: Sequence[Block] = (), title: str = "") -> list[Sentence]:
    """The prose sentences of the text in order. A line that is the title is a heading."""
    found: list[Sentence] = []
    heading = ""
    for number, paragraph in enumerate(_paragraphs(text, lines(text, pages=pages, blocks=blocks, title=title))):
        if paragraph[0].kind == Kind.HEADING:
            heading = readable(text[paragraph[0].start : paragraph[-1].end])
            continue
        first = True
        spans = split(text, paragraph[0].start, paragraph[-1].end)
        for span in (piece for each in spans for piece in chopped(text, each, 2 * LONGEST_CHARACTERS)):
            content = readable(span.of(text))
            if is_prose(content):
                whole = bool(_BEGINS.match(content) and _ENDS.search(content)) and len(content) <= LONGEST_CHARACTERS
                found.append(Sentence(span=span, text=content, heading=heading, paragraph=number, first=first, whole=whole))
            first = False
    return found


def everything(text: str, *, pages: Sequence[Page] = (), blocks: Sequence[Block] = (), title: str = "") -> Iterator[Sentence]:
    """All there is to be found, in order: the sentences, and headings, rows of tables and scraps of text as they stand."""
    heading = ""
    seen: set[str] = set()
    known = lines(text, pages=pages, blocks=blocks, title=title, everything=True)
    for number, paragraph in enumerate(_paragraphs(text, known, everything=True)):
        kind, whole = paragraph[0].kind, Span(start=paragraph[0].start, end=paragraph[-1].end)
        if kind == Kind.HEADING:
            heading = readable(whole.of(text))
        elif kind == Kind.DROPPED and whole.of(text) in seen:
            continue  # the head of every page, once
        seen.update([whole.of(text)] if kind == Kind.DROPPED else ())
        for span in split(text, whole.start, whole.end) if kind in (Kind.PROSE, Kind.ITEM) else (whole,):
            above = "" if kind == Kind.HEADING else heading
            yield from (_scrap(text, piece, kind, above, number) for piece in chopped(text, span) if _WORD.search(piece.of(text)))


def _scrap(text: str, span: Span, kind: Kind, heading: str, number: int) -> Sentence:
    content = span.of(text)
    aside = kind in (Kind.HEADING, Kind.DROPPED) and not AMOUNT.search(content)
    said = " · ".join(cells(content)) if kind == Kind.TABLE else readable(content)
    return Sentence(span=span, text=said, heading=heading, paragraph=number, whole=False, aside=aside)


def chopped(text: str, span: Span, longest: int = LONGEST_CHARACTERS) -> Iterator[Span]:
    """A text without full stops in pieces that can be read: cut at a space or comma, or where there is none, anywhere."""
    start = span.start
    while span.end - start > longest:
        end = start + LONGEST_CHARACTERS
        cut = max(text.rfind(mark, start + 1, end) for mark in " \n，；、,;") + 1 or end
        yield Span(start=start, end=cut)
        start = cut
    yield Span(start=start, end=span.end)


def _paragraphs(text: str, found: Sequence[Line], *, everything: bool = False) -> Iterator[list[Line]]:
    """Runs of lines that belong together. A line much shorter than its neighbours ends a paragraph if it ends a sentence.

    `everything`: rows and dropped lines too, each for itself.
    """
    width = _width(found)
    current: list[Line] = []
    for line in found:
        if line.kind in (Kind.BLANK, Kind.TABLE, Kind.DROPPED):
            if current:
                yield current
            current = []
            if everything and line.kind != Kind.BLANK:
                yield [line]
            continue
        if current and not _continues(text, current[-1], line, width):
            yield current
            current = []
        current.append(line)
    if current:
        yield current


def _width(found: Sequence[Line]) -> int:
    """The usual length of a full line, or 0 when lines are not wrapped (each is a paragraph)."""
    lengths = sorted(line.end - line.start for line in found if line.kind == Kind.PROSE)
    if not lengths:
        return 0
    width = lengths[int(0.8 * (len(lengths) - 1))]
    return width if width <= 180 else 0


def _continues(text: str, before: Line, line: Line, width: int) -> bool:
    if before.kind == Kind.HEADING or line.kind != Kind.PROSE or before.block != line.block:
        return before.kind == line.kind == Kind.HEADING and before.block == line.block >= 0
    if before.block >= 0:
        return True
    long = before.end - before.start >= 0.6 * width
    if width == 0 or (not long and _ENDS.search(text[before.start : before.end])):
        return False
    return long or text[line.start].islower()


def split(text: str, start: int, end: int) -> Iterator[Span]:
    """The sentences of one paragraph."""
    begin = start
    for match in _STOP.finditer(text, start, end):
        stop = match.end()
        if stop <= begin:
            continue
        while stop < end and text[stop] in _CLOSING:
            stop += 1
        if _is_border(text, begin, match.start(), match.end(), stop, end):
            yield Span(start=begin, end=stop)
            begin = stop
            while begin < end and text[begin].isspace():
                begin += 1
    if begin < end:
        yield Span(start=begin, end=end)


def _is_border(text: str, begin: int, mark: int, after: int, stop: int, end: int) -> bool:
    if text[mark] in "。！？…":
        if _inside_quotes(text, max(begin, stop - 150), stop):
            return False
        return not (stop < end and text[stop] in "，、；：,")
    if stop >= end:
        return True
    before = text[mark - 1] if mark > begin else " "
    if is_cjk(before) and not text[stop].isdigit():
        return text[stop] not in "，、；：,)"
    if not text[stop].isspace():
        return bool(text[mark] in "!?" and is_cjk(text[stop]))
    following = text[stop:end].lstrip()[:40] if end - stop < 200 else text[stop : stop + 200].lstrip()[:40]
    if not following or following[0].islower() or following[0] in ",;:)%":
        return False
    return text[mark] != "." or after - mark > 1 or not _abbreviated(text[max(begin, mark - 50) : mark], following)


def _inside_quotes(text: str, begin: int, stop: int) -> bool:
    """Whether a quotation opened not long ago is still open."""
    return any(text.count(o, begin, stop) > text.count(c, begin, stop) for o, c in ("“”", "「」", "『』", "（）"))


def _abbreviated(before: str, following: str) -> bool:
    """Whether the full stop after `before` belongs to an abbreviation, an initial or the number of a list item."""
    match = _LAST_WORD.search(before)
    if match is None:
        return False
    word = match.group().lstrip("'’-")
    opens = _NEXT_WORD.match(following)
    if (
        opens
        and opens.group(1).lower() in OPENERS
        and opens.group(1) not in ("I", "A")
        and word.lower() not in ("e.g", "i.e", "cf", "vs")
    ):
        return False
    if match.start() == 0 and len(before) < 4 and (word.isdigit() or len(word) == 1):
        return True
    return (
        word.lower() in ABBREVIATIONS or (len(word) == 1 and word.isupper()) or bool(re.fullmatch(r"(?:[A-Za-z]\.)+[A-Za-z]", word))
    )


def readable(quote: str) -> str:
    """The quote as one line: hyphenation undone, line breaks turned into spaces, or into nothing between CJK characters."""
    return _SPACE.sub(" ", _CJK_GAP.sub("", _HYPHEN.sub("", quote))).strip()


def is_prose(content: str) -> bool:
    """Not a formula, a list of names, a reference, an address or a lonely word."""
    if len(content) < 60 and BOILERPLATE.search(content):
        return False
    letters = sum(c.isalpha() for c in content)
    chinese = is_cjk(content)
    if letters < (0.35 if chinese else 0.5) * len(content.replace(" ", "")) or len(_CODE.findall(content)) > 2:
        return False
    if chinese:
        return letters >= 4
    found = _WORD.findall(content)
    if len(found) < 4 or sum(len(word) == 1 for word in found) > 0.4 * len(found):
        return False
    common = sum(word.lower() in ENGLISH_STOP for word in found)
    capital = sum(word[0].isupper() or word[0].isdigit() for word in found)
    return common > 0 or len(found) < 12 or capital < 0.6 * len(found)
