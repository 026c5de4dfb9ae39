"""A session: questions to one or many documents, answers that stream, quotes a click away."""

import time
from functools import partial

import streamlit as st

from kimi_docs.domain.claims import Answer, Session
from kimi_docs.domain.document import Document
from kimi_docs.domain.runs import Run, RunState
from kimi_docs.domain.text import Extraction
from kimi_docs.errors import NotFound
from kimi_docs.export import report, shapes
from pages.shared import claims, show, state, viewer
from pages.shared.state import _

FOLLOW_SECONDS = 0.05

library, actor, tab = state.library(), state.actor(), state.tab()


def choose(session: Session | None) -> list[str]:
    """Which documents are asked."""
    documents = {document.id: document for document in library.documents(actor, limit=1000)}
    for id in session.documents if session else ():
        documents.setdefault(id, library.document(actor, id))
    chosen = st.multiselect(
        _("Documents"),
        list(documents),
        default=list(session.documents) if session else [],
        format_func=lambda id: documents[id].shown_name,
        placeholder=_("Choose one or more"),
        key=f"asked_{session.id if session else 'new'}",
    )
    if session and chosen and tuple(chosen) != session.documents:
        library.choose_documents(actor, session.id, chosen)
    return chosen


def suggested() -> str | None:
    """Questions that fit most documents, to begin with."""
    questions = [
        _("What is it about?"),
        _("What are the most important figures?"),
        _("What are the limitations?"),
        _("What is decided or recommended?"),
    ]
    return st.pills(_("For example"), questions, key="suggested")


def afterwards(session: Session, answer: Answer) -> None:
    """What can be done with the last answer: copy it with its sources, have it made anew, put the question differently."""
    with st.container(horizontal=True):
        with st.popover(_("Copy"), icon=":material/content_copy:", type="tertiary", key="copy"):
            st.code(shapes.answer_markdown(answer, state.language()), language=None, wrap_lines=True)
        if answer.engine != "local" and st.button(_("Ask again"), icon=":material/refresh:", type="tertiary", key="regenerate"):
            library.ask(actor, session.id, answer.question, again=True)
            st.rerun()
        with st.popover(_("Edit the question"), icon=":material/edit:", type="tertiary", key="edit"):
            changed = st.text_area(_("Question"), value=answer.question, key=f"edited_{answer.id}")
            if st.button(_("Ask"), key="ask_edited", type="primary") and changed.strip():
                library.ask(actor, session.id, changed)
                st.rerun()


def conversation(session: Session, extractions: list[Extraction], *, busy: bool) -> int:
    """All questions and answers so far; gives the number of the next citation. While `busy` with a question no other is offered."""
    number, answers = 1, library.answers(actor, session.id)
    for answer in answers:
        with st.chat_message("user"):
            st.markdown(show.text(answer.question))
        with st.chat_message("assistant", avatar=":material/fact_check:"):
            number = answer_view(answer, extractions, number)
            if answer is answers[-1] and not busy:
                afterwards(session, answer)
    return number


def answer_view(answer: Answer, extractions: list[Extraction], number: int) -> int:
    if not answer.found:
        st.markdown(f":material/search_off: **{_('This is not in these documents.')}**")
    else:
        drawn = claims.compared if st.session_state.get("side_by_side") and len(extractions) > 1 else claims.listed
        number = drawn(answer.draft, extractions, first=number)
        st.caption(f":material/verified: {claims.verified(answer.draft)}")
        for done in answer.draft.computed:
            claims.computed(done)
    for notice in answer.notices:
        st.caption(f":orange[⚠ {show.say(notice.message)}]")
    if answer.usage.calls:
        show.receipt(answer.usage)
    return number


def unanswered(session: Session) -> Run | None:
    """The last question, if it has no answer yet."""
    runs = library.runs(actor, session=session.id, limit=1)
    return runs[0] if runs and runs[0].state not in (RunState.DONE, RunState.PARTIAL) else None


def pending(session: Session, run: Run, extractions: list[Extraction]) -> None:
    """The question being answered, followed as it is written; or why it was not answered."""
    with st.chat_message("user"):
        st.markdown(show.text(run.question))
    with st.chat_message("assistant", avatar=":material/fact_check:"):
        if run.failure:
            show.problem(run.failure)
            if st.button(_("Ask again"), key="ask_again"):
                library.ask(actor, session.id, run.question)
                st.rerun()
        elif run.state is RunState.STOPPED:
            if run.draft:
                claims.listed(run.draft, extractions, live=True)
            st.warning(_("It was stopped here."))
        else:
            follow(run, extractions)


def follow(run: Run, extractions: list[Extraction]) -> None:
    status, told = st.empty(), ""
    growing, drawn = st.container(key="growing").empty(), None
    if st.button(_("Stop"), key="stop", icon=":material/stop_circle:"):
        library.stop(actor, run.id)
    while not run.state.ended:
        if run.draft and run.draft.sections and run.draft != drawn:
            drawn = run.draft
            with growing.container():
                claims.listed(drawn, extractions, live=True)
        if (stage := show.stage(run)) != told:  # each call draws anew, and so delays what matters
            told = stage
            status.caption(f":material/progress_activity: {stage}")
        time.sleep(FOLLOW_SECONDS)
        run = library.run(actor, run.id)
    st.rerun()


def source(session: Session | None, extractions: list[Extraction]) -> None:
    """The page of the citation that was clicked."""
    answers = library.answers(actor, session.id) if session else []
    citations = [citation for answer in answers for claim in answer.draft.claims for citation in claim.citations]
    wanted = tab.viewer.document
    extraction = next((e for e in extractions if e.document == wanted), None)
    if not extraction and tab.viewer.citation in citations:  # its document is not among those that are asked now
        extraction = library.extraction(actor, wanted)
    if extraction := extraction or next(iter(extractions), None):
        document = library.document(actor, extraction.document)
        st.caption(show.text(document.shown_name))
        viewer.page_view(document, extraction, citations)


def export(session: Session, documents: list[Document]) -> None:
    answers = library.answers(actor, session.id)
    if not answers:
        return
    written = partial(report.of_session, session, answers, documents, state.language())
    show.export(written(), lambda: written(library.heads(actor, session.documents)))


def current() -> Session | None:
    wanted = state.parameter("session")
    if not wanted:
        return None
    try:
        return library.session(actor, wanted)
    except NotFound:
        st.warning(_("This session is not there any more."))
        return None


def main() -> None:
    session, run = current(), None
    st.title(show.text(session.title) if session and session.title else _("Ask"))
    if session and st.button(_("New session"), key="new_session", icon=":material/add:", type="tertiary"):
        st.query_params.clear()
        st.rerun()
    if not library.count(actor):
        st.info(_("There is no document to ask yet. Add one in the library, or try the sample there."))
        if st.button(_("Go to the library"), key="go_library", type="primary"):
            st.switch_page("library.py")
        return
    wide = 2 if st.session_state.get("side_by_side") else 1
    left, right = st.columns([wide, 1], gap="large")
    with left:
        chosen = choose(session)
        if len(chosen) > 1:
            st.toggle(_("Side by side"), key="side_by_side", help=_("Each claim stands beneath the documents it quotes."))
        extractions = [found for found in (library.extraction(actor, id) for id in chosen) if found]
        if session:
            run = unanswered(session)  # before the answers: one that comes in between is among them
            export(session, [library.document(actor, id) for id in session.documents])
            conversation(session, extractions, busy=run is not None and not run.state.ended)
        else:
            st.caption(_("Choose documents and ask; the answer quotes them, or says that they do not hold it."))
        picked = suggested() if chosen and not (session and library.answers(actor, session.id)) and not run else None
        place = st.container()
    with right:
        source(session, extractions)
    question = st.chat_input(_("Your question"), key="question", disabled=not chosen) or picked
    if question and chosen:
        session = session or library.open_session(actor, chosen)
        library.ask(actor, session.id, question)
        state.set_parameter("session", session.id)
        st.rerun()
    if session and run:
        with place:
            pending(session, run, extractions)


main()
