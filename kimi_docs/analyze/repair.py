"""Claims whose quotes were not found → the words of the document that do say them, asked for once. No answer is taken on trust.

Asked for is only what has something like it in the document: what was made up has nothing to be mended. All claims of one prompt
share one call, because an account of the lowest tier has three a minute. What comes back replaces a quote only where it was looked
up and carries the claim word by word (`supports`); anything else stays missing, and is shown as missing.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from kimi_docs.analyze.agree import NEGATIONS, numbers, unquoted
from kimi_docs.analyze.border import UNSPACED
from kimi_docs.analyze.fold import fold
from kimi_docs.domain.claims import Citation, Claim, Draft, Verdict

MOST_CALLS = 3
"""Calls for one summary or answer: one for each part of a long document whose claims are in doubt."""
MOST_DOUBTS = 8
MOST_QUOTES = 3
SHORTEST = 12
COPIED = 0.6
"""With so many of its words in the passage a claim repeats it, and must then repeat it rightly."""
SMALLEST_GAP = 3
"""Words left out one by one turn a meaning ("rarely", "only"); clauses do so less."""

WORD = re.compile(rf"[{UNSPACED}]|[^\W\d_{UNSPACED}]+|[%‰°$€£¥₹<>≤≥=]")
REFERENCE = re.compile(r"\[[\d,;\s–-]+\]|\([^()]*\b(?:1[89]|20)\d\d[a-z]?\)")
"""Citations of other works, which people leave out of a quote."""
ARTICLES = frozenset({"a", "an", "the"})
ENDINGS = frozenset({"", "s", "es", "d", "ed", "ing"})
Key = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubt:
    """A claim, and those of its quotes that were not found."""

    claim: Claim
    missing: tuple[Citation, ...]

    @property
    def key(self) -> Key:
        return key_of(self.claim)


def key_of(claim: Claim) -> Key:
    """What stays the same of a claim while its quotes are looked up and its section is chosen."""
    return claim.text, tuple(citation.quote for citation in claim.citations)


def doubts(draft: Draft, near: Callable[[Citation], bool]) -> list[Doubt]:
    """The claims worth asking about again: each of the quotes not found has something like it in the document."""
    found = []
    for claim in draft.claims:
        missing = tuple(citation for citation in claim.citations if citation.verdict is Verdict.MISSING)
        if missing and all(near(citation) for citation in missing):
            found.append(Doubt(claim=claim, missing=missing))
    return found


def mended(draft: Draft, answers: dict[Key, Sequence[Citation]]) -> Draft:
    """The draft with the quotes that hold; `answers` are looked up."""
    sections = tuple(
        replace(section, claims=tuple(_mended(claim, answers.get(key_of(claim), ())) for claim in section.claims))
        for section in draft.sections
    )
    return replace(draft, sections=sections)


def _mended(claim: Claim, answered: Sequence[Citation]) -> Claim:
    found = [c for c in answered if c.verdict is not Verdict.MISSING and len(c.quote) >= SHORTEST][:MOST_QUOTES]
    kept = [c for c in claim.citations if c.verdict is not Verdict.MISSING]
    missing = [c.quote for c in claim.citations if c.verdict is Verdict.MISSING]
    if not found or not supports(claim.text, missing, [c.quote for c in found], [c.quote for c in kept]):
        return claim
    return replace(claim, citations=(*kept, *found), unquoted=())


def supports(claim: str, missing: Sequence[str], found: Sequence[str], kept: Sequence[str] = ()) -> bool:
    """The words found say what was claimed: every number of it and as many negations, and either the claim or the quotes given
    before word by word. `kept` are its other quotes, which were found at once."""
    quotes = [*kept, *found]
    if unquoted(claim, quotes) or _negations(claim) != sum(map(_negations, quotes)):
        return False
    passage = " ".join(found)
    if carried(claim, passage):
        return True
    return not _copied(claim, passage) and carried(" ".join(missing), passage)


def carried(text: str, passage: str) -> bool:
    """All words and numbers of the text stand in the passage in their order; between them nothing is left out but whole clauses
    without a number or negation."""
    wanted, there = _tokens(text), _tokens(REFERENCE.sub(" ", passage))
    said = numbers(fold(text))
    if said != [number for number in numbers(fold(REFERENCE.sub(" ", passage))) if number in said]:
        return False
    return any(_follows(wanted, there, start) for start, word in enumerate(there) if wanted and _same(word, wanted[0]))


def _follows(wanted: Sequence[str], there: Sequence[str], at: int) -> bool:
    """The words stand there from that place on, with no gap that could turn their meaning."""
    left_out = 0
    for word in wanted[1:]:
        place = next((n for n in range(at + 1, len(there)) if _same(there[n], word)), -1)
        skipped = [token for token in there[at + 1 : place] if token not in ARTICLES]
        if place < 0 or (skipped and place - at <= SMALLEST_GAP) or any(_weighs(token) for token in skipped):
            return False
        left_out += len(skipped)
        at = place
    return left_out <= len(wanted)


def _weighs(token: str) -> bool:
    return token[0].isdigit() or bool(NEGATIONS.fullmatch(token))


def _copied(claim: str, passage: str) -> bool:
    words, there = _tokens(claim), _tokens(passage)
    return sum(any(_same(other, word) for other in there) for word in words) >= COPIED * len(words)


def _tokens(text: str) -> list[str]:
    """Words, characters of scripts without spaces, units and numbers in order."""
    return re.findall(rf"\d+(?:[.,:/]\d+)*|{WORD.pattern}", fold(text).lower())


def _same(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return one == other or (len(short) > 2 and long.startswith(short) and long[len(short) :] in ENDINGS and long.isalpha())


def _negations(text: str) -> int:
    return len(NEGATIONS.findall(fold(text)))
