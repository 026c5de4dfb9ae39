"""Rows of a sheet → the same rows with merged cells filled and error cells named."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

MAX_FILLED = 1000
"""Cells of one merged range: a larger one is a frame, not a label."""

_YEARS = range(1900, 2101)
_YEAR_WORDS = re.compile(r"year|年|\bFY|Jahr|année|año|ano\b", re.IGNORECASE)
_HEAD_ROWS = 30

Range = tuple[tuple[int, int], tuple[int, int]]
"""First and last row and column, from 0."""


def completed(
    rows: Iterable[Sequence[Any]], first: tuple[int, int], errors: Mapping[int, Mapping[int, str]], merged: Iterable[Range]
) -> Iterator[Sequence[Any]]:
    """`first` is the row and column of the first cell given. A merged range says its label in each of its cells, so that
    a row can be understood by itself; a title across an otherwise empty row is said once, and so is an amount: a sum would
    count it as often as it is said.
    """
    starting: dict[int, list[Range]] = {}
    for place in merged:
        (top, left), (bottom, right) = place
        if 1 < (bottom - top + 1) * (right - left + 1) <= MAX_FILLED:
            starting.setdefault(top, []).append(place)
    open_ranges: list[tuple[Range, Any]] = []
    above = _Above()
    for number, row in enumerate(rows, first[0]):
        open_ranges = [entry for entry in open_ranges if entry[0][1][0] >= number]
        begun = starting.get(number, ())
        if not (open_ranges or begun or number in errors):
            above.add(row)
            yield row
            continue
        cells = list(row)
        for column, text in errors.get(number, {}).items():
            _put(cells, column - first[1], text)
        alone = sum(cell not in (None, "") for cell in cells) == 1
        for place in begun:
            value = _at(cells, place, first[1])
            others = [_at(cells, other, first[1]) for other in begun if other != place]
            is_label = above.is_year(value, place, first[1], cells, others) if _is_number(value) else value not in (None, "")
            if is_label and not (alone and place[0][0] == place[1][0]):
                open_ranges.append((place, value))
        above.add(row)
        for ((_, left), (_, right)), value in open_ranges:
            for column in range(left - first[1], right - first[1] + 1):
                _put(cells, column, value)
        yield cells


class _Above:
    """What the first rows of a sheet said above a cell: by it years are told from amounts."""

    def __init__(self) -> None:
        self._rows = 0
        self._has_table = False
        self._heads: dict[int, str] = {}

    def add(self, row: Sequence[Any]) -> None:
        if self._rows < _HEAD_ROWS:
            self._rows += 1
            self._has_table = self._has_table or sum(cell not in (None, "") for cell in row) > 1
            self._heads.update((column, cell) for column, cell in enumerate(row) if isinstance(cell, str) and cell)

    def is_year(self, value: Any, place: Range, skip: int, cells: Sequence[Any], others: Sequence[Any]) -> bool:
        """Down rows, a year begins them or stands below its word; across columns, it begins the table or has a year beside it.
        Whatever else is an amount.
        """
        (top, left), (bottom, _) = place
        if value not in _YEARS:
            return False
        if bottom > top:
            return not any(cell not in (None, "") for cell in cells[: left - skip]) or bool(
                _YEAR_WORDS.search(self._heads.get(left - skip, ""))
            )
        return not self._has_table or any(_is_number(other) and other in _YEARS and other != value for other in others)


def _at(cells: Sequence[Any], place: Range, skip: int) -> Any:
    left = place[0][1] - skip
    return cells[left] if 0 <= left < len(cells) else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _put(cells: list[Any], column: int, value: Any) -> None:
    if 0 <= column < len(cells) and cells[column] in (None, ""):
        cells[column] = value
