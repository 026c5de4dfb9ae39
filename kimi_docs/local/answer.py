"""Question and documents → the sentences that answer it, best first, or the word that they do not hold it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kimi_docs.domain.claims import Answer, Claim, Draft, Section
from kimi_docs.domain.text import Extraction, PageKind
from kimi_docs.local.asking import ABOUT_THE_TEXT, FOLLOWS, GIST, KINDS, PARTS
from kimi_docs.local.search import GENERIC, Hit, Passages, asked_words
from kimi_docs.local.sentences import LONGEST_CHARACTERS, Sentence, chopped, everything
from kimi_docs.local.summarize import claim, part
from kimi_docs.local.tokens import language_of, traces, words
from kimi_docs.local.words import GENERIC_QUESTION
from kimi_docs.local.workbook import cells, sheet_rows

ENOUGH = {"en": 0.45, "zh-CN": 0.38}
"""The share of a question's weight that must stand in and around a sentence, by the question's language; with less nothing is
claimed. Measured on ExpMRC (`tests/bench/local_quality.py`): pairs of Chinese characters match less often than words."""

MOST_CLAIMS = 5
NEAR = 0.6
"""A further sentence is given when it scores at least so much of the best one."""

MANY_ROWS = 20_000
"""Of the rows after these only those with a trace of the question are taken apart."""

NOT_FOUND = Draft(found=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A sentence and the document it stands in."""

    extraction: Extraction
    sentence: Sentence


def answer(question: str, extractions: Sequence[Extraction], history: Sequence[Answer] = ()) -> Draft:
    """The answer as sentences of the documents, at most five; `found` is False when the evidence is weak."""
    terms = asked_words(question)
    more = asked_words(history[-1].question) if history and (len(terms) < 2 or FOLLOWS.search(question)) else []
    held = traces([*terms, *more])
    places = [Place(extraction=each, sentence=sentence) for each in extractions for sentence in _everything(each, held)]
    if not places:
        return NOT_FOUND
    key = asked_part(question)
    if key is not None:
        draft = _draft([part(extraction, key, MOST_CLAIMS if not key else MOST_CLAIMS - 2) for extraction in extractions])
        if draft.found:
            return draft
    passages = Passages([place.sentence for place in places], asked=[*terms, *more])
    return _draft([[_claim(places[hit.number]) for hit in good_hits(passages, question, more)]])


def good_hits(passages: Passages, question: str, more: Sequence[str] = ()) -> list[Hit]:
    """The hits worth showing: enough of the question in the best, the others near to it and not the same words again."""
    hits = _headers_last(passages, passages.find(question, more=more), {*asked_words(question), *more})
    enough = ENOUGH[language_of(question)]
    able = [hit for hit in hits if hit.covered >= enough and len(passages.sentences[hit.number].text) <= LONGEST_CHARACTERS]
    if not able or able[0].score < 0.6 * hits[0].score:
        return []
    chosen: list[Hit] = []
    seen: set[str] = set()
    for hit in able:
        text = passages.sentences[hit.number].text
        if hit.score >= NEAR * able[0].score and text not in seen:
            chosen.append(hit)
            seen.add(text)
    return chosen[:MOST_CLAIMS]


def _headers_last(passages: Passages, hits: list[Hit], asked: set[str]) -> list[Hit]:
    """A header that holds many words of the question gives way to the rows under it that hold one more."""

    def gives_way(hit: Hit) -> bool:
        text, more = passages.sentences[hit.number].text, asked.difference(passages.bags[hit.number])
        under = (other.number for other in hits if passages.sentences[other.number].heading.endswith(text))
        return any(more.intersection(passages.bags[number]) for number in under)

    return sorted(hits, key=gives_way)


def asked_part(question: str) -> str | None:
    """The part of a document the question is for: "" the gist, a section's key, or None when it asks for something in it."""
    plain = words(_GENERIC_CJK.sub(" ", ABOUT_THE_TEXT.sub(" ", question)))
    keys = {_PARTS.get(word, "else") for word in plain if word not in GENERIC}
    if not keys:
        asks = GIST.search(question) or GENERIC.intersection(words(question))
        particular = any(asking.search(question) for asking, _ in KINDS)  # who, where, when …
        return "" if asks and not particular else None
    return keys.pop() if len(keys) == 1 and "else" not in keys else None


_GENERIC_CJK = re.compile("|".join(sorted((term for term in GENERIC_QUESTION if not term.isascii()), key=len, reverse=True)))
_PARTS = {word: key for key, terms in PARTS.items() for term in terms.split() for word in words(term)}


def _draft(by_document: Sequence[list[Claim]]) -> Draft:
    """One section; of several documents the best of each first."""
    lists = [claims for claims in by_document if claims]
    ordered = [claims[n] for n in range(MOST_CLAIMS) for claims in lists if n < len(claims)][:MOST_CLAIMS]
    return Draft(sections=(Section(title="", claims=tuple(ordered)),)) if ordered else NOT_FOUND


def _claim(place: Place) -> Claim:
    return claim(place.extraction, place.sentence)


def _everything(extraction: Extraction, held: re.Pattern[str]) -> list[Sentence]:
    """All there is on the pages, and the rows of sheets."""
    return [*_on_pages(extraction), *_sheet_rows(extraction, held)]


def _on_pages(extraction: Extraction) -> Iterator[Sentence]:
    sheets = [page.span for page in extraction.pages if page.kind == PageKind.SHEET]
    if sheets and len(sheets) == len(extraction.pages):
        return
    for found in everything(extraction.text, pages=extraction.pages, blocks=extraction.blocks, title=extraction.title):
        if not any(found.span.overlaps(sheet) for sheet in sheets):
            yield found


def _sheet_rows(extraction: Extraction, held: re.Pattern[str]) -> Iterator[Sentence]:
    """Every row of the sheets, under the name and header of its sheet."""
    for number, (page, header, row) in enumerate(sheet_rows(extraction)):
        if number >= MANY_ROWS and not held.search(extraction.text, row.start, row.end):
            continue
        heading = f"{page.label} {_row(header.of(extraction.text))}" if header else page.label
        for piece in chopped(extraction.text, row):
            yield Sentence(span=piece, text=_row(piece.of(extraction.text)), heading=heading, whole=False)


def _row(text: str) -> str:
    return " · ".join(cells(text))
