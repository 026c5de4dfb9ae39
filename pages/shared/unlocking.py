"""The field for the password of a locked document."""

import streamlit as st

from kimi_docs.errors import KimiDocsError
from pages.shared import show, state
from pages.shared.state import _


def ask(document: str, *, place: int = 0) -> None:
    """Have it read with what is entered, which stays in this tab's memory for pictures of pages and is kept nowhere else. `place`
    tells apart several fields for one document on one page."""
    key = f"{document[:16]}_{place}" if place else document[:16]
    with st.form(f"unlock_{key}", clear_on_submit=True, border=False):
        password = st.text_input(_("Password of this document"), type="password", key=f"password_{key}", autocomplete="off")
        given = st.form_submit_button(_("Open it"), key=f"unlock_button_{key}")
    st.caption(_("The password is not kept: it goes to the process that reads the document, and nowhere else."))
    if not (given and password):
        return
    try:
        with st.spinner(_("Reading the document")):
            state.library().unlock(state.actor(), document, password)
    except KimiDocsError as error:
        show.problem(error)
        return
    state.tab().passwords[document] = password
    st.rerun()
