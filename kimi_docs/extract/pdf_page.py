"""One page of a PDF → all that is read from it while it is open."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from ctypes import c_char, c_int, c_ushort, sizeof
from dataclasses import dataclass, field
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw_pdfium

from kimi_docs.extract import pdf_objects
from kimi_docs.extract.pdf_hidden import Hidden, hidden, pictured, under_picture
from kimi_docs.extract.pdf_margins import BLANK, Edges, edges
from kimi_docs.extract.pdf_open import page_of
from kimi_docs.extract.pdf_outline import largest_lines
from kimi_docs.extract.pdf_rules import areas
from kimi_docs.extract.pdf_tables import Table, markdown, tables, united, visible
from kimi_docs.extract.pdf_text import Given, Range, clean
from kimi_docs.extract.pdf_words import words

_DRAWN = (pdf_objects.PATH, pdf_objects.SHADING)
_UNREAD = frozenset(
    (
        *(raw_pdfium.FPDF_ANNOT_LINK, raw_pdfium.FPDF_ANNOT_POPUP, raw_pdfium.FPDF_ANNOT_TEXT, raw_pdfium.FPDF_ANNOT_INK),
        *(raw_pdfium.FPDF_ANNOT_HIGHLIGHT, raw_pdfium.FPDF_ANNOT_UNDERLINE, raw_pdfium.FPDF_ANNOT_SQUIGGLY),
        raw_pdfium.FPDF_ANNOT_STRIKEOUT,
    )
)
"""Notes that draw no letters on the page."""
_NO_VALUE = 2
"""Bytes of an empty string in UTF-16 with its end."""
_NOT_CHOSEN = tuple(map(ord, "Off\0"))
"""The value of a box without its tick."""
_MANY_STROKES = 50
"""So many may be drawn letters."""
_LITTLE = 600
"""Characters: a page with more is not empty when its margins and hidden text have been taken out."""
_STAMP = 100
"""Characters, in at most two lines: what a scanner or an archive prints on the picture of a page."""
_SMALL_PRINT = 0.03
"""Of the height of the page: no title is lower."""
_NEARLY_ALL = 0.85
_SHORT_LINE = re.compile(r"^[^\W_a-zß-ÿ][^\r\n]{2,90}", re.MULTILINE)
_MOST_LINES = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """A page as pdfium gives it. `raw` is None for a page that cannot be loaded."""

    raw: str | None = None
    edges: Edges = BLANK
    hidden: Sequence[Hidden] = ()
    tables: Sequence[Table] = ()
    heights: Mapping[str, float] = field(default_factory=dict)
    """Lines that may be headings, and how high their letters are."""

    links: Sequence[str] = ()
    picture: bool = False
    """It shows something that is no text."""

    large: str = ""
    """Its largest lines, where they stand out."""

    layer: bool = False
    """Its text lies unseen under a picture of the page: somebody has recognized it."""

    stamped: bool = False
    """It is a picture, and its text only a stamp on that."""


def look(document: Any, index: int, *, title: bool = False, heights: bool = False, tabled: bool = True) -> Sheet:
    """Read a page. With `title` its largest lines are looked for, with `heights` those that may be headings are measured, with
    `tabled` tables are looked for."""
    with _lettered(document, index) as found:
        return _sheet(document, *found, title=title, heights=heights, tabled=tabled) if found else Sheet()


def raw_text(document: Any, index: int) -> str | None:
    """A page's characters as pdfium gives them; None for a page that cannot be loaded."""
    with _lettered(document, index) as found:
        return _raw(found[1]) if found else None


@contextmanager
def _lettered(document: Any, index: int) -> Iterator[tuple[Any, Any] | None]:
    """A page and its letters, what is filled in or written over it among them; None where it cannot be loaded."""
    page = _flat(document, index)
    try:
        text_page = page.get_textpage() if page is not None else None
    except pdfium.PdfiumError:
        text_page = None
    if text_page is None:
        yield None
        return
    try:
        yield page, text_page
    finally:
        text_page.close()
        page.close()


def _raw(text_page: Any) -> str:
    return str(text_page.get_text_range(errors="surrogatepass"))


def _flat(document: Any, index: int) -> Any:
    """The page with what is filled in or written over it drawn into it."""
    page = page_of(document, index)
    if page is None or not _filled(page):
        return page
    raw_pdfium.FPDFPage_Flatten(page.raw, raw_pdfium.FLAT_NORMALDISPLAY)
    page.close()
    return page_of(document, index)


def _filled(page: Any) -> bool:
    """Some field has a value, or something is written over the page: drawing it takes reading the page again."""
    for number in range(raw_pdfium.FPDFPage_GetAnnotCount(page.raw)):
        note = raw_pdfium.FPDFPage_GetAnnot(page.raw, number)
        try:
            kind = raw_pdfium.FPDFAnnot_GetSubtype(note)
            filled = _has_value(note) if kind == raw_pdfium.FPDF_ANNOT_WIDGET else kind not in _UNREAD
        finally:
            raw_pdfium.FPDFPage_CloseAnnot(note)
        if filled:
            return True
    return False


def _has_value(field: Any) -> bool:
    """Something is entered or chosen. A field without a name is one of several that share a value: boxes show whose it is."""
    if (own := _said(field, b"V")) is not None:
        return own
    return not raw_pdfium.FPDFAnnot_HasKey(field, b"T") and _said(field, b"AS") is not False


def _said(field: Any, key: bytes) -> bool | None:
    """Whether this entry says more than that nothing is chosen; None where there is none."""
    value = (c_ushort * len(_NOT_CHOSEN))()
    length = raw_pdfium.FPDFAnnot_GetStringValue(field, key, value, sizeof(value))
    if length <= _NO_VALUE:
        return None
    return bool(length != sizeof(value) or tuple(value) != _NOT_CHOSEN)


def _sheet(document: Any, page: Any, text_page: Any, *, title: bool, heights: bool, tabled: bool) -> Sheet:
    raw = _raw(text_page)
    if len(raw) < _LITTLE and not raw.strip():
        return Sheet(raw=raw, picture=_shows_something(page))
    found = areas(page) if tabled else []
    layer = under_picture(page) if _unpainted(text_page) else None
    unseen = hidden(page, text_page, raw, layer)
    return Sheet(
        raw=raw,
        edges=edges(raw),
        hidden=unseen,
        tables=tables(found, words(page, text_page, raw, found)) if found else (),
        heights=_heights(text_page, raw) if heights else {},
        links=_links(document, page),
        picture=len(raw) < _LITTLE and _shows_something(page, drawn=False),
        layer=bool(layer),
        stamped=len(raw) < _LITTLE and not layer and _is_stamp(page, text_page, clean(raw, [one[:2] for one in unseen])),
        large=largest_lines(text_page) if title and len(raw) > 20 else "",
    )


def _shows_something(page: Any, *, drawn: bool = True) -> bool:
    """It holds a picture or, with `drawn`, so much drawing that it may be letters."""
    kinds = pdf_objects.types_of(pdf_objects.outermost(page))
    strokes = sum(kind in _DRAWN for kind in kinds)
    if drawn:
        return len(kinds) > strokes or strokes > _MANY_STROKES
    return pdf_objects.IMAGE in kinds or pdf_objects.FORM in kinds


def _is_stamp(page: Any, text_page: Any, text: str) -> bool:
    """This is a line or two of small print on a picture that takes the page."""
    if not 0 < len(text.strip()) <= _STAMP or len(text.split("\n")) > 3 or pictured(page) < _NEARLY_ALL:
        return False
    return bool(_heights(text_page, text)[""] < _SMALL_PRINT * max(page.get_size()))


def _unpainted(text_page: Any) -> bool:
    pointer = pdf_objects.address(text_page.raw)
    count = text_page.count_chars()
    texts = {pdf_objects.text_object(pointer, number) for number in range(0, count, max(1, count // 10))} - {None}
    unseen = sum(pdf_objects.render_mode(text) == raw_pdfium.FPDF_TEXTRENDERMODE_INVISIBLE for text in texts)
    return bool(unseen > 0.5 * len(texts))


def _heights(text_page: Any, raw: str) -> dict[str, float]:
    """Short lines that begin like headings, and, under no words, the usual height of the page."""
    pointer, count = pdf_objects.address(text_page.raw), text_page.count_chars()
    found: dict[str, float] = {}
    for number, match in enumerate(_SHORT_LINE.finditer(raw)):
        if number >= _MOST_LINES:
            break
        box = pdf_objects.loose_box(pointer, match.start())
        if box and raw[match.end() - 1] not in ".,;。，；":
            found[match[0].strip()] = round(box[3] - box[1], 1)
    boxes = [pdf_objects.loose_box(pointer, number) for number in range(0, count, max(1, count // 10))]
    usual = sorted(box[3] - box[1] for box in boxes if box and box[3] > box[1])
    found[""] = round(usual[len(usual) // 2], 1) if usual else 0.0
    return found


def _links(document: Any, page: Any) -> list[str]:
    """The addresses outside the document that the page leads to."""
    found: list[str] = []
    position = c_int()
    link = raw_pdfium.FPDF_LINK()
    while len(found) < 200 and raw_pdfium.FPDFLink_Enumerate(page.raw, position, link):
        action = raw_pdfium.FPDFLink_GetAction(link)
        if action and raw_pdfium.FPDFAction_GetType(action) == raw_pdfium.PDFACTION_URI:
            size = raw_pdfium.FPDFAction_GetURIPath(document.raw, action, None, 0)
            buffer = (c_char * size)()
            raw_pdfium.FPDFAction_GetURIPath(document.raw, action, buffer, size)
            found.append(buffer.value.decode("utf-8", "replace")[:2000])
    return list(dict.fromkeys(found))


def removals(sheet: Sheet, margins: Sequence[Range]) -> tuple[list[Range], dict[int, Given]]:
    """The ranges of the raw text that go, in order and apart, and what takes their place: tables as rows."""
    raw = sheet.raw or ""
    if not (sheet.hidden or sheet.tables):
        return list(margins), {}
    marks = bytearray(len(raw))
    for start, end, _ in sheet.hidden:
        marks[start:end] = b"\1" * (end - start)
    given: dict[int, Given] = {}
    own: list[Range] = []
    for table in sheet.tables:
        parts = visible(united(part for cell in table.cells for part in cell.parts), marks)
        if not parts:
            continue
        shown = markdown(table, raw, marks)
        ranges = _runs(parts, raw)
        begins = not ranges[0][0] or raw[ranges[0][0] - 1] in "\r\n"
        given[ranges[0][0]] = shown if begins else shown.on_its_own_line()
        own.extend(ranges)
    taken = bytearray(len(raw))
    for start, end in own:
        taken[start:end] = b"\1" * (end - start)
    others = [*margins, *((start, end) for start, end, _ in sheet.hidden)]
    return _apart([*own, *(one for one in others if not any(taken[one[0] : one[1]]))]), given


def _runs(parts: Sequence[Range], raw: str) -> list[Range]:
    """Neighbouring parts as one, with the white space between them and after them."""
    found: list[list[int]] = []
    for start, end in parts:
        if found and not raw[found[-1][1] : start].strip(" \t\r\n\ufffe\u00ad"):
            found[-1][1] = end
        else:
            found.append([start, end])
    for one in found:
        while one[1] < len(raw) and raw[one[1]] in " \t\r\n":
            one[1] += 1
    return [(start, end) for start, end in found]


def _apart(ranges: Sequence[Range]) -> list[Range]:
    found: list[Range] = []
    for start, end in sorted(ranges):
        if not found or start >= found[-1][1]:
            found.append((start, end))
        elif end > found[-1][1]:
            found[-1] = (found[-1][0], end)
    return found
