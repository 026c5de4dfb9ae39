"""A PDF page's characters → its words, lines and phrases with their places."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

from kimi_docs.extract import pdf_objects
from kimi_docs.extract.pdf_rules import turn

_NO_LETTER = frozenset(" \r\n\t\xa0\u3000\ufffe\ufeff")
_SPACE = 0.45
"""Of the height of the letters: a wider gap is more than a space between words."""


class Letter(NamedTuple):
    """A visible character: its offset in pdfium's text, where it begins and ends, its base line and height, y downwards."""

    offset: int
    left: float
    right: float
    base: float
    height: float


@dataclass(frozen=True, slots=True)
class Phrase:
    """Letters of one line that no wide gap parts."""

    left: float
    right: float
    letters: Sequence[Letter]


def letters(page: Any, text_page: Any, raw: str) -> list[Letter]:
    """The visible characters of a page."""
    pointer, rotation = pdf_objects.address(text_page.raw), page.get_rotation()
    loose_box, origin = pdf_objects.loose_box, pdf_objects.origin
    found = []
    for offset, number in enumerate(pdf_objects.characters(text_page, raw)):
        if number < 0 or raw[offset] in _NO_LETTER:
            continue
        box, place = loose_box(pointer, number), origin(pointer, number)
        if box is None or place is None:
            continue
        left, bottom, right, top = box
        if not rotation:
            found.append(Letter(offset, left, right, -place[1], top - bottom))
            continue
        (x1, y1), (x2, y2) = turn(left, bottom, rotation), turn(right, top, rotation)
        found.append(Letter(offset, min(x1, x2), max(x1, x2), turn(*place, rotation)[1], abs(y2 - y1)))
    return found


def lines(found: Iterable[Letter]) -> list[list[Letter]]:
    """Letters on one base line, from left to right; lines from the top down."""
    ordered = sorted(found, key=lambda letter: letter.base)
    if not ordered:
        return []
    reach = 0.45 * median(letter.height for letter in ordered)
    rows: list[list[Letter]] = [[ordered[0]]]
    for letter in ordered[1:]:
        if letter.base - rows[-1][0].base > reach:
            rows.append([])
        rows[-1].append(letter)
    return [sorted(row, key=lambda letter: letter.left) for row in rows]


def phrases(line: Sequence[Letter]) -> Iterator[Phrase]:
    """A line cut at its wide gaps."""
    start = 0
    for number, (one, two) in enumerate(pairwise(line), 1):
        if two.left - one.right > _SPACE * max(one.height, 4.0):
            yield _phrase(line[start:number])
            start = number
    if line:
        yield _phrase(line[start:])


def _phrase(found: Sequence[Letter]) -> Phrase:
    return Phrase(found[0].left, max(letter.right for letter in found), found)
