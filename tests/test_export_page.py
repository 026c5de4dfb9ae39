"""Exports of sessions and tables name pages as they are printed, and refer to documents by author; texts are read only for them."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from kimi_docs.domain.batch import BatchEntry
from kimi_docs.domain.scope import LOCAL
from kimi_docs.domain.table import Column
from kimi_docs.export import formats
from kimi_docs.library import Library
from pages.shared import state
from tests.conftest import ROOT
from tests.test_cli import run
from tests.test_document_page import RIVER, finish

Downloads = dict[str, Callable[[], bytes]]
QUESTION = "By how many centimetres did the water rise in one night?"


@pytest.fixture
def downloads(library: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[Downloads]:
    """What each download button would give, by its ending."""
    given: Downloads = {}

    def button(_label: str, *, data: Callable[[], bytes], key: str, **_others: object) -> None:
        given[key.removeprefix("export_")] = data

    monkeypatch.setattr(st, "download_button", button)
    state.install(library)
    yield given
    state._libraries.clear()


def printed(library: Library) -> str:
    """A document whose only page is numbered xii, by a person of that name."""
    id = library.add(LOCAL, RIVER, "river.md").document.id
    finish(library)
    store = library.storage.of(LOCAL)
    found = library.extraction(LOCAL, id)
    assert found
    store.save_extraction(replace(found, metadata={"author": "Ada Lovelace"}, pages=(replace(found.pages[0], label="xii"),)))
    return id


def asked(library: Library) -> str:
    """A session with an answer."""
    session = library.open_session(LOCAL, [printed(library)]).id
    library.ask(LOCAL, session, QUESTION)
    finish(library)
    return session


def filled(library: Library) -> str:
    """A table of one cell."""
    entry = BatchEntry(name="river.md", document=printed(library))
    table = library.fill_table(LOCAL, [entry], [Column(name="Rise", question=QUESTION)], library.order()).id
    finish(library)
    return table


@pytest.mark.parametrize(("screen", "make"), [("ask", asked), ("table", filled)])
def test_an_export_knows_pages_and_authors(
    library: Library, downloads: Downloads, monkeypatch: pytest.MonkeyPatch, screen: str, make: Callable[[Library], str]
) -> None:
    read: list[object] = []
    heads = Library.heads
    monkeypatch.setattr(Library, "heads", lambda *given: read.append(given) or heads(*given))
    page = AppTest.from_file(str(ROOT / "pages" / f"{screen}.py"), default_timeout=60)
    page.query_params["session" if screen == "ask" else "table"] = make(library)
    page.run()
    assert not page.exception
    assert not read
    assert "section xii" in downloads["md"]().decode()
    assert "Lovelace" in downloads["bib"]().decode()
    assert len(read) == 2


def test_the_export_of_a_batch_with_a_table_knows_them_too(library: Library) -> None:
    written = library.batch_report(LOCAL, filled(library), "en")
    assert "section xii" in formats.to_bytes(written, ".md").decode()
    assert "Lovelace" in formats.to_bytes(written, ".bib").decode()


def test_the_command_line_knows_them_too(library: Library, downloads: Downloads) -> None:
    session = asked(library)
    assert "section xii" in run("sessions", "show", session).stdout
    run("sessions", "export", session, "--export", "session.bib")
    assert "Lovelace" in (library.settings().home.parent / "session.bib").read_text("utf-8")
