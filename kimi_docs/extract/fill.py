"""Rows of a sheet → the same rows with merged cells filled and error cells named."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

MAX_FILLED = 1000
"""Cells of one merged range: a larger one is a frame, not a label."""

_YEARS = range(1900, 2101)

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
    for number, row in enumerate(rows, first[0]):
        open_ranges = [entry for entry in open_ranges if entry[0][1][0] >= number]
        begun = starting.get(number, ())
        if not (open_ranges or begun or number in errors):
            yield row
            continue
        cells = list(row)
        for column, text in errors.get(number, {}).items():
            _put(cells, column - first[1], text)
        alone = sum(cell not in (None, "") for cell in cells) == 1
        for place in begun:
            left = place[0][1] - first[1]
            value = cells[left] if 0 <= left < len(cells) else ""
            if _is_label(value) and not (alone and place[0][0] == place[1][0]):
                open_ranges.append((place, value))
        for ((_, left), (_, right)), value in open_ranges:
            for column in range(left - first[1], right - first[1] + 1):
                _put(cells, column, value)
        yield cells


def _is_label(value: Any) -> bool:
    """Words, dates and years; any other number is an amount."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value in _YEARS
    return value not in (None, "")


def _put(cells: list[Any], column: int, value: Any) -> None:
    if 0 <= column < len(cells) and cells[column] in (None, ""):
        cells[column] = value
