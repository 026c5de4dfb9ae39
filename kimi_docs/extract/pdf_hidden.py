"""A PDF page → the ranges of its text that nobody who looks at the page sees.

The first character of each line and every 40th are looked at for a sign: not painted, pale, minute, off the page. Only a
page with a sign is looked at word by word, and pale words are believed hidden only where the drawn page shows nothing.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw_pdfium
from PIL import Image

from kimi_docs.domain.text import HiddenKind
from kimi_docs.extract import pdf_objects
from kimi_docs.extract.hidden import unseen

Hidden = tuple[int, int, HiddenKind]
"""Start and end in the raw text, and why."""

_WORD = re.compile(r"[^\s\ufffe]+")
_STEP = 40
_PALE = 235
_SHEER = 26
"""Of 255: hardly any opacity."""
_MINUTE = 2.0
"""Points of height and width; 2 is a third of the smallest print."""
_FEW = 8
"""Letters: fewer are an accident of the setting."""
_SINGLE = 6
_SCALE = 2.0
_MOST_PIXELS = 8_000_000
_FLAT = 10
"""Of 255: the most that pixels differ where nothing is to be seen."""
_UNPAINTED = (raw_pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, raw_pdfium.FPDF_TEXTRENDERMODE_CLIP)


def hidden(page: Any, text_page: Any, raw: str) -> list[Hidden]:
    """The hidden ranges of a page, in order and apart."""
    found = [(start, end, HiddenKind.UNSEEN) for start, end in unseen(raw)]
    if _sign(page, text_page, raw):
        found += list(_ranges(raw, _Judge(page, text_page, raw)))
    found.sort()
    return [one for number, one in enumerate(found) if not number or one[0] >= found[number - 1][1]]


def under_picture(page: Any) -> bool:
    """A picture takes most of the page: what is written under it unpainted is its recognized text."""
    left, bottom, right, top = page.get_bbox()
    whole = max(1.0, (right - left) * (top - bottom))
    covered = 0.0
    for drawn in pdf_objects.objects(page, pdf_objects.IMAGE):
        if box := pdf_objects.bounds(drawn):
            covered += max(0.0, min(right, box[2]) - max(left, box[0])) * max(0.0, min(top, box[3]) - max(bottom, box[1]))
    return bool(covered > 0.5 * whole)


def _sign(page: Any, text_page: Any, raw: str) -> bool:
    """Some of the characters looked at is hidden: unpainted and no picture's text, pale and not to be made out …"""
    pointer, sheet = pdf_objects.address(text_page.raw), page.get_bbox()
    numbers = pdf_objects.characters(text_page, raw)
    text_object = pdf_objects.text_object
    view = _View(page)
    layer: bool | None = None  # looks at every object: once a page, and only where it matters
    seen: set[int | None] = {None}
    starts = set(_line_starts(raw))
    for place in (*starts, *range(0, len(raw), _STEP)):
        text = text_object(pointer, numbers[place])
        if text in seen:
            continue
        seen.add(text)
        kind = _ink(text)
        if kind is None and place in starts:  # what stands elsewhere or is of another size is a line of its own
            kind = _place(pdf_objects.loose_box(pointer, numbers[place]), sheet)
        if kind is HiddenKind.COLOUR and not view.flat(pdf_objects.char_box(pointer, numbers[place])):
            continue
        if kind is HiddenKind.UNPAINTED:
            layer = under_picture(page) if layer is None else layer
        if kind is not None and not (kind is HiddenKind.UNPAINTED and layer):
            return True
    return False


def _line_starts(raw: str) -> Iterator[int]:
    place = 0
    while 0 <= place < len(raw) - 1:
        yield place
        place = raw.find("\n", place + 1) + 1 or -1


def _ink(text: int) -> HiddenKind | None:
    """Why what is written with this may not be seen."""
    if pdf_objects.render_mode(text) in _UNPAINTED:
        return HiddenKind.UNPAINTED
    red, green, blue, opacity = pdf_objects.fill(text)
    return HiddenKind.COLOUR if (red >= _PALE and green >= _PALE and blue >= _PALE) or opacity <= _SHEER else None


def _place(box: pdf_objects.Bounds | None, sheet: Sequence[float]) -> HiddenKind | None:
    """Why what stands here may not be seen."""
    if box is None:
        return None
    left, bottom, right, top = box
    if right < sheet[0] or left > sheet[2] or top < sheet[1] or bottom > sheet[3]:
        return HiddenKind.OFF_PAGE
    return HiddenKind.TINY if 0 < top - bottom < _MINUTE and right - left < _MINUTE else None


class _Judge:
    """Why a word is hidden, None for one that can be seen. Its first, middle and last letters speak for it."""

    def __init__(self, page: Any, text_page: Any, raw: str) -> None:
        self._pointer, self._sheet = pdf_objects.address(text_page.raw), page.get_bbox()
        self._numbers = pdf_objects.characters(text_page, raw)
        self._layer = under_picture(page)
        self._view = _View(page)
        self._by_text: dict[int, HiddenKind | None] = {}

    def kind(self, start: int, end: int) -> HiddenKind | None:
        letters = [self._numbers[place] for place in sorted({start, (start + end) // 2, end - 1})]
        kinds = {self._of(letter) for letter in letters if letter >= 0}
        if len(kinds) != 1:
            return None
        kind = kinds.pop()
        if kind is HiddenKind.UNPAINTED and self._layer:
            return None
        boxes = [pdf_objects.char_box(self._pointer, letter) for letter in letters if letter >= 0]
        if kind is HiddenKind.COLOUR and not all(self._view.flat(box) for box in boxes):
            return None
        return kind

    def _of(self, letter: int) -> HiddenKind | None:
        text = pdf_objects.text_object(self._pointer, letter)
        if text not in self._by_text:
            box = pdf_objects.loose_box(self._pointer, letter)
            self._by_text[text] = (_ink(text) or _place(box, self._sheet)) if text else None
        return self._by_text[text]


class _View:
    """The page as it is drawn, drawn when it is first asked for: the first places one by one, then the whole page."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._asked = 0
        self._whole: Image.Image | None = None

    def flat(self, box: pdf_objects.Bounds | None) -> bool:
        """Nothing can be told from anything else in this box of the page."""
        if box is None:
            return False
        (x1, y1), (x2, y2) = (pdf_objects.shown(self._page, x, y) for x, y in (box[:2], box[2:]))
        place = (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
        if place[2] <= 0 or place[3] <= 0 or place[0] >= 1 or place[1] >= 1:
            return True
        self._asked += 1
        try:
            part = self._drawn(place) if self._asked <= _SINGLE and self._whole is None else self._cut(place)
        except (pdfium.PdfiumError, ValueError):
            return False
        least, most = part.getextrema()
        return bool(most - least <= _FLAT)  # type: ignore[operator] # one band

    def _drawn(self, place: tuple[float, float, float, float]) -> Image.Image:
        """This place alone."""
        wide, high = self._page.get_size()
        margins = (place[0] * wide, (1 - place[3]) * high, (1 - place[2]) * wide, place[1] * high)
        crop = tuple(max(0.0, margin - 0.5) for margin in margins)
        image: Image.Image = self._page.render(scale=_SCALE, crop=crop, grayscale=True).to_pil().convert("L")
        return image

    def _cut(self, place: tuple[float, float, float, float]) -> Image.Image:
        wide, high = self._page.get_size()
        if self._whole is None:
            scale = min(_SCALE, (_MOST_PIXELS / max(1.0, wide * high)) ** 0.5)
            self._whole = self._page.render(scale=scale, grayscale=True).to_pil().convert("L")
        wide, high = self._whole.size
        left, top = min(wide - 1, max(0, int(place[0] * wide))), min(high - 1, max(0, int(place[1] * high)))
        right, bottom = max(left + 1, int(place[2] * wide) + 1), max(top + 1, int(place[3] * high) + 1)
        return self._whole.crop((left, top, min(wide, right), min(high, bottom)))


def _ranges(raw: str, judge: _Judge) -> Iterator[Hidden]:
    """Neighbouring words of one kind as a range."""
    start = end = 0
    last: HiddenKind | None = None
    for match in _WORD.finditer(raw):
        kind = judge.kind(*match.span())
        if kind is not last:
            if last is not None and _enough(raw[start:end]):
                yield start, end, last
            start, last = match.start(), kind
        end = match.end()
    if last is not None and _enough(raw[start:end]):
        yield start, end, last


def _enough(text: str) -> bool:
    return sum(map(str.isalnum, text)) >= _FEW
