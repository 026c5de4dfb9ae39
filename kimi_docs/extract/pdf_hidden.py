"""A PDF page → the ranges of its text that nobody who looks at the page sees.

The texts (as the PDF wrote them) that every sixth character belongs to are looked at for a sign: not painted, pale, minute,
off the page, in a layer, under a shape drawn later. Only a line with one of those is looked at word by word, and words that are
pale, in a layer or under a shape are believed hidden only where the drawn page shows nothing.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from math import ceil, floor
from typing import Any

import pypdfium2 as pdfium
from PIL import Image

from kimi_docs.domain.text import HiddenKind
from kimi_docs.extract import pdf_objects
from kimi_docs.extract.hidden import is_mark, unseen
from kimi_docs.extract.pdf_suspects import MINUTE, ink, is_off, suspects

Range = tuple[int, int]

Hidden = tuple[int, int, HiddenKind]
"""Start and end in the raw text, and why."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as parts of the page as it is shown."""

_WHOLE: Box = (0.0, 0.0, 1.0, 1.0)

_WORD = re.compile(r"[^\s\ufffe]+")
_STEP = 6
"""Less than `_FEW`, so that one of the letters of anything hidden is looked at."""
_MANY = 60
"""Texts: with fewer each is asked where its letters are, else each letter whose it is."""
_FEW = 8
"""Letters: fewer are an accident of the setting."""
_SINGLE = 12
_SCALE = 2.0
_MOST_PIXELS = 8_000_000
_FLAT = 10
"""Of 255: the most that pixels differ where nothing is to be seen."""


def hidden(page: Any, text_page: Any, raw: str, layer: bool | None = None) -> list[Hidden]:
    """The hidden ranges of a page, in order and apart. `layer`: its text lies under a picture of the page, None for not known."""
    found = [(start, end, HiddenKind.UNSEEN) for start, end in unseen(raw)]
    judge = _Judge(page, text_page, raw, layer)
    for lines in _together(raw, judge):
        found += _ranges(raw, lines, judge)
    found.sort()
    return [one for number, one in enumerate(found) if not number or one[0] >= found[number - 1][1]]


def under_picture(page: Any) -> bool:
    """A picture takes most of the page: what is written under it unpainted is its recognized text."""
    return pictured(page) > 0.5


def pictured(page: Any) -> float:
    """The part of the page that pictures take; those that lie on one another count twice."""
    left, bottom, right, top = page.get_bbox()
    whole = max(1.0, (right - left) * (top - bottom))
    covered = 0.0
    for drawn in pdf_objects.objects(page, pdf_objects.IMAGE):
        if box := pdf_objects.bounds(drawn):
            covered += max(0.0, min(right, box[2]) - max(left, box[0])) * max(0.0, min(top, box[3]) - max(bottom, box[1]))
    return float(covered / whole)


def _together(raw: str, judge: "_Judge") -> Iterator[list[Range]]:
    """The lines with a sign, those that follow one another together."""
    lines: list[Range] = []
    end = -1
    for place in judge.suspicious():
        if place <= end:
            continue  # its line is looked at already
        start, end = raw.rfind("\n", 0, place) + 1, raw.find("\n", place)
        end = len(raw) if end < 0 else end
        if not judge.sign(start, end):
            continue
        if lines and raw[lines[-1][1] : start].strip():
            yield lines
            lines = []
        lines.append((start, end))
    if lines:
        yield lines


def _place(box: pdf_objects.Bounds | None, sheet: pdf_objects.Bounds) -> HiddenKind | None:
    """Why what stands here may not be seen."""
    if box is None:
        return None
    if is_off(box, sheet):
        return HiddenKind.OFF_PAGE
    left, bottom, right, top = box
    return HiddenKind.TINY if 0 < top - bottom < MINUTE and right - left < MINUTE else None


class _Judge:
    """Why a word is hidden, None for one that can be seen. Its first, middle and last letters speak for it."""

    def __init__(self, page: Any, text_page: Any, raw: str, layer: bool | None) -> None:
        self._page, self._pointer, self._sheet = page, pdf_objects.address(text_page.raw), page.get_bbox()
        self._raw, self._numbers = raw, pdf_objects.characters(text_page, raw)
        self._view, self._layer = _View(page), layer
        self._suspects, self._inks = suspects(page, self._sheet, layer=bool(layer))
        self._marks: dict[Range, bool] = {}

    def _under_picture(self) -> bool:
        if self._layer is None:
            self._layer = under_picture(self._page)  # looks at every object: once a page, and only where it matters
        return self._layer

    def suspicious(self) -> list[int]:
        """Places of letters whose text has a sign: one of each text, or all of those that are six apart."""
        suspects = self._suspects
        places = [self._place_of(*each) for each in suspects.items()] if len(suspects) <= _MANY else [None]
        known = [place for place in places if place is not None]
        if len(known) == len(places):
            return sorted(known)
        apart = range(0, len(self._numbers), _STEP)
        texts = map(pdf_objects.text_object, repeat(self._pointer), map(self._numbers.__getitem__, apart))
        return [place for place, text in zip(apart, texts, strict=True) if text in suspects]

    def _place_of(self, text: int, box: pdf_objects.Bounds) -> int | None:
        letter = pdf_objects.letter_of(self._pointer, text, box)
        try:
            return None if letter is None else self._numbers.index(letter)
        except ValueError:
            return None

    def sign(self, start: int, end: int) -> bool:
        """One of the letters looked at in this line is hidden: unpainted and no picture's text, pale and not to be made out …"""
        for place in range(-(-start // _STEP) * _STEP, end, _STEP):
            letter = self._numbers[place]
            text = pdf_objects.text_object(self._pointer, letter)
            if text not in self._suspects:
                continue
            kind = self._of(letter, text)
            if kind is not None and not self._seen(kind, letter, (start, end)):
                return True
            del self._suspects[text]
        return False

    def kind(self, start: int, end: int, line: Range) -> HiddenKind | None:
        kind: HiddenKind | None = None
        letters = [letter for place in sorted({start, (start + end) // 2, end - 1}) if (letter := self._numbers[place]) >= 0]
        for number, letter in enumerate(letters):
            last, kind = kind, self._of(letter)
            if kind is None or (number and kind is not last):
                return None
        return kind if kind is not None and not any(self._seen(kind, letter, line) for letter in letters) else None

    def _seen(self, kind: HiddenKind, letter: int, line: Range) -> bool:
        """What would be hidden for this reason can be seen, as white letters on black."""
        if kind in (HiddenKind.COLOUR, HiddenKind.MARKED):
            return not self._is_mark(line) and not self._view.flat(
                pdf_objects.char_box(self._pointer, letter), lambda: self._line(*line)
            )
        return kind is HiddenKind.UNPAINTED and self._under_picture()

    def _is_mark(self, line: Range) -> bool:
        if line not in self._marks:
            self._marks[line] = is_mark(self._raw[slice(*line)])
        return self._marks[line]

    def _line(self, start: int, end: int) -> pdf_objects.Bounds | None:
        """About where a line stands."""
        places = range(start, end, max(1, (end - start) // 6))
        boxes = [pdf_objects.loose_box(self._pointer, self._numbers[place]) for place in (*places, end - 1)]
        across = [box for box in boxes if box]
        if not across:
            return None
        lefts, bottoms, rights, tops = zip(*across, strict=True)
        return min(lefts), min(bottoms), max(rights), max(tops)

    def _of(self, letter: int, text: int | None = None) -> HiddenKind | None:
        text = text or pdf_objects.text_object(self._pointer, letter)
        if not text:
            return None
        if text not in self._inks:
            self._inks[text] = ink(text)
        return self._inks[text] or _place(pdf_objects.loose_box(self._pointer, letter), self._sheet)


class _View:
    """The page as it is drawn, drawn when it is first asked for: the first lines one by one, then the whole page."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._drawn: dict[Box, Image.Image] = {}
        self._matrix: pdf_objects.Matrix | None = None

    def flat(self, box: pdf_objects.Bounds | None, line: Callable[[], pdf_objects.Bounds | None]) -> bool:
        """Nothing can be told from anything else in this box of the page; `line` gives what it stands in."""
        if box is None:
            return False
        place = self._shown(box)
        if place[2] <= 0 or place[3] <= 0 or place[0] >= 1 or place[1] >= 1:
            return True
        try:
            least, most = self._cut(place, line).getextrema()
        except (pdfium.PdfiumError, ValueError):
            return False
        return bool(most - least <= _FLAT)  # type: ignore[operator] # one band

    def _shown(self, box: pdf_objects.Bounds) -> Box:
        if self._matrix is None:
            self._matrix = pdf_objects.shown_by(self._page)
        (x1, y1), (x2, y2) = (pdf_objects.moved(x, y, self._matrix) for x, y in (box[:2], box[2:]))
        return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)

    def _cut(self, place: Box, line: Callable[[], pdf_objects.Bounds | None]) -> Image.Image:
        """This place out of what is drawn already, or out of the line around it."""
        if (known := next((area for area in self._drawn if _holds(area, place)), None)) is None:
            around = _united(place, self._shown(whole)) if (whole := line()) else place
            known = _WHOLE if len(self._drawn) >= _SINGLE else _cropped(around)
            self._drawn[known] = self._draw(known)
        image = self._drawn[known]
        wide, high = image.width / (known[2] - known[0]), image.height / (known[3] - known[1])
        left, top = (max(0, int((place[axis] - known[axis]) * scale)) for axis, scale in ((0, wide), (1, high)))
        left, top = min(left, image.width - 1), min(top, image.height - 1)
        right, bottom = (int((place[axis] - known[axis - 2]) * scale) + 1 for axis, scale in ((2, wide), (3, high)))
        return image.crop((left, top, min(max(right, left + 1), image.width), min(max(bottom, top + 1), image.height)))

    def _draw(self, area: Box) -> Image.Image:
        wide, high = self._page.get_size()
        part = max(1.0, wide * high * (area[2] - area[0]) * (area[3] - area[1]))
        margins = (area[0] * wide, (1 - area[3]) * high, (1 - area[2]) * wide, area[1] * high)
        scale = min(_SCALE, (_MOST_PIXELS / part) ** 0.5)
        image: Image.Image = self._page.render(scale=scale, crop=margins, grayscale=True).to_pil().convert("L")
        return image


def _united(one: Box, two: Box) -> Box:
    return min(one[0], two[0]), min(one[1], two[1]), max(one[2], two[2]), max(one[3], two[3])


def _holds(area: Box, place: Box) -> bool:
    left, top, right, bottom = area
    across = left <= max(0.0, place[0]) and min(1.0, place[2]) <= right
    return across and top <= max(0.0, place[1]) and min(1.0, place[3]) <= bottom


def _cropped(place: Box) -> Box:
    """What of it lies on the page, up to whole hundredths."""
    left, top = (min(99, max(0, floor(100 * place[side]))) / 100 for side in (0, 1))
    right, bottom = (min(100, max(1, ceil(100 * place[side]))) / 100 for side in (2, 3))
    return left, top, max(right, left + 0.01), max(bottom, top + 0.01)


def _ranges(raw: str, lines: Sequence[Range], judge: _Judge) -> Iterator[Hidden]:
    """Neighbouring words of one kind as a range."""
    start = end = 0
    last: HiddenKind | None = None
    for line, match in ((place, match) for place in lines for match in _WORD.finditer(raw, *place)):
        kind = judge.kind(*match.span(), line)
        if kind is not last:
            if last is not None and _enough(raw[start:end]):
                yield start, end, last
            start, last = match.start(), kind
        end = match.end()
    if last is not None and _enough(raw[start:end]):
        yield start, end, last


def _enough(text: str) -> bool:
    return sum(map(str.isalnum, text)) >= _FEW
