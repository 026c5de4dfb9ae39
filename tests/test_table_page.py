"""The table page: what can be told is told when something fails."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from kimi_docs.domain.batch import BatchEntry
from kimi_docs.domain.scope import LOCAL
from kimi_docs.domain.table import Column
from kimi_docs.library import Library
from tests.test_document_page import RIVER, finish


@pytest.fixture
def page(drawn: Callable[[str], AppTest]) -> AppTest:
    return drawn("table.py")


def test_a_model_that_is_gone_hides_no_table(page: AppTest, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    id = library.add(LOCAL, RIVER, "river.md").document.id
    finish(library)
    library.fill_table(LOCAL, [BatchEntry(name="river.md", document=id)], [Column(name="Rise", question="?")], library.order())
    monkeypatch.setenv("KIMI_DOCS_API_KEY", "sk-test-0123456789")
    monkeypatch.setenv("KIMI_DOCS_MODEL", "kimi-k2.5")
    page.run()
    assert not page.exception
    assert [error.value.count("was retired") for error in page.error] == [1]
    assert "Earlier" in [heading.value for heading in page.subheader]
