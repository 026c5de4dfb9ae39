"""The ask page: an old quote is shown on its own page, and a new session is a click away."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from kimi_docs.domain.claims import Session
from kimi_docs.domain.scope import LOCAL
from kimi_docs.library import Library
from tests.test_document_page import RIVER, finish


@pytest.fixture
def page(drawn: Callable[[str], AppTest]) -> AppTest:
    return drawn("ask.py")


def asked(library: Library) -> Session:
    """A session whose only question was about the river."""
    session = library.open_session(LOCAL, [library.add(LOCAL, RIVER, "river.md").document.id])
    finish(library)
    library.ask(LOCAL, session.id, "By how many centimetres did the water rise in one night?")
    finish(library)
    return session


def test_a_quote_of_a_document_that_is_asked_no_more_is_shown(page: AppTest, library: Library) -> None:
    session = asked(library)
    other = library.add(LOCAL, b"# The hill\n\nNobody lives on the hill.\n", "hill.md").document.id
    finish(library)
    library.choose_documents(LOCAL, session.id, [other])
    page.query_params["session"] = session.id
    page.run()
    assert "The hill" in [caption.value for caption in page.caption]
    page.button(key="citation_1").click().run()
    assert not page.exception
    assert "The river" in [caption.value for caption in page.caption]


def test_a_new_session_is_begun(page: AppTest, library: Library) -> None:
    page.query_params["session"] = asked(library).id
    page.run()
    assert page.chat_message
    page.button(key="new_session").click().run()
    assert not page.exception
    assert not page.chat_message
    assert "session" not in page.query_params
