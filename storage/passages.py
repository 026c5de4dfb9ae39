"""Extraction, summary, answer → passages of about a page to be found; a passage and a query → the snippet to be shown."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kimi_docs.domain.claims import Answer, Draft, Summary
from kimi_docs.domain.document import Document
from kimi_docs.domain.text import Extraction, Span
from storage import segments
from storage.rows import clean, searchable_draft

LONGEST = 2000
SHORTEST_CUT = LONGEST // 2
SNIPPET = 180
LEAD = 50

_CUTS = (re.compile(r"(?:[。！？]|[.!?](?=\s)|\n(?=\s*\n))\s*"), re.compile(r"\n\s*"), re.compile(r"\s+|[，、；,;|]"))
"""Where a long page is cut: behind a sentence or paragraph, else a line, else a word."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """`start` counts characters of the page's text."""

    text: str = ""
    title: str = ""
    page: int | None = None
    start: int = 0


def of_title(document: Document) -> Passage:
    """What a document is called: found as the first page."""
    return Passage(title=clean("\n".join(filter(None, (document.name, document.title)))), page=1)


def of_extraction(extraction: Extraction) -> Iterator[Passage]:
    """Every page that has words, cut where it is long."""
    for page in extraction.pages:
        text = clean(page.span.of(extraction.text))
        for piece in pieces(text):
            part = piece.of(text)
            if not part.isspace():
                yield Passage(text=part, page=page.number, start=piece.start)


def of_summary(summary: Summary) -> Iterator[Passage]:
    return _of_draft(summary.draft, summary.draft.title)


def of_answer(answer: Answer) -> Iterator[Passage]:
    return _of_draft(answer.draft, answer.question)


def language_part(tag: str) -> str:
    """`zh` of `zh-CN`."""
    return tag.lower().replace("_", "-").partition("-")[0]


def text_of(draft: Draft) -> str:
    return clean(searchable_draft(draft))


def _of_draft(draft: Draft, title: str) -> Iterator[Passage]:
    text, title = text_of(draft), clean(title)[:LONGEST]
    for piece in pieces(text) if text.strip() else [Span(start=0, end=0)]:
        yield Passage(text=piece.of(text), title=title)
        title = ""


def pieces(text: str) -> Iterator[Span]:
    """The text cut into pieces that partition it, none longer than `LONGEST`."""
    start = 0
    while len(text) - start > LONGEST:
        end = next((cut for pattern in _CUTS if (cut := _last_end(pattern, text, start))), start + LONGEST)
        yield Span(start=start, end=end)
        start = end
    if start < len(text):
        yield Span(start=start, end=len(text))


def _last_end(pattern: re.Pattern[str], text: str, start: int) -> int:
    ends = [match.end() for match in pattern.finditer(text, start + SHORTEST_CUT, start + LONGEST)]
    return ends[-1] if ends else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Snippet:
    """`marks` count characters of the snippet; `first` is the first of them in the passage's text, None where the title has it."""

    text: str
    marks: tuple[Span, ...]
    first: Span | None


def snippet(passage: Passage, query: segments.Query) -> Snippet:
    """The part of the passage with most of what was asked for."""
    found = segments.marks(passage.text, query)
    if not found:
        inside = _merged([span for _, span in segments.marks(passage.title, query)])
        if inside or not passage.text:
            return Snippet(text=passage.title, marks=tuple(inside), first=None)
        return Snippet(text=passage.text[:SNIPPET], marks=(), first=None)
    first = max(found, key=lambda each: (_worth(found, each[1].start), -each[1].start))[1]
    start = _word_start(passage.text, max(0, first.start - LEAD))
    end = max(first.end, _word_end(passage.text, min(len(passage.text), start + SNIPPET)))
    spans = _merged([span for _, span in found if start <= span.start and span.end <= end])
    inside = [Span(start=span.start - start, end=span.end - start) for span in spans]
    return Snippet(text=passage.text[start:end], marks=tuple(inside), first=first)


def _worth(found: list[tuple[int, Span]], start: int) -> int:
    """How many different phrases a snippet shows whose first mark stands there."""
    return len({number for number, span in found if start <= span.start and span.end <= start + SNIPPET - LEAD})


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in spans:
        if merged and span.start < merged[-1].end:
            merged[-1] = Span(start=merged[-1].start, end=max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def _word_start(text: str, at: int) -> int:
    space = re.search(r"\s", text[at : at + 20]) if at and text[at - 1].isalnum() and text[at - 1].isascii() else None
    return at + space.end() if space else at


def _word_end(text: str, at: int) -> int:
    cut = at < len(text) and text[at].isalnum() and text[at].isascii()
    space = re.search(r"\s\S*$", text[max(0, at - 20) : at]) if cut else None
    return max(0, at - 20) + space.start() if space else at
