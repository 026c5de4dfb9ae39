"""The first bytes of a picture file → its width and height, without decoding a pixel."""

import struct
from collections.abc import Callable, Mapping

from kimi_docs.errors import TooLarge
from kimi_docs.language import say

MAX_PIXELS = 100_000_000
"""Of one picture: an A3 page at 600 dots per inch has 70 million."""
MAX_SIDE = 30_000
MAX_FRAMES = 500


def check(content: bytes, format: str) -> None:
    """Raises: TooLarge for a picture that says it has more pixels than can be held."""
    measure = _MEASURES.get(format)
    try:
        width, height = measure(content) if measure else (0, 0)
    except (struct.error, IndexError):
        return  # what is cut off here, the picture's reader will say
    check_size(width, height)


def check_size(width: int, height: int) -> None:
    """Raises: TooLarge."""
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise TooLarge(
            say("This picture has {width} × {height} pixels; that is more than can be read.", width=width, height=height),
            say("Save it smaller, 300 dots per inch are enough, and add that."),
        )


def check_frames(frames: int) -> None:
    """Raises: TooLarge."""
    if frames > MAX_FRAMES:
        raise TooLarge(
            say("This file holds {count} pictures; at most {most} are read.", count=frames, most=MAX_FRAMES),
            say("Split it into smaller files and add those."),
        )


def _png(content: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", content, 16)
    return width, height


def _gif(content: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", content, 6)
    return width, height


def _bmp(content: bytes) -> tuple[int, int]:
    if struct.unpack_from("<I", content, 14)[0] == 12:
        width, height = struct.unpack_from("<HH", content, 18)
    else:
        width, height = struct.unpack_from("<ii", content, 18)
    return abs(width), abs(height)


def _jpg(content: bytes) -> tuple[int, int]:
    """The frame header (SOF), found from marker to marker."""
    place = 2
    while place + 9 < len(content) and content[place] == 0xFF:
        kind = content[place + 1]
        if 0xC0 <= kind <= 0xCF and kind not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack_from(">HH", content, place + 5)
            return width, height
        place += 1 if kind == 0xFF else 2 + struct.unpack_from(">H", content, place + 2)[0]
    return 0, 0


def _webp(content: bytes) -> tuple[int, int]:
    kind = content[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(content[24:27], "little"), 1 + int.from_bytes(content[27:30], "little")
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", content, 21)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", content, 26)
    return width & 0x3FFF, height & 0x3FFF


def _tiff(content: bytes) -> tuple[int, int]:
    """Of the first picture; the reader looks at the others one by one."""
    order = "<" if content[:2] == b"II" else ">"
    place = struct.unpack_from(f"{order}I", content, 4)[0]
    sides = {256: 0, 257: 0}
    for index in range(min(struct.unpack_from(f"{order}H", content, place)[0], 200)):
        tag, kind, _, value = struct.unpack_from(f"{order}HHII", content, place + 2 + 12 * index)
        if tag in sides:
            sides[tag] = value >> 16 if kind == 3 and order == ">" else value & 0xFFFF if kind == 3 else value
    return sides[256], sides[257]


_MEASURES: Mapping[str, Callable[[bytes], tuple[int, int]]] = {
    "png": _png,
    "jpg": _jpg,
    "gif": _gif,
    "bmp": _bmp,
    "tiff": _tiff,
    "webp": _webp,
}
