"""What every store does with runs, calls and the ledger of departures."""

from dataclasses import replace
from typing import Any

import pytest

from kimi_docs.domain.calls import CallState, Completion, Sending
from kimi_docs.domain.ports import Storage, Store
from kimi_docs.domain.runs import RunState, Stage
from kimi_docs.errors import NotFound, WrongUse
from tests.storage.things import (
    ALICE,
    ALICE_ELSEWHERE,
    BOB,
    CALL,
    DEPARTURE,
    DOCUMENT,
    DRAFT,
    RUN,
    SESSION,
    USAGE,
    later,
)


@pytest.fixture
def store(storage: Storage) -> Store:
    return storage.of(ALICE)


def test_a_run_comes_back_as_it_was_added_and_is_added_once(store: Store) -> None:
    assert store.add_run(RUN) == store.get_run(RUN.id) == RUN
    assert store.add_run(replace(RUN, done=0)) == RUN


def test_a_run_tells_how_far_it_is(store: Store) -> None:
    store.add_run(replace(RUN, state=RunState.QUEUED, draft=None, failure=None, stage=None))
    changes: dict[str, Any] = {"state": RunState.RUNNING, "stage": Stage.WRITING, "draft": DRAFT, "usage": USAGE, "done": 2}
    run = store.update_run(RUN.id, **changes)
    assert run == store.get_run(RUN.id)
    assert run == replace(RUN, failure=None, updated_at=run.updated_at, **changes)
    assert run.updated_at is not None
    assert run.updated_at > later(0)


def test_changing_a_run_never_touches_a_request_to_stop(store: Store) -> None:
    store.add_run(RUN)
    store.request_stop(RUN.id)
    assert store.update_run(RUN.id, done=2, stop_requested=False).stop_requested
    assert store.update_run(RUN.id, stop_requested=False).stop_requested


@pytest.mark.parametrize("state", [state for state in RunState if state.ended])
def test_an_ended_run_is_not_changed_but_can_be_queued_again(store: Store, state: RunState) -> None:
    store.add_run(RUN)
    ended = store.update_run(RUN.id, state=state, result="answer-1")
    assert store.update_run(RUN.id, state=RunState.RUNNING, result="", done=9) == ended
    store.request_stop(RUN.id)
    assert store.get_run(RUN.id) == ended
    again = store.update_run(RUN.id, state="queued", done=0, failure=None)
    assert (again.state, again.done, again.failure) == (RunState.QUEUED, 0, None)


@pytest.mark.parametrize("name", ["created_at", "space", "owner", "nonsense"])
def test_a_run_has_no_other_fields_to_change(store: Store, name: str) -> None:
    store.add_run(RUN)
    with pytest.raises(WrongUse):
        store.update_run(RUN.id, **{name: "x"})


def test_a_run_that_is_not_there_cannot_be_changed_or_stopped(store: Store) -> None:
    with pytest.raises(NotFound):
        store.update_run("nobody's", done=1)
    with pytest.raises(NotFound):
        store.request_stop("nobody's")


def test_runs_are_listed_newest_first_by_what_they_belong_to(store: Store) -> None:
    other: dict[str, Any] = {"documents": ("e" * 64, "f" * 64), "session": "", "batch": ""}
    for number, changes in enumerate([{}, other, {"state": RunState.DONE}]):
        store.add_run(replace(RUN, id=str(number), created_at=later(number), **changes))

    def ids(**which: Any) -> list[str]:
        return [run.id for run in store.list_runs(**which)]

    assert ids() == ["2", "1", "0"]
    assert ids(limit=1) == ["2"]
    assert ids(active=True) == ["1", "0"]
    assert ids(active=False) == ["2"]
    assert ids(document="f" * 64) == ["1"]
    assert ids(document="f") == []
    assert ids(document=DOCUMENT.id, active=True) == ["0"]
    assert ids(session=SESSION.id) == ids(batch="batch-1") == ["2", "0"]


def test_the_worker_finds_everybodys_unfinished_runs_and_whose_they_are(storage: Storage) -> None:
    actors = (ALICE, BOB, ALICE_ELSEWHERE)
    for number, (actor, state) in enumerate(zip(actors, (RunState.WAITING, RunState.RUNNING, RunState.QUEUED), strict=True)):
        storage.of(actor).add_run(replace(RUN, id=f"run {number}", state=state, created_at=later(-number)))
    storage.of(ALICE).add_run(replace(RUN, id="over", state=RunState.FAILED))
    assert list(storage.unfinished_runs()) == ["run 2", "run 1", "run 0"]
    assert [storage.actor_of_run(f"run {number}") for number in range(3)] == list(actors)
    with pytest.raises(NotFound):
        storage.actor_of_run("nobody's")


# Calls and departures


def test_a_call_is_kept_as_sent_and_then_as_answered(store: Store) -> None:
    assert store.find_call(CALL.id) is None
    sent = replace(CALL, state=CallState.SENT, completion=None, cost=None, answered_at=None)
    store.save_call(sent)
    assert store.find_call(CALL.id) == sent
    store.save_call(CALL)
    assert store.find_call(CALL.id) == CALL
    assert store.find_call(CALL.id).cost.as_tuple() == CALL.cost.as_tuple()  # type: ignore[union-attr]


@pytest.mark.parametrize("state", [CallState.SENT, CallState.REFUSED])
def test_a_call_that_was_answered_stays_answered(store: Store, state: CallState) -> None:
    store.save_call(CALL)
    store.save_call(replace(CALL, state=state, completion=None))
    assert store.find_call(CALL.id) == CALL


def test_a_call_belongs_to_whom_it_was_first_sent_for(storage: Storage) -> None:
    storage.of(ALICE).save_call(replace(CALL, state=CallState.SENT, completion=None))
    storage.of(BOB).save_call(CALL)
    assert [call.owner for call in storage.of(BOB).list_calls()] == [ALICE.person]


def test_calls_are_listed_newest_first_by_their_run(store: Store) -> None:
    for number in (2, 1, 3):
        store.save_call(replace(CALL, id=str(number), run=f"run {number % 2}", sent_at=later(number)))
    store.save_call(replace(CALL, id="never sent", sent_at=None))
    assert [call.id for call in store.list_calls()] == ["3", "2", "1", "never sent"]
    assert [call.id for call in store.list_calls(run="run 1")] == ["3", "1"]
    assert [call.id for call in store.list_calls(limit=1)] == ["3"]


def test_receipts_are_all_that_was_answered_without_what_was_said(store: Store) -> None:
    store.add_run(replace(RUN, id="run 1", batch="batch-1"))
    store.add_run(replace(RUN, id="run 2", batch="batch-2"))
    said = Completion(
        text='"input_tokens": 7, \0', finish="stop", input_tokens=5, cached_tokens=3, output_tokens=2, reasoning="why"
    )
    for number in (2, 1, 3):
        store.save_call(replace(CALL, id=str(number), run=f"run {number % 2 + 1}", sent_at=later(number), completion=said))
    store.save_call(replace(CALL, id="of unknown price", sent_at=None, cost=None, completion=said))
    store.save_call(replace(CALL, id="under way", state=CallState.SENT, completion=None))
    told = Completion(text="", finish="", input_tokens=5, cached_tokens=3, output_tokens=2)
    found = store.list_receipts()
    assert [call.id for call in found] == ["3", "2", "1", "of unknown price"]
    assert found[0] == replace(CALL, id="3", run="run 2", sent_at=later(3), completion=told)
    assert (found[0].owner, found[-1].cost) == (ALICE.person, None)
    assert [call.id for call in store.list_receipts(batch="batch-2")] == ["3", "1"]
    assert list(store.list_receipts(batch="nobody's")) == []


def test_a_line_of_the_ledger_says_later_that_the_file_was_deleted_there(store: Store) -> None:
    store.save_departure(DEPARTURE)
    store.save_departure(replace(DEPARTURE, deleted_at=later(2)))
    store.save_departure(replace(DEPARTURE, id="departure-2", at=later(1), document=None))
    assert list(store.list_departures()) == [
        replace(DEPARTURE, id="departure-2", at=later(1), document=None),
        replace(DEPARTURE, deleted_at=later(2)),
    ]
    assert len(store.list_departures(limit=1)) == 1


def test_whoever_has_something_left_at_the_provider_is_known(storage: Storage) -> None:
    sent = replace(DEPARTURE, purpose="file-extract", deleted_at=None)
    for actor, changes in ((ALICE, {}), (BOB, {"deleted_at": later(9)}), (ALICE_ELSEWHERE, {"purpose": "chat"})):
        for number in range(2):
            storage.of(actor).save_departure(replace(sent, id=f"{actor.space}-{actor.person}-{number}", **changes))
    assert list(storage.actors_with_undeleted("file-extract")) == [ALICE]


def test_a_call_about_to_leave_is_kept_with_its_departure(store: Store) -> None:
    sent = replace(CALL, id="new", state=CallState.SENT, completion=None, holder="one")
    assert store.write_calls([Sending(call=sent, departure=replace(DEPARTURE, id="new"))], [CALL]) == [sent]
    assert store.find_call("new") == sent
    assert store.find_call(CALL.id) == CALL
    assert [departure.id for departure in store.list_departures()] == ["new"]


def test_a_call_that_was_answered_or_is_awaited_by_another_process_is_not_sent(store: Store) -> None:
    store.save_call(CALL)
    assert store.write_calls([Sending(call=replace(CALL, state=CallState.SENT, completion=None), departure=DEPARTURE)]) == [CALL]
    awaited = replace(CALL, id="awaited", state=CallState.SENT, completion=None, holder="one")
    store.write_calls([Sending(call=awaited, departure=replace(DEPARTURE, id="first"))])
    mine = Sending(call=replace(awaited, holder="two"), departure=DEPARTURE)
    assert store.write_calls([mine]) == [awaited]
    assert [departure.id for departure in store.list_departures()] == ["first"]
    assert store.write_calls([replace(mine, instead_of="one")]) == [mine.call]
