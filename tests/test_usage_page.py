"""The usage page: what was paid, by whom and for what, in words and not in ids."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from kimi_docs.domain.calls import Call, CallState, Completion, Departure
from kimi_docs.domain.runs import RunState
from kimi_docs.domain.scope import LOCAL, Actor
from kimi_docs.library import Library

BOB = Actor(person="bob", space=LOCAL.space)
ANSWER = Completion(text="x", finish="stop", input_tokens=100, cached_tokens=40, output_tokens=10)
CALL = Call(id="1", model="kimi-k3.1-pro", state=CallState.ANSWERED, completion=ANSWER, cost=Decimal("0.5"), currency="USD")
SENT = Departure(id="1", at=datetime(2026, 11, 1, 20, 30, tzinfo=UTC), host="api.moonshot.ai", purpose="chat", bytes=10)


@pytest.fixture
def page(drawn: Callable[[str], AppTest]) -> AppTest:
    return drawn("usage.py")


def column(page: AppTest, title: str, name: str) -> list[object]:
    """A column of the table beneath a heading."""
    titles = [heading.value for heading in page.subheader]
    return list(page.dataframe[titles.index(title)].value[name])


def test_nothing_was_paid(page: AppTest) -> None:
    page.run()
    assert not page.exception
    assert [heading.value for heading in page.subheader] == ["What left this machine"]


def test_runs_are_named_and_persons_told_apart(page: AppTest, library: Library) -> None:
    library.add(LOCAL, b"# One\n\nA text.\n", "one.md")
    run = library.runs(LOCAL)[0]
    library.storage.of(LOCAL).update_run(run.id, state=RunState.DONE)
    library.storage.of(LOCAL).save_call(replace(CALL, run=run.id))
    library.storage.of(BOB).save_call(replace(CALL, id="2", run="f" * 32))
    library.storage.of(BOB).save_call(replace(CALL, id="3"))
    page.run()
    assert not page.exception
    assert set(column(page, "By run", "Name")) == {f"Reading: one.md ({run.id[:6]})", "bob (ffffff)", "Without a run"}
    assert dict(zip(column(page, "By person", "Name"), column(page, "By person", "Money"), strict=True)) == {
        "local": "0.5000 USD",
        "bob": "1.0000 USD",
    }


def test_a_person_alone_is_not_told_apart(page: AppTest, library: Library) -> None:
    library.storage.of(LOCAL).save_call(CALL)
    page.run()
    assert "By person" not in [heading.value for heading in page.subheader]


def test_what_was_sent_is_not_denied(page: AppTest, library: Library) -> None:
    library.storage.of(LOCAL).save_departure(SENT)
    page.run()
    assert not page.exception
    assert not any("Nothing was sent" in caption.value for caption in page.caption)


def test_currencies_are_not_added_up(page: AppTest, library: Library) -> None:
    library.storage.of(LOCAL).save_call(replace(CALL, answered_at=SENT.at))
    library.storage.of(LOCAL).save_call(replace(CALL, id="2", cost=Decimal(10), currency="CNY", answered_at=SENT.at))
    page.run()
    assert not page.exception
    assert {caption.value.split(" · ")[-1] for caption in page.caption} == {"0.5000 USD", "10.0000 CNY"}
    assert set(column(page, "By model", "Name")) == {"kimi-k3.1-pro (CNY)", "kimi-k3.1-pro (USD)"}
    assert set(column(page, "By day", "Money")) == {"0.5000 USD", "10.0000 CNY"}


def test_times_are_those_of_the_reader(page: AppTest, library: Library) -> None:
    library.storage.of(LOCAL).save_call(replace(CALL, answered_at=SENT.at))
    library.storage.of(LOCAL).save_departure(SENT)
    page.context["timezone"] = "Asia/Shanghai"
    page.run()
    assert not page.exception
    assert column(page, "By day", "Name") == ["2026-11-02"]
    assert column(page, "What left this machine", "When") == ["2026-11-02 04:30:00"]
