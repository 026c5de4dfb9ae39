"""An extraction and the text recognized on some of its pages → the extraction with that text in its place."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kimi_docs.domain.text import Extraction, Notice, PageState, Place, Span
from kimi_docs.extract.hidden import orders
from kimi_docs.extract.quality import detect
from kimi_docs.language import say

_PICTURE, _GARBLED = "picture_page", "garbled_page"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recognized:
    """What OCR found on a page; the places are spans of its own text."""

    number: int
    text: str = ""
    places: tuple[Place, ...] = ()


def unread(extraction: Extraction) -> list[int]:
    """The pages that OCR may read: pictures without text, and text that is none."""
    pictures = {notice.page for notice in extraction.notices if notice.code == _PICTURE}
    return [page.number for page in extraction.pages if page.state is PageState.GARBLED or page.number in pictures]


def advised(extraction: Extraction, count: int) -> Extraction:
    """The extraction with the advice how its unread pages can be read."""
    message = say(
        "Pages without readable text: {count}. To have them read, install the “ocr” extra or set a Kimi key.", count=count
    )
    return replace(extraction, notices=(*extraction.notices, Notice(code="ocr_missing", message=message)))


def unfinished(extraction: Extraction, left: Sequence[int]) -> Extraction:
    """The extraction, saying that there was no time for some of its pages."""
    message = say(
        "Pages not recognized in time: {count}, from page {first} on. Split the document and add the rest of it by itself.",
        count=len(left),
        first=left[0],
    )
    return replace(extraction, notices=(*extraction.notices, Notice(code="ocr_unfinished", message=message, page=left[0])))


def with_recognized(extraction: Extraction, found: Sequence[Recognized]) -> Extraction:
    """Pages where text was found are `recognized`; the others stay what they are."""
    by_number = {one.number: one for one in found if one.text.strip()}
    if not by_number:
        return extraction
    parts = [
        by_number[page.number].text if page.number in by_number else page.span.of(extraction.text) for page in extraction.pages
    ]
    shifts: dict[int, int] = {}
    pages, length = [], 0
    for page, part in zip(extraction.pages, parts, strict=True):
        shifts[page.number] = length - page.span.start
        state = PageState.RECOGNIZED if page.number in by_number else page.state
        pages.append(replace(page, span=Span(start=length, end=length + len(part)), state=state))
        length += len(part)
    text = "".join(parts)
    new = replace(extraction, text=text, pages=tuple(pages), language=detect(text), notices=_notices(extraction, by_number))
    places = tuple(_moved(place, new.pages[one.number - 1].span.start) for one in by_number.values() for place in one.places)
    blocks = []
    for block in extraction.blocks:
        number = extraction.page_at(block.span.start).number
        if number not in by_number:
            blocks.append(replace(block, span=_shifted(block.span, shifts[number])))
    return replace(new, places=tuple(sorted(places, key=lambda place: place.span.start)), blocks=tuple(blocks))


def _notices(extraction: Extraction, done: Mapping[int, Recognized]) -> tuple[Notice, ...]:
    """What was said of a page that is recognized now no longer holds; what its text says to a model is said."""
    kept = [notice for notice in extraction.notices if notice.page not in done or notice.code not in (_PICTURE, _GARBLED)]
    return (*kept, *_orders(done.values()))


def _orders(done: Iterable[Recognized]) -> Iterable[Notice]:
    for one in done:
        for start, end in orders(one.text)[:5]:
            words = one.text[start:end][:100]
            message = say("Page {number} holds words meant as orders to a model: “{words}”.", number=one.number, words=words)
            yield Notice(code="instructions", message=message, page=one.number)


def _moved(place: Place, by: int) -> Place:
    return replace(place, span=_shifted(place.span, by))


def _shifted(span: Span, by: int) -> Span:
    return Span(start=span.start + by, end=span.end + by)
