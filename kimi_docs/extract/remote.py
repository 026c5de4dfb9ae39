"""The text a service made of a document, without a mark of its pages → an Extraction with the pages the local text has.

Both texts are cut into words. Runs of words that are unique in both are anchors; those in rising order on both sides stay. Each
border of a page is put where the anchors beside it say, at the nearest line end.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kimi_docs.domain.text import Extraction, Notice, Page, PageKind, PageState, Span
from kimi_docs.extract.build import Builder, tidy
from kimi_docs.extract.hidden import orders
from kimi_docs.extract.plain import blank_separated
from kimi_docs.extract.quality import detect, garbled
from kimi_docs.extract.recognized import Recognized, with_recognized
from kimi_docs.extract.sections import Paragraph, add_sections
from kimi_docs.language import say

EXTRACTOR = "kimi-files-1"
_RUN = 5
"""Words of an anchor. A Chinese character is a word."""
_SNAP = 200
"""Characters before a border among which the end of the last line is looked for."""
_ENOUGH_WORDS = 50
"""Of the local text: with fewer there is nothing to compare with."""
_LEAST_PERCENT = 70
"""Two readers of one paper agree to 90 and more."""
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]|[^\W_]+")


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a text, folded, and where each begins."""

    said: list[str]
    places: list[int]


def is_remote(extraction: Extraction) -> bool:
    """Its text came from the service, all of it or that of some pages."""
    return extraction.extractor.startswith(EXTRACTOR)


def alone(document_id: str, text: str) -> Extraction:
    """The service's text where there is no local one: in sections. Raises: NoText, TooLarge."""
    builder = Builder(document_id, EXTRACTOR)
    add_sections(builder, (Paragraph(text=paragraph) for paragraph in blank_separated(tidy(text))))
    message = say("The text comes from Kimi's file service, which does not say where a page ends.")
    builder.notice(Notice(code="remote_text", message=message))
    return builder.finish()


def aligned(local: Extraction, text: str) -> Extraction:
    """The service's text on the pages of the local one. `agreement` is kept in the metadata, and said."""
    text = tidy(text).strip("\n") + "\n"
    here, there = _words(local.text), _words(text)
    borders = [0, *_borders(local, here, there, text), len(text)]
    pages = []
    for page, start, end in zip(local.pages, borders, borders[1:], strict=False):
        state = page.state if text[start:end].strip() and page.state is PageState.READ else _state(page, text[start:end])
        pages.append(replace(page, span=Span(start=start, end=end), state=state))
    percent = round(100 * agreement(local.text, text))
    message = say("The text comes from Kimi's file service. It agrees with the text read here to {percent} %.", percent=percent)
    kept = tuple(
        notice for notice in local.notices if notice.code not in {"instructions", "picture_page", "garbled_page", "ocr_missing"}
    )
    made = Extraction(
        document=local.document,
        extractor=f"{EXTRACTOR}+{local.extractor}",
        text=text,
        pages=tuple(pages),
        title=local.title,
        language=detect(text),
        metadata={**local.metadata, "agreement": str(percent)},
        notices=(*kept, Notice(code="remote_text", message=message), *_doubts(local, text)),
        hidden=local.hidden,
        links=local.links,
    )
    return _warned(made)


def _doubts(local: Extraction, text: str) -> Iterator[Notice]:
    """A text that is hardly the document's: another one, a part, or no words at all."""
    known = "".join(local.page_text(page.number) for page in local.pages if page.state is PageState.READ)
    if len(_words(known).said) >= _ENOUGH_WORDS:
        percent = round(100 * agreement(known, text))
        if percent < _LEAST_PERCENT:
            message = say("The text from Kimi's file service agrees with the text read here to {percent} % only.", percent=percent)
            yield Notice(code="remote_doubtful", message=message)
    elif garbled(text):
        yield Notice(code="remote_doubtful", message=say("The text from Kimi's file service does not look like words."))


def filled(local: Extraction, texts: Mapping[int, str]) -> Extraction:
    """The local text with the service's on the pages that were sent by themselves; their numbers stay."""
    found = [Recognized(number=number, text=tidy(text).strip("\n") + "\n") for number, text in texts.items() if text.strip()]
    if not found:
        return local
    made = with_recognized(local, found)
    numbers = ", ".join(str(one.number) for one in sorted(found, key=lambda one: one.number)[:50])
    message = say("The text of these pages comes from Kimi's file service: {pages}.", pages=numbers)
    notices = tuple(notice for notice in made.notices if notice.code != "ocr_missing" or len(found) < _advised(notice))
    return replace(
        made, extractor=f"{EXTRACTOR}+{local.extractor}", notices=(*notices, Notice(code="remote_text", message=message))
    )


def pictures(document_id: str, pages: Sequence[str]) -> Extraction:
    """A document of which nothing could be read here, page by page as the service read it. Raises: NoText, TooLarge."""
    builder = Builder(document_id, EXTRACTOR)
    for text in pages:
        shown = tidy(text).strip("\n") + "\n" if text.strip() else ""
        builder.add(shown, kind=PageKind.PAGE, state=PageState.RECOGNIZED if shown else PageState.EMPTY)
    builder.notice(Notice(code="remote_text", message=say("The text comes from Kimi's file service.")))
    return builder.finish()


def agreement(one: str, other: str) -> float:
    """How many words the two have in common, of all they have: 1 for the same words, whatever their order."""
    left, right = Counter(_words(one).said), Counter(_words(other).said)
    total = left.total() + right.total()
    return 2 * (left & right).total() / total if total else 1.0


def _advised(notice: Notice) -> int:
    count = notice.message.values.get("count", 0)
    return int(count) if isinstance(count, int | float) else 0


def _state(page: Page, text: str) -> PageState:
    """A page that was no text here and is one now was recognized there."""
    if not text.strip():
        return PageState.EMPTY
    return PageState.READ if page.state is PageState.READ else PageState.RECOGNIZED


def _warned(extraction: Extraction) -> Extraction:
    """What the text says to a model is said of the new text too."""
    notices = list(extraction.notices)
    for start, end in orders(extraction.text)[:20]:
        number, words = extraction.page_at(start).number, extraction.text[start:end][:100]
        message = say("Page {number} holds words meant as orders to a model: “{words}”.", number=number, words=words)
        notices.append(Notice(code="instructions", message=message, page=number))
    return replace(extraction, notices=tuple(notices))


def _words(text: str) -> _Words:
    found = list(_WORD.finditer(text))
    return _Words([match[0].casefold() for match in found], [match.start() for match in found])


def _borders(local: Extraction, here: _Words, there: _Words, text: str) -> list[int]:
    """Where each page but the first begins in the service's text: rising."""
    anchors = _anchors(here.said, there.said)
    borders: list[int] = []
    least = 0
    for page in local.pages[1:]:
        first, last = _between(bisect_left(here.places, page.span.start), anchors, len(here.said), len(there.said))
        least = max(least, _line(first, last, there, text))
        borders.append(least)
    return borders


def _anchors(here: Sequence[str], there: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of places of runs of words that stand once in each text, in rising order on both sides."""
    ours, theirs = _once(here), _once(there)
    pairs = sorted((place, theirs[run]) for run, place in ours.items() if run in theirs)
    return _rising(pairs)


def _once(words: Sequence[str]) -> dict[tuple[str, ...], int]:
    runs = list(zip(*(words[shift:] for shift in range(_RUN)), strict=False))
    counts = Counter(runs)
    return {run: place for place, run in enumerate(runs) if counts[run] == 1}


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of the pairs whose second numbers rise too."""
    tails: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for index, (_, value) in enumerate(pairs):
        place = bisect_left(tails, value)
        before.append(last[place - 1] if place else -1)
        if place == len(tails):
            tails.append(value)
            last.append(index)
        else:
            tails[place], last[place] = value, index
    kept: list[tuple[int, int]] = []
    index = last[-1] if last else -1
    while index >= 0:
        kept.append(pairs[index])
        index = before[index]
    return kept[::-1]


def _between(word: int, anchors: Sequence[tuple[int, int]], ours: int, theirs: int) -> tuple[int, int]:
    """The words of the other text among which `word` begins: one and the same, or those that only the other text has there."""
    index = bisect_left(anchors, (word, -1))
    left = anchors[index - 1] if index else (-_RUN, -_RUN)
    right = anchors[index] if index < len(anchors) else (ours, theirs)
    matched = min(_RUN, word - left[0])
    after, before = word - left[0] - matched, right[0] - word
    forward, backward = left[1] + matched + after, right[1] - before
    if forward > backward:  # words are missing there: what is nearer to its anchor is right
        place = min(forward, right[1]) if after <= before else max(backward, left[1] + matched)
        return place, place
    return forward, backward


def _line(first: int, last: int, there: _Words, text: str) -> int:
    """The line end in the middle of these words (a foot and a head of the page, likely), else before the middle one."""
    start, end = (there.places[word] if word < len(there.places) else len(text) for word in (first, last))
    before = max(0, start - _SNAP)
    ends = [before + match.end() for match in re.finditer("\n", text[before:end])]
    whole = [place for place in ends if place >= start or not _WORD.search(text, place, start)]
    if not whole:
        word = (first + last) // 2
        return there.places[word] if word < len(there.places) else len(text)
    return min(whole, key=lambda place: abs(place - (start + end) // 2))
