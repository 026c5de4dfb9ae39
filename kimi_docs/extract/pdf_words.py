"""A PDF page's characters → its words, lines and phrases with their places."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

from kimi_docs.extract import pdf_objects
from kimi_docs.extract.pdf_rules import Area, turn

_WORD = re.compile("[^ \\r\\n\\t\xa0\u3000\ufffe\ufeff]+")
_SPACE = 0.45
"""Of the height of the letters: a wider gap is more than a space between words."""
_WIDEST, _WIDEST_ASCII = 1.05, 0.65
"""Of the height: no letter of print is wider on an average. A wider word hides a gap, so its letters are taken one by one."""
_LEAN = 0.2
"""Of the height: letters of one word that stand further above one another do not run from left to right."""


class Word(NamedTuple):
    """Visible characters without a space: their first offset in pdfium's text and the one after the last, where they begin and
    end, their base line and height, y downwards."""

    start: int
    stop: int
    left: float
    right: float
    base: float
    height: float


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words of one line that no wide gap parts."""

    left: float
    right: float
    words: Sequence[Word]

    @property
    def length(self) -> int:
        """In letters."""
        return sum(word.stop - word.start for word in self.words)


def words(page: Any, text_page: Any, raw: str, places: Sequence[Area]) -> list[Word]:
    """The words of a page that may lie in one of these places."""
    ruler = _Ruler(page, text_page, raw)
    posts = sorted(x for area in places for x, _, _ in area.upright)
    found: list[Word] = []
    for match in _WORD.finditer(raw):
        start, stop = match.span()
        first = ruler.letter(start)
        if first is None:
            found += filter(None, map(ruler.letter, range(start + 1, stop)))
        elif any(area.top - first.height <= first.base <= area.bottom + 2 * first.height for area in places):
            found += ruler.word(first, stop, posts)
    return found


class _Ruler:
    """Measures the letters of a page."""

    def __init__(self, page: Any, text_page: Any, raw: str) -> None:
        self._pointer, self._rotation, self._raw = pdf_objects.address(text_page.raw), page.get_rotation(), raw
        self._numbers = pdf_objects.characters(text_page, raw)

    def letter(self, offset: int) -> Word | None:
        """A single letter, None for one without a place."""
        number = self._numbers[offset]
        box = pdf_objects.loose_box(self._pointer, number) if number >= 0 else None
        place = pdf_objects.origin(self._pointer, number) if box else None
        if box is None or place is None:
            return None
        left, bottom, right, top = box
        if not self._rotation:
            return Word(offset, offset + 1, left, right, -place[1], top - bottom)
        (x1, y1), (x2, y2) = turn(left, bottom, self._rotation), turn(right, top, self._rotation)
        return Word(offset, offset + 1, min(x1, x2), max(x1, x2), turn(*place, self._rotation)[1], abs(y2 - y1))

    def word(self, first: Word, stop: int, posts: Sequence[float]) -> list[Word]:
        """The word that begins with this letter; its letters one by one where they are no word on one line, or a post parts it."""
        if stop == first.stop:
            return [first]
        last = self.letter(stop - 1)
        level = last and first.left <= last.left and abs(first.base - last.base) <= _LEAN * first.height
        if last and level and bisect_right(posts, first.left) == bisect_right(posts, last.right):
            widest = _WIDEST_ASCII if self._raw[first.start : stop].isascii() else _WIDEST
            if last.right - first.left <= (stop - first.start) * widest * first.height:
                height = max(first.height, last.height)
                return [Word(first.start, stop, first.left, last.right, first.base, height)]
        return [first, *filter(None, map(self.letter, range(first.stop, stop)))]


def lines(found: Iterable[Word]) -> list[list[Word]]:
    """Words on one base line, from left to right; lines from the top down."""
    ordered = sorted(found, key=lambda word: word.base)
    if not ordered:
        return []
    reach = 0.45 * median(word.height for word in ordered)
    rows: list[list[Word]] = [[ordered[0]]]
    for word in ordered[1:]:
        if word.base - rows[-1][0].base > reach:
            rows.append([])
        rows[-1].append(word)
    return [sorted(row, key=lambda word: word.left) for row in rows]


def phrases(line: Sequence[Word]) -> Iterator[Phrase]:
    """A line cut at its wide gaps."""
    start = 0
    for number, (one, two) in enumerate(pairwise(line), 1):
        if two.left - one.right > _SPACE * max(one.height, 4.0):
            yield _phrase(line[start:number])
            start = number
    if line:
        yield _phrase(line[start:])


def _phrase(found: Sequence[Word]) -> Phrase:
    return Phrase(found[0].left, max(word.right for word in found), found)
