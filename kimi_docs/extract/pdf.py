"""PDF → the text of its pages through pdfium; a page → its picture with the boxes of a passage."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from kimi_docs.domain.text import Extraction, Link, Notice, PageKind, PagePicture, PageState
from kimi_docs.errors import Damaged, NotFound
from kimi_docs.extract import progress
from kimi_docs.extract.build import Builder, check_length, whole
from kimi_docs.extract.formats import PDF_WITHOUT_TABLES
from kimi_docs.extract.hidden import listed
from kimi_docs.extract.pdf_facts import labels, metadata, notices
from kimi_docs.extract.pdf_margins import BLANK, REACH, edges, margins
from kimi_docs.extract.pdf_open import MAX_PAGES, opened, page_of
from kimi_docs.extract.pdf_outline import outline, ranks, title
from kimi_docs.extract.pdf_page import Sheet, look, raw_text, removals
from kimi_docs.extract.pdf_picture import boxes, draw
from kimi_docs.extract.pdf_running import Contents, Running, run_of, running
from kimi_docs.extract.pdf_text import Origins
from kimi_docs.extract.twin import Twin, shared
from kimi_docs.language import say

EXTRACTOR = "pdfium-3"
_WORTH = 0.01
"""Seconds that the pages left will take: with more, a copy of the process reads some of them."""
_COVER = 3
"""Pages: the first are often pictures; the title is looked for on the first with text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _How:
    """Pages whose index is in `skip` are failed ones."""

    password: str
    skip: Container[int]
    contents: Contents
    tabled: bool


_Part = tuple[list[Sheet], list[Running | None]]
"""Pages that follow one another, and their texts as far as they can be told from these alone."""


def read(path: Path, document_id: str, *, password: str = "") -> Extraction:
    """Raises: Damaged, PasswordNeeded, EmptyDocument, NoText, TooLarge."""
    return whole(draft(path, document_id, password=password))


def draft(path: Path, document_id: str, *, password: str = "", skip: Container[int] = (), tabled: bool = True) -> Extraction:
    """The same, be there no text: pages that are pictures may still be recognized. Pages whose index is in `skip` are failed ones.
    Without `tabled` tables are not looked for: their cells stay lines of text.

    Raises: Damaged, PasswordNeeded, EmptyDocument, TooLarge.
    """
    with opened(path, password, most=MAX_PAGES) as document:
        builder = Builder(document_id, EXTRACTOR if tabled else PDF_WITHOUT_TABLES)
        how = _How(password=password, skip=skip, contents=outline(document), tabled=tabled)
        sheets, texts = _read(document, path, how, builder)
        rank = {} if how.contents else ranks([sheet.heights for sheet in sheets])
        names = labels(document)
        for index, (sheet, page) in enumerate(zip(sheets, texts, strict=True)):
            state = _state(sheet, page, index + 1, builder)
            text, marks = page.text if page.text.strip() else "", page.marks(sheet, rank)
            builder.add(text, kind=PageKind.PAGE, label=names[index], state=state, marks=marks, ordering=page.ordering)
            builder.hidden.extend(listed(index + 1, sheet.hidden, sheet.raw or ""))
            builder.links.extend(Link(page=index + 1, target=target) for target in sheet.links)
        for notice in notices(document):
            builder.notice(notice)
        said = metadata(document)
        large = next((sheet.large for sheet in sheets if sheet.raw and len(sheet.raw) > 20), "")
        return builder.draft(title=title(said.get("title", ""), large), metadata=said)


def picture(
    path: Path,
    number: int,
    *,
    width: int = 1000,
    start: int | None = None,
    end: int | None = None,
    password: str = "",
    tabled: bool = True,
) -> PagePicture:
    """A page as a JPEG, and where its characters `start`…`end` (of the page's own text, `tabled` as it was read) stand on it.

    Raises: Damaged, PasswordNeeded, NotFound.
    """
    with opened(path, password, drawn=True) as document:
        if not 1 <= number <= len(document):
            raise NotFound(say("There is no page {number}; the document has {count}.", number=number, count=len(document)))
        marked = _marked(document, number - 1, start, end, tabled=tabled) if start is not None and end is not None else None
        page = page_of(document, number - 1)
        if page is None:
            raise Damaged(say("Page {number} is damaged and cannot be shown.", number=number))
        jpeg, pixels = draw(page, width)
        found = boxes(page, *marked) if marked else ()
        return PagePicture(jpeg=jpeg, width=pixels[0], height=pixels[1], boxes=found)


def _marked(document: Any, index: int, start: int, end: int, *, tabled: bool) -> tuple[str, list[int]]:
    """A page's raw text and the offsets in it of the characters `start`…`end`, by repeating how the page was cleaned."""
    first = max(0, index - REACH)
    sheet = look(document, index, tabled=tabled)
    window = [
        sheet.raw if other == index else raw_text(document, other) for other in range(first, min(len(document), index + REACH + 1))
    ]
    raw = sheet.raw or ""
    removed, given = removals(sheet, margins([edges(text or "") for text in window], index - first))
    origins = Origins(raw, removed, given)
    wanted = [origins.raw(offset) for offset in range(max(0, start), min(end, origins.length))]
    return raw, [offset for offset in wanted if 0 <= offset < len(raw) and not raw[offset].isspace()]


def _read(document: Any, path: Path, how: _How, builder: Builder) -> tuple[list[Sheet], list[Running]]:
    """Every page as pdfium gives it, and its text. Raises: TooLarge, Damaged."""
    sheets, texts = _shared(document, path, how)
    for number, sheet in enumerate(sheets, start=1):
        if sheet.raw is None:
            message = say("Page {number} is damaged and was not read.", number=number)
            builder.notice(Notice(code="page_failed", message=message, page=number))
    if all(sheet.raw is None for sheet in sheets):
        raise Damaged(say("No page of this PDF can be read."))
    check_length(sum(len(sheet.raw or "") for sheet in sheets))
    edges = [sheet.edges for sheet in sheets]
    pairs = enumerate(zip(sheets, texts, strict=True))
    return sheets, [text or running(sheet, index, edges, index, how.contents) for index, (sheet, text) in pairs]


def _shared(document: Any, path: Path, how: _How) -> _Part:
    """This process begins with the first page; when what is left is worth it, its twin with the last, until they meet."""
    count, twins = len(document), list[Twin[_Part]]()

    def own() -> Iterator[int]:
        begun = perf_counter()
        for index in range(count):
            if not twins and index and (perf_counter() - begun) / index * (count - index) > _WORTH:
                twins.append(Twin(_from_the_end, path, how, pieces=count - index))
            if twins and not twins[0].share():
                return
            yield index

    others: _Part | None = None
    try:
        sheets, texts = _part(document, own(), how)
    finally:
        for twin in twins:
            others = twin.result()
    if len(sheets) == count:
        return sheets, texts
    rest, their_texts = others or _part(document, range(len(sheets), count), how)
    return [*sheets, *rest], [*texts, *their_texts]


def _from_the_end(path: Path, how: _How) -> _Part:
    """The pages' edges are left out where nobody needs them any more."""
    with opened(path, how.password, most=MAX_PAGES) as document:
        sheets, texts = _part(document, shared(reversed(range(len(document)))), how)
    return [*sheets[: 2 * REACH], *(replace(sheet, edges=BLANK) for sheet in sheets[2 * REACH :])], texts


def _part(document: Any, indexes: Iterable[int], how: _How) -> _Part:
    """Pages that follow one another, in whatever direction; they are given from the first to the last."""
    sheets: dict[int, Sheet] = {}
    total = 0
    try:
        for index in indexes:
            progress.page(index)
            cover = index < _COVER and not any(len(sheets[other].raw or "") > 20 for other in range(index) if other in sheets)
            known = index in how.skip
            heights = not how.contents
            sheets[index] = Sheet() if known else look(document, index, title=cover, heights=heights, tabled=how.tabled)
            total += len(sheets[index].raw or "")
            check_length(total)
    finally:
        progress.page(-1)  # else its time would run on in the next file
    first = min(sheets, default=0)
    pages = range(first, first + len(sheets))
    found = [sheets[index] for index in pages]
    return found, run_of(found, pages, len(document), how.contents)


def _state(sheet: Sheet, page: Running, number: int, builder: Builder) -> PageState:
    if sheet.raw is None:
        return PageState.FAILED
    if sheet.stamped:
        message = say("Page {number} is a picture with hardly any text.", number=number)
        builder.notice(Notice(code="picture_page", message=message, page=number))
        return PageState.GARBLED  # its text does not say what is on it
    if not page.text.strip():
        if sheet.picture:
            message = say("Page {number} is a picture without text.", number=number)
            builder.notice(Notice(code="picture_page", message=message, page=number))
        return PageState.EMPTY
    if page.garbled:
        message = say("The characters of page {number} are not readable text.", number=number)
        builder.notice(Notice(code="garbled_page", message=message, page=number))
        return PageState.GARBLED
    return PageState.READ
