"""Raw pages → the running headers, footers and page numbers among their lines.

Decided from the four pages before and after, so that one page can be read again without the whole book. A line at the
edge of a page is a margin when it stood at the edge of an earlier page near by and of at least two in all, its numbers the same
or counting with the pages; those that only count read like page numbers, or stand outside a running line: else they may be
the headings of one question a page. The first time it is said it is kept, so no title or heading is lost; bare page numbers go
at once.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kimi_docs.extract.pdf_text import lines

REACH = 4
_EDGE = 3
_NEAR = 500
"""Characters from either end of a page among which its outer lines are looked for."""
_NUMBER = re.compile(r"(\d+)")
_TWO_LETTERS = re.compile(r"[^\W\d_].*?[^\W\d_]")
_MOST_NUMBERS = 12
_LONGEST_ROMAN = 7
_ROMAN = re.compile(r"[ivxlc]+")
_BARE = re.compile(r"[\s\-–—|·.•/\[\]()#第页頁共of]*(?:page|p\.?|seite)?[\s\-–—|·.•/\[\]()#第页頁共of]*", re.IGNORECASE)
_SAYS_PAGE = re.compile(
    r"\b(?:page|pag|pág|pg|pp|p|seite|s|página|pagina|sida|side|стр|страница)\b[. ]*#|[页頁]|ページ|쪽"
    r"|[|·•]\s*#|#\s*[|·•]|[-–—]\s*#\s*[-–—]"
    r"|^#\s+[^\W\d_]|(?:[^\W\d_]+\W+){4}$(?<=#)|[\u3400-\u9fff]{8}\W*#$"  # before a title, or after a long one
)
"""Among the words of a line whose number counts: that is the number of the page."""


class Edge(NamedTuple):
    """A line near the top or bottom of a page: where it is, its words without numbers, the numbers."""

    start: int
    end: int
    words: str
    numbers: tuple[int, ...]

    bare: bool
    """Nothing but a page number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edges:
    """The lines at the edges of a page, from the outside inwards, and the numbers of each by its words."""

    top: tuple[Edge, ...]
    bottom: tuple[Edge, ...]
    lines: int
    numbers: Mapping[str, list[tuple[int, ...]]]


BLANK = Edges(top=(), bottom=(), lines=0, numbers={})


def edges(raw: str) -> Edges:
    """The first and last lines of a page."""
    places = _outer_lines(raw)
    half = min(_EDGE, (len(places) + 1) // 2)
    top = tuple(_edge(raw, *place) for place in places[:half])
    bottom = tuple(_edge(raw, *place) for place in reversed(places[max(half, len(places) - _EDGE) :]))
    numbers: dict[str, list[tuple[int, ...]]] = {}
    for edge in (*top, *bottom):
        numbers.setdefault(edge.words, []).append(edge.numbers)
    return Edges(top=top, bottom=bottom, lines=len(places), numbers=numbers)


def _outer_lines(raw: str) -> list[tuple[int, int]]:
    """All lines of a short page; of a long one those near its ends."""
    if len(raw) > 3 * _NEAR:
        head, tail = raw.rfind("\n", 0, _NEAR) + 1, raw.find("\n", len(raw) - _NEAR) + 1
        first, last = lines(raw, 0, head), lines(raw, tail) if tail else []
        if len(first) >= _EDGE <= len(last):
            return [*first, *last]
    return lines(raw)


def _edge(raw: str, start: int, end: int) -> Edge:
    text = raw[start : min(end, start + 300)]
    text = (text if text.isascii() else unicodedata.normalize("NFKC", text)).lower().strip()
    if len(text) <= _LONGEST_ROMAN and _ROMAN.fullmatch(text):
        return Edge(start=start, end=end, words="#", numbers=(_roman(text),), bare=True)
    parts = _NUMBER.split(text)
    numbers = tuple(int(number) for number in parts[1 : 2 * _MOST_NUMBERS : 2] if len(number) < 10)
    words = " ".join("#".join(parts[::2]).split())
    bare = 0 < len(numbers) <= 2 and _BARE.fullmatch(words) is not None
    return Edge(start=start, end=end, words=words, numbers=numbers, bare=bare)


def _roman(text: str) -> int:
    values = [dict(zip("ivxlc", (1, 5, 10, 50, 100), strict=True))[letter] for letter in text]
    return sum(-value if value < after else value for value, after in zip(values, [*values[1:], 0], strict=True))


def margins(pages: Sequence[Edges], index: int) -> list[tuple[int, int]]:
    """The ranges of page `index` that are margins, in order. `pages` may be a window: only `REACH` around it is looked at."""
    page = pages[index]
    near = [(other, pages[other]) for other in range(max(0, index - REACH), min(len(pages), index + REACH + 1)) if other != index]
    found = [*_run(page.top, near, index), *_run(page.bottom, near, index)]
    return sorted(found) if len(found) < page.lines else []


def _run(edge: Sequence[Edge], near: Sequence[tuple[int, Edges]], index: int) -> list[tuple[int, int]]:
    """Margins of one edge, from the outside inwards, up to the first line that is none."""
    found: list[tuple[int, int]] = []
    counting: list[tuple[int, int]] = []
    for line in edge:
        alike = [(other, twins) for other, page in near if (twins := page.numbers.get(line.words))]
        if len(alike) < 2 or not (line.bare or _TWO_LETTERS.search(line.words, 0, 60)):
            break  # rows of figures look alike without being headers
        same = [other for other, twins in alike if any(_same(line, twin, index - other) for twin in twins)]
        if len(same) < 2 or not (line.bare or min(same) < index):
            break
        counting.append((line.start, line.end))
        if line.bare or not line.numbers or _stays(line, alike) or _SAYS_PAGE.search(line.words):
            found += counting
            counting = []
    return found


def _stays(line: Edge, alike: Sequence[tuple[int, Sequence[tuple[int, ...]]]]) -> bool:
    """Its numbers are the same on another page."""
    return any(line.numbers in twins for _, twins in alike)


def _same(line: Edge, twin: tuple[int, ...], apart: int) -> bool:
    """Each number of a line is the same as its twin's or further on by as many as the pages are apart."""
    if line.numbers == twin and not line.bare:
        return True
    if len(line.numbers) != len(twin):
        return False
    pairs = zip(line.numbers, twin, strict=True)
    if line.bare:
        return any(first - second == apart for first, second in pairs)
    return all(first == second or first - second == apart for first, second in pairs)
