"""Extraction → chunks that each fit one call, cut at section and page borders. Together they cover every character once."""

from collections.abc import Callable

from kimi_docs.domain.text import BlockKind, Extraction, Span

LOOK_BACK = 0.25
"""A cut is moved back to a better border within this share of a chunk."""


def split(extraction: Extraction, limit_tokens: int, count: Callable[[str], int]) -> tuple[Span, ...]:
    """The spans of the chunks, in order, each of at most `limit_tokens` by `count` (a single character excepted)."""
    text, spans, start = extraction.text, [], 0
    borders = _borders(extraction)
    while start < len(text):
        end = _reach(text, start, limit_tokens, count)
        if end < len(text):
            end = _better(text, start, end, borders)
        spans.append(Span(start=start, end=end))
        start = end
    return tuple(spans)


def _reach(text: str, start: int, limit_tokens: int, count: Callable[[str], int]) -> int:
    """How far a chunk may reach: the largest end whose tokens fit, found by halving."""
    if count(text[start:]) <= limit_tokens:
        return len(text)
    low, high = start + 1, min(len(text), start + limit_tokens * 30)
    while low < high:
        middle = (low + high + 1) // 2
        if count(text[start:middle]) <= limit_tokens:
            low = middle
        else:
            high = middle - 1
    return low


def _borders(extraction: Extraction) -> tuple[frozenset[int], frozenset[int]]:
    headings = frozenset(block.span.start for block in extraction.blocks if block.kind is BlockKind.HEADING)
    return headings, frozenset(page.span.start for page in extraction.pages)


def _better(text: str, start: int, end: int, borders: tuple[frozenset[int], ...]) -> int:
    """A heading near the end, else a page's start, a paragraph's, a line's, a sentence's, a word's."""
    lowest = max(start + 1, end - int((end - start) * LOOK_BACK))
    for places in borders:
        near = [place for place in places if lowest <= place <= end]
        if near:
            return max(near)
    for mark in ("\n\n", "\n", "。", ". ", " "):
        at = text.rfind(mark, lowest - 1, end)
        if at >= lowest - 1 and at >= start:
            return at + len(mark)
    return end
