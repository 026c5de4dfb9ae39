"""One document: its summary beside the page, every quote a click away."""

import time

import streamlit as st

from kimi_docs.analyze.templates import TEMPLATES
from kimi_docs.domain.calls import Estimate
from kimi_docs.domain.claims import Completeness, Length, Summary, SummaryOrder
from kimi_docs.domain.document import Document
from kimi_docs.domain.runs import Run, RunKind, RunState
from kimi_docs.domain.text import Extraction
from kimi_docs.errors import NotFound, PasswordNeeded
from kimi_docs.export import report
from kimi_docs.language import LANGUAGES, mark
from pages.shared import claims, show, state, unlocking, viewer
from pages.shared.difference import difference
from pages.shared.state import _

FOLLOW_SECONDS = 0.05
LENGTHS = {Length.SHORT: mark("short"), Length.MEDIUM: mark("medium"), Length.LONG: mark("long")}

library, actor = state.library(), state.actor()


def empty() -> None:
    """No document chosen: the last ones, or the way to add one."""
    st.title(_("Document"))
    documents = library.documents(actor, limit=10)
    if not documents:
        st.info(_("There is no document yet. Add one in the library, or try the sample there."))
        if st.button(_("Go to the library"), key="go_library", type="primary"):
            st.switch_page("library.py")
        return
    st.markdown(_("Choose a document:"))
    for document in documents:
        if st.button(show.text(document.shown_name), key=f"open_{document.id[:16]}", type="tertiary"):
            show.open_document(document.id)


def waiting(document: Document) -> None:
    """The document has not been read: how far it is, or why it cannot be."""
    runs = [run for run in library.runs(actor, document=document.id) if run.kind is RunKind.EXTRACT]
    run = runs[0] if runs else library.read(actor, document.id)
    if run.failure:
        show.problem(run.failure, name=document.name)
        if run.failure.code == PasswordNeeded.code:
            unlocking.ask(document.id)
            return
        if st.button(_("Read it again"), key="read_again"):
            library.read(actor, document.id)
            st.rerun()
        return
    bar = st.progress(0.3, text=_("Reading the document"))
    while not run.state.ended:
        time.sleep(FOLLOW_SECONDS)
        run = library.run(actor, run.id)
        bar.progress(0.3 if run.state is RunState.QUEUED else 0.6, text=show.stage(run))
    st.rerun()


def controls(document: Document) -> None:
    """What kind of summary, and the button that makes it."""
    templates = library.templates()
    names = list(templates)
    preset = "workbook" if document.format in ("xlsx", "xlsm", "xls", "ods", "csv", "tsv") else names[0]
    template = st.selectbox(
        _("Kind of summary"),
        names,
        index=names.index(preset),
        format_func=lambda id: _(templates[id].name),
        key="template",
    )
    order = wished(template)
    estimate = expected(document, order)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(_("Summarize"), key="summarize", type="primary", icon=":material/auto_awesome:"):
            made = library.summarize(actor, document.id, order)
            state.set_parameter("summary", made.id if isinstance(made, Summary) else "")
            st.rerun()
        if st.button(_("Ask about it"), key="ask_about", icon=":material/forum:"):
            session = library.open_session(actor, [document.id])
            st.switch_page("ask.py", query_params={"session": session.id})
        if anew := estimate is not None and estimate.known and order.engine != "local":
            following = library.next_version(actor, document.id, order)
            if st.button(_("Make a new version"), key="new_version", icon=":material/refresh:"):
                library.summarize(actor, document.id, order, again=True)
                state.set_parameter("summary", "")
                st.rerun()
    if estimate:
        show.estimate(estimate)
    if anew:
        st.caption(_("A new version is made by new calls:"))
        show.estimate(library.estimate(actor, document.id, following))


def expected(document: Document, order: SummaryOrder) -> Estimate | None:
    """What it will take; None, and why, where that cannot be told: a model that is gone hides no summary."""
    with show.telling():
        return library.estimate(actor, document.id, order)
    return None


def wished(template: str) -> SummaryOrder:
    """The order with what is set beside the kind of summary."""
    with st.popover(_("Length, language, audience"), icon=":material/tune:", type="tertiary", key="wishes"):
        length = st.segmented_control(
            _("Length"),
            list(LENGTHS),
            default=Length.MEDIUM,
            format_func=lambda length: _(LENGTHS[length]),
            key="length",
        )
        language = st.selectbox(
            _("Language"),
            ["", *LANGUAGES],
            format_func=lambda tag: LANGUAGES.get(tag, _("as in the settings")),
            key="summary_language",
        )
        audience = ""
        if library.settings().chosen_engine == "kimi":
            audience = st.text_input(
                _("For whom"), placeholder=_("e.g. the board, or students in their first year"), key="audience"
            )
    return library.order(template=template, language=language, length=length or Length.MEDIUM, audience=audience)


def chosen(summaries: list[Summary]) -> Summary | None:
    """The summary the address names, else the newest."""
    wanted = state.parameter("summary")
    return next((s for s in summaries if s.id == wanted), summaries[0] if summaries else None)


def versions(summaries: list[Summary], shown: Summary) -> None:
    if len(summaries) < 2:
        return
    labels = {s.id: _version(s) for s in summaries}
    picked = st.selectbox(
        _("Version"),
        list(labels),
        index=list(labels).index(shown.id),
        format_func=labels.__getitem__,
        key=f"version_{shown.id[:8]}",
    )
    if picked != shown.id:
        state.set_parameter("summary", picked)
        st.rerun()
    compared(summaries, shown)


def compared(summaries: list[Summary], shown: Summary) -> None:
    """What changed from another version to the one that is shown."""
    others = {s.id: _version(s) for s in summaries if s.id != shown.id}
    with st.expander(_("Compare with another version")):
        other = st.selectbox(_("Compare with"), list(others), format_func=others.__getitem__, key=f"compare_{shown.id[:8]}")
        old = next(s for s in summaries if s.id == other)
        for title in dict.fromkeys(section.title for s in (old, shown) for section in s.draft.sections):
            changed = difference(_wording(old, title), _wording(shown, title))
            st.markdown(f"**{show.text(title)}**\n\n{changed}")


def _wording(summary: Summary, title: str) -> str:
    return " ".join(claim.text for section in summary.draft.sections if section.title == title for claim in section.claims)


def _version(summary: Summary) -> str:
    kind = _(TEMPLATES[summary.template].name) if summary.template in TEMPLATES else summary.template
    return f"{kind} · {summary.model} · {show.when(summary.created_at)}"


def follow(run: Run, extraction: Extraction) -> None:
    """Draw a running summary as it grows. A click ends the script; the next run of it follows on from the store."""
    status, told = st.empty(), ""
    if st.button(_("Stop"), key="stop", icon=":material/stop_circle:"):
        library.stop(actor, run.id)
    growing, drawn = st.container(key="growing").empty(), None
    while not run.state.ended:
        if (stage := show.stage(run)) != told:  # each call draws anew, and so delays what matters
            told = stage
            status.info(stage, icon=":material/progress_activity:")
        if run.draft and run.draft.sections and run.draft != drawn:
            drawn = run.draft
            with growing.container():
                claims.listed(drawn, [extraction], live=True)
        time.sleep(FOLLOW_SECONDS)
        run = library.run(actor, run.id)
    st.rerun()


def summary_view(summary: Summary, document: Document, extraction: Extraction) -> None:
    with st.container(key="claims"):
        if summary.draft.title:
            st.markdown(f"### {show.text(summary.draft.title)}")
        part = "" if summary.state is Completeness.DONE and summary.coverage.whole else f" · :orange[⚠ {_('a part only')}]"
        st.caption(f":material/verified: {claims.verified(summary.draft)}{part}")
        if summary.engine == "local":
            st.caption(_("Extractive: sentences chosen from the document by the engine on this machine."))
        show.coverage(summary.coverage)
        cited = {c.page for claim in summary.draft.claims for c in claim.citations if c.page}
        with st.expander(_("Pages"), expanded=False):
            viewer.strip(summary.coverage, cited)
        for notice in summary.notices:
            st.caption(f":orange[⚠ {show.say(notice.message)}]")
        claims.listed(summary.draft, [extraction])
    show.receipt(summary.usage)
    export(summary, document, extraction)


def export(summary: Summary, document: Document, extraction: Extraction) -> None:
    written = report.of_summary(summary, document, extraction, state.language())
    show.export(written)


def last_run(document: Document) -> Run | None:
    runs = [run for run in library.runs(actor, document=document.id, limit=20) if run.kind is RunKind.SUMMARIZE]
    return runs[0] if runs else None


def failed(run: Run | None, extraction: Extraction, *, above: bool) -> None:
    """Why the last run did not come to an end, and what it had written until then; without buttons `above` a whole summary."""
    if run and run.failure:
        show.problem(run.failure)
    elif run and run.state is RunState.STOPPED:
        st.warning(_("It was stopped. What is done is kept; “Summarize” goes on with what is missing."))
        if run.draft and run.draft.sections:
            with st.container(key="stopped" if above else "claims"):
                claims.listed(run.draft, [extraction], live=above)  # the buttons of two texts would have the same keys


def main() -> None:
    wanted = state.parameter("document")
    if not wanted:
        empty()
        return
    try:
        document = library.document(actor, wanted)
    except NotFound:
        st.warning(_("This document is not in the library. It may have been deleted."))
        empty()
        return
    st.title(show.text(document.shown_name))
    if document.title:
        st.caption(show.text(document.name))
    extraction = library.extraction(actor, document.id)
    if not extraction:
        waiting(document)
        return
    left, right = st.columns([1, 1], gap="large")
    run = last_run(document)  # before the summaries: one that ends in between is among them
    summaries = list(library.summaries(actor, document.id))
    shown = chosen(summaries)
    with right:  # before the left, which may follow a run for a while
        citations = [citation for claim in shown.draft.claims for citation in claim.citations] if shown else []
        viewer.page_view(document, extraction, citations)
    with left:
        controls(document)
        if run and not run.state.ended:
            follow(run, extraction)
        failed(run, extraction, above=shown is not None)
        if shown:
            versions(summaries, shown)
            summary_view(shown, document, extraction)
        elif not run:
            st.info(_("There is no summary yet. Choose a kind and press “Summarize”."))


main()
