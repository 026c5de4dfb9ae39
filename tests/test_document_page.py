"""The document page: summaries, their quotes beside the page, and what stays visible when something fails."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from kimi_docs.domain.claims import Draft, Summary
from kimi_docs.domain.runs import RunKind, RunState
from kimi_docs.domain.scope import LOCAL
from kimi_docs.jobs.inline import Inline
from kimi_docs.library import Library, make_workshop
from pages.shared import state

RIVER = b"# The river\n\nThe water rose by 31 centimetres in one night. The bridge was closed for two days.\n"


def finish(library: Library) -> None:
    """Carry out what waits, as a worker would."""
    inline = Inline(make_workshop(library.storage, library.blobs, library.reader, library.settings))
    for run in library.runs(LOCAL, active=True):
        inline.finish(run.id)
    inline.close()


def summarized(library: Library, content: bytes = RIVER, name: str = "river.md") -> Summary:
    """The summary of a document that was added and read."""
    document = library.add(LOCAL, content, name).document.id
    finish(library)
    library.summarize(LOCAL, document, library.order())
    finish(library)
    return library.summaries(LOCAL, document)[0]


@pytest.fixture
def page(drawn: Callable[[str], AppTest]) -> AppTest:
    return drawn("document.py")


def test_a_quote_of_another_summary_is_not_counted(page: AppTest, library: Library) -> None:
    made = summarized(library)
    citation = next(iter(made.draft.claims)).citations[0]
    page.query_params["document"] = made.document
    page.session_state["tab"] = state.Tab(
        viewer=state.Viewer(document=made.document, citation=replace(citation, quote="x"), number=5)
    )
    page.run()
    assert not page.exception
    assert "no quote chosen" in [caption.value for caption in page.caption]
    page.button(key="next_citation").click().run()
    assert not page.exception
    assert any(caption.value.startswith("quote 1 of") for caption in page.caption)


def stopped(library: Library, document: str, draft: Draft) -> None:
    """A new version that somebody stopped half way."""
    order = replace(library.order(), attempt=1)
    library.summarize(LOCAL, document, order)
    run = next(run for run in library.runs(LOCAL, document=document, active=True) if run.kind is RunKind.SUMMARIZE)
    library.storage.of(LOCAL).update_run(run.id, state=RunState.STOPPED, draft=draft)


def test_a_version_that_was_stopped_stands_above_the_one_before(page: AppTest, library: Library) -> None:
    made = summarized(library)
    stopped(library, made.document, made.draft)
    page.query_params["document"] = made.document
    page.run()
    assert not page.exception
    assert [warning.value.startswith("It was stopped.") for warning in page.warning] == [True]
    assert page.button(key="citation_1")


def test_what_a_stopped_summary_quotes_can_be_looked_at(page: AppTest, library: Library) -> None:
    made = summarized(library)
    other = library.add(LOCAL, RIVER + b"More.", "other.md").document.id
    finish(library)
    stopped(library, other, made.draft)
    page.query_params["document"] = other
    page.run()
    assert not page.exception
    assert page.button(key="citation_1")


def test_a_model_that_is_gone_hides_no_summary(page: AppTest, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    made = summarized(library)
    monkeypatch.setenv("KIMI_DOCS_API_KEY", "sk-test-0123456789")
    monkeypatch.setenv("KIMI_DOCS_MODEL", "kimi-k2.5")
    page.query_params["document"] = made.document
    page.run()
    assert not page.exception
    assert [error.value.count("was retired") for error in page.error] == [1]
    assert page.button(key="citation_1")
    assert page.button(key="ask_about")


def test_times_are_those_of_the_reader(page: AppTest, library: Library) -> None:
    made = summarized(library)
    at = datetime(2026, 11, 1, 20, 30, tzinfo=UTC)
    library.storage.of(LOCAL).save_summary(replace(made, id="1" * 64, created_at=at))
    page.query_params["document"] = made.document
    page.context["timezone"] = "Asia/Shanghai"
    page.run()
    assert not page.exception
    assert [option for option in page.selectbox(key=f"version_{made.id[:8]}").options if option.endswith("2026-11-02 04:30")]
