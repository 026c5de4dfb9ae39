"""pdfium's functions that are called thousands of times a page, without the pointer objects that cost more than the calls."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from ctypes import CFUNCTYPE, byref, c_char, c_double, c_float, c_int, c_uint, c_ulong, c_void_p, cast, sizeof
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pypdfium2.raw as raw_pdfium

from kimi_docs.extract.hidden import beyond_plane

TEXT = raw_pdfium.FPDF_PAGEOBJ_TEXT
PATH = raw_pdfium.FPDF_PAGEOBJ_PATH
IMAGE = raw_pdfium.FPDF_PAGEOBJ_IMAGE
SHADING = raw_pdfium.FPDF_PAGEOBJ_SHADING
FORM = raw_pdfium.FPDF_PAGEOBJ_FORM

_NO_TEXT = -1
"""The mode that pdfium gives what is no text."""

MOST_OBJECTS = 20_000
"""Looked at on one page; what is beyond is drawing."""
_DEEPEST = 6

Bounds = tuple[float, float, float, float]
"""Left, bottom, right, top in points of the page."""

Matrix = tuple[float, float, float, float, float, float]
PLAIN: Matrix = (1, 0, 0, 1, 0, 0)


def _fast(function: Any, result: Any, *arguments: Any) -> Callable[..., Any]:
    found: Callable[..., Any] = CFUNCTYPE(result, *arguments)(cast(function, c_void_p).value or 0)
    return found


_get_font_size = _fast(raw_pdfium.FPDFTextObj_GetFontSize, c_int, c_void_p, c_void_p)
_offset_of = _fast(raw_pdfium.FPDFText_GetTextIndexFromCharIndex, c_int, c_void_p, c_int)
_letter_at = _fast(raw_pdfium.FPDFText_GetCharIndexAtPos, c_int, c_void_p, c_double, c_double, c_double, c_double)
_NEARLY = 3.0
_PARTS = (0.5, 0.25, 0.75, 0.02, 0.98)
_object_at = _fast(raw_pdfium.FPDFPage_GetObject, c_void_p, c_void_p, c_int)
_type_of = _fast(raw_pdfium.FPDFPageObj_GetType, c_int, c_void_p)
_form_count = _fast(raw_pdfium.FPDFFormObj_CountObjects, c_int, c_void_p)
_form_object = _fast(raw_pdfium.FPDFFormObj_GetObject, c_void_p, c_void_p, c_uint)
_get_bounds = _fast(raw_pdfium.FPDFPageObj_GetBounds, c_int, c_void_p, *(c_void_p,) * 4)
_get_matrix = _fast(raw_pdfium.FPDFPageObj_GetMatrix, c_int, c_void_p, c_void_p)
_get_fill = _fast(raw_pdfium.FPDFPageObj_GetFillColor, c_int, c_void_p, *(c_void_p,) * 4)
_count_marks = _fast(raw_pdfium.FPDFPageObj_CountMarks, c_int, c_void_p)
_mark_at = _fast(raw_pdfium.FPDFPageObj_GetMark, c_void_p, c_void_p, c_ulong)
_mark_name = _fast(raw_pdfium.FPDFPageObjMark_GetName, c_int, c_void_p, c_void_p, c_ulong, c_void_p)
_draw_mode = _fast(raw_pdfium.FPDFPath_GetDrawMode, c_int, c_void_p, c_void_p, c_void_p)
_LAYER = "OC\0".encode("utf-16-le")
"""The name of the mark around what belongs to a layer."""
_COVER = (20.0, 6.0)
"""Points: nothing narrower or lower covers a line."""
_WIDE = 30.0
_OPAQUE = 250
_MOST_COVERS = 250
_count_segments = _fast(raw_pdfium.FPDFPath_CountSegments, c_int, c_void_p)
_segment_at = _fast(raw_pdfium.FPDFPath_GetPathSegment, c_void_p, c_void_p, c_int)
_segment_type = _fast(raw_pdfium.FPDFPathSegment_GetType, c_int, c_void_p)
_segment_point = _fast(raw_pdfium.FPDFPathSegment_GetPoint, c_int, c_void_p, c_void_p, c_void_p)
_segment_close = _fast(raw_pdfium.FPDFPathSegment_GetClose, c_int, c_void_p)
_char_box = _fast(raw_pdfium.FPDFText_GetCharBox, c_int, c_void_p, c_int, *(c_void_p,) * 4)
_loose_box = _fast(raw_pdfium.FPDFText_GetLooseCharBox, c_int, c_void_p, c_int, c_void_p)
_origin = _fast(raw_pdfium.FPDFText_GetCharOrigin, c_int, c_void_p, c_int, c_void_p, c_void_p)
text_object = _fast(raw_pdfium.FPDFText_GetTextObject, c_void_p, c_void_p, c_int)
"""The object a character belongs to, None for one that pdfium put in between."""
render_mode = _fast(raw_pdfium.FPDFTextObj_GetTextRenderMode, c_int, c_void_p)

_number_at = _fast(raw_pdfium.FPDFText_GetCharIndexFromTextIndex, c_int, c_void_p, c_int)

_floats = (c_float * 6)()
_ints = (c_int * 2)()
_name = (c_char * 8)()
_size = c_ulong()
_doubles = (c_double * 4)()
_colour = (c_uint * 4)()
_AT = tuple(c_void_p(cast(byref(_floats, 4 * place), c_void_p).value or 0) for place in range(4))
_AT_DOUBLE = tuple(c_void_p(cast(byref(_doubles, 8 * place), c_void_p).value or 0) for place in range(4))
_AT_COLOUR = tuple(c_void_p(cast(byref(_colour, 4 * place), c_void_p).value or 0) for place in range(4))


class Drawn(NamedTuple):
    """An object of a page, and the matrix of the form it stands in."""

    pointer: int
    type: int
    matrix: Matrix


def address(handle: Any) -> int:
    """What the functions here take for a page or text page of pypdfium2."""
    return cast(handle, c_void_p).value or 0


def kinds(page: Any) -> list[int]:
    """The types of the outermost objects of a page."""
    pointer = address(page.raw)
    count = min(raw_pdfium.FPDFPage_CountObjects(page.raw), MOST_OBJECTS)
    return [_type_of(_object_at(pointer, number)) for number in range(count)]


def objects(page: Any, wanted: int) -> Iterator[Drawn]:
    """All objects of one type on a page, those inside forms too; at most `MOST_OBJECTS` are looked at."""
    pointer = address(page.raw)
    left = [MOST_OBJECTS]
    for number in range(min(raw_pdfium.FPDFPage_CountObjects(page.raw), MOST_OBJECTS)):
        found = _object_at(pointer, number)
        kind = _type_of(found)
        if kind == wanted:
            yield Drawn(found, kind, PLAIN)
        elif kind == FORM:
            yield from _inner(found, wanted, PLAIN, 1, left)


class Text(NamedTuple):
    """A text as the PDF wrote it. `pale`: written in a mode or colour that does not show."""

    pointer: int
    bounds: Bounds
    pale: bool

    layered: bool = False
    """It belongs to a layer, which may be off."""

    covered: bool = False
    """A filled shape is drawn over it."""


def texts(
    page: Any, modes: Sequence[int], pale: int, sheer: int, low: float, sheet: Sequence[float], *, layer: bool
) -> Iterator[Text]:
    """The texts of a page that are written in one of these modes or pale, are lower than `low` or off the sheet, belong to a layer
    or are covered by a shape; no spaces, and in a `layer` none in one of these modes.

    All in one loop: there are thousands on a page, and a call each would cost more than what it asks.
    """
    pointer, left = address(page.raw), [MOST_OBJECTS]
    at, fill, box = _AT, _AT_COLOUR, _floats
    west, south, east, north = sheet
    marks: dict[int, bool] = {}
    covers: list[tuple[int, Bounds]] = []
    layers = False
    for number in range(min(raw_pdfium.FPDFPage_CountObjects(page.raw), MOST_OBJECTS)):
        text = _object_at(pointer, number)
        mode = render_mode(text)
        if mode == _NO_TEXT:
            kind = _type_of(text)
            if kind == FORM:
                within = _in_layer(text, marks)
                signed = partial(_signed, low=4 * low, sheet=sheet)  # a letter may be half as high as its size
                yield from filter(signed, _inner_texts(text, modes, pale, sheer, left, layer=layer, within=within))
            elif kind == PATH and (cover := _cover(text)):
                covers.append((number, cover))
            continue
        unseen = mode in modes
        if unseen and layer:
            continue
        if not unseen and _get_fill(text, *fill):
            unseen = (_colour[0] >= pale and _colour[1] >= pale and _colour[2] >= pale) or _colour[3] <= sheer
        if _get_bounds(text, *at):
            x1, y1, x2, y2, _, _ = box
            if not layers and (x2 - x1 > _WIDE or not number & 3) and _count_marks(text) and _in_layer(text, marks):
                layers = True  # of narrow texts, letters mostly, one in four is asked
            if (unseen or y2 - y1 < low or x2 < west or y2 < south or x1 > east or y1 > north) and x1 < x2 and y1 < y2:
                yield Text(text, (x1, y1, x2, y2), unseen)
    if layers:
        yield from _layered(pointer, marks)
    if covers:
        yield from _under(pointer, covers)


def _layered(page: int, marks: dict[int, bool]) -> Iterator[Text]:
    """The texts that belong to a layer."""
    for number in range(min(raw_pdfium.FPDFPage_CountObjects(cast(page, raw_pdfium.FPDF_PAGE)), MOST_OBJECTS)):
        text = _object_at(page, number)
        if render_mode(text) != _NO_TEXT and _in_layer(text, marks) and _get_bounds(text, *_AT):
            x1, y1, x2, y2, _, _ = _floats
            if x1 < x2 and y1 < y2:
                yield Text(text, (x1, y1, x2, y2), pale=False, layered=True)


def _in_layer(drawn: int, known: dict[int, bool]) -> bool:
    """One of its marks is a layer's; `known` are the marks looked at before."""
    for number in range(_count_marks(drawn)):
        mark = _mark_at(drawn, number)
        if mark not in known:
            named = _mark_name(mark, byref(_name), sizeof(_name), byref(_size))
            known[mark] = bool(named) and _name.raw[: _size.value] == _LAYER
        if known[mark]:
            return True
    return False


def _cover(path: int) -> Bounds | None:
    """What a path may cover, None for lines and what can be seen through."""
    if not _get_bounds(path, *_AT):
        return None
    left, bottom, right, top = _floats[:4]
    if right - left < _COVER[0] or top - bottom < _COVER[1] or not _draw_mode(path, byref(_ints), byref(_ints, sizeof(c_int))):
        return None
    return (left, bottom, right, top) if _ints[0] and _get_fill(path, *_AT_COLOUR) and _colour[3] >= _OPAQUE else None


def _under(page: int, covers: Sequence[tuple[int, Bounds]]) -> Iterator[Text]:
    """The texts that lie within what is drawn after them."""
    drawn = ((number, _object_at(page, number)) for number in range(covers[-1][0]))
    found = [(number, text, *_floats[:4]) for number, text in drawn if render_mode(text) != _NO_TEXT and _get_bounds(text, *_AT)]
    if not found:
        return
    largest = sorted(covers, key=lambda one: _area(one[1]), reverse=True)[:_MOST_COVERS]
    shapes = np.array([(number, *shape) for number, shape in largest])[:, :, None]
    places = np.array([(number, *box) for number, _, *box in found]).T[None]
    over = (
        (shapes[:, 0] > places[:, 0]) & (shapes[:, 1:3] <= places[:, 1:3] + 1).all(1) & (shapes[:, 3:] >= places[:, 3:] - 1).all(1)
    )
    for place in np.flatnonzero(over.any(0)):
        _, text, x1, y1, x2, y2 = found[place]
        if x1 < x2 and y1 < y2:
            yield Text(text, (x1, y1, x2, y2), pale=False, covered=True)


def _area(shape: Bounds) -> float:
    return (shape[2] - shape[0]) * (shape[3] - shape[1])


def _inner_texts(
    form: int, modes: Sequence[int], pale: int, sheer: int, left: list[int], *, layer: bool, within: bool
) -> Iterator[Text]:
    for drawn in _inner(form, TEXT, PLAIN, 1, left):
        unpainted = render_mode(drawn.pointer) in modes
        if not (layer and unpainted) and (around := bounds(drawn)):
            yield Text(drawn.pointer, around, unpainted or is_pale(drawn.pointer, pale, sheer), within)


def _signed(text: Text, *, low: float, sheet: Sequence[float]) -> bool:
    """Something about it may be hidden: its ink, its layer, its size, its place."""
    left, bottom, right, top = text.bounds
    beyond = right < sheet[0] or top < sheet[1] or left > sheet[2] or bottom > sheet[3]
    return text.pale or text.layered or beyond or top - bottom < low


def font_size(text: int) -> float:
    """In points of the page, where the text stands in no form."""
    if not _get_font_size(text, _AT[0]):
        return 0.0
    size = _floats[0]
    _, _, c, d, _, _ = matrix_of(text)
    return size * float((c * c + d * d) ** 0.5)


def _inner(form: int, wanted: int, matrix: Matrix, depth: int, left: list[int]) -> Iterator[Drawn]:
    inside = times(matrix_of(form), matrix)
    for number in range(_form_count(form)):
        left[0] -= 1
        found = _form_object(form, number)
        if left[0] < 0 or not found:
            return
        kind = _type_of(found)
        if kind == wanted:
            yield Drawn(found, kind, inside)
        elif kind == FORM and depth < _DEEPEST:
            yield from _inner(found, wanted, inside, depth + 1, left)


def matrix_of(pointer: int) -> Matrix:
    if not _get_matrix(pointer, _AT[0]):
        return PLAIN
    a, b, c, d, e, f = _floats
    return a, b, c, d, e, f


def times(one: Matrix, two: Matrix) -> Matrix:
    """First `one`, then `two`."""
    a, b, c, d, e, f = one
    g, h, i, j, k, m = two
    return a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m


def moved(x: float, y: float, matrix: Matrix) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def bounds(drawn: Drawn) -> Bounds | None:
    if not _get_bounds(drawn.pointer, *_AT):
        return None
    left, bottom, right, top = _floats[:4]
    if drawn.matrix is PLAIN:
        return left, bottom, right, top
    a, b, c, d, e, f = drawn.matrix
    if not b and not c and a > 0 and d > 0:
        return a * left + e, d * bottom + f, a * right + e, d * top + f
    corners = [moved(x, y, drawn.matrix) for x in (left, right) for y in (bottom, top)]
    across, up = zip(*corners, strict=True)
    return min(across), min(up), max(across), max(up)


def is_pale(pointer: int, pale: int, sheer: int) -> bool:
    """Red, green and blue are at least `pale` or the opacity is at most `sheer`, of 255; black where nothing is said."""
    if not _get_fill(pointer, *_AT_COLOUR):
        return False
    return (_colour[0] >= pale and _colour[1] >= pale and _colour[2] >= pale) or _colour[3] <= sheer


def strokes(drawn: Drawn, most: int) -> Iterator[tuple[float, float, float, float]]:
    """The straight lines of a path from point to point; nothing for a path of more than `most` pieces."""
    count = _count_segments(drawn.pointer)
    if not 1 < count <= most:
        return
    matrix = times(matrix_of(drawn.pointer), drawn.matrix)
    start = last = (0.0, 0.0)
    for number in range(count):
        segment = _segment_at(drawn.pointer, number)
        _segment_point(segment, _AT[0], _AT[1])
        point = moved(_floats[0], _floats[1], matrix)
        kind = _segment_type(segment)
        if kind == raw_pdfium.FPDF_SEGMENT_MOVETO:
            start = point
        elif kind == raw_pdfium.FPDF_SEGMENT_LINETO:
            yield (*last, *point)
        last = point
        if _segment_close(segment):
            yield (*last, *start)


def char_box(text_page: int, character: int) -> Bounds | None:
    """What a character's ink takes."""
    if not _char_box(text_page, character, *_AT_DOUBLE):
        return None
    left, right, bottom, top = _doubles
    return left, bottom, right, top


def loose_box(text_page: int, character: int) -> Bounds | None:
    """What a character's font gives it: as high as the line."""
    if not _loose_box(text_page, character, _AT[0]):
        return None
    left, top, right, bottom = _floats[:4]
    return left, bottom, right, top


def origin(text_page: int, character: int) -> tuple[float, float] | None:
    """Where a character stands on its base line."""
    if not _origin(text_page, character, _AT_DOUBLE[0], _AT_DOUBLE[1]):
        return None
    return _doubles[0], _doubles[1]


def letter_of(text_page: int, text: int, bounds: Bounds) -> int | None:
    """The number of one of the characters of a text that stands here, None where none is found at a few places along it."""
    left, bottom, right, top = bounds
    wide, high = right - left, top - bottom
    for part in _PARTS:
        across, up = (part, 0.5) if wide > high else (0.5, part)
        letter = _letter_at(text_page, left + across * wide, bottom + up * high, _NEARLY, _NEARLY)
        if letter >= 0 and text_object(text_page, letter) == text:
            return int(letter)
    return None


def characters(text_page: Any, raw: str) -> Sequence[int]:
    """pdfium's character numbers by offset in its text, -1 for none."""
    wide = not raw.isascii() and beyond_plane(raw)
    if len(raw) == text_page.count_chars() and not wide:
        return range(len(raw))
    return _Numbers(address(text_page.raw), raw, wide)


class _Numbers(Sequence[int]):
    """Asked of pdfium one by one: it counts units of UTF-16, and some of its characters are not in its text."""

    def __init__(self, pointer: int, raw: str, wide: bool) -> None:
        self._pointer, self._length = pointer, len(raw)
        self._wide = [offset for offset, letter in enumerate(raw) if letter > "\uffff"] if wide else []

    def __len__(self) -> int:
        return self._length

    def index(self, value: int, *_: Any) -> int:
        """Raises: ValueError for a character that is not in the text, or not to be found at once."""
        if self._wide or (offset := _offset_of(self._pointer, value)) < 0:
            raise ValueError(value)
        return int(offset)

    def __getitem__(self, offset: Any) -> Any:
        return _number_at(self._pointer, offset + bisect_left(self._wide, offset) if self._wide else offset)


_FAR = 500.0
_GRID = 1_000_000
"""Device units per page side: pdfium maps to whole numbers, so fractions come from a fine grid."""


def shown(page: Any, x: float, y: float) -> tuple[float, float]:
    """A point of the page → where it is shown, as fractions from the top left; rotation and crop box considered."""
    device_x, device_y = c_int(), c_int()
    raw_pdfium.FPDF_PageToDevice(page.raw, 0, 0, _GRID, _GRID, 0, x, y, device_x, device_y)
    return device_x.value / _GRID, device_y.value / _GRID


def shown_by(page: Any) -> Matrix:
    """The same as a matrix, for who asks for many points."""
    (e, f), (a, b), (c, d) = (shown(page, x, y) for x, y in ((0, 0), (_FAR, 0), (0, _FAR)))
    return (a - e) / _FAR, (b - f) / _FAR, (c - e) / _FAR, (d - f) / _FAR, e, f
