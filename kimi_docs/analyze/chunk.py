"""Extraction → chunks that each fit one call, cut at section and page borders. Together they cover every character once."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence

from kimi_docs.domain.text import BlockKind, Extraction, Span

LOOK_BACK = 0.25
"""A cut is moved back to a better border within this share of a chunk."""
MOST_CHARACTERS_PER_TOKEN = 30
"""A chunk is never longer than this, so that counting stays cheap on texts of blanks."""
MARKS = ("\n\n", "\n", "。", ". ", " ")


def split(extraction: Extraction, limit_tokens: int, count: Callable[[str], int]) -> tuple[Span, ...]:
    """The spans of the chunks, in order, each of at most `limit_tokens` by `count` (a single character excepted)."""
    text, spans, start = extraction.text, [], 0
    borders = _borders(extraction)
    while start < len(text):
        end = _reach(text, start, limit_tokens, count)
        if end < len(text):
            end = next((better for better in _better(text, start, end, borders) if count(text[start:better]) <= limit_tokens), end)
        spans.append(Span(start=start, end=end))
        start = end
    return tuple(spans)


def _reach(text: str, start: int, limit_tokens: int, count: Callable[[str], int]) -> int:
    """How far a chunk may reach: about the largest end whose tokens fit, found by halving."""
    high = min(len(text), start + max(1, limit_tokens) * MOST_CHARACTERS_PER_TOKEN)
    if count(text[start:high]) <= limit_tokens:
        return high
    low = start + 1
    while low < high:
        middle = (low + high + 1) // 2
        if count(text[start:middle]) <= limit_tokens:
            low = middle
        else:
            high = middle - 1
    return low


def _borders(extraction: Extraction) -> tuple[Sequence[int], Sequence[int]]:
    headings = sorted(block.span.start for block in extraction.blocks if block.kind is BlockKind.HEADING)
    return headings, sorted(page.span.start for page in extraction.pages)


def _better(text: str, start: int, end: int, borders: tuple[Sequence[int], ...]) -> Iterator[int]:
    """Ends not far before this one, the best first: before a heading, at a page's start, a paragraph's, a line's, a sentence's, a
    word's."""
    lowest = max(start + 1, end - int((end - start) * LOOK_BACK))
    for places in borders:
        at = bisect_right(places, end) - 1
        if at >= bisect_left(places, lowest):
            yield places[at]
    for mark in MARKS:
        found = text.rfind(mark, max(start, lowest - len(mark)), end)
        if found >= 0 and found + len(mark) >= lowest:
            yield found + len(mark)
