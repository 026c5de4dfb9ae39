"""pdfium's functions that are called thousands of times a page, without the pointer objects that cost more than the calls."""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Sequence
from ctypes import CFUNCTYPE, addressof, byref, c_char, c_double, c_float, c_int, c_uint, c_ulong, c_void_p, cast, memset, sizeof
from itertools import repeat
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as raw_pdfium

from kimi_docs.extract.hidden import beyond_plane

TEXT = raw_pdfium.FPDF_PAGEOBJ_TEXT
PATH = raw_pdfium.FPDF_PAGEOBJ_PATH
IMAGE = raw_pdfium.FPDF_PAGEOBJ_IMAGE
SHADING = raw_pdfium.FPDF_PAGEOBJ_SHADING
FORM = raw_pdfium.FPDF_PAGEOBJ_FORM

NO_TEXT = -1
"""The mode that pdfium gives what is no text."""

MOST_OBJECTS = 20_000
"""Looked at on one page; what is beyond is drawing."""
_DEEPEST = 6

Bounds = tuple[float, float, float, float]
"""Left, bottom, right, top in points of the page."""

Boxes = tuple[list[float], list[float], list[float], list[float]]
"""The left sides, bottoms, right sides and tops of many."""

Columns = TypeVar("Columns", bound=tuple[list[Any], ...])

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
_NAME_BYTES = 8
"""Room for the name of a layer's mark; longer ones are not written."""
_name = (c_char * _NAME_BYTES)()
_size = c_ulong()
_doubles = (c_double * 4)()
_sides = (c_float * (4 * MOST_OBJECTS))()
_inks = (c_uint * (4 * MOST_OBJECTS))()
_names = (c_char * (_NAME_BYTES * MOST_OBJECTS))()
_EACH_NAME = range(addressof(_names), addressof(_names) + sizeof(_names), _NAME_BYTES)
_EACH_SIDE, _EACH_INK = (
    tuple(range(addressof(table) + field, addressof(table) + sizeof(table), 16) for field in (0, 4, 8, 12))
    for table in (_sides, _inks)
)
"""Where the four values of one object after the other are put."""
_AT = tuple(c_void_p(cast(byref(_floats, 4 * place), c_void_p).value or 0) for place in range(4))
_AT_DOUBLE = tuple(c_void_p(cast(byref(_doubles, 8 * place), c_void_p).value or 0) for place in range(4))


class Drawn(NamedTuple):
    """An object of a page, and the matrix of the form it stands in."""

    pointer: int
    type: int
    matrix: Matrix


def address(handle: Any) -> int:
    """What the functions here take for a page or text page of pypdfium2."""
    return cast(handle, c_void_p).value or 0


def objects(page: Any, wanted: int) -> Iterator[Drawn]:
    """All objects of one type on a page, those inside forms too; at most `MOST_OBJECTS` are looked at."""
    left = [MOST_OBJECTS]
    for found in outermost(page):
        kind = _type_of(found)
        if kind == wanted:
            yield Drawn(found, kind, PLAIN)
        elif kind == FORM:
            yield from inner(found, wanted, left)


def outermost(page: Any) -> list[int]:
    """The objects of a page, at most `MOST_OBJECTS` of them; what stands in a form is not among them."""
    count = min(raw_pdfium.FPDFPage_CountObjects(page.raw), MOST_OBJECTS)
    return list(map(_object_at, repeat(address(page.raw)), range(count)))


def types_of(objects: Sequence[int]) -> list[int]:
    return list(map(_type_of, objects))


def render_modes(objects: Sequence[int]) -> list[int]:
    """`NO_TEXT` for what is none."""
    return list(map(render_mode, objects))


def boxes_of(objects: Sequence[int]) -> Boxes:
    """0 for all four sides of what has no place. At most `MOST_OBJECTS` are asked."""
    told = list(map(_get_bounds, objects, *_EACH_SIDE))
    sides = (
        _sides[0 : 4 * len(told) : 4],
        _sides[1 : 4 * len(told) : 4],
        _sides[2 : 4 * len(told) : 4],
        _sides[3 : 4 * len(told) : 4],
    )
    return _said(told, sides, (0.0, 0.0, 0.0, 0.0))


def inks_of(objects: Sequence[int]) -> tuple[list[int], list[int], list[int], list[int]]:
    """Red, green, blue and opacity of what each is filled with, up to 255; black where nothing is said. At most `MOST_OBJECTS`."""
    told = list(map(_get_fill, objects, *_EACH_INK))
    inks = (_inks[0 : 4 * len(told) : 4], _inks[1 : 4 * len(told) : 4], _inks[2 : 4 * len(told) : 4], _inks[3 : 4 * len(told) : 4])
    return _said(told, inks, (0, 0, 0, 255))


def _said(told: Sequence[int], columns: Columns, nothing: Sequence[Any]) -> Columns:
    """The columns, with `nothing` for those that told nothing."""
    if not all(told):
        for number in (number for number, answer in enumerate(told) if not answer):
            for column, value in zip(columns, nothing, strict=True):
                column[number] = value
    return columns


def is_filled(path: int) -> bool:
    return bool(_draw_mode(path, byref(_ints), byref(_ints, sizeof(c_int)))) and bool(_ints[0])


def _marks(objects: Sequence[int], counts: Sequence[int], depth: int) -> Iterator[int]:
    """The marks that stand at this place among those of an object."""
    return map(_mark_at, [one for one, count in zip(objects, counts, strict=True) if count > depth], repeat(depth))


def _name_layer(marks: Collection[int]) -> bool:
    """One of the marks is a layer's."""
    memset(_names, 0, len(marks) * _NAME_BYTES)
    for _ in map(_mark_name, marks, _EACH_NAME, repeat(_NAME_BYTES), repeat(byref(_size))):
        pass
    return _LAYER in _names.raw[: len(marks) * _NAME_BYTES]


class Layers:
    """Which objects of a page belong to a layer of the document. It may be asked while the page is open."""

    def __init__(self) -> None:
        self._known: dict[int, bool] = {}

    def hold(self, drawn: int) -> bool:
        return any(self._is_layer(_mark_at(drawn, number)) for number in range(_count_marks(drawn)))

    def hold_any(self, objects: Sequence[int]) -> bool:
        """At most `MOST_OBJECTS` are asked."""
        counts = list(map(_count_marks, objects))
        return any(_name_layer(set(_marks(objects, counts, depth))) for depth in range(max(counts, default=0)))

    def _is_layer(self, mark: int) -> bool:
        if mark not in self._known:
            named = _mark_name(mark, byref(_name), sizeof(_name), byref(_size))
            self._known[mark] = bool(named) and _name.raw[: _size.value] == _LAYER
        return self._known[mark]


def font_size(text: int) -> float:
    """In points of the page, where the text stands in no form."""
    if not _get_font_size(text, _AT[0]):
        return 0.0
    size = _floats[0]
    _, _, c, d, _, _ = matrix_of(text)
    return size * float((c * c + d * d) ** 0.5)


def inner(form: int, wanted: int, left: list[int], matrix: Matrix = PLAIN, depth: int = 1) -> Iterator[Drawn]:
    """The objects of one type in a form, those in forms within it too, while some are `left` to be looked at."""
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
            yield from inner(found, wanted, left, inside, depth + 1)


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


def letters(text_page: int, characters: Sequence[int]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[Any], npt.NDArray[Any]]:
    """For each character (-1 for none) whether it has a place, what its font gives it (left, top, right, bottom), and where it
    stands on its base line (x, y)."""
    count = len(characters)
    boxes, origins = np.zeros((count, 4), np.float32), np.zeros((count, 2), np.float64)  # 16 bytes a row, both
    start, place = boxes.ctypes.data, origins.ctypes.data
    boxed = map(_loose_box, repeat(text_page), characters, range(start, start + 16 * count, 16))
    across, up = range(place, place + 16 * count, 16), range(place + 8, place + 8 + 16 * count, 16)
    placed = map(_origin, repeat(text_page), characters, across, up)
    there = np.fromiter(boxed, bool, count) & np.fromiter(placed, bool, count)
    return there, boxes.astype(np.float64), origins


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
