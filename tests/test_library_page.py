"""The library page: every file that is refused is told, however many were dropped; what was deleted can be taken back."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from kimi_docs.domain.runs import Failure, RunState
from kimi_docs.domain.scope import LOCAL
from kimi_docs.errors import Damaged
from kimi_docs.language import say
from kimi_docs.library import Library
from pages.shared import state
from pages.shared.state import Dropped
from tests.test_document_page import RIVER, finish


@pytest.fixture
def page(drawn: Callable[[str], AppTest]) -> AppTest:
    return drawn("library.py")


def test_files_that_are_refused_are_told_however_many_were_dropped(page: AppTest, library: Library) -> None:
    good = library.add(LOCAL, RIVER, "river.md").document.id
    finish(library)
    bad = library.add(LOCAL, RIVER + b"More.", "torn.md").document.id
    run = library.runs(LOCAL, document=bad)[0]
    failure = Failure(code="damaged", message=say("It is torn."), advice=say(""), exit_code=65)
    library.storage.of(LOCAL).update_run(run.id, state=RunState.FAILED, failure=failure)
    dropped = [Dropped(name="river.md", document=good)] * 52
    dropped += [Dropped(name="empty.md", problem=Damaged(say("It is empty."))), Dropped(name="torn.md", document=bad)]
    page.session_state["tab"] = state.Tab(dropped=dropped)
    page.run()
    assert not page.exception
    assert ["is empty" in page.error[0].value, "is torn" in page.error[1].value, len(page.error)] == [True, True, 2]
    assert [caption.value for caption in page.caption if caption.value.startswith("More files")] == [
        "More files, none of them refused so far: 2"
    ]


def test_a_locked_file_that_was_dropped_twice_can_be_opened(page: AppTest, library: Library) -> None:
    id = library.add(LOCAL, RIVER, "river.md").document.id
    run = library.runs(LOCAL, document=id)[0]
    failure = Failure(code="password_needed", message=say("It is locked."), advice=say(""), exit_code=65)
    library.storage.of(LOCAL).update_run(run.id, state=RunState.FAILED, failure=failure)
    page.session_state["tab"] = state.Tab(dropped=[Dropped(name="a.md", document=id), Dropped(name="b.md", document=id)])
    page.run()
    assert not page.exception
    assert len(page.text_input) == 3  # with the one that finds documents


def test_a_document_is_taken_back_from_the_trash(page: AppTest, library: Library) -> None:
    id = library.add(LOCAL, RIVER, "river.md").document.id
    page.run()
    assert not page.expander
    library.delete_document(LOCAL, id)
    page.run()
    assert [expander.label for expander in page.expander] == ["Trash (1)"]
    page.button(key=f"restore_{id[:16]}").click().run()
    assert not page.exception
    assert not page.expander
    assert library.document(LOCAL, id).deleted_at is None
