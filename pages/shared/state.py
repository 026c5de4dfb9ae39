"""What a screen knows between two runs of its script: the only file that names `st.session_state`.

The library is the process's; everything else is one browser tab's. Nothing that lives in the store is mirrored here.
"""

from dataclasses import dataclass, field

import streamlit as st

from kimi_docs.domain.batch import BatchEntry
from kimi_docs.domain.claims import Citation
from kimi_docs.domain.scope import LOCAL, Actor
from kimi_docs.errors import KimiDocsError, Misconfigured
from kimi_docs.language import Value, closest, say, translate
from kimi_docs.library import Library

_libraries: list[Library] = []  # one; set by the front door, and kept apart from the script, which runs again at every click


def install(library: Library) -> None:
    """Called once by the front door."""
    _libraries[:] = [library]


def library() -> Library:
    if not _libraries:
        raise Misconfigured(say("The screen was not started through its front door."), say("Start it with “make run”."))
    return _libraries[0]


def actor() -> Actor:
    """Who acts on this screen."""
    return LOCAL


@dataclass(slots=True)
class Viewer:
    """What the page viewer of one tab shows: a document, a page, and the citation that was clicked."""

    document: str = ""
    page: int = 1
    citation: Citation | None = None
    number: int = 0


@dataclass(slots=True)
class Dropped:
    """One file of a drop: what became of it. `document` is empty when it was refused."""

    name: str
    document: str = ""
    known: bool = False
    problem: KimiDocsError | None = None


@dataclass(slots=True)
class Tab:
    """A browser tab's state."""

    viewer: Viewer = field(default_factory=Viewer)
    dropped: list[Dropped] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)  # ids of uploads that were handled
    upload_round: int = 0
    batch_entries: list[BatchEntry] = field(default_factory=list)  # files taken in for a batch that was not started yet
    deleted_session: str = ""
    deleted_document: str = ""
    language: str = ""  # chosen in this tab
    reading_language: str = ""  # what was settled when the script began
    key_round: int = 0  # the field for the key is another one after each save: what was typed is gone
    passwords: dict[str, str] = field(default_factory=dict, repr=False)  # by document; gone with the tab


def tab() -> Tab:
    if "tab" not in st.session_state:
        st.session_state["tab"] = Tab()
    held: Tab = st.session_state["tab"]
    return held


def language() -> str:
    """The reader's language: chosen here, else what was settled when the script began."""
    return tab().language or tab().reading_language or settle_language()


def settle_language() -> str:
    """Look up what is set for the installation, else what the browser says; once a run of the script, not for every text."""
    try:
        chosen = library().settings().language
    except Misconfigured:  # told by the page itself, in the browser's language
        chosen = ""
    tab().reading_language = chosen or closest(st.context.locale)
    return tab().reading_language


def set_language(tag: str) -> None:
    tab().language = tag


def _(id: str, /, **values: Value) -> str:
    """The text in the reader's language."""
    return translate(id, language(), **values)


def parameter(name: str) -> str:
    """A value of the page's address."""
    return str(st.query_params.get(name, ""))


def set_parameter(name: str, value: str) -> None:
    """Put a value into the page's address, so that a reload and a link show the same."""
    if st.query_params.get(name) != value:
        st.query_params[name] = value


def view(citation: Citation, number: int) -> None:
    """Show the page a citation stands on; for a missing one, the page it was said to be on."""
    page = citation.page or citation.page_said or 1
    tab().viewer = Viewer(document=citation.document, page=page, citation=citation, number=number)


def turn_to(document: str, page: int) -> None:
    viewer = tab().viewer
    keep = viewer.citation if viewer.document == document else None
    tab().viewer = Viewer(document=document, page=page, citation=keep, number=viewer.number if keep else 0)
