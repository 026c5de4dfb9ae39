"""Rows of cells → the regular text of a sheet, in which every place is a cell again.

A sheet's page is one line per row, row 1 first, blank rows as blank lines; cells are separated by one tab, column A first,
empty cells at the end of a row left out. Tabs and line ends inside a cell are spaces. Where more than `LONGEST_GAP` rows
are blank, one line says how many. `cell_at` finds the cell of an offset again.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import chain, islice
from typing import Any

from kimi_docs.extract.build import check_length, tidy

SEPARATOR = "\t"
LONGEST_GAP = 50
_BLOCK = 200
"""Rows written at once where they are alike."""
_FORMS: Mapping[type, str] = {float: "%.15g", int: "%d", str: "%s", date: "%s"}
_LARGE = 1e13
"""From here up 15 digits are too few for the cents of a sum, and soon for an account's number."""
_GAP = "\t[{} blank rows]"
_GAP_LINE = re.compile(r"\t\[(\d+) blank rows\]")
_BREAK = re.compile(r"[\t\r\n\x0b\x0c\x85\u2028\u2029]")
_BLANKS = re.compile(r"\s+")


def sheet_text(rows: Iterable[Sequence[Any]], *, skip: int = 0, words: set[str] | None = None) -> str:
    """The text of a sheet; `skip` is how many empty columns stand before the first cell given. The cells that are words are
    added to `words`: each once, they are far fewer. Raises: TooLarge.
    """
    words = set() if words is None else words
    parts: list[str] = []
    source = iter(rows)
    length = blank = 0
    for block in iter(lambda: list(islice(source, _BLOCK)), []):
        quick = _quick(block, words) if not skip else ""
        if not quick:
            words.update(_clean(cell) for row in block for cell in row if type(cell) is str)
        lines = [quick] if quick else [_line(row, skip) for row in block]
        for line in lines:
            if not line:
                blank += 1
                continue
            if blank:
                parts += [""] * blank if blank <= LONGEST_GAP else [_GAP.format(blank)]
                blank = 0
            parts.append(line)
            length += len(line) + 1
        check_length(length)
    parts.append("")
    return "\n".join(parts)


def _quick(block: Sequence[Sequence[Any]], words: set[str]) -> str:
    """All lines of a block at once, which is how long sheets are: the same kinds of cells in every row, nothing odd in them.

    `""` where it is not so, and each row has to be looked at by itself. A word that is among `words` was found harmless.
    """
    cells = list(chain.from_iterable(block))
    width = len(block[0])
    kinds = tuple(map(type, cells[:width]))
    if not width or set(map(len, block)) != {width} or list(map(type, cells)) != list(kinds) * len(block):
        return ""
    form = _form(kinds, len(block))
    if not form or (kinds[-1] is str and not all(cell and cell[-1] > " " for cell in set(cells[width - 1 :: width]))):
        return ""
    texts = [cells[column::width] for column, kind in enumerate(kinds) if kind is str]
    if not all(map(words.issuperset, texts)):
        fresh = set[str]().union(*texts) - words
        if not "".join(fresh).isprintable():
            return ""
        words |= fresh
    shown = list(kinds)
    for column, kind in enumerate(kinds):
        if kind is date:
            cells[column::width] = map(_day, cells[column::width])
        elif kind is float and not math.hypot(*cells[column::width]) < _LARGE:  # the quickest look at all of them
            cells[column::width] = map(_number, cells[column::width])
            shown[column] = str
    form = form if tuple(shown) == kinds else _form(tuple(shown), len(block))
    return form % tuple(cells)


def _number(cell: float) -> str:
    """With 15 digits, as Excel shows it; a large one with all its digits, so that it comes back equal."""
    if -_LARGE < cell < _LARGE:
        return f"{cell:.15g}"
    return f"{cell:.0f}" if abs(cell) < 2**53 and cell.is_integer() else repr(cell).removesuffix(".0")


_day = lru_cache(maxsize=10_000)(date.isoformat)


@lru_cache(maxsize=1000)
def _form(kinds: tuple[type, ...], rows: int) -> str:
    """The form that writes so many rows of these kinds, `""` where a kind is not simply written."""
    if not all(kind in _FORMS for kind in kinds):
        return ""
    return "\n".join([SEPARATOR.join(_FORMS[kind] for kind in kinds)] * rows)


def _line(row: Sequence[Any], skip: int) -> str:
    """Joined first and looked at once: of a million cells hardly one holds a tab or a control character."""
    line = SEPARATOR.join([_SHOW[type(cell)](cell) for cell in row])
    if line.count(SEPARATOR) >= max(1, len(row)) or not line.replace(SEPARATOR, "").isprintable():
        line = SEPARATOR.join([_clean(_SHOW[type(cell)](cell)) for cell in row])
    return (SEPARATOR * skip + line).rstrip()


def grid(page_text: str) -> Iterator[list[str]]:
    """The cells of a sheet's page, row by row: `sheet_text` turned round."""
    for line in page_text.removesuffix("\n").split("\n"):
        gap = _GAP_LINE.fullmatch(line)
        yield from [[]] * int(gap[1]) if gap else [line.split(SEPARATOR)]


def cell_at(page_text: str, offset: int) -> str:
    """The cell (`B7`) that holds the character at `offset` of a sheet's page."""
    start = page_text.rfind("\n", 0, offset) + 1
    gaps = sum(int(gap[1]) - 1 for gap in _GAP_LINE.finditer(page_text, 0, start))
    row = page_text.count("\n", 0, start) + 1 + gaps
    return f"{column_letters(page_text.count(SEPARATOR, start, offset) + 1)}{row}"


def column_letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _clean(text: str) -> str:
    text = tidy(text)
    return _BLANKS.sub(lambda blanks: " " if _BREAK.search(blanks[0]) else blanks[0], text) if _BREAK.search(text) else text


def _moment(cell: datetime) -> str:
    return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")


def _duration(cell: timedelta) -> str:
    seconds = round(cell.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600}:{seconds % 3600 // 60:02}:{seconds % 60:02}"


_SHOW: Mapping[type, Callable[[Any], str]] = defaultdict(
    lambda: str,
    {
        float: _number,
        bool: lambda cell: "TRUE" if cell else "FALSE",
        int: str,
        datetime: _moment,
        date: date.isoformat,
        time: time.isoformat,
        timedelta: _duration,
        type(None): lambda _: "",
        str: str,
    },
)
