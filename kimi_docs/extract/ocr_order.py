"""The places of lines on a picture → the order in which a reader takes them: column by column, from the top."""

from collections.abc import Iterator, Sequence

Frame = tuple[float, float, float, float]
"""Left, top, right, bottom."""

_GUTTER = 0.015
"""Of the width: the least gap between columns."""


def in_order(frames: Sequence[Frame], quarter_turns: int, size: tuple[int, int]) -> list[int]:
    """The numbers of the frames in reading order, on a picture that `quarter_turns` to the left set upright."""
    turned = [_turned(frame, quarter_turns % 4, size) for frame in frames]
    width = max((frame[2] for frame in turned), default=1.0)
    return list(_cut(list(range(len(turned))), turned, _GUTTER * width))


def _turned(frame: Frame, turns: int, size: tuple[int, int]) -> Frame:
    left, top, right, bottom = frame
    wide, high = size
    if turns == 1:
        return top, wide - right, bottom, wide - left
    if turns == 2:
        return wide - right, high - bottom, wide - left, high - top
    if turns == 3:
        return high - bottom, left, high - top, right
    return frame


def _cut(numbers: list[int], frames: Sequence[Frame], gutter: float) -> Iterator[int]:
    """Cut where white runs through from top to bottom, else where it runs from side to side, and again within the parts.

    White that runs down counts only beside at least two lines on either side: words of one line are not columns.
    """
    if len(numbers) < 2:
        yield from numbers
        return
    columns = _parts(numbers, frames, 0, gutter)
    if len(columns) > 1 and sum(len(column) > 1 for column in columns) > 1:
        for column in columns:
            yield from _cut(column, frames, gutter)
        return
    bands = _parts(numbers, frames, 1, 0.0)
    if len(bands) > 1:
        for band in _joined(bands, frames, gutter):
            yield from _cut(band, frames, gutter) if len(band) < len(numbers) else _by_line(band, frames)
        return
    yield from _by_line(numbers, frames)


def _joined(bands: Sequence[list[int]], frames: Sequence[Frame], gutter: float) -> list[list[int]]:
    """Neighbouring bands that stand in the same columns belong together."""
    joined: list[list[int]] = []
    for band in bands:
        if joined and len(band) > 1:
            both = [*joined[-1], *band]
            columns = _parts(both, frames, 0, gutter)
            if len(columns) > 1 and len(columns) == len(_parts(joined[-1], frames, 0, gutter)):
                joined[-1] = both
                continue
        joined.append(list(band))
    return joined


def _parts(numbers: Sequence[int], frames: Sequence[Frame], side: int, gap: float) -> list[list[int]]:
    """Groups between which nothing stands, from left to right (side 0) or from the top down (side 1)."""
    found: list[list[int]] = []
    end = 0.0
    for number in sorted(numbers, key=lambda one: frames[one][side]):
        start, stop = frames[number][side], frames[number][side + 2]
        inset = 0.15 * (stop - start) if side else 0.0
        if found and start + inset < end + gap:
            found[-1].append(number)
            end = max(end, stop - inset)
        else:
            found.append([number])
            end = stop - inset
    return found


def _by_line(numbers: Sequence[int], frames: Sequence[Frame]) -> list[int]:
    """What stands at one height from left to right."""
    lines: list[list[int]] = []
    for number in sorted(numbers, key=lambda one: frames[one][1] + frames[one][3]):
        middle = (frames[number][1] + frames[number][3]) / 2
        if lines and middle < frames[lines[-1][0]][3] - 0.2 * (frames[lines[-1][0]][3] - frames[lines[-1][0]][1]):
            lines[-1].append(number)
        else:
            lines.append([number])
    return [number for line in lines for number in sorted(line, key=lambda one: frames[one][0])]
