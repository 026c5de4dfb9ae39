"""The table page: what can be told is told when something fails."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from kimi_docs.domain.batch import BatchEntry
from kimi_docs.domain.scope import LOCAL
from kimi_docs.domain.table import Column
from kimi_docs.library import Library
from pages.shared import state
from tests.conftest import ROOT
from tests.test_document_page import RIVER, finish


@pytest.fixture
def page(library: Library) -> Iterator[AppTest]:
    state.install(library)
    yield AppTest.from_file(str(ROOT / "pages" / "table.py"), default_timeout=60)
    state._libraries.clear()


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
