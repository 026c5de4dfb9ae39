"""Ruled areas and the words in them → tables of cells that know which characters they hold.

Where lines part the rows they are the rows; where several lines of text stand between two of them and the columns stand
side by side line for line, each line of text is a row. Columns are parted by upright lines, and by gaps that go through.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean, median

import numpy as np

from kimi_docs.extract.pdf_rules import TOUCH, Area
from kimi_docs.extract.pdf_text import Given, Piece, Range
from kimi_docs.extract.pdf_words import Line, Phrase, Word, lines

_CROSSING = 0.08
"""Of the lines: so many may cross the gap between two columns, as headings over several do."""
_MOST_CELLS = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """Its row, the first and the last column it takes, and the ranges of its characters, in order and apart."""

    row: int
    left: int
    right: int
    parts: Sequence[Range]


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    rows: int
    columns: int
    cells: Sequence[Cell]


def tables(found: Sequence[Area], words: Sequence[Word]) -> list[Table]:
    """The tables among these areas. No character is in two of them."""
    made: list[Table] = []
    taken: set[int] = set()
    across = np.fromiter(((word.left + word.right) / 2 for word in words), float, len(words))
    down = np.fromiter((word.base - word.height / 3 for word in words), float, len(words))
    for area in found:
        held = (across >= area.left - 1) & (across <= area.right + 1) & (down >= area.top) & (down <= area.bottom)
        inside = [word for word in (words[int(number)] for number in np.flatnonzero(held)) if word.start not in taken]
        table = _table(area, inside) if sum(word.stop - word.start for word in inside) > 3 else None
        if table:
            made.append(table)
            taken.update(word.start for word in inside)
    return made


def _table(area: Area, words: Sequence[Word]) -> Table | None:
    ys = _bands(area)
    bands = [lines(part) for part in _by_band(words, ys)]
    posts = _posts(area)
    if not posts and _is_prose([line for band in bands for line in band]):
        return None
    bodies = [_is_body(band, posts, bands) if posts else number > 0 for number, band in enumerate(bands)]
    body = [line for is_body, band in zip(bodies, bands, strict=True) if is_body for line in band]
    borders = _borders(area, posts, body)
    if len(borders) < 3:
        return None
    spans: dict[tuple[int, int, int], list[Range]] = {}
    row = 0
    for number, (is_body, band) in enumerate(zip(bodies, bands, strict=True)):
        for row_lines in [[line] for line in band] if is_body else [band] if band else []:
            for left, right, part in _row(row_lines, borders, borders[1:-1] if is_body else posts):
                joins = not is_body and number and not bodies[number - 1] and not _ruled(area, ys[number], borders, left, right)
                top = row - 1 if joins and any((row - 1, left, other) in spans for other in range(right, len(borders))) else row
                last = next((other for other in range(len(borders) - 1, right, -1) if (top, left, other) in spans), right)
                spans.setdefault((top, left, last), []).extend((word.start, word.stop) for word in part)
            row += 1
    return _checked(row, len(borders) - 1, spans)


def _bands(area: Area) -> list[float]:
    """Where the rows' lines are, from top to bottom."""
    wide = area.right - area.left
    ys = sorted(y for y, left, right in area.level if right - left > 0.1 * wide)
    found = [area.top]
    for y in [*ys, area.bottom]:
        if y - found[-1] > TOUCH:
            found.append(y)
    return found


def _by_band(words: Iterable[Word], bands: Sequence[float]) -> list[list[Word]]:
    found: list[list[Word]] = [[] for _ in range(max(1, len(bands) - 1))]
    for word in words:
        number = bisect_right(bands, word.base - word.height / 3) - 1
        found[min(len(found) - 1, max(0, number))].append(word)
    return found


def _posts(area: Area) -> list[float]:
    """The upright lines inside that part columns."""
    high = area.bottom - area.top
    by_place: dict[float, float] = {}
    for x, top, bottom in area.upright:
        near = next((place for place in by_place if abs(place - x) < TOUCH), x)
        by_place[near] = by_place.get(near, 0) + bottom - top
    inner = (x for x, length in by_place.items() if area.left + TOUCH < x < area.right - TOUCH and length > 0.25 * high)
    return sorted(inner)


def _is_prose(found: Sequence[Line]) -> bool:
    """Running text between two lines, not columns of entries."""
    parts = [[phrase.length for phrase in line] for line in found]
    lengths = [length for line in parts for length in line]
    return len(found) < 2 or not lengths or mean(lengths) > 18 or median(map(len, parts)) < 2


def _is_body(band: Sequence[Line], posts: Sequence[float], bands: Sequence[Sequence[Line]]) -> bool:
    """Several lines whose columns stand side by side line for line, where rows are not parted by lines anyway."""
    if len(band) < 3:
        return False
    filled = [{bisect_right(posts, phrase.left) for phrase in line} for line in band]
    together = sum(len(columns) > 1 for columns in filled)
    if len(band) < 4 and mean(map(len, bands)) < 3:
        return together == len(band) and all(0 in columns for columns in filled)
    return together >= 0.6 * len(band) and mean(map(len, filled)) > min(2.5, 0.6 * (len(posts) + 1))


def _ruled(area: Area, y: float, borders: Sequence[float], left: int, right: int) -> bool:
    """A line lies at `y` over most of these columns."""
    start, end = borders[left], borders[right + 1]
    covered = sum(max(0.0, min(end, last) - max(start, first)) for place, first, last in area.level if abs(place - y) < TOUCH)
    return covered > 0.5 * (end - start)


def _borders(area: Area, posts: Sequence[float], body: Sequence[Line]) -> list[float]:
    """Where columns begin and end."""
    found = [area.left - TOUCH, *posts, area.right + TOUCH]
    for left, right in _gaps([phrase for line in body for phrase in line], len(body)):
        if not any(left - TOUCH <= border <= right + TOUCH for border in found):
            found.append((left + right) / 2)
    return sorted(found)


def _gaps(found: Sequence[Phrase], line_count: int) -> list[tuple[float, float]]:
    """Stretches that hardly any line crosses, between stretches that lines stand in."""
    events = sorted([(phrase.left, 1) for phrase in found] + [(phrase.right, -1) for phrase in found])
    allowed = _CROSSING * line_count
    deep, since, gaps = 0, None, []
    for x, step in events:
        before, deep = deep, deep + step
        if before > allowed >= deep:
            since = x
        elif deep > allowed >= before and since is not None:
            if x - since > 2.5:
                gaps.append((since, x))
            since = None
    return gaps


def _row(row_lines: Sequence[Line], borders: Sequence[float], cuts: Sequence[float]) -> list[tuple[int, int, Sequence[Word]]]:
    """The phrases of one row with the first and the last column of each."""
    return [placed for line in row_lines for phrase in line for placed in _placed(phrase, borders, cuts)]


def _placed(phrase: Phrase, borders: Sequence[float], cuts: Sequence[float]) -> list[tuple[int, int, Sequence[Word]]]:
    """First and last column of a phrase, cut where one of `cuts` runs through one of its spaces."""
    last = len(borders) - 2
    parts: list[Sequence[Word]] = []
    start = 0
    for number, (one, two) in enumerate(pairwise(phrase.words), 1):
        gap = two.left - one.right > 0.12 * one.height
        if gap and any(one.right - 1 <= border <= two.left + 1 for border in cuts):
            parts.append(phrase.words[start:number])
            start = number
    parts.append(phrase.words[start:])
    placed = []
    for part in parts:
        reach = 0.2 * part[0].height
        left = min(last, max(0, bisect_right(borders, part[0].left + reach) - 1))
        right = min(last, max(left, bisect_right(borders, max(one.right for one in part) - reach) - 1))
        placed.append((left, right, part))
    return placed


def _checked(rows: int, columns: int, spans: Mapping[tuple[int, int, int], Sequence[Range]]) -> Table | None:
    """Nothing for what is no table: a frame, a picture's axes, lines of a form with hardly a word in them."""
    used = sorted({left for _, left, _ in spans})
    filled = {(top, left) for top, left, _ in spans}
    if rows < 2 or len(used) < 2 or rows * columns > _MOST_CELLS or len(filled) < max(4, 0.2 * rows * len(used)):
        return None
    by_row = Counter(top for top, _ in filled)
    if sum(count > 1 for count in by_row.values()) < 2:
        return None
    rows_used = sorted(by_row)
    number = {left: place for place, left in enumerate(used)}
    cells = [
        Cell(
            row=rows_used.index(top),
            left=number[left],
            right=bisect_right(used, right) - 1,
            parts=united(parts),
        )
        for (top, left, right), parts in sorted(spans.items())
    ]
    return Table(rows=len(by_row), columns=len(used), cells=cells)


def markdown(table: Table, raw: str, withheld: bytearray) -> Given:
    """The table as rows `| a | b |`. Characters whose place in `withheld` is not 0 are left out."""
    pieces: list[Piece] = []
    places: dict[tuple[int, int], list[Range]] = {}
    for cell in table.cells:  # two may begin in one place and reach to different columns
        places.setdefault((cell.row, cell.left), []).extend(cell.parts)
    for row in range(table.rows):
        for column in range(table.columns):
            pieces.append(("| ", -1))
            if parts := visible(united(places.get((row, column), ())), withheld):
                pieces += _cell(parts, raw)
        pieces.append(("|\n", -1))
        if not row:
            pieces.append(("| --- " * table.columns + "|\n", -1))
    return Given(pieces)


def _cell(parts: Sequence[Range], raw: str) -> Iterator[Piece]:
    after: int | None = None
    for start, stop in parts:
        if after is not None and raw[after] not in "\ufffe\u00ad":
            yield " ", -1
        part, after = raw[start:stop], stop
        if part.isprintable() and "|" not in part and "\u00ad" not in part:
            yield part, start
            continue
        for offset, letter in enumerate(part, start):
            if letter == "|":
                yield "\\", -1
            if letter.isprintable() and letter != "\u00ad":
                yield letter, offset
    yield " ", -1


def united(parts: Iterable[Range]) -> list[Range]:
    """In order, neighbours as one."""
    found: list[Range] = []
    for start, stop in sorted(parts):
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], stop)
        else:
            found.append((start, stop))
    return found


def visible(parts: Sequence[Range], withheld: bytearray) -> Sequence[Range]:
    """The parts without the characters whose place in `withheld` is not 0."""
    if 1 not in withheld or not any(withheld.find(1, start, stop) >= 0 for start, stop in parts):
        return parts
    return united((offset, offset + 1) for start, stop in parts for offset in range(start, stop) if not withheld[offset])
