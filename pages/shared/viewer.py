"""The page viewer: a page of the document, the cited passage marked, and the way to the next quote and the next page."""

import re
from collections.abc import Iterator, Sequence
from functools import reduce
from io import BytesIO

import pandas as pd
import streamlit as st
from PIL import Image, ImageChops, ImageDraw

from kimi_docs.domain.claims import Citation, Verdict
from kimi_docs.domain.document import Document
from kimi_docs.domain.scope import Actor
from kimi_docs.domain.text import Coverage, Extraction, PageKind, PageState
from kimi_docs.errors import KimiDocsError, PasswordNeeded
from kimi_docs.export import words
from kimi_docs.extract.rows import SEPARATOR, cell_at, column_letters
from kimi_docs.language import mark
from pages.shared import claims, show, state, unlocking
from pages.shared.show import text
from pages.shared.state import _

HIGHLIGHT = (255, 226, 105)
CELL_STYLE = "background-color: #ffe269; color: #111; font-weight: 600"
CONTEXT_CHARACTERS = 1500
CONTEXT_ROWS = 15
WIDTHS = {mark("Fit"): 0, "150 %": 1050, "200 %": 1400}
RENDERED_WIDTH = 1000
STRIP_PAGES = 400
RANGE = re.compile(r"!([A-Z]{1,3})(\d+):[A-Z]{1,3}(\d+)")
SIGNS = {
    PageState.READ: ("green", "■"),
    PageState.RECOGNIZED: ("blue", "▣"),
    PageState.EMPTY: ("gray", "□"),
    PageState.GARBLED: ("orange", "▨"),
    PageState.FAILED: ("red", "✕"),
    PageState.WITHHELD: ("red", "⊘"),
}


def page_view(document: Document, extraction: Extraction, citations: Sequence[Citation] = ()) -> None:
    """The page chosen, the quote marked. `citations` are those to step through, in the order of their buttons."""
    viewer = state.tab().viewer
    number = min(max(1, viewer.page if viewer.document == document.id else 1), max(1, len(extraction.pages)))
    citation = viewer.citation if viewer.document == document.id else None
    with st.container(key="page_view"):
        _turning(document, extraction, number)
        _stepping(citations)
        if citation:
            _cited(citation)
        page = extraction.page(number)
        if document.format == "pdf":
            _picture(document, number, citation)
        elif page and page.kind is PageKind.SHEET:
            _sheet(extraction, number, citation)
        else:
            _passage(extraction, number, citation)


def strip(value: Coverage, cited: set[int]) -> None:
    """One sign a page: read, recognized, empty, garbled …; those that are cited are framed."""
    shown = value.by_page[:STRIP_PAGES]
    signs = []
    for page in shown:
        color, sign = SIGNS[page.state]
        signs.append(f":{color}-background[{sign}]" if page.page in cited else f":{color}[{sign}]")
    more = " …" if len(value.by_page) > STRIP_PAGES else ""
    st.markdown("".join(signs) + more)
    states = [found for found in SIGNS if value.count(found)]
    legend = [f":{SIGNS[found][0]}[{SIGNS[found][1]}] {_(words.STATES[found])}" for found in states]
    listed = ", ".join(str(page) for page in sorted(cited)[:40])
    st.caption(" · ".join([*legend, _("cited: pages {pages}", pages=listed) if cited else _("no page is cited")]))


def _turning(document: Document, extraction: Extraction, number: int) -> None:
    page = extraction.page(number)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(_("Previous"), icon=":material/chevron_left:", key="previous_page", disabled=number <= 1, shortcut="Alt+Left"):
            state.turn_to(document.id, number - 1)
            st.rerun()
        name = words.page_name(page, state.language()) if page else ""
        st.markdown(f"**{text(name)}** · {number}/{len(extraction.pages)}")
        last = number >= len(extraction.pages)
        if st.button(_("Next"), icon=":material/chevron_right:", key="next_page", disabled=last, shortcut="Alt+Right"):
            state.turn_to(document.id, number + 1)
            st.rerun()


def _stepping(citations: Sequence[Citation]) -> None:
    """To the quote before and after the one that is shown."""
    if not citations:
        return
    number = _number(citations)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(_("Quote before"), key="previous_citation", disabled=number <= 1, shortcut="Alt+Up"):
            state.view(citations[number - 2], number - 1)
            st.rerun()
        st.caption(_("quote {number} of {count}", number=number, count=len(citations)) if number else _("no quote chosen"))
        if st.button(_("Next quote"), key="next_citation", disabled=number >= len(citations), shortcut="Alt+Down"):
            state.view(citations[number], number + 1)
            st.rerun()


def _number(citations: Sequence[Citation]) -> int:
    """The place of the quote that is shown among these; 0 if it is one of another document or summary."""
    viewer = state.tab().viewer
    here = 0 < viewer.number <= len(citations) and citations[viewer.number - 1] == viewer.citation
    return viewer.number if here else 0


def _cited(citation: Citation) -> None:
    color = claims.COLORS[citation.verdict]
    quote = citation.quote if len(citation.quote) <= CONTEXT_CHARACTERS else f"{citation.quote[:CONTEXT_CHARACTERS]}…"
    st.markdown(f":{color}[**{words.verdict(citation.verdict, state.language())}**] “{text(quote)}”")
    if citation.cells:
        st.caption(_("Computed on this machine from the cells {cells}.", cells=text(citation.cells)))
    elif citation.verdict is Verdict.MISSING:
        st.caption(_("These words were not found anywhere in the document. Do not rely on this claim."))
    elif citation.page and citation.page_said and citation.page_said != citation.page:
        st.caption(_("It was said to be on page {said}; it stands on page {page}.", said=citation.page_said, page=citation.page))


def _picture(document: Document, number: int, citation: Citation | None) -> None:
    here = citation if citation and citation.page == number else None
    size = st.segmented_control(
        _("Size"), list(WIDTHS), default=next(iter(WIDTHS)), format_func=_, key="zoom", label_visibility="collapsed"
    )
    width = WIDTHS[size] if size else 0
    try:
        password = state.tab().passwords.get(document.id, "")
        picture = _page_picture(state.actor(), document.id, number, here, width or RENDERED_WIDTH, password)
    except KimiDocsError as error:  # the page cannot be drawn; what was read of it still stands beside
        show.problem(error)
        if isinstance(error, PasswordNeeded):
            unlocking.ask(document.id)
        return
    alt = _("Page {number} of {name}", number=number, name=document.name)
    if here and here.verdict is not Verdict.MISSING:
        alt += " — " + _("the quote is marked")
    if width:
        with st.container(height=820, border=True):
            st.image(picture, width=width, alt=alt)
    else:
        st.image(picture, width="stretch", alt=alt)


@st.cache_data(max_entries=64, show_spinner=False)
def _page_picture(actor: Actor, document: str, number: int, citation: Citation | None, width: int, _password: str) -> bytes:
    """The page as JPEG, the quote marked. Kept for the same actor only: the actor is part of the key, the password is not."""
    picture = state.library().picture(actor, document, number, citation, width=width, password=_password)
    if not picture.boxes:
        return picture.jpeg
    page = Image.open(BytesIO(picture.jpeg)).convert("RGB")
    marker = Image.new("RGB", page.size, "white")
    pen = ImageDraw.Draw(marker)
    for box in picture.boxes:
        left, top = box.left * page.width, box.top * page.height
        pen.rectangle((left - 2, top - 2, left + box.width * page.width + 2, top + box.height * page.height + 2), fill=HIGHLIGHT)
    out = BytesIO()
    ImageChops.multiply(page, marker).save(out, "JPEG", quality=85)
    return out.getvalue()


def _sheet(extraction: Extraction, number: int, citation: Citation | None) -> None:
    """Rows of the sheet around the cited cells, as a table with Excel's letters and numbers; the cells marked."""
    whole = extraction.page_text(number)
    marked = _marked_cells(whole, citation) if citation and citation.page == number else set()
    first = max(0, min((row for row, _column in marked), default=0) - CONTEXT_ROWS)
    lines = whole.split("\n")[first : first + 3 * CONTEXT_ROWS]
    cells = [line.split(SEPARATOR) for line in lines]
    width = max((len(row) for row in cells), default=1)
    frame = pd.DataFrame(
        [row + [""] * (width - len(row)) for row in cells],
        columns=[column_letters(index + 1) for index in range(width)],
        index=range(first + 1, first + 1 + len(cells)),
        dtype=str,
    )
    styles = pd.DataFrame("", index=frame.index, columns=frame.columns)
    for row, column in marked:
        if row + 1 in styles.index and column < width:
            styles.iloc[row - first, column] = CELL_STYLE
    st.dataframe(frame.style.apply(lambda _frame: styles, axis=None), height=560)
    if marked:
        st.caption(_("Cells: {cells}", cells=_range(whole, citation)))


def _marked_cells(whole: str, citation: Citation | None) -> set[tuple[int, int]]:
    """(row, column), both from 0 and by lines of the text, of the cells a citation touches."""
    if citation and citation.cells:
        return _of_ranges(citation.cells)
    if citation is None or citation.start is None or citation.end is None:
        return set()
    found = set()
    row = whole.count("\n", 0, citation.start)
    column = whole.count(SEPARATOR, whole.rfind("\n", 0, citation.start) + 1, citation.start)
    for character in whole[citation.start : citation.end] + "\0":
        found.add((row, column))
        row, column = (row + 1, 0) if character == "\n" else (row, column + (character == SEPARATOR))
    return found


def _of_ranges(cells: str) -> set[tuple[int, int]]:
    """The cells of `Sheet2!B7:B9000, Sheet2!D7:D9000`, as many of them as are drawn."""
    found = set()
    for letters, first, last in RANGE.findall(cells):
        column = reduce(lambda number, letter: number * 26 + ord(letter) - 64, letters, 0) - 1
        found |= {(row, column) for row in range(int(first) - 1, min(int(last), int(first) + 3 * CONTEXT_ROWS))}
    return found


def _range(whole: str, citation: Citation | None) -> str:
    if citation and citation.cells:
        return citation.cells
    if citation is None or citation.start is None or citation.end is None:
        return ""
    first, last = cell_at(whole, citation.start), cell_at(whole, max(citation.start, citation.end - 1))
    return first if first == last else f"{first}:{last}"


def _passage(extraction: Extraction, number: int, citation: Citation | None) -> None:
    """The page's text around the quote, line by line, the quote marked."""
    whole = extraction.page_text(number)
    marked = citation if citation and citation.page == number and citation.start is not None else None
    start, end = (marked.start or 0, marked.end or 0) if marked else (0, 0)
    low = max(0, whole.rfind("\n", 0, max(0, start - CONTEXT_CHARACTERS)) + 1) if start > CONTEXT_CHARACTERS else 0
    high = min(len(whole), max(end, low) + 2 * CONTEXT_CHARACTERS)
    lines = list(_lines(whole, low, high, start, end))
    with st.container(border=True):
        st.markdown(("… \n\n" if low else "") + "\n\n".join(lines) + (" …" if high < len(whole) else ""))


def _lines(whole: str, low: int, high: int, start: int, end: int) -> Iterator[str]:
    at = low
    for line in whole[low:high].split("\n"):
        stop = at + len(line)
        left, right = max(at, start), min(stop, end)
        if left < right:
            before, quote, after = whole[at:left], whole[left:right], whole[right:stop]
            yield f"{text(before)} :orange-background[{text(quote)}] {text(after)}".strip()
        elif line.strip():
            yield text(line)
        at = stop + 1
