"""Sessions kept: found again, renamed, deleted and taken back."""

import streamlit as st

from kimi_docs.domain.claims import Session
from pages.shared import show, state
from pages.shared.state import _

library, actor, tab = state.library(), state.actor(), state.tab()


def row(session: Session, *, deleted: bool) -> None:
    name, facts, first, second = st.columns([5, 3, 1.6, 1.4], vertical_alignment="center")
    title = show.text(session.title) if session.title else _("Without a question yet")
    if name.button(title, key=f"open_{session.id}", type="tertiary", icon=":material/forum:", disabled=deleted):
        st.switch_page("ask.py", query_params={"session": session.id})
    facts.caption(_("Documents: {count} · {when}", count=len(session.documents), when=show.when(session.updated_at)))
    if deleted:
        if first.button(_("Take back"), icon=":material/restore_from_trash:", key=f"restore_{session.id}", type="tertiary"):
            library.restore_session(actor, session.id)
            st.rerun()
        return
    with first.popover(_("Rename"), icon=":material/edit:", type="tertiary", key=f"rename_{session.id}"):
        title = st.text_input(_("Name"), value=session.title, key=f"name_{session.id}", max_chars=200)
        if st.button(_("Save"), key=f"save_{session.id}"):
            library.rename_session(actor, session.id, title)
            st.rerun()
    if second.button(_("Delete"), icon=":material/delete:", key=f"delete_{session.id}", type="tertiary"):
        library.delete_session(actor, session.id)
        tab.deleted_session = session.id
        st.rerun()


def undo() -> None:
    if tab.deleted_session and show.undo(_("The session is in the trash.")):
        library.restore_session(actor, tab.deleted_session)
        tab.deleted_session = ""
        st.rerun()


st.title(_("Sessions"))
undo()
search = st.text_input(_("Find a session"), key="find_session", placeholder=_("words of a title, question or answer"))
sessions = library.sessions(actor, search=search)
if not sessions:
    st.info(_("No session has these words.") if search else _("There is no session yet. Ask a document something."))
    if not search and st.button(_("Ask a question"), key="go_ask", type="primary"):
        st.switch_page("ask.py")
for each in sessions:
    row(each, deleted=False)
if trash := library.sessions(actor, search=search, deleted=True):
    with st.expander(_("Trash ({count})", count=len(trash))):
        for each in trash:
            row(each, deleted=True)
