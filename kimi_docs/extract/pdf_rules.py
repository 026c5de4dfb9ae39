"""The drawing of a PDF page → its ruled lines, and the areas of it they make tables of."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from kimi_docs.extract import pdf_objects

TOUCH = 3.0
"""Points within which two lines meet."""
_LONG = 8.0
_MOST_RULES = 3000
_MOST_PIECES = 2000
_GAP = 15.0
"""Points between the pieces of one broken line, as under the heads of columns."""

Number = TypeVar("Number", float, npt.NDArray[np.float64])

Rule = tuple[float, float, float]
"""Where it lies, where it begins, where it ends: y, left, right of a level line; x, top, bottom of an upright one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Area:
    """A part of a page that may be a table, as the page is shown, y downwards, and the lines in it."""

    left: float
    top: float
    right: float
    bottom: float
    level: Sequence[Rule]
    upright: Sequence[Rule]


def turn(x: Number, y: Number, rotation: int) -> tuple[Number, Number]:
    """A point of the page, or many, → the same on the page as it is shown, y downwards, up to a shift."""
    if not rotation:
        return x, -y
    return {90: (y, x), 180: (-x, y), 270: (-y, -x)}[rotation]


def areas(page: Any) -> list[Area]:
    """Where tables may be, in the order of the page."""
    level, upright = _rules(page)
    if len(level) < 2 or len(level) + len(upright) > _MOST_RULES:
        return []
    grids = list(_grids(level, upright))
    free = [rule for rule in level if not any(_inside(rule, grid) for grid in grids)]
    return sorted([*grids, *_stacks(free, level)], key=lambda area: (area.top, area.left))


def _rules(page: Any) -> tuple[list[Rule], list[Rule]]:
    """Level and upright lines, pieces of one line put together."""
    rotation = page.get_rotation()
    level: list[Rule] = []
    upright: list[Rule] = []
    for drawn in pdf_objects.objects(page, pdf_objects.PATH):
        for x1, y1, x2, y2 in pdf_objects.strokes(drawn, _MOST_PIECES):
            (x1, y1), (x2, y2) = turn(x1, y1, rotation), turn(x2, y2, rotation)
            if abs(y1 - y2) < 1 and abs(x1 - x2) >= _LONG:
                level.append(((y1 + y2) / 2, min(x1, x2), max(x1, x2)))
            elif abs(x1 - x2) < 1 and abs(y1 - y2) >= _LONG:
                upright.append(((x1 + x2) / 2, min(y1, y2), max(y1, y2)))
        if len(level) + len(upright) > 4 * _MOST_RULES:
            return [], []
    return joined(level), joined(upright)


def joined(rules: Iterable[Rule], gap: float = TOUCH) -> list[Rule]:
    """Lines that lie on one another or go on from one another, as one."""
    found: list[Rule] = []
    for place, group in _levels(sorted(rules)):
        start, end = group[0][1:]
        for _, first, last in group[1:]:
            if first > end + gap:
                found.append((place, start, end))
                start, end = first, last
            end = max(end, last)
        found.append((place, start, end))
    return found


def _levels(rules: Sequence[Rule]) -> Iterator[tuple[float, list[Rule]]]:
    """Sorted lines by where they lie, nearly the same counting as the same; within each from left to right."""
    group: list[Rule] = []
    for rule in [*rules, (float("inf"), 0.0, 0.0)]:
        if group and rule[0] > group[-1][0] + 2:
            yield sum(place for place, _, _ in group) / len(group), sorted(group, key=lambda one: one[1])
            group = []
        group.append(rule)


def _grids(level: Sequence[Rule], upright: Sequence[Rule]) -> Iterator[Area]:
    """Lines that touch one another, where at least one is upright."""
    groups = _touching(level, upright)
    groups = [group for group in groups if group[1] and len(group[0]) > 1]
    merged: list[tuple[list[Rule], list[Rule]]] = []
    for lines, posts in sorted(groups, key=lambda group: min(rule[0] for rule in group[0])):
        if merged and _continues(merged[-1], (lines, posts)):
            merged[-1][0].extend(lines)
            merged[-1][1].extend(posts)
        else:
            merged.append((lines, posts))
    for lines, posts in merged:
        area = _area(lines, posts)
        inner = [rule for rule in level if _inside(rule, area) and rule not in lines]
        if area.right - area.left > 40 and area.bottom - area.top > 15:
            yield _area([*lines, *inner], posts)


def _touching(level: Sequence[Rule], upright: Sequence[Rule]) -> list[tuple[list[Rule], list[Rule]]]:
    parent = list(range(len(level) + len(upright)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for first, (y, left, right) in enumerate(level):
        for second, (x, top, bottom) in enumerate(upright, len(level)):
            if left - TOUCH <= x <= right + TOUCH and top - TOUCH <= y <= bottom + TOUCH:
                parent[root(first)] = root(second)
    groups: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for number, rule in enumerate([*level, *upright]):
        groups.setdefault(root(number), ([], []))[number >= len(level)].append(rule)
    return list(groups.values())


def _continues(one: tuple[list[Rule], list[Rule]], two: tuple[list[Rule], list[Rule]]) -> bool:
    above, below = _area(*one), _area(*two)
    same = abs(above.left - below.left) < 6 and abs(above.right - below.right) < 6
    return same and -TOUCH <= below.top - above.bottom < 14


def _area(level: Sequence[Rule], upright: Sequence[Rule]) -> Area:
    return Area(
        left=min([rule[1] for rule in level] + [rule[0] for rule in upright]),
        right=max([rule[2] for rule in level] + [rule[0] for rule in upright]),
        top=min([rule[0] for rule in level] + [rule[1] for rule in upright]),
        bottom=max([rule[0] for rule in level] + [rule[2] for rule in upright]),
        level=level,
        upright=upright,
    )


def _inside(rule: Rule, area: Area) -> bool:
    within = area.left - TOUCH <= rule[1] and rule[2] <= area.right + TOUCH
    return within and area.top - TOUCH <= rule[0] <= area.bottom + TOUCH


def _stacks(free: Sequence[Rule], level: Sequence[Rule]) -> Iterator[Area]:
    """At least three lines of the same length above one another: a table without upright lines."""
    groups: list[list[Rule]] = []
    for rule in joined(free, _GAP):
        if rule[2] - rule[1] < 80:
            continue
        group = next((group for group in groups if abs(group[0][1] - rule[1]) < 6 and abs(group[0][2] - rule[2]) < 6), None)
        if group is None:
            groups.append(group := [])
        group.append(rule)
    for group in groups:
        if len(group) > 1:
            whole = _area(group, ())
            lines = [
                *group,
                *(rule for rule in level if _inside(rule, whole) and rule[2] - rule[1] < 0.95 * (whole.right - whole.left)),
            ]
            if len(lines) > 2:
                yield _area(lines, ())
