"""Quotes said to stand in a document → citations with verdict and right page. No model has a say in it.

`exact`: the folded quote stands in the folded text and cuts nothing (`fold` lists what is folded away, `border` what must not be
cut). `close`: 90 % of it stands in one place that says the same (`agree`), or its parts do with "..." between them. Anything else
is `missing`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice, pairwise

from rapidfuzz import fuzz

from kimi_docs.analyze.agree import NEGATIONS, NUMBER, agree, unquoted
from kimi_docs.analyze.border import UNSPACED, cut, joins
from kimi_docs.analyze.computed import recomputed
from kimi_docs.analyze.fold import FoldedPages, fold
from kimi_docs.domain.claims import Citation, Claim, Computation, Draft, Verdict
from kimi_docs.domain.text import Extraction, Span

CLOSE_PERCENT = 90.0
NEAR_PERCENT = 70.0
"""A quote that was not found is worth asking about again where so much of it stands in one place."""
SHORTEST_FUZZY = 12
SHORTEST_PART = 6
LONGEST_GAP = 300
MOST_PLACES = 2000
"""Places looked at for one quote: "1" stands everywhere in a workbook."""
RAREST = 8
MOST_PAGES = 3
"""Pages a fuzzy match is tried on, beside the one said."""
LONGEST_WINDOW = 20_000
"""Characters a fuzzy match is tried on at once; on a longer page only around pieces of the quote."""
SEED = 16
ELLIPSIS = re.compile(r"[\[(]? ?\.{3,} ?[\])]?")
SENTENCE_END = re.compile(r"\.(?= |$)|[。;!?]")
GRAM = re.compile(rf"([^\W{UNSPACED}]+)|([{UNSPACED}]+)")
ASCII_GRAM = re.compile(r"[a-z0-9_]+")
WORD = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")
NUMBER_FIRST = re.compile(r"[\W_]*\d")
OPENING = re.compile(r"[-+±<>≤≥≈$€£¥₹.('\[]*$")
CLOSING = re.compile(r" ?[%‰)'\]]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A place in the folded text."""

    span: Span
    verdict: Verdict


class Source:
    """An extraction, folded once for looking up many quotes. An index of words → pages is made when first a quote is not on its
    page; from then on a look-up costs no more than the few pages it could be on."""

    def __init__(self, extraction: Extraction) -> None:
        self.extraction = extraction

    @cached_property
    def _pages(self) -> FoldedPages:
        return FoldedPages([page.span.of(self.extraction.text) for page in self.extraction.pages])

    @cached_property
    def _lower(self) -> str:
        return self._pages.text.lower()

    @cached_property
    def _index(self) -> dict[str, list[int]]:
        """Word (or two characters of a script without spaces) → the pages it stands on, a few characters of the next included."""
        index: dict[str, list[int]] = {}
        for page, start in enumerate(self._pages.starts):
            for gram in _grams(self._lower[start : self._pages.end(page) + 40]):
                index.setdefault(gram, []).append(page)
        return index

    def cite(self, citation: Citation) -> Citation:
        """The citation looked up: on the page said, else nearest to it, else anywhere in the document."""
        document = self.extraction.document
        found = self._find(_unwrapped(fold(citation.quote)), citation.page_said or 1)
        if not found:
            document = citation.document or document
            return replace(citation, document=document, verdict=Verdict.MISSING, page=None, start=None, end=None)
        index, start, end = self._pages.original(found.span.start, found.span.end)
        page = self.extraction.pages[index].number
        return replace(citation, document=document, verdict=found.verdict, page=page, start=start, end=end)

    def _find(self, quote: str, page: int) -> Found | None:
        if not self._pages.text or not any(character.isalnum() for character in quote):
            return None
        near = min(max(page, 1), len(self._pages)) - 1
        return self._exact(quote, near) or self._elided(quote, near) or self._close(quote, near)

    def _exact(self, quote: str, near: int) -> Found | None:
        span = next(self._places(quote, near), None)
        return Found(span=span, verdict=Verdict.EXACT) if span else None

    def _places(self, quote: str, near: int) -> Iterator[Span]:
        """Where the quote stands whole: on the page said, then page by page away from it."""
        for page in self._pages_by_distance(quote, near):
            yield from self._whole(quote, self._pages.starts[page], self._pages.end(page))

    def _whole(self, quote: str, low: int, high: int) -> Iterator[Span]:
        """Where the quote begins between `low` and `high` and cuts nothing."""
        text, limit = self._pages.text, high + len(quote) - 1
        at, seen = text.find(quote, low, limit), 0
        while at >= 0 and seen < MOST_PLACES:
            if not cut(text, at, at + len(quote)):
                yield Span(start=at, end=at + len(quote))
            at, seen = text.find(quote, at + 1, limit), seen + 1

    def _pages_by_distance(self, quote: str, near: int) -> Iterator[int]:
        """The page said, then those on which the rarest word of the quote stands (or which run on to such a page)."""
        yield near
        holding = min((self._index.get(gram, []) for gram in _grams(quote.lower())), key=len, default=range(len(self._pages)))
        reach = len(quote) if len(holding) < len(self._pages) else 0
        pages = {p for page in holding for p in range(self._pages.page_at(self._pages.starts[page] - reach), page + 1)} - {near}
        yield from sorted(pages, key=lambda page: (abs(page - near), page))

    def _elided(self, quote: str, near: int) -> Found | None:
        """A quote with "..." in it: every part stands there, in order, not far apart, and what is left out turns nothing round."""
        parts = [part for part in (part.strip() for part in ELLIPSIS.split(quote)) if part]
        if len(parts) == 1 and parts[0] != quote:
            return self._exact(parts[0], near)
        if len(parts) < 2 or any(len(part) < SHORTEST_PART for part in parts):
            return None
        for first in islice(self._places(parts[0], near), 20):
            end: int | None = first.end
            for left, part in pairwise(parts):
                end = self._following(left, part, end) if end else None
            if end:
                return Found(span=Span(start=first.start, end=end), verdict=Verdict.CLOSE)
        return None

    def _following(self, left: str, part: str, at: int) -> int | None:
        """Where the next part of an elided quote ends."""
        for span in self._whole(part, at, min(at + LONGEST_GAP, len(self._pages.text))):
            if _may_be_left_out(left, self._pages.text[at : span.start], part):
                return span.end
        return None

    def _close(self, quote: str, near: int) -> Found | None:
        if len(quote) < SHORTEST_FUZZY:
            return None
        sought = quote.lower()
        for page in self._likely_pages(sought, near):
            for low, high in self._windows(sought, page):
                place = fuzz.partial_ratio_alignment(sought, self._lower[low:high], score_cutoff=CLOSE_PERCENT)
                span = place and self._agreeing(quote, low + place.dest_start, low + place.dest_end)
                if span:
                    return Found(span=span, verdict=Verdict.CLOSE)
        return None

    def nearness(self, citation: Citation) -> float:
        """How much of the quote stands in one place, in percent; what was made up has less than half of it or little more."""
        quote, best = _unwrapped(fold(citation.quote)).lower(), 0.0
        if len(quote) < SHORTEST_FUZZY or not self._pages.text:
            return best
        for page in self._likely_pages(quote, min(max(citation.page_said or 1, 1), len(self._pages)) - 1):
            for low, high in self._windows(quote, page):
                place = fuzz.partial_ratio_alignment(quote, self._lower[low:high], score_cutoff=best)
                best = max(best, place.score if place else 0.0)
        return best

    def _windows(self, sought: str, page: int) -> Iterator[tuple[int, int]]:
        """The page with what may run over its borders; of a very long one the places where pieces of the quote stand."""
        low, high = max(0, self._pages.starts[page] - len(sought)), self._pages.end(page) + len(sought)
        if high - low <= LONGEST_WINDOW + 2 * len(sought):
            yield low, high
            return
        reach = len(sought) + len(sought) // 4
        for start in range(0, max(1, len(sought) - SEED + 1), max(SEED, len(sought) // 8)):
            at = self._lower.find(sought[start : start + SEED], low, high)
            if at >= 0:
                yield max(low, at - reach), min(high, at + reach)

    def _likely_pages(self, sought: str, near: int) -> Iterator[int]:
        """The page said, then the few that share most of the quote's rarest words."""
        yield near
        grams = _grams(sought)
        holding = sorted((self._index[gram] for gram in grams if gram in self._index), key=len)
        if len(holding) * 2 < len(grams):
            return
        shared: dict[int, int] = {}
        for pages in holding[:RAREST]:
            for page in pages:
                shared[page] = shared.get(page, 0) + 1
        shared.pop(near, None)
        ranked = sorted(shared, key=lambda page: (-shared[page], abs(page - near)))
        yield from (page for page in ranked[:MOST_PAGES] if shared[page] * 2 >= min(len(holding), RAREST))

    def _agreeing(self, quote: str, start: int, end: int) -> Span | None:
        """The passage about there, at words' ends, that says the same as the quote."""
        text = self._pages.text
        for first in self._word_starts(quote, start):
            for last in self._word_ends(quote, end):
                if first < last and not cut(text, first, last) and agree(quote, text[first:last], self._is_word):
                    return Span(start=first, end=last)
        return None

    def _word_starts(self, quote: str, at: int) -> list[int]:
        """Starts of words about there that begin like the quote, nearest first."""
        begin = next((word[:1] for word in WORD.findall(quote.lower())), "")
        low = max(0, at - SHORTEST_FUZZY)
        starts = [low + m.start() for m in re.finditer(re.escape(begin), self._lower[low : at + SHORTEST_FUZZY])]
        whole = (s for s in starts if s == 0 or not joins(self._lower[s - 1], self._lower[s]))
        return sorted((_opened(self._lower, s) for s in whole), key=lambda s: abs(s - at))

    def _word_ends(self, quote: str, at: int) -> list[int]:
        """Ends of words about there that end like the quote, nearest first."""
        final = next((c for c in reversed(quote.lower()) if c.isalnum() or c in "%‰"), "")
        low, length = max(0, at - SHORTEST_FUZZY), len(self._lower)
        ends = [low + m.end() for m in re.finditer(re.escape(final), self._lower[low : at + SHORTEST_FUZZY])]
        whole = (e for e in ends if e >= length or not joins(self._lower[e - 1], self._lower[e]))
        return sorted((_closed(self._lower, e) for e in whole), key=lambda e: abs(e - at))

    def _is_word(self, word: str) -> bool:
        return word in self._index


class Verifier:
    """Looks up the quotes of drafts that grow: each quote once, in the document it is said to be from first, then in the others."""

    def __init__(self, extractions: Sequence[Extraction]) -> None:
        self._sources = [Source(extraction) for extraction in extractions]
        self._known: dict[Citation, Citation] = {}

    def look_up(self, draft: Draft) -> Draft:
        sections = tuple(
            replace(section, claims=tuple(self._claim(claim, draft.computed) for claim in section.claims))
            for section in draft.sections
        )
        return replace(draft, sections=sections)

    def near(self, citation: Citation) -> bool:
        """The documents have something like the quote."""
        return not citation.cells and any(source.nearness(citation) >= NEAR_PERCENT for source in self._sources)

    def _claim(self, claim: Claim, computed: Sequence[Computation]) -> Claim:
        results = {done.sql: done for done in computed}
        words = [citation.quote for citation in claim.citations if not citation.cells]
        quoted = words + [results[c.quote].result for c in claim.citations if c.cells and c.quote in results]
        found = tuple(
            recomputed(citation, claim.text, results.get(citation.quote), words) if citation.cells else self._citation(citation)
            for citation in claim.citations
        )
        return replace(claim, citations=found, unquoted=unquoted(claim.text, quoted) if quoted else ())

    def _citation(self, citation: Citation) -> Citation:
        if citation not in self._known:
            self._known[citation] = cite(citation, self._sources)
        return self._known[citation]


def cite(citation: Citation, sources: Sequence[Source]) -> Citation:
    """One citation looked up in several documents; a missing one keeps the document it named."""
    ranked = sorted(sources, key=lambda source: source.extraction.document != citation.document)
    best = replace(citation, verdict=Verdict.MISSING, page=None, start=None, end=None)
    for source in ranked:
        said_here = source.extraction.document == citation.document or not citation.document
        found = source.cite(citation if said_here else replace(citation, page_said=None))
        if found.verdict is Verdict.EXACT or best.verdict is Verdict.MISSING:
            best = found
        if found.verdict is Verdict.EXACT:
            break
    document = citation.document if best.verdict is Verdict.MISSING and citation.document else best.document
    return replace(best, page_said=citation.page_said, document=document)


def _unwrapped(quote: str) -> str:
    """Without the quotation marks a model puts around its quotes."""
    quote = quote.strip()
    if quote.startswith("'"):
        return quote.strip("'").strip()
    return quote if re.search(r"\d'+$", quote) else quote.rstrip("'").rstrip()


def _opened(text: str, start: int) -> int:
    """The start with the sign or bracket before it."""
    match = OPENING.search(text, max(0, start - 3), start)
    return match.start() if match else start


def _closed(text: str, end: int) -> int:
    """The end with the percent sign or bracket behind it."""
    match = CLOSING.match(text, end)
    return match.end() if match and match.group().strip() else end


def _grams(text: str) -> set[str]:
    """Words, and pairs of characters of scripts without spaces."""
    if text.isascii():
        return set(ASCII_GRAM.findall(text))
    found: set[str] = set()
    for word, run in GRAM.findall(text):
        if word:
            found.add(word)
        else:
            found.update(map("".join, pairwise(run)))
    return found


def _may_be_left_out(left: str, gap: str, part: str) -> bool:
    """What "..." stands for holds no negation in the sentences that were cut, and whole sentences otherwise; it is more than a word
    ("rarely"), and no number another one takes the place of."""
    ends = [match.end() for match in SENTENCE_END.finditer(gap)]
    if ends and not SENTENCE_END.search(left[-1:]) and ends[0] > 2:
        return False
    if len(WORD.findall(gap)) == 1 or (NUMBER_FIRST.match(part) and NUMBER.search(gap)):
        return False
    return not NEGATIONS.search(gap[ends[-1] :] if ends else gap)
