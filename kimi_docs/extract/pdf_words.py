"""A PDF page's characters → its words, lines and phrases with their places."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from operator import attrgetter
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kimi_docs.extract import pdf_objects
from kimi_docs.extract.pdf_rules import Area, turn

Array = npt.NDArray[Any]

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


class Phrase(NamedTuple):
    """Words of one line that no wide gap parts."""

    left: float
    right: float
    words: Sequence[Word]

    @property
    def length(self) -> int:
        """In letters."""
        return sum(word.stop - word.start for word in self.words)


Line = Sequence[Phrase]
"""What stands on one base line, from left to right."""


def words(page: Any, text_page: Any, raw: str, places: Sequence[Area]) -> list[Word]:
    """The words of a page that may lie in one of these places; the letters one by one of those that are no word on one line."""
    ruler = _Ruler(page, text_page, raw)
    posts = sorted(x for area in places for x, _, _ in area.upright)
    spans = np.array([match.span() for match in _WORD.finditer(raw)], dtype=np.int64).reshape(-1, 2)
    first = ruler.measured(spans[:, 0])
    near = ~first.there
    for area in places:
        near |= (first.base >= area.top - first.height) & (first.base <= area.bottom + 2 * first.height)
    spans, first = spans[near], first.of(near)
    last = ruler.measured(spans[:, 1] - 1)
    whole = _whole(raw, spans, first, last, posts)
    height = np.maximum(first.height, last.height)
    joined = _words(spans[whole], *(column[whole] for column in (first.left, last.right, first.base, height)))
    loose = np.array([offset for span in spans[~whole].tolist() for offset in range(*span)], dtype=np.int64)
    alone = ruler.measured(loose)
    singly = np.column_stack((loose, loose + 1))[alone.there]
    return sorted([*joined, *_words(singly, *alone.of(alone.there)[1:])])


def _words(spans: Array, *columns: Array) -> Iterator[Word]:
    return map(Word, *spans.T.tolist(), *(column.tolist() for column in columns))


def _whole(raw: str, spans: Array, first: "Letters", last: "Letters", posts: Sequence[float]) -> Array:
    """The words that run from left to right on one line; what is too wide, or parted by a post, is not one word."""
    lengths = spans[:, 1] - spans[:, 0]
    level = (first.left <= last.left) & (np.abs(first.base - last.base) <= _LEAN * first.height)
    parted = np.searchsorted(posts, first.left, "right") != np.searchsorted(posts, last.right, "right")
    ascii = raw.isascii() or np.array([raw[start:stop].isascii() for start, stop in spans.tolist()], dtype=bool)
    widest = np.where(ascii, _WIDEST_ASCII, _WIDEST) * lengths * first.height
    on_one_line: Array = first.there & ((lengths == 1) | (last.there & level & ~parted & (last.right - first.left <= widest)))
    return on_one_line


class Letters(NamedTuple):
    """Many letters: whether they have a place, where they begin and end, their base lines and heights, y downwards."""

    there: Array
    left: Array
    right: Array
    base: Array
    height: Array

    def of(self, chosen: Array) -> "Letters":
        return Letters(*(column[chosen] for column in self))


class _Ruler:
    """Measures the letters of a page."""

    def __init__(self, page: Any, text_page: Any, raw: str) -> None:
        self._pointer, self._rotation = pdf_objects.address(text_page.raw), page.get_rotation()
        self._numbers = pdf_objects.characters(text_page, raw)

    def measured(self, offsets: Array) -> Letters:
        """The letters at these offsets."""
        numbers = offsets.tolist()
        if not isinstance(self._numbers, range):
            numbers = [self._numbers[offset] for offset in numbers]
        there, boxes, origins = pdf_objects.letters(self._pointer, numbers)
        left, top, right, bottom = boxes.T
        (x1, y1), (x2, y2) = turn(left, bottom, self._rotation), turn(right, top, self._rotation)
        base = turn(origins[:, 0], origins[:, 1], self._rotation)[1]
        return Letters(there, np.minimum(x1, x2), np.maximum(x1, x2), base, np.abs(y2 - y1))


def lines(found: Iterable[Word]) -> list[Line]:
    """Words as lines, from the top down."""
    ordered = sorted(found, key=_base)
    if not ordered:
        return []
    reach = 0.45 * median(word.height for word in ordered)
    rows: list[list[Word]] = [[ordered[0]]]
    for word in ordered[1:]:
        if word.base - rows[-1][0].base > reach:
            rows.append([])
        rows[-1].append(word)
    return [list(_phrases(sorted(row, key=_left))) for row in rows]


_base, _left, _right = attrgetter("base"), attrgetter("left"), attrgetter("right")


def _phrases(row: Sequence[Word]) -> Iterator[Phrase]:
    """A line cut at its wide gaps."""
    start = 0
    for number, (one, two) in enumerate(pairwise(row), 1):
        if two.left - one.right > _SPACE * max(one.height, 4.0):
            yield _phrase(row[start:number])
            start = number
    yield _phrase(row[start:])


def _phrase(found: Sequence[Word]) -> Phrase:
    return Phrase(found[0].left, max(map(_right, found)), found)
