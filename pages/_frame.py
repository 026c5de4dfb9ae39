"""The frame around every screen: its title, the reader's language, the navigation."""

import streamlit as st

from pages.shared import show, state
from pages.shared.state import _

st.set_page_config(page_title="Kimi Docs", page_icon="📑", layout="wide")
state.settle_language()
show.style()


def _start() -> None:
    st.switch_page(LIBRARY)


LIBRARY = st.Page("library.py", title=_("Library"), icon=":material/library_books:", url_path="library")
PAGES = [
    LIBRARY,
    st.Page("document.py", title=_("Document"), icon=":material/description:", url_path="document"),
    st.Page("batch.py", title=_("Batch"), icon=":material/stacks:", url_path="batch"),
    st.Page("table.py", title=_("Table"), icon=":material/table_chart:", url_path="table"),
    st.Page("ask.py", title=_("Ask"), icon=":material/forum:", url_path="ask"),
    st.Page("search.py", title=_("Search"), icon=":material/search:", url_path="search"),
    st.Page("sessions.py", title=_("Sessions"), icon=":material/history:", url_path="sessions"),
    st.Page("usage.py", title=_("Usage"), icon=":material/receipt_long:", url_path="usage"),
    st.Page("settings.py", title=_("Settings"), icon=":material/settings:", url_path="settings"),
    st.Page(_start, title="Kimi Docs", url_path="start", default=True, visibility="hidden"),
]

page = st.navigation(PAGES)
with show.telling():
    page.run()
with st.sidebar, show.telling():
    show.engine(state.library().settings())
