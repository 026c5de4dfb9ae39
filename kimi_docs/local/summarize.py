"""Extraction → the claims of a summary, section by section, each a sentence of the text with its quote."""

from collections.abc import Iterator, Sequence

import numpy as np

from kimi_docs.domain.claims import Citation, Claim, Length, Section
from kimi_docs.domain.text import Extraction, PageKind, Span
from kimi_docs.language import closest
from kimi_docs.local.cues import CUES, HEADINGS
from kimi_docs.local.graph import Vector
from kimi_docs.local.lines import lines
from kimi_docs.local.rank import Ranking, choose, rank
from kimi_docs.local.sentences import Sentence, readable, sentences
from kimi_docs.local.titles import TEMPLATES, TITLES
from kimi_docs.local.tokens import language_of
from kimi_docs.local.workbook import workbook

MOST_SENTENCES = 100_000
"""Ranked against each other; about 3,700 pages. Of a longer document the best of each such part are, for memory stays bounded."""


def read(extraction: Extraction) -> list[Sentence]:
    """The sentences of the pages that hold prose."""
    found = sentences(extraction.text, pages=extraction.pages, blocks=extraction.blocks, title=extraction.title)
    sheets = [page.span for page in extraction.pages if page.kind == PageKind.SHEET]
    if sheets:
        found = [sentence for sentence in found if not any(sentence.span.overlaps(sheet) for sheet in sheets)]
    return found if len(found) <= MOST_SENTENCES else list(_best_of_parts(found))


def _best_of_parts(found: Sequence[Sentence]) -> Iterator[Sentence]:
    """As many as can be ranked together, in order: those that matter most of each part."""
    starts = range(0, len(found), MOST_SENTENCES)
    for start in starts:
        part = found[start : start + MOST_SENTENCES]
        best = np.argsort(-rank(part).scores, kind="stable")[: MOST_SENTENCES // len(starts)]
        yield from (part[i] for i in sorted(best))


def language(extraction: Extraction, wanted: str = "") -> str:
    """The language of titles: as wanted, else the document's (its text is believed more than its label)."""
    if wanted:
        return closest(wanted)
    return language_of(extraction.text) if extraction.text.strip() else closest(extraction.language)


def claim(extraction: Extraction, sentence: Sentence) -> Claim:
    quote = sentence.span.of(extraction.text)
    page = extraction.page_at(sentence.span.start).number if extraction.pages else None
    return Claim(text=sentence.text, citations=(Citation(quote=quote, document=extraction.document, page_said=page),))


_SHARE = {Length.SHORT: 0.5, Length.MEDIUM: 1.0, Length.LONG: 1.8}


def count_claims(size: int, length: Length = Length.MEDIUM) -> int:
    """How many claims a document of so many sentences gets: 8 to 14, fewer only when there is less to say."""
    most = round(_SHARE[length] * min(14, 8 + size // 80))
    return max(1, min(size, most, max(3, size // 2)))


def summarize(
    extraction: Extraction, *, template: str = "general", wanted: str = "", length: Length = Length.MEDIUM
) -> Iterator[Section]:
    """The sections of the summary, one by one. A section of which the document says nothing is left out."""
    said = TITLES[language(extraction, wanted)]
    if extraction.pages and all(page.kind == PageKind.SHEET for page in extraction.pages):
        yield from workbook(extraction, said)
        return
    found = read(extraction)
    if not found:
        yield from _scraps(extraction, said["summary"])
        return
    ranking = rank(found, title=extraction.title)
    if template == "general" and len(found) < 12:
        template = "workbook"  # too short for sections: the key points alone
    total = count_claims(len(found), length)
    taken: list[int] = []
    for key, share in TEMPLATES.get(template, TEMPLATES["general"]):
        chosen = _section(ranking, key, share, taken, total)
        taken.extend(chosen)
        if chosen:
            yield Section(title=said[key], claims=tuple(claim(extraction, found[i]) for i in sorted(chosen)))
    if rest := _rest(ranking, taken, total):
        yield Section(title=said["summary"], claims=tuple(claim(extraction, found[i]) for i in sorted(rest)))


def part(extraction: Extraction, key: str, most: int) -> list[Claim]:
    """The claims a section would hold if it stood alone, best first; those of the whole document if `key` is empty."""
    found = read(extraction)
    if not found:
        return []
    ranking = rank(found, title=extraction.title)
    scores = _scores_for(ranking, key) if key else ranking.scores
    return [claim(extraction, found[i]) for i in choose(ranking, enough=lambda chosen: len(chosen) >= most, scores=scores)]


def _rest(ranking: Ranking, taken: Sequence[int], total: int) -> list[int]:
    """What matters most of a document that does not speak in the template's terms."""
    if len(taken) > total // 2:
        return []
    scores = _scores_for(ranking, "findings")
    return choose(ranking, enough=lambda chosen: len(taken) + len(chosen) >= total, scores=scores, taken=taken)


def _section(ranking: Ranking, key: str, share: float, taken: Sequence[int], total: int) -> list[int]:
    wanted = max(1, round(share * total))
    scores = _scores_for(ranking, key)
    return choose(
        ranking, enough=lambda chosen: len(chosen) >= wanted or len(taken) + len(chosen) >= total, scores=scores, taken=taken
    )


def _scores_for(ranking: Ranking, key: str) -> Vector:
    """The scores for a section: only sentences with its cue, better under a heading of its kind; broken ones never if others are.

    Cue phrases and headings after Edmundson (1969) and Teufel & Moens (2002).
    """
    scores = ranking.scores.copy()
    cue, heading = CUES.get(key), HEADINGS.get(key)
    size = len(ranking.sentences)
    for i, sentence in enumerate(ranking.sentences):
        hits = len({hit.group().lower() for hit in cue.finditer(sentence.text)}) if cue else 1
        under = bool(heading and heading.search(sentence.heading))
        scores[i] += 1.0 * min(hits, 3) + 1.0 * under
        if not _fits(key, i, size, hits, under) or len(sentence.text) > 700:
            scores[i] = -np.inf
        elif not sentence.whole:
            scores[i] -= 2
    return scores


def _fits(key: str, number: int, size: int, hits: int, under: bool) -> bool:
    """By its words, its heading, or for an opening and a closing by its place. A closing in the middle closes something else."""
    if key == "closing":
        return under or number > 0.95 * size or (hits > 0 and not 0.1 < number / size < 0.7)
    return bool(hits) or under or (key == "opening" and number < 0.1 * size)


def _scraps(extraction: Extraction, title: str) -> Iterator[Section]:
    """What to say of a text without a sentence: its first lines, as they are."""
    claims = [claim(extraction, Sentence(span=span, text=readable(span.of(extraction.text)))) for span in _lines(extraction)]
    if claims:
        yield Section(title=title, claims=tuple(claims))


def _lines(extraction: Extraction) -> list[Span]:
    found: list[Span] = []
    spans = [line.span for line in lines(extraction.text[:20_000], pages=extraction.pages) if line.end > line.start]
    for span in spans:
        if len(found) < 3 and any(c.isalnum() for c in span.of(extraction.text)):
            found.append(Span(start=span.start, end=min(span.end, span.start + 300)))
    return found


def choose_within(ranking: Ranking, limit: int, *, characters: bool) -> list[int]:
    """The best sentences up to so many words or characters, the one that passes the limit included."""
    sizes = [len(s.text) if characters else len(s.text.split()) for s in ranking.sentences]
    return choose(ranking, enough=lambda chosen: sum(sizes[i] for i in chosen) >= limit)


def summary_sentences(
    text: str, limit_words: int | None = None, limit_characters: int | None = None, *, title: str = ""
) -> list[str]:
    """The sentences that say most in so many words or characters, in the order of the text."""
    found = sentences(text)
    limit = limit_words if limit_words is not None else limit_characters
    picked = choose_within(
        rank(found, title=title), 150 if limit is None else limit, characters=limit_words is None and limit is not None
    )
    return [found[i].text for i in sorted(picked)]
