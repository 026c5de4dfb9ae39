"""A PDF page → those of its texts (as the PDF wrote them) that may be hidden from who looks at it.

All texts of a page are asked one thing after the other, not one text after the other, and looked at singly only where a least or
a largest value says that there is something to find: there are thousands on a page, and so the loops run outside Python.
"""

from collections.abc import Iterator, Sequence
from itertools import compress
from operator import sub
from typing import Any, NamedTuple

import numpy as np
import pypdfium2.raw as raw_pdfium

from kimi_docs.domain.text import HiddenKind
from kimi_docs.extract import pdf_objects
from kimi_docs.extract.pdf_objects import Bounds, Boxes, Drawn

UNPAINTED = frozenset((raw_pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, raw_pdfium.FPDF_TEXTRENDERMODE_CLIP))
MINUTE = 2.0
"""Points of height and width; 2 is a third of the smallest print."""
_SMALL = 4.0
_PALE = 235
_SHEER = 26
"""Of 255: hardly any opacity."""
_OPAQUE = 250
_COVER = (20.0, 6.0)
"""Points: nothing narrower or lower covers a line."""
_MOST_COVERS = 250
_ROUNDED = 1.0


class Suspects(NamedTuple):
    """Texts with a sign, by their pointer."""

    places: dict[int, Bounds]

    reasons: dict[int, HiddenKind | None]
    """Why those that are in a layer (which may be off) or under a shape may not be seen."""


def suspects(page: Any, sheet: Bounds, *, layer: bool) -> Suspects:
    """Some letter of these may be unpainted (which means nothing in a recognized `layer`), pale, minute, off the sheet, in a
    layer of the document or under a shape drawn later."""
    objects = pdf_objects.outermost(page)
    modes = pdf_objects.render_modes(objects)
    texts = _Texts(sheet, layer=layer)
    texts.numbers, texts.pointers, others = range(len(objects)), objects, list[int]()
    if pdf_objects.NO_TEXT in modes:
        written = list(map(pdf_objects.NO_TEXT.__ne__, modes))
        others = [number for number, is_text in enumerate(written) if not is_text]
        texts.numbers, texts.pointers, modes = (list(compress(column, written)) for column in (texts.numbers, objects, modes))
    texts.boxes = pdf_objects.boxes_of(texts.pointers)
    if texts.pointers:
        texts.find_signed(modes)
        texts.find_layered()
    if others:
        kinds = pdf_objects.types_of([objects[number] for number in others])
        paths = [number for number, kind in zip(others, kinds, strict=True) if kind == pdf_objects.PATH]
        texts.find_inner([objects[number] for number, kind in zip(others, kinds, strict=True) if kind == pdf_objects.FORM])
        if paths and texts.pointers:
            texts.find_covered(list(_covers(paths, [objects[number] for number in paths])))
    return texts.found


class _Texts:
    """The texts of a page, and which of them are suspects."""

    def __init__(self, sheet: Bounds, *, layer: bool) -> None:
        self.found = Suspects({}, {})
        self.numbers: Sequence[int] = []
        """Their places among the objects of the page: what comes later is drawn over them."""
        self.pointers: Sequence[int] = []
        self.boxes: Boxes = ([], [], [], [])
        self._sheet, self._layer = sheet, layer
        self._layers = pdf_objects.Layers()

    def find_signed(self, modes: Sequence[int]) -> None:
        """Those whose ink, size or place is a sign."""
        _, bottoms, _, tops = self.boxes
        heights = map(sub, tops, bottoms)
        low = [number for number, height in enumerate(heights) if height < MINUTE]
        none = UNPAINTED.isdisjoint(modes)
        unpainted = set() if none else {number for number, mode in enumerate(modes) if mode in UNPAINTED}
        sure = {*unpainted, *_pale(self.pointers), *self._beyond()}
        for number in sorted(sure.union(low)):
            if self._layer and number in unpainted:
                continue
            box = self._box(number)
            if box and (number in sure or pdf_objects.font_size(self.pointers[number]) < _SMALL):  # a dash is low in any size
                self.found.places[self.pointers[number]] = box

    def _beyond(self) -> Iterator[int]:
        left, bottom, right, top = self._sheet
        lefts, bottoms, rights, tops = self.boxes
        if min(rights) < left or min(tops) < bottom or max(lefts) > right or max(bottoms) > top:
            for number, box in enumerate(zip(*self.boxes, strict=True)):
                if is_off(box, self._sheet):
                    yield number

    def _box(self, number: int) -> Bounds | None:
        """None for a space, and for a text without a place."""
        left, bottom, right, top = (side[number] for side in self.boxes)
        return (left, bottom, right, top) if left < right and bottom < top else None

    def find_inner(self, forms: Sequence[int]) -> None:
        """Those within forms."""
        left = [pdf_objects.MOST_OBJECTS]
        for form in forms:
            drawn = list(pdf_objects.inner(form, pdf_objects.TEXT, left))
            if drawn:
                self._look_at(drawn, HiddenKind.MARKED if self._layers.hold(form) else None)

    def _look_at(self, drawn: Sequence[Drawn], reason: HiddenKind | None) -> None:
        texts = [one.pointer for one in drawn]
        unpainted = [mode in UNPAINTED for mode in pdf_objects.render_modes(texts)]
        sure = {*_pale(texts), *compress(range(len(texts)), unpainted)}
        for number, one in enumerate(drawn):
            box = pdf_objects.bounds(one)
            if not box or (self._layer and unpainted[number]):
                continue
            signed = reason or number in sure or is_off(box, self._sheet)
            low = box[3] - box[1] < 4 * MINUTE  # a letter may be half as high as its size
            if signed or (low and pdf_objects.font_size(one.pointer) < _SMALL):
                self._add(one.pointer, box, reason)

    def find_layered(self) -> None:
        """Those that belong to a layer."""
        if self._layers.hold_any(self.pointers):
            for number, text in enumerate(self.pointers):
                if self._layers.hold(text):
                    self._add(text, self._box(number), HiddenKind.MARKED)

    def find_covered(self, covers: Sequence[tuple[int, Bounds]]) -> None:
        """Those that lie within what is drawn after them."""
        if not covers:
            return
        largest = sorted(covers, key=lambda one: _area(one[1]), reverse=True)[:_MOST_COVERS]
        shapes = np.array([shape for _, shape in largest])[:, None]
        later = np.array([number for number, _ in largest])[:, None] > np.array(self.numbers)
        boxes = np.array(self.boxes).T
        within = (shapes[..., :2] <= boxes[:, :2] + _ROUNDED).all(2) & (shapes[..., 2:] >= boxes[:, 2:] - _ROUNDED).all(2)
        for number in np.flatnonzero((later & within).any(0)).tolist():
            self._add(self.pointers[number], self._box(number), HiddenKind.COLOUR)

    def _add(self, text: int, box: Bounds | None, reason: HiddenKind | None) -> None:
        if box:
            self.found.places[text] = box
            if reason:
                self.found.reasons[text] = ink(text) or reason


def _covers(numbers: Sequence[int], paths: Sequence[int]) -> Iterator[tuple[int, Bounds]]:
    """The paths that may cover a text, with their numbers: no lines, and nothing that can be seen through."""
    for number, path, (left, bottom, right, top) in zip(
        numbers, paths, zip(*pdf_objects.boxes_of(paths), strict=True), strict=True
    ):
        large = right - left >= _COVER[0] and top - bottom >= _COVER[1]
        if large and pdf_objects.is_filled(path) and pdf_objects.inks_of([path])[3][0] >= _OPAQUE:
            yield number, (left, bottom, right, top)


def is_off(box: Bounds, sheet: Bounds) -> bool:
    """All of it lies beside the sheet."""
    return box[2] < sheet[0] or box[3] < sheet[1] or box[0] > sheet[2] or box[1] > sheet[3]


def ink(text: int) -> HiddenKind | None:
    """Why what is written with this may not be seen."""
    if pdf_objects.render_mode(text) in UNPAINTED:
        return HiddenKind.UNPAINTED
    return HiddenKind.COLOUR if _is_pale(text) else None


def _is_pale(text: int) -> bool:
    return bool(_pale([text]))


def _pale(texts: Sequence[int]) -> list[int]:
    """The numbers of those that are nearly white, or that one sees through."""
    inks = pdf_objects.inks_of(texts)
    if max(inks[0]) < _PALE and min(inks[3]) > _SHEER:
        return []
    return [
        number
        for number, (red, green, blue, opacity) in enumerate(zip(*inks, strict=True))
        if (red >= _PALE and green >= _PALE and blue >= _PALE) or opacity <= _SHEER
    ]


def _area(shape: Bounds) -> float:
    return (shape[2] - shape[0]) * (shape[3] - shape[1])
