"""PDF → the text of its pages through pdfium; a page → its picture with the boxes of a passage."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kimi_docs.domain.text import BlockKind, Extraction, Link, Notice, PageKind, PagePicture, PageState
from kimi_docs.errors import Damaged, NotFound
from kimi_docs.extract import progress
from kimi_docs.extract.build import Builder, Mark, check_length, whole
from kimi_docs.extract.formats import PDF_WITHOUT_TABLES
from kimi_docs.extract.hidden import listed
from kimi_docs.extract.pdf_facts import has_form, labels, metadata, notices
from kimi_docs.extract.pdf_margins import REACH, Edges, edges, margins
from kimi_docs.extract.pdf_open import MAX_PAGES, opened, page_of, raw_text
from kimi_docs.extract.pdf_outline import Entry, headings, outline, ranks, title
from kimi_docs.extract.pdf_page import Sheet, look, removals
from kimi_docs.extract.pdf_picture import boxes, draw
from kimi_docs.extract.pdf_text import Origins, composed
from kimi_docs.extract.quality import garbled, implausible
from kimi_docs.extract.twin import Twin
from kimi_docs.language import say

EXTRACTOR = "pdfium-3"
_MANY = 6
"""Pages: with more, a copy of the process reads half of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _How:
    """Pages whose index is in `skip` are failed ones; without an outline headings are told by their `heights`."""

    password: str
    skip: Container[int]
    heights: bool
    tabled: bool


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
        contents = outline(document)
        how = _How(password=password, skip=skip, heights=not contents, tabled=tabled)
        sheets = _sheets(document, path, how, builder)
        all_edges = [sheet.edges for sheet in sheets]
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
    forms = has_form(document)
    sheet = look(document, index, forms=forms, tabled=tabled)
    window = [
        sheet.raw if other == index else (look(document, other, forms=True).raw if forms else raw_text(document, other))
        for other in range(first, min(len(document), index + REACH + 1))
    ]
    raw = sheet.raw or ""
    removed, given = removals(sheet, margins([edges(text or "") for text in window], index - first))
    origins = Origins(raw, removed, given)
    wanted = [origins.raw(offset) for offset in range(max(0, start), min(end, origins.length))]
    return raw, [offset for offset in wanted if 0 <= offset < len(raw) and not raw[offset].isspace()]


def _sheets(document: Any, path: Path, how: _How, builder: Builder) -> list[Sheet]:
    """Every page as pdfium gives it. Raises: TooLarge, Damaged."""
    count = len(document)
    half = count // 2 if count >= _MANY else count
    twin = Twin(lambda: _other_half(path, how, half, count)) if half < count else None
    sheets = _read(document, range(half), how)
    if twin:
        sheets += twin.result() or _read(document, range(half, count), how)
    for number, sheet in enumerate(sheets, start=1):
        if sheet.raw is None:
            message = say("Page {number} is damaged and was not read.", number=number)
            builder.notice(Notice(code="page_failed", message=message, page=number))
    if all(sheet.raw is None for sheet in sheets):
        raise Damaged(say("No page of this PDF can be read."))
    check_length(sum(len(sheet.raw or "") for sheet in sheets))
    return sheets


def _other_half(path: Path, how: _How, half: int, count: int) -> list[Sheet]:
    with opened(path, how.password, most=MAX_PAGES) as document:
        return _read(document, range(half, count), how)


def _read(document: Any, indexes: range, how: _How) -> list[Sheet]:
    sheets: list[Sheet] = []
    total = 0
    forms = has_form(document)
    for index in indexes:
        progress.page(index)
        cover = index < 3 and not any(other.raw and len(other.raw) > 20 for other in sheets)  # the first are often pictures
        known = index in how.skip
        sheets.append(Sheet() if known else look(document, index, forms=forms, title=cover, heights=how.heights, tabled=how.tabled))
        total += len(sheets[-1].raw or "")
        check_length(total)
    progress.page(-1)
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
