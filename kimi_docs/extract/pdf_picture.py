"""PDF page → JPEG, and characters → boxes on it."""

import io
from collections.abc import Sequence
from typing import Any

import pypdfium2 as pdfium

from kimi_docs.domain.text import Box
from kimi_docs.errors import Damaged
from kimi_docs.extract.pdf_objects import characters, shown
from kimi_docs.language import say

_MAX_PIXELS = 12_000_000
_MOST_CHARACTERS = 20_000

Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom as fractions of the page as it is shown."""


def draw(page: Any, width: int) -> tuple[bytes, tuple[int, int]]:
    """The page about `width` pixels wide. Raises: Damaged."""
    wide, high = page.get_size()
    if not (wide > 0 and high > 0):
        raise Damaged(say("This page has no size and cannot be shown."))
    scale = min(max(50, min(width, 4000)) / wide, (_MAX_PIXELS / (wide * high)) ** 0.5)
    try:
        image = page.render(scale=scale).to_pil().convert("RGB")
    except (pdfium.PdfiumError, ValueError) as error:
        raise Damaged(say("This page cannot be drawn.")) from error
    target = io.BytesIO()
    image.save(target, "JPEG", quality=80)
    return target.getvalue(), image.size


def boxes(page: Any, raw: str, offsets: Sequence[int]) -> tuple[Box, ...]:
    """Where the characters with these offsets in the page's raw text are, one box per line."""
    text_page = page.get_textpage()
    try:
        numbers = characters(text_page, raw)
        wanted = [numbers[offset] for offset in offsets[:_MOST_CHARACTERS] if numbers[offset] >= 0]
        found = [_rectangle(page, text_page, number) for number in wanted]
    finally:
        text_page.close()
    merged = _columns(_rows([rectangle for rectangle in found if rectangle is not None]))
    return tuple(Box(left=left, top=top, width=right - left, height=bottom - top) for left, top, right, bottom in merged)


def _rectangle(page: Any, text_page: Any, character: int) -> Rectangle | None:
    try:
        left, bottom, right, top = text_page.get_charbox(character, loose=True)
    except pdfium.PdfiumError:
        return None
    one, two = shown(page, left, bottom), shown(page, right, top)
    (x1, x2), (y1, y2) = sorted((one[0], two[0])), sorted((one[1], two[1]))
    x1, x2, y1, y2 = (min(1.0, max(0.0, value)) for value in (x1, x2, y1, y2))
    return (x1, y1, x2, y2) if x2 > x1 and y2 > y1 else None


def _rows(rectangles: Sequence[Rectangle]) -> list[Rectangle]:
    """Neighbours on one line become one box."""
    merged: list[Rectangle] = []
    for box in rectangles:
        if merged and _beside(merged[-1], box):
            merged[-1] = _union(merged[-1], box)
        else:
            merged.append(box)
    return merged


def _beside(line: Rectangle, box: Rectangle) -> bool:
    overlap = min(line[3], box[3]) - max(line[1], box[1])
    near = box[0] >= line[0] - 0.01 and box[0] - line[2] < 0.1
    return near and overlap > 0.5 * min(line[3] - line[1], box[3] - box[1])


def _columns(rectangles: Sequence[Rectangle]) -> list[Rectangle]:
    """Letters set one below the other (vertical text) become one box."""
    merged: list[Rectangle] = []
    for box in rectangles:
        if merged and _below(merged[-1], box):
            merged[-1] = _union(merged[-1], box)
        else:
            merged.append(box)
    return merged


def _below(line: Rectangle, box: Rectangle) -> bool:
    overlap = min(line[2], box[2]) - max(line[0], box[0])
    wide, high = box[2] - box[0], box[3] - box[1]
    return (
        overlap > 0.7 * max(line[2] - line[0], wide)
        and wide < 0.04
        and min(abs(box[1] - line[3]), abs(line[1] - box[3])) < 0.3 * high
    )


def _union(one: Rectangle, two: Rectangle) -> Rectangle:
    return min(one[0], two[0]), min(one[1], two[1]), max(one[2], two[2]), max(one[3], two[3])
