"""What every store does with batches and the runs in them."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from kimi_docs.domain.calls import CallState
from kimi_docs.domain.cells import KeptCell, asked_again, edited
from kimi_docs.domain.claims import Completeness
from kimi_docs.domain.ports import Storage, Store
from kimi_docs.domain.runs import Run, RunState
from kimi_docs.domain.table import Cell, CellValue, Silence
from kimi_docs.errors import NotFound
from tests.storage.things import ALICE, BATCH, BOB, CALL, CELL, DOCUMENT, NOON, RUN, SUMMARY, later


@pytest.fixture
def store(storage: Storage) -> Store:
    return storage.of(ALICE)


def queued(id: str, **changes: Any) -> Run:
    usual = {"state": RunState.QUEUED, "created_at": later(1), "updated_at": later(1)}
    return replace(RUN, id=id, **{**usual, **changes})


def test_a_batch_comes_back_as_it_was_kept_and_the_same_again_keeps_its_time(store: Store) -> None:
    assert store.save_batch(BATCH) == store.get_batch(BATCH.id) == BATCH
    assert store.save_batch(replace(BATCH, title="Other", created_at=later(9))).created_at == NOON
    store.save_batch(replace(BATCH, id="batch-2", created_at=later(1)))
    assert [batch.id for batch in store.list_batches()] == ["batch-2", "batch-1"]
    assert len(store.list_batches(limit=1)) == 1
    with pytest.raises(NotFound):
        store.get_batch("nobody's")


def test_a_batch_is_kept_with_its_runs_and_those_that_are_there_stay(store: Store) -> None:
    store.add_run(queued("1", state=RunState.DONE))
    store.save_batch(BATCH, [queued("1"), queued("2")])
    assert {run.id: run.state for run in store.list_runs(batch=BATCH.id)} == {"1": RunState.DONE, "2": RunState.QUEUED}


def test_stopping_a_batch_ends_what_waits_and_asks_what_runs(store: Store) -> None:
    store.save_batch(BATCH, [queued("waits"), queued("runs", state=RunState.RUNNING), queued("over", state=RunState.DONE)])
    store.add_run(queued("another's", batch="batch-2"))
    store.stop_runs(BATCH.id)
    states = {run.id: (run.state, run.stop_requested) for run in store.list_runs()}
    assert states == {
        "waits": (RunState.STOPPED, True),
        "runs": (RunState.RUNNING, True),
        "over": (RunState.DONE, False),
        "another's": (RunState.QUEUED, False),
    }


def test_what_a_batch_spent_is_what_was_paid_and_what_is_under_way(store: Store) -> None:
    store.save_batch(BATCH, [queued("1"), queued("2", batch="batch-2")])
    for number, state in enumerate(CallState):
        store.save_call(replace(CALL, id=f"call {number}", state=state, run="1", cost=Decimal("0.5")))
    store.save_call(replace(CALL, id="of another", run="2", cost=Decimal(7)))
    store.save_call(replace(CALL, id="of unknown price", run="1", cost=None))
    assert store.spent(BATCH.id) == Decimal("1.0")
    assert store.spent(BATCH.id, besides="call 0") == Decimal("0.5")
    assert store.spent("nobody's") == 0


def test_many_documents_and_summaries_are_found_at_once(store: Store) -> None:
    store.save_document(DOCUMENT)
    store.save_summary(SUMMARY)
    assert list(store.find_documents([DOCUMENT.id, "e" * 64])) == [DOCUMENT]
    assert store.known_summaries([SUMMARY.id, "t" * 64]) == {SUMMARY.id: Completeness.PARTIAL}
    assert store.known_summaries([]) == {}


def test_a_worker_takes_what_waits_from_each_person_in_turn(storage: Storage) -> None:
    storage.of(ALICE).save_batch(BATCH, [queued(f"a{n}", created_at=later(n)) for n in range(3)])
    theirs = [queued(f"b{n}", created_at=later(10 + n)) for n in range(2)]
    others = [queued("no batch", batch=""), queued("at work", state=RunState.RUNNING), queued("in hand", updated_at=later(60))]
    storage.of(BOB).save_batch(replace(BATCH, id="batch-2"), [*theirs, *others])
    before = later(30)
    assert list(storage.waiting_runs(before)) == ["a0", "b0", "a1", "b1", "a2"]
    assert list(storage.waiting_runs(before, limit=2)) == ["a0", "b0"]
    assert list(storage.waiting_runs(before, among=["a2", "b1", "in hand", "gone"])) == ["a2", "b1"]
    assert set(storage.abandoned_runs(before)) == {"no batch", "at work"}
    assert set(storage.unfinished_runs(among=["a1", "in hand", "gone"])) == {"a1", "in hand"}


def test_runs_that_are_held_are_not_taken(storage: Storage) -> None:
    store = storage.of(ALICE)
    store.save_batch(BATCH, [queued("1")])
    assert list(storage.waiting_runs(later(2))) == ["1"]
    store.hold_runs(BATCH.id)
    assert list(storage.waiting_runs(NOON + timedelta(minutes=2))) == []


def test_only_one_can_begin_a_run(store: Store) -> None:
    store.add_run(queued("1"))
    begun = store.claim_run("1", state=RunState.RUNNING)
    assert begun
    assert begun.state is RunState.RUNNING
    assert store.claim_run("1", state=RunState.RUNNING) is None
    with pytest.raises(NotFound):
        store.claim_run("nobody's", state=RunState.RUNNING)


@pytest.mark.parametrize(
    "value", [Decimal("1.50"), "1.50", date(2026, 1, 26), "2026-01-26", True, "true", Silence.NOT_STATED, "not stated"]
)
def test_a_cell_keeps_the_kind_of_its_value_and_what_it_was_before(store: Store, value: CellValue) -> None:
    store.save_document(DOCUMENT)
    kept = replace(CELL, cell=replace(CELL.cell, value=value))
    store.save_cells([kept])
    (found,) = store.find_cells([DOCUMENT.id, "e" * 64], [CELL.column, "another"])
    assert found == kept
    assert type(found.cell.value) is type(value)
    store.save_cells([replace(kept, created_at=later(1))])
    assert list(store.find_cells([DOCUMENT.id], [CELL.column])) == [kept]
    assert store.known_cells([DOCUMENT.id], [CELL.column, "another"]) == {(DOCUMENT.id, CELL.column)}
    assert list(store.find_cells([DOCUMENT.id], [])) == []


def filled(value: CellValue) -> KeptCell:
    return KeptCell(document=DOCUMENT.id, column=CELL.column, cell=Cell(column="Profit", value=value), created_at=NOON)


def test_what_stood_in_a_cell_is_kept_even_if_who_writes_the_next_has_not_seen_it(store: Store) -> None:
    store.save_document(DOCUMENT)
    first = filled("first")
    store.save_cells([first])
    by_hand = edited(first, "by hand", "alice", later(1))
    again = asked_again(first, filled("again").cell, "bob", later(2))
    for changed in (by_hand, again, again):  # the last, because a write whose connection was cut is done twice
        store.save_cells([changed])
    (found,) = store.find_cells([DOCUMENT.id], [CELL.column])
    assert found == replace(again, history=(first.cell, by_hand.cell))


def test_a_plain_fill_never_replaces_what_a_person_wrote_or_had_asked_again(store: Store) -> None:
    store.save_document(DOCUMENT)
    store.save_cells([filled("first")])
    store.save_cells([filled("of another table")])
    (found,) = store.find_cells([DOCUMENT.id], [CELL.column])
    assert found == replace(filled("of another table"), history=(filled("first").cell,))
    for change in (edited(found, "by hand", "alice", later(1)), asked_again(found, filled("again").cell, "bob", later(2))):
        store.save_cells([change])
        (before,) = store.find_cells([DOCUMENT.id], [CELL.column])
        store.save_cells([filled("late")])
        assert list(store.find_cells([DOCUMENT.id], [CELL.column])) == [before]


def test_many_runs_are_changed_at_once_and_those_that_have_ended_or_are_not_there_are_passed_over(store: Store) -> None:
    store.save_batch(BATCH, [queued("1"), queued("2"), queued("over", state=RunState.DONE)])
    one, two, over = (store.get_run(id) for id in ("1", "2", "over"))
    nobodys, others = replace(one, id="nobody's"), replace(one, holder="somebody else")
    five = [(run, {"done": 5}) for run in (one, nobodys, over)]
    store.update_runs([*five, (others, {"done": 7}), (two, {"state": RunState.DONE})])
    found = {run.id: (run.state, run.done) for run in store.list_runs(batch=BATCH.id)}
    assert found == {"1": (RunState.QUEUED, 5), "2": (RunState.DONE, RUN.done), "over": (RunState.DONE, RUN.done)}
