"""What was paid for comes from the record; what somebody wants anew is asked for anew."""

from collections.abc import Callable

from kimi_docs.domain.calls import Request
from kimi_docs.domain.scope import LOCAL
from tests.analyze.conftest import Sitting
from tests.kimi_server import KimiServer

Sit = Callable[[], Sitting]
Start = Callable[..., KimiServer]
TEXT = "The bridge over the Svratka river carries 1,350 tonnes of steel. It was opened in 1931 by the mayor of the city."


def test_the_attempt_names_a_call_and_is_not_sent() -> None:
    first = Request(model="m", messages=({"role": "user", "content": "x"},))
    assert first.id == Request(model="m", messages=first.messages, attempt=0).id
    assert first.id != Request(model="m", messages=first.messages, attempt=1).id


def test_a_new_version_is_a_new_call_with_the_same_words(sit: Sit, kimi: Start) -> None:
    server, at = kimi(), sit()
    document = at.add(TEXT)
    first = at.summarize(document)
    assert at.summarize(document).id == first.id
    second = at.summarize(document, again=True)
    assert [len(server.calls), server.calls[1].body == server.calls[0].body] == [2, True]
    assert second.id != first.id
    assert {one.id for one in at.library.summaries(LOCAL, document)} == {first.id, second.id}
    assert at.summarize(document).id == second.id
    assert len(server.calls) == 2


def test_a_version_that_was_not_kept_is_made_from_its_calls(sit: Sit, kimi: Start) -> None:
    server, at = kimi(), sit()
    document = at.add(TEXT)
    at.summarize(document)
    order = at.library.next_version(LOCAL, document, at.library.order())
    made = at.summarize(document, again=True)
    assert at.carry_out(document, order).id == made.id
    assert len(server.calls) == 2


def test_the_same_question_elsewhere_comes_from_the_record_and_again_is_asked(sit: Sit, kimi: Start) -> None:
    server, at = kimi(), sit()
    document = at.add(TEXT)
    question = "How much steel does the bridge carry?"
    at.ask(at.library.open_session(LOCAL, [document]), question)
    session = at.library.open_session(LOCAL, [document])
    assert at.ask(session, question).usage.calls == 0
    for calls in (2, 3):
        assert at.ask(session, question, again=True).usage.calls == 1
        assert len(server.calls) == calls
        assert server.calls[-1].body == server.calls[0].body


def test_on_this_machine_a_new_version_replaces_the_old(sit: Sit) -> None:
    at = sit()
    document = at.add(TEXT)
    assert at.summarize(document).id == at.summarize(document, again=True).id
