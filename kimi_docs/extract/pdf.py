"""PDF → the text of its pages through pdfium; a page → its picture with the boxes of a passage."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw_pdfium

from kimi_docs.domain.text import Extraction, Notice, PageKind, PagePicture, PageState
from kimi_docs.errors import Damaged, EmptyDocument, NotFound, PasswordNeeded, TooLarge
from kimi_docs.extract.build import Builder, check_length
from kimi_docs.extract.pdf_margins import REACH, edges, margins
from kimi_docs.extract.pdf_outline import headings, outline, title
from kimi_docs.extract.pdf_picture import boxes, draw
from kimi_docs.extract.pdf_text import Origins, clean
from kimi_docs.extract.quality import garbled
from kimi_docs.language import say

EXTRACTOR = "pdfium-1"
MAX_PAGES = 10_000


def read(path: Path, document_id: str, *, password: str = "") -> Extraction:
    """Raises: Damaged, PasswordNeeded, EmptyDocument, NoText, TooLarge."""
    with _opened(path, password) as document:
        builder = Builder(document_id, EXTRACTOR)
        labels = _labels(document)
        raws = _raw_texts(document, builder)
        all_edges = [edges(raw or "") for raw in raws]
        contents = outline(document)
        for index, raw in enumerate(raws):
            text = clean(raw or "", margins(all_edges, index))
            state = _state(document, index, raw, text, builder)
            builder.add(
                text if text.strip() else "",
                kind=PageKind.PAGE,
                label=labels[index],
                state=state,
                marks=headings(text, contents.get(index, ())),
            )
        metadata = _metadata(document)
        return builder.finish(title=title(document, metadata.get("title", "")), metadata=metadata)


def picture(
    path: Path, number: int, *, width: int = 1000, start: int | None = None, end: int | None = None, password: str = ""
) -> PagePicture:
    """A page as a JPEG, and where its characters `start`…`end` (of the page's own text) stand on it.

    Raises: Damaged, PasswordNeeded, NotFound.
    """
    with _opened(path, password) as document:
        if not 1 <= number <= len(document):
            raise NotFound(say("There is no page {number}; the document has {count}.", number=number, count=len(document)))
        page = _page(document, number - 1)
        if page is None:
            raise Damaged(say("Page {number} is damaged and cannot be shown.", number=number))
        jpeg, pixels = draw(page, width)
        found = boxes(page, _indices(document, number - 1, start, end)) if start is not None and end is not None else ()
        return PagePicture(jpeg=jpeg, width=pixels[0], height=pixels[1], boxes=found)


def _indices(document: Any, index: int, start: int, end: int) -> list[int]:
    """pdfium's numbers of the characters `start`…`end` of a page, by repeating how the page was cleaned."""
    first = max(0, index - REACH)
    window = [_raw_text(document, other) or "" for other in range(first, min(len(document), index + REACH + 1))]
    raw = window[index - first]
    origins = Origins(raw, margins([edges(text) for text in window], index - first))
    wanted = [origins.raw(offset) for offset in range(max(0, start), min(end, origins.length))]
    return [raw_index for raw_index in wanted if raw_index < len(raw) and not raw[raw_index].isspace()]


@contextmanager
def _opened(path: Path, password: str) -> Iterator[Any]:
    try:
        document = pdfium.PdfDocument(path, password=password or None)
    except pdfium.PdfiumError as error:
        if error.err_code == raw_pdfium.FPDF_ERR_PASSWORD:
            raise _password_needed(bool(password)) from error
        raise Damaged(
            say("This PDF is damaged and cannot be opened."),
            say("Open it in a PDF viewer, save or print it to a new PDF, and add that."),
        ) from error
    try:
        if not len(document):
            raise EmptyDocument(say("This PDF has no pages."))
        if len(document) > MAX_PAGES:
            message = say("This PDF has {pages} pages; at most {most} are read.", pages=len(document), most=MAX_PAGES)
            raise TooLarge(message, say("Split it into smaller files and add those."))
        yield document
    finally:
        document.close()


def _password_needed(given: bool) -> PasswordNeeded:
    if given:
        return PasswordNeeded(say("This password does not open the PDF."), say("Check it and enter it again."))
    return PasswordNeeded(say("This PDF is protected with a password."), say("Enter the password, or add a copy without one."))


def _raw_texts(document: Any, builder: Builder) -> list[str | None]:
    """Every page's characters as pdfium gives them; None for a page that cannot be loaded. Raises: TooLarge."""
    raws: list[str | None] = []
    total = 0
    for index in range(len(document)):
        raw = _raw_text(document, index)
        if raw is None:
            message = say("Page {number} is damaged and was not read.", number=index + 1)
            builder.notice(Notice(code="page_failed", message=message, page=index + 1))
        total += len(raw or "")
        check_length(total)
        raws.append(raw)
    if all(raw is None for raw in raws):
        raise Damaged(say("No page of this PDF can be read."))
    return raws


def _raw_text(document: Any, index: int) -> str | None:
    page = _page(document, index)
    if page is None:
        return None
    try:
        text = page.get_textpage()
    except pdfium.PdfiumError:
        return None
    try:
        return str(text.get_text_range(errors="surrogatepass"))
    finally:
        text.close()
        page.close()


def _page(document: Any, index: int) -> Any:
    try:
        return document[index]
    except pdfium.PdfiumError:
        return None


def _state(document: Any, index: int, raw: str | None, text: str, builder: Builder) -> PageState:
    if raw is None:
        return PageState.FAILED
    if not text.strip():
        if _has_picture(document, index):
            message = say("Page {number} is a picture without text.", number=index + 1)
            builder.notice(Notice(code="picture_page", message=message, page=index + 1))
        return PageState.EMPTY
    if garbled(text):
        message = say("The characters of page {number} are not readable text.", number=index + 1)
        builder.notice(Notice(code="garbled_page", message=message, page=index + 1))
        return PageState.GARBLED
    return PageState.READ


def _has_picture(document: Any, index: int) -> bool:
    """A picture, or so many strokes that they may be drawn letters."""
    page = _page(document, index)
    if page is None:
        return False
    drawn = (raw_pdfium.FPDF_PAGEOBJ_PATH, raw_pdfium.FPDF_PAGEOBJ_SHADING)
    count = min(raw_pdfium.FPDFPage_CountObjects(page.raw), 2000)
    kinds = [raw_pdfium.FPDFPageObj_GetType(raw_pdfium.FPDFPage_GetObject(page.raw, number)) for number in range(count)]
    page.close()
    return any(kind not in drawn for kind in kinds) or len(kinds) > 50


def _labels(document: Any) -> list[str]:
    """What is printed on each page where the document says so, else its number."""
    return [document.get_page_label(index) or str(index + 1) for index in range(len(document))]


def _metadata(document: Any) -> dict[str, str]:
    found = {key.lower(): value.strip() for key, value in document.get_metadata_dict(skip_empty=True).items()}
    return {key: value for key, value in found.items() if value}
