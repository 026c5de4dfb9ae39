"""Search: words in, the places that have them out, each a click from its page."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import streamlit as st

from kimi_docs.domain.claims import Citation, Verdict
from kimi_docs.domain.search import Found, Hit, HitKind, SearchFilter
from kimi_docs.extract.formats import FORMATS
from kimi_docs.language import LANGUAGES, mark
from pages.shared import show, state
from pages.shared.state import _

PER_PAGE = 20
KINDS = {HitKind.DOCUMENT: mark("Documents"), HitKind.SUMMARY: mark("Summaries"), HitKind.ANSWER: mark("Answers")}

library, actor = state.library(), state.actor()


def filters() -> SearchFilter:
    """What is not chosen limits nothing."""
    with st.expander(_("Filters"), icon=":material/filter_list:", key="filters"):
        left, middle, right, last = st.columns(4)
        kinds = left.multiselect(_("Where"), list(KINDS), format_func=lambda kind: _(KINDS[kind]), key="kinds")
        formats = middle.multiselect(_("Format"), list(FORMATS), key="formats")
        languages = right.multiselect(_("Language"), list(LANGUAGES), format_func=LANGUAGES.__getitem__, key="languages")
        days = last.date_input(_("Added or made"), value=[], key="days")
    since, until = _days(days if isinstance(days, tuple) else (days,))
    return SearchFilter(kinds=tuple(kinds), formats=tuple(formats), languages=tuple(languages), since=since, until=until)


def _days(days: Sequence[date]) -> tuple[datetime | None, datetime | None]:
    """From the beginning of the first day to the end of the last, where the reader is."""
    if not days:
        return None, None
    return _midnight(days[0]), _midnight(days[-1] + timedelta(days=1)) if len(days) > 1 else None


def _midnight(day: date) -> datetime:
    zone = show.zone()
    return datetime.combine(day, time.min, zone) if zone else datetime.combine(day, time.min).astimezone()


def results(found: Found) -> None:
    """The hits, those of one document or session together."""
    groups: dict[str, list[tuple[int, Hit]]] = {}
    for number, hit in enumerate(found.hits, start=1):
        groups.setdefault(hit.session or hit.document, []).append((number, hit))
    for hits in groups.values():
        first = hits[0][1]
        with st.container(border=True, key=f"found_{hits[0][0]}"):
            icon = ":material/forum:" if first.kind is HitKind.ANSWER else ":material/description:"
            st.markdown(f"{icon} **{show.text(first.name)}**")
            for number, hit in hits:
                row(number, hit)


def row(number: int, hit: Hit) -> None:
    place, words = st.columns([1.2, 8], vertical_alignment="center")
    if place.button(where(hit), key=f"hit_{number}", type="tertiary", icon=":material/arrow_forward:"):
        go(hit)
    words.markdown(marked(hit))


def where(hit: Hit) -> str:
    if hit.page:
        return _("Page {number}", number=hit.page)
    return _("Summary") if hit.kind is HitKind.SUMMARY else _("Answer")


def marked(hit: Hit) -> str:
    """The snippet as text, what was found on a coloured ground."""
    parts, at = [], 0
    for span in hit.marks:
        parts += [_plain(hit.snippet[at : span.start]), f":orange-background[{_plain(span.of(hit.snippet))}]"]
        at = span.end
    return "".join([*parts, _plain(hit.snippet[at:])]).strip()


def _plain(part: str) -> str:
    """Escaped, on one line; the spaces at its ends stay."""
    flat = re.sub(r"\s+", " ", part)
    core = flat.strip(" ")
    if not core:
        return flat
    before, after = flat[: len(flat) - len(flat.lstrip(" "))], flat[len(flat.rstrip(" ")) :]
    return f"{before}{show.text(core)}{after}"


def go(hit: Hit) -> None:
    """To the page, the words marked; to the summary; to the answer's session."""
    if hit.kind is HitKind.ANSWER:
        st.switch_page("ask.py", query_params={"session": hit.session})
    if hit.kind is HitKind.SUMMARY:
        st.switch_page("document.py", query_params={"document": hit.document, "summary": hit.id})
    extraction = library.extraction(actor, hit.document) if hit.start is not None else None
    if extraction and hit.page:
        quote = extraction.page_text(hit.page)[hit.start : hit.end]
        citation = Citation(quote=quote, document=hit.document, page=hit.page, start=hit.start, end=hit.end, verdict=Verdict.EXACT)
        state.view(citation, 0)
    else:
        state.turn_to(hit.document, hit.page or 1)
    show.open_document(hit.document)


def nothing(query: str) -> None:
    if query:
        st.info(_("No place has any of these words. Try others, the beginning of a word, or no filter."))
    elif not library.count(actor):
        st.info(_("There is no document yet. Add one in the library, or try the sample there."))
        if st.button(_("Go to the library"), key="go_library", type="primary"):
            st.switch_page("library.py")
    else:
        st.caption(
            _("Places that have all of the words come first; “quotation marks” find a phrase; the last word may be a beginning.")
        )


def main() -> None:
    st.title(_("Search"))
    query = st.text_input(
        _("Search in documents, summaries and answers"),
        value=state.parameter("q"),
        key="search",
        placeholder=_("words, or “a phrase”"),
        icon=":material/search:",
    ).strip()
    state.set_parameter("q", query)
    wanted = filters()
    found = library.search(actor, query, filter=wanted, limit=PER_PAGE)
    pages = -(-found.total // PER_PAGE)
    if pages > 1 and (number := st.pagination(pages, key=f"hits_page_{hash((query, wanted))}")) > 1:
        found = library.search(actor, query, filter=wanted, limit=PER_PAGE, offset=(number - 1) * PER_PAGE)
    if not found.total:
        nothing(query)
        return
    if found.some:
        st.info(_("No place has all of these words; these have some of them."))
    st.caption(_("Hits: {count}", count=found.total))
    with st.container(key="hits"):
        results(found)


main()
