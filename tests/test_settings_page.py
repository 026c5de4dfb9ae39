"""The settings page: what is saved counts, or it is said that it does not; a key that was typed is not kept in its field."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from kimi_docs.library import Library

KEY = "sk-test-0123456789"


@pytest.fixture
def page(drawn: Callable[[str], AppTest]) -> AppTest:
    return drawn("settings.py").run()


def typed(page: AppTest) -> str:
    """What stands in the field for the key."""
    return next(str(field.value) for field in page.text_input if str(field.key).startswith("api_key"))


def saved(page: AppTest, key: str) -> None:
    next(field for field in page.text_input if str(field.key).startswith("api_key")).set_value(key)
    page.button(key="save").click().run()


def test_what_is_saved_counts_and_nothing_more_is_said(page: AppTest, library: Library) -> None:
    page.text_input(key="budget").set_value("2.50")
    page.selectbox(key="region").set_value("https://api.moonshot.cn/v1")
    saved(page, KEY)
    assert not page.exception
    assert [toast.value for toast in page.toast] == ["Saved."]
    assert not page.warning
    assert str(library.settings().budget) == "2.50"


@pytest.mark.parametrize("where", ["environment", ".env"])
def test_what_is_set_elsewhere_too_is_named(page: AppTest, library: Library, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    if where == ".env":
        Path(".env").write_text("KIMI_DOCS_MODEL=kimi-k3\n", "utf-8")
    else:
        monkeypatch.setenv("KIMI_DOCS_MODEL", "kimi-k3")
    page.selectbox(key="model").set_value("auto")
    page.button(key="save").click().run()
    assert not page.exception
    assert [warning.value.count("KIMI\\_DOCS\\_MODEL") for warning in page.warning] == [1]
    assert library.settings().model == "kimi-k3"


def test_a_key_that_was_forgotten_does_not_come_back(page: AppTest, library: Library) -> None:
    saved(page, KEY)
    assert library.settings().api_key
    page.button(key="forget_key").click().run()
    assert not library.settings().api_key
    assert not typed(page)
    page.button(key="save").click().run()
    assert not page.exception
    assert not library.settings().api_key


def test_a_key_in_another_file_is_not_forgotten_which_is_said(page: AppTest) -> None:
    Path(".env").write_text(f"KIMI_DOCS_API_KEY={KEY}\n", "utf-8")
    page.run()
    page.button(key="forget_key").click().run()
    assert not page.exception
    assert [warning.value.count("KIMI\\_DOCS\\_API\\_KEY") for warning in page.warning] == [1]
