"""The frame: the reader's language is looked up once a run of the script, and what is broken is told."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from kimi_docs.domain.claims import Session
from kimi_docs.domain.scope import LOCAL
from kimi_docs.library import Library
from kimi_docs.settings import Settings, load_settings, save_settings
from pages.shared import state
from tests.conftest import ROOT


@pytest.fixture
def loads() -> list[Settings]:
    """The settings as often as they were loaded."""
    return []


@pytest.fixture
def page(library: Library, loads: list[Settings]) -> Iterator[AppTest]:
    def load() -> Settings:
        loads.append(load_settings())
        return loads[-1]

    state.install(replace(library, settings=load))
    yield AppTest.from_file(str(ROOT / "pages" / "_frame.py"), default_timeout=60)
    state._libraries.clear()


def test_settings_are_not_loaded_for_every_text(page: AppTest, loads: list[Settings]) -> None:
    page.run()
    assert not page.exception
    assert 0 < len(loads) < 10


def test_a_changed_language_counts_at_the_next_run(page: AppTest) -> None:
    page.run()
    page.switch_page("sessions.py").run()
    assert [title.value for title in page.title] == ["Sessions"]
    save_settings({"KIMI_DOCS_LANGUAGE": "zh-CN"})
    page.run()
    assert [title.value for title in page.title] == ["会话"]


def test_a_setting_that_cannot_work_is_told(page: AppTest) -> None:
    page.run()
    save_settings({"KIMI_DOCS_TIER": "9"})
    page.run()
    assert not page.exception
    assert all("tier cannot work" in error.value for error in page.error)
    assert page.error


@pytest.mark.parametrize("zone", ["", "Etc/Unknown", "../etc", "Asia"])
def test_a_browser_that_does_not_say_where_it_is_reads_the_time_of_this_machine(page: AppTest, zone: str) -> None:
    page.context["timezone"] = zone
    at = datetime(2026, 11, 1, 20, 30, tzinfo=UTC)
    state.library().storage.of(LOCAL).save_session(Session(id="1", title="x", documents=(), created_at=at, updated_at=at))
    page.run()
    page.switch_page("sessions.py").run()
    assert not page.exception
    assert any(caption.value.endswith(f"{at.astimezone():%Y-%m-%d %H:%M}") for caption in page.caption)
