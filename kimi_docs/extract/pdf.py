"""PDF → the text of its pages through pdfium; a page → its picture with the boxes of a passage."""

from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

from kimi_docs.domain.text import BlockKind, Extraction, Link, Notice, PageKind, PagePicture, PageState
from kimi_docs.errors import Damaged, NotFound
from kimi_docs.extract import progress
from kimi_docs.extract.build import Builder, Mark, check_length, whole
from kimi_docs.extract.hidden import listed
from kimi_docs.extract.pdf_facts import has_form, labels, metadata, notices
from kimi_docs.extract.pdf_margins import REACH, Edges, edges, margins
from kimi_docs.extract.pdf_open import MAX_PAGES, opened, page_of, raw_text
from kimi_docs.extract.pdf_outline import Entry, headings, outline, ranks, title
from kimi_docs.extract.pdf_page import Sheet, look, removals
from kimi_docs.extract.pdf_picture import boxes, draw
from kimi_docs.extract.pdf_text import Origins, composed
from kimi_docs.extract.quality import garbled, implausible
from kimi_docs.language import say

EXTRACTOR = "pdfium-2"


def read(path: Path, document_id: str, *, password: str = "") -> Extraction:
    """Raises: Damaged, PasswordNeeded, EmptyDocument, NoText, TooLarge."""
    return whole(draft(path, document_id, password=password))


def draft(path: Path, document_id: str, *, password: str = "", skip: Container[int] = ()) -> Extraction:
    """The same, be there no text: pages that are pictures may still be recognized. Pages whose index is in `skip` are failed ones.

    Raises: Damaged, PasswordNeeded, EmptyDocument, TooLarge.
    """
    with opened(path, password, most=MAX_PAGES) as document:
        builder = Builder(document_id, EXTRACTOR)
        contents = outline(document)
        sheets = _sheets(document, skip, builder, heights=not contents)
        all_edges = [edges(sheet.raw or "") for sheet in sheets]
        rank = {} if contents else ranks([sheet.heights for sheet in sheets])
        names = labels(document)
        for index, sheet in enumerate(sheets):
            text, marks = _text(sheet, all_edges, index, contents.get(index, ()), rank)
            state = _state(sheet, text, index + 1, builder)
            builder.add(text if text.strip() else "", kind=PageKind.PAGE, label=names[index], state=state, marks=marks)
            builder.hidden.extend(listed(index + 1, sheet.hidden, sheet.raw or ""))
            builder.links.extend(Link(page=index + 1, target=target) for target in sheet.links)
        for notice in notices(document):
            builder.notice(notice)
        said = metadata(document)
        large = next((sheet.large for sheet in sheets if sheet.raw and len(sheet.raw) > 20), "")
        return builder.draft(title=title(said.get("title", ""), large), metadata=said)


def picture(
    path: Path, number: int, *, width: int = 1000, start: int | None = None, end: int | None = None, password: str = ""
) -> PagePicture:
    """A page as a JPEG, and where its characters `start`…`end` (of the page's own text) stand on it.

    Raises: Damaged, PasswordNeeded, NotFound.
    """
    with opened(path, password) as document:
        if not 1 <= number <= len(document):
            raise NotFound(say("There is no page {number}; the document has {count}.", number=number, count=len(document)))
        marked = _marked(document, number - 1, start, end) if start is not None and end is not None else None
        page = page_of(document, number - 1)
        if page is None:
            raise Damaged(say("Page {number} is damaged and cannot be shown.", number=number))
        jpeg, pixels = draw(page, width)
        found = boxes(page, *marked) if marked else ()
        return PagePicture(jpeg=jpeg, width=pixels[0], height=pixels[1], boxes=found)


def _marked(document: Any, index: int, start: int, end: int) -> tuple[str, list[int]]:
    """A page's raw text and the offsets in it of the characters `start`…`end`, by repeating how the page was cleaned."""
    first = max(0, index - REACH)
    forms = has_form(document)
    sheet = look(document, index, forms=forms)
    window = [
        sheet.raw if other == index else (look(document, other, forms=True).raw if forms else raw_text(document, other))
        for other in range(first, min(len(document), index + REACH + 1))
    ]
    raw = sheet.raw or ""
    removed, given = removals(sheet, margins([edges(text or "") for text in window], index - first))
    origins = Origins(raw, removed, given)
    wanted = [origins.raw(offset) for offset in range(max(0, start), min(end, origins.length))]
    return raw, [offset for offset in wanted if 0 <= offset < len(raw) and not raw[offset].isspace()]


def _sheets(document: Any, skip: Container[int], builder: Builder, *, heights: bool) -> list[Sheet]:
    """Every page as pdfium gives it; without an outline headings are told by their `heights`. Raises: TooLarge, Damaged."""
    sheets: list[Sheet] = []
    total = 0
    forms = has_form(document)
    for index in range(len(document)):
        progress.page(index)
        first = not any(other.raw and len(other.raw) > 20 for other in sheets[:3]) and index < 3  # covers are often pictures
        sheet = Sheet() if index in skip else look(document, index, forms=forms, title=first, heights=heights)
        if sheet.raw is None:
            message = say("Page {number} is damaged and was not read.", number=index + 1)
            builder.notice(Notice(code="page_failed", message=message, page=index + 1))
        total += len(sheet.raw or "")
        check_length(total)
        sheets.append(sheet)
    progress.page(-1)
    if all(sheet.raw is None for sheet in sheets):
        raise Damaged(say("No page of this PDF can be read."))
    return sheets


def _text(
    sheet: Sheet, all_edges: Sequence[Edges], index: int, entries: Sequence[Entry], rank: dict[float, int]
) -> tuple[str, list[Mark]]:
    """The running text of a page, and its headings and tables."""
    removed, given = removals(sheet, margins(all_edges, index))
    text, places = composed(sheet.raw or "", removed, given)
    levels = {line: rank[height] for line, height in sheet.heights.items() if height in rank} if rank else {}
    found = [mark for mark in headings(text, entries, levels) if not any(start <= mark[1] < end for start, end in places)]
    found += [(BlockKind.TABLE, start, end, 0) for start, end in places]
    return text, sorted(found, key=lambda mark: mark[1])


def _state(sheet: Sheet, text: str, number: int, builder: Builder) -> PageState:
    if sheet.raw is None:
        return PageState.FAILED
    if not text.strip():
        if sheet.picture:
            message = say("Page {number} is a picture without text.", number=number)
            builder.notice(Notice(code="picture_page", message=message, page=number))
        return PageState.EMPTY
    if garbled(text) or (sheet.layer and implausible(text)):
        message = say("The characters of page {number} are not readable text.", number=number)
        builder.notice(Notice(code="garbled_page", message=message, page=number))
        return PageState.GARBLED
    return PageState.READ
