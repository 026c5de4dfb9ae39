"""Quotes said to stand in a document → citations with verdict and right page. No model has a say in it.

`exact`: the folded quote stands in the folded text (`fold` lists what is folded away). `close`: at least 90 % of it does, in one
place, and numbers, units, negations and content words agree (`agree`). Anything else is `missing`.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from rapidfuzz import fuzz

from kimi_docs.analyze.agree import NEGATION_BEFORE, agree
from kimi_docs.analyze.fold import CJK, fold, offsets
from kimi_docs.domain.claims import Citation, Claim, Draft, Section, Verdict
from kimi_docs.domain.text import Extraction, Span

CLOSE_PERCENT = 90.0
SHORTEST_FUZZY = 12
SHORTEST_PART = 6
LONGEST_GAP = 300
SEED = 12
NUMBER_REST = re.compile(r"(?:[.,:]\d+)+ ?[%‰]?| ?[%‰]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A place in the folded text."""

    span: Span
    verdict: Verdict


class Source:
    """An extraction, folded once for looking up many quotes. Time of a look-up: that of `str.find` on the text."""

    def __init__(self, extraction: Extraction) -> None:
        self.extraction = extraction
        self._page_offsets = lru_cache(maxsize=64)(self._offsets_of)

    @cached_property
    def _pages(self) -> tuple[str, ...]:
        return tuple(fold(page.span.of(self.extraction.text)) for page in self.extraction.pages)

    @cached_property
    def _text(self) -> str:
        return "".join(self._pages)

    @cached_property
    def _starts(self) -> list[int]:
        starts, at = [], 0
        for page in self._pages:
            starts.append(at)
            at += len(page)
        return starts

    @cached_property
    def _lower(self) -> str:
        lower = self._text.lower()
        return lower if len(lower) == len(self._text) else self._text

    def cite(self, citation: Citation) -> Citation:
        """The citation looked up: on the page said, else nearest to it, else anywhere in the document."""
        quote = fold(citation.quote).strip().strip("'").strip()
        found = self._find(quote, citation.page_said)
        document = self.extraction.document
        if not found:
            return replace(
                citation, document=citation.document or document, verdict=Verdict.MISSING, page=None, start=None, end=None
            )
        page, start, end = self._original(found.span)
        return replace(citation, document=document, verdict=found.verdict, page=page, start=start, end=end)

    def _find(self, quote: str, page: int | None) -> Found | None:
        if not any(character.isalnum() for character in quote):
            return None
        near = self._starts[page - 1] if page and page <= len(self._starts) else 0
        return self._exact(quote, near) or self._elided(quote, near) or self._close(quote, near)

    def _exact(self, quote: str, near: int) -> Found | None:
        truncated = None
        for start in self._places(quote, near):
            span = Span(start=start, end=start + len(quote))
            fits = self._border(span)
            if fits is Verdict.EXACT:
                return Found(span=span, verdict=Verdict.EXACT)
            if fits is Verdict.CLOSE and truncated is None:
                truncated = Found(span=span, verdict=Verdict.CLOSE)
        return truncated

    def _places(self, quote: str, near: int) -> Iterator[int]:
        """Where the quote stands: from `near` on, then before it; a bounded number of places."""
        for low, high in ((near, len(self._text)), (0, min(near + len(quote), len(self._text)))):
            at, seen = self._text.find(quote, low, high), 0
            while at >= 0 and seen < 50:
                yield at
                at, seen = self._text.find(quote, at + 1, high), seen + 1

    def _border(self, span: Span) -> Verdict:
        """Exact where the quote ends at words' ends; missing where it cuts a number or a sign; close where it cuts a word, or the
        "not" before it."""
        before, after = self._text[max(0, span.start - 12) : span.start], self._text[span.end : span.end + 3]
        first, last = self._text[span.start], self._text[span.end - 1]
        if last.isdigit() and (
            after[:1].isdigit() or (after[:1] in tuple(".,:%‰") and (after[:1] in "%‰" or after[1:2].isdigit()))
        ):
            return Verdict.MISSING
        if first.isdigit() and (before[-1:].isdigit() or _signed(before)):
            return Verdict.MISSING
        if _cuts(last, after[:1]) or _cuts(before[-1:], first) or NEGATION_BEFORE.search(before):
            return Verdict.CLOSE
        return Verdict.EXACT

    def _elided(self, quote: str, near: int) -> Found | None:
        """A quote with "..." in it: every part stands there, in order, not far apart."""
        parts = [part.strip(" []()") for part in quote.split("...")]
        parts = [part for part in parts if part]
        if len(parts) < 2 or any(len(part) < SHORTEST_PART for part in parts):
            return self._exact(parts[0], near) if len(parts) == 1 and "..." in quote else None
        first = self._exact(parts[0], near)
        end = first.span.end if first else 0
        for part in parts[1:]:
            start = self._text.find(part, end, end + LONGEST_GAP + len(part)) if first else -1
            if start < 0:
                return None
            end = start + len(part)
        return Found(span=Span(start=first.span.start, end=end), verdict=Verdict.CLOSE) if first else None

    def _close(self, quote: str, near: int) -> Found | None:
        if len(quote) < SHORTEST_FUZZY:
            return None
        sought = quote.lower()
        for low, high in self._windows(sought, near):
            place = fuzz.partial_ratio_alignment(sought, self._lower[low:high], score_cutoff=CLOSE_PERCENT)
            if not place:
                continue
            span = self._whole_words(Span(start=low + place.dest_start, end=low + place.dest_end))
            if agree(quote, self._text[span.start : span.end]):
                return Found(span=span, verdict=Verdict.CLOSE)
        return None

    def _windows(self, sought: str, near: int) -> Iterator[tuple[int, int]]:
        """Where to look: the page said with its borders, then around places that share a piece of the quote."""
        size = len(sought)
        page = max(0, bisect_right(self._starts, near) - 1)
        page_end = self._starts[page + 1] if page + 1 < len(self._starts) else len(self._text)
        yield max(0, near - size), min(len(self._text), page_end + size)
        seen: set[int] = set()
        step = max(SEED, size // 8)
        for at in range(0, max(1, size - SEED + 1), step):
            place = self._lower.find(sought[at : at + SEED])
            if place >= 0 and (place - at) // size not in seen:
                seen.add((place - at) // size)
                yield max(0, place - at - size // 4), min(len(self._text), place - at + size + size // 4)

    def _whole_words(self, span: Span) -> Span:
        start, end = span.start, span.end
        while start > 0 and _cuts(self._text[start - 1], self._text[start]):
            start -= 1
        while end < len(self._text) and _cuts(self._text[end - 1], self._text[end]):
            end += 1
        if self._text[start].isdigit() and _signed(self._text[max(0, start - 2) : start]):
            start -= 1
        if self._text[end - 1].isdigit() and (rest := NUMBER_REST.match(self._text, end)):
            end = rest.end()
        while start < end and self._text[start] == " ":
            start += 1
        return Span(start=start, end=end)

    def _original(self, span: Span) -> tuple[int, int, int]:
        """Page number, and start and end in that page's own text (a quote that runs on to the next page ends with the page)."""
        index = max(0, bisect_right(self._starts, span.start) - 1)
        origin = self._page_offsets(index)
        first = span.start - self._starts[index]
        last = min(span.end - self._starts[index], len(origin) - 1)
        end = origin[last - 1] + 1 if last > first else origin[first]
        return self.extraction.pages[index].number, origin[first], end

    def _offsets_of(self, index: int) -> Sequence[int]:
        return offsets(self.extraction.pages[index].span.of(self.extraction.text))


class Verifier:
    """Looks up the quotes of drafts that grow: each quote once, in the document it is said to be from first, then in the others."""

    def __init__(self, extractions: Sequence[Extraction]) -> None:
        self._sources = [Source(extraction) for extraction in extractions]
        self._known: dict[Citation, Citation] = {}

    def look_up(self, draft: Draft) -> Draft:
        return replace(draft, sections=tuple(self._section(section) for section in draft.sections))

    def _section(self, section: Section) -> Section:
        return replace(section, claims=tuple(self._claim(claim) for claim in section.claims))

    def _claim(self, claim: Claim) -> Claim:
        return replace(claim, citations=tuple(self._citation(citation) for citation in claim.citations))

    def _citation(self, citation: Citation) -> Citation:
        if citation not in self._known:
            self._known[citation] = cite(citation, self._sources)
        return self._known[citation]


def cite(citation: Citation, sources: Sequence[Source]) -> Citation:
    """One citation looked up in several documents; a missing one keeps the document it named."""
    ranked = sorted(sources, key=lambda source: source.extraction.document != citation.document)
    looked_up = [citation]
    for source in ranked:
        said_here = source.extraction.document == citation.document or not citation.document
        looked_up.append(source.cite(citation if said_here else replace(citation, page_said=None)))
        if looked_up[-1].verdict is Verdict.EXACT:
            break
    best = min(looked_up[1:] or looked_up, key=lambda c: list(Verdict).index(c.verdict))
    document = citation.document if best.verdict is Verdict.MISSING and citation.document else best.document
    return replace(best, page_said=citation.page_said, document=document)


def _cuts(left: str, right: str) -> bool:
    """A word or number goes on over this border."""
    return left.isalnum() and right.isalnum() and not (_is_cjk(left) or _is_cjk(right))


def _is_cjk(character: str) -> bool:
    return any(low <= character <= high for low, high in _CJK_RANGES)


_CJK_RANGES = [(CJK[at], CJK[at + 2]) for at in range(0, len(CJK), 3)]


def _signed(before: str) -> bool:
    return bool(before) and ((before[-1] in "-+" and (len(before) < 2 or not before[-2].isalnum())) or _decimal(before))


def _decimal(before: str) -> bool:
    return len(before) > 1 and before[-1] in ".," and before[-2].isdigit()
