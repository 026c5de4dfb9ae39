"""A draft's claims as a person sees them: beneath one another or by the documents they quote, a button for every quote."""

from collections.abc import Sequence

import streamlit as st

from kimi_docs.domain.claims import Citation, Claim, Computation, Draft, Verdict
from kimi_docs.domain.text import Extraction
from kimi_docs.export import words
from pages.shared import show, state
from pages.shared.state import _

COLORS = {Verdict.EXACT: "green", Verdict.CLOSE: "orange", Verdict.MISSING: "red"}
_ABREAST = 3
"""Documents side by side; more make another row."""


def listed(draft: Draft, extractions: Sequence[Extraction], *, first: int = 1, live: bool = False) -> int:
    """Sections with their claims, each with a button for every quote; gives the number of the next citation."""
    number = first
    for section in draft.sections:
        if section.title:
            st.markdown(f"#### {show.text(section.title)}")
        for claim in section.claims:
            _claim(claim, list(enumerate(claim.citations, number)), extractions, live=live)
            number += len(claim.citations)
    return number


def compared(draft: Draft, extractions: Sequence[Extraction], *, first: int = 1) -> int:
    """The claims side by side, each beneath the documents it quotes; what quotes none of them stands above."""
    numbered, number = [], first
    for claim in draft.claims:
        numbered.append((claim, list(enumerate(claim.citations, number))))
        number += len(claim.citations)
    there = {extraction.document for extraction in extractions}
    for claim, cited in numbered:
        if not cited or any(citation.document not in there for _number, citation in cited):
            _claim(claim, [each for each in cited if each[1].document not in there], extractions, live=False)
    for start in range(0, len(extractions), _ABREAST):
        row = extractions[start : start + _ABREAST]
        for column, extraction in zip(st.columns(len(row), border=True), row, strict=True):
            with column:
                _of_one(extraction, numbered)
    return number


def _of_one(extraction: Extraction, numbered: Sequence[tuple[Claim, Sequence[tuple[int, Citation]]]]) -> None:
    st.markdown(f"**{show.text(extraction.title or state.library().document(state.actor(), extraction.document).shown_name)}**")
    quoted = False
    for claim, cited in numbered:
        if own := [(number, citation) for number, citation in cited if citation.document == extraction.document]:
            _claim(claim, own, [extraction], live=False)
            quoted = True
    if not quoted:
        st.caption(_("Nothing is quoted from this document."))


def _claim(claim: Claim, cited: Sequence[tuple[int, Citation]], extractions: Sequence[Extraction], *, live: bool) -> None:
    """A claim and a button for each of these of its citations, which bear numbers."""
    sign = "" if words.standing_of(claim) is words.Standing.VERIFIED else f" :red[**{_standing(claim)}**]"
    doubtful = _("not in the quotes: {numbers}", numbers=", ".join(claim.unquoted)) if claim.unquoted else ""
    st.markdown(f"{show.text(claim.text)}{sign}" + (f" :orange[⚠ {show.text(doubtful)}]" if doubtful else ""))
    if live:
        st.markdown(" ".join(f":{COLORS[c.verdict]}[{_place(c, extractions)}]" for _number, c in cited))
        return
    with st.container(horizontal=True, gap="xsmall"):
        for number, citation in cited:
            place = _place(citation, extractions)
            chosen = state.tab().viewer.number == number and state.tab().viewer.citation == citation
            label = place if chosen else f":{COLORS[citation.verdict]}[{place}]"
            if st.button(label, key=f"citation_{number}", type="primary" if chosen else "secondary"):
                state.view(citation, number)
                st.rerun()


def _standing(claim: Claim) -> str:
    return words.standing(words.standing_of(claim), state.language())


def _place(citation: Citation, extractions: Sequence[Extraction]) -> str:
    """`✓ exact · p. 3`; with several documents, which one."""
    named = next((extraction for extraction in extractions if extraction.document == citation.document), None)
    page = named.page(citation.page) if named and citation.page else None
    where = show.text(words.place(citation, page, state.language()))
    which = f" · {show.text(_short(named.title))}" if named and len(extractions) > 1 and named.title else ""
    return f"{words.verdict(citation.verdict, state.language())} · {where}{which}"


def _short(title: str) -> str:
    return title if len(title) <= 24 else f"{title[:23]}…"


def verified(draft: Draft) -> str:
    every = list(draft.claims)
    return _("{verified} of {claims} claims verified", verified=sum(claim.verified for claim in every), claims=len(every))


def computed(done: Computation) -> None:
    """A query and its result, as they were carried out here."""
    with st.expander(_("Computed from {cells}", cells=show.text(", ".join(done.cells))), icon=":material/function:"):
        st.code(done.sql, language="sql", wrap_lines=True)
        st.dataframe([dict(zip(done.columns, row, strict=False)) for row in done.rows], hide_index=True)
