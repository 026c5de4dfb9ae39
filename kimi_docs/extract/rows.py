"""Rows of cells → the regular text of a sheet, in which every place is a cell again.

A sheet's page is one line per row, row 1 first, blank rows as blank lines; cells are separated by one tab, column A first,
empty cells at the end of a row left out. Tabs and line ends inside a cell are spaces. Where more than `LONGEST_GAP` rows
are blank, one line says how many. `cell_at` finds the cell of an offset again.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from kimi_docs.extract.build import check_length, tidy

SEPARATOR = "\t"
LONGEST_GAP = 50
_GAP = "\t[{} blank rows]"
_GAP_LINE = re.compile(r"\t\[(\d+) blank rows\]")
_BREAKS = re.compile(r"\s*[\t\r\n\x0b\x0c\x85\u2028\u2029]\s*")


def sheet_text(rows: Iterable[Sequence[Any]], *, skip: int = 0) -> str:
    """The text of a sheet; `skip` is how many empty columns stand before the first cell given. Raises: TooLarge."""
    lines: list[str] = []
    length = blank = 0
    for row in rows:
        line = _line(row, skip)
        if not line:
            blank += 1
            continue
        if blank:
            lines += [""] * blank if blank <= LONGEST_GAP else [_GAP.format(blank)]
            blank = 0
        lines.append(line)
        length += len(line) + 1
        if not len(lines) % 1000:
            check_length(length)
    lines.append("")
    return "\n".join(lines)


def _line(row: Sequence[Any], skip: int) -> str:
    """Joined first and looked at once: of a million cells hardly one holds a tab or a control character."""
    line = SEPARATOR.join([_SHOW[type(cell)](cell) for cell in row])
    if line.count(SEPARATOR) >= max(1, len(row)) or not line.replace(SEPARATOR, "").isprintable():
        line = SEPARATOR.join([_clean(_SHOW[type(cell)](cell)) for cell in row])
    return (SEPARATOR * skip + line).rstrip()


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
    return _BREAKS.sub(" ", tidy(text))


def _moment(cell: datetime) -> str:
    return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")


def _duration(cell: timedelta) -> str:
    seconds = round(cell.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600}:{seconds % 3600 // 60:02}:{seconds % 60:02}"


_SHOW: Mapping[type, Callable[[Any], str]] = defaultdict(
    lambda: str,
    {
        float: "{:.15g}".format,
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
