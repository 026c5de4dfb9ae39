"""The batch page before the start: what it takes is told, looked at again only while something is read, and so is what fails."""

from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from kimi_docs.domain.scope import LOCAL
from kimi_docs.library import Library
from tests.test_document_page import RIVER, finish


@pytest.fixture
def rhythms(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """How often each fragment is drawn anew, in the order they are declared."""
    kept: list[float | None] = []
    fragment = st.fragment

    def noted(draw: Callable[..., Any], *, run_every: float | None = None) -> Callable[..., Any]:
        kept.append(run_every)
        return fragment(draw, run_every=run_every)

    monkeypatch.setattr(st, "fragment", noted)
    return kept


@pytest.fixture
def page(drawn: Callable[[str], AppTest], rhythms: list[float | None]) -> AppTest:
    return drawn("batch.py")


def chosen(page: AppTest, library: Library) -> None:
    """Choose a document that was just added."""
    id = library.add(LOCAL, RIVER, "river.md").document.id
    page.run()
    page.multiselect(key="batch_documents").set_value([id])


def test_the_estimate_is_looked_at_again_only_while_something_is_read(
    page: AppTest, library: Library, rhythms: list[float | None]
) -> None:
    chosen(page, library)
    page.run()
    finish(library)
    page.run()
    assert not page.exception
    assert rhythms == [1.0, None]
    assert list(page.dataframe[0].value.columns) == ["Document", "Calls", "Tokens", "Cost"]


def test_a_model_that_is_gone_is_told(page: AppTest, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen(page, library)
    finish(library)
    monkeypatch.setenv("KIMI_DOCS_API_KEY", "sk-test-0123456789")
    monkeypatch.setenv("KIMI_DOCS_MODEL", "kimi-k2.5")
    page.run()
    assert not page.exception
    assert [error.value.count("was retired") for error in page.error] == [1]
    assert page.button(key="start_batch")
