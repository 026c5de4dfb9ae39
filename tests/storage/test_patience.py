"""A server that is started anew is waited for, and who has lost a run writes nothing of it any more."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kimi_docs.domain.ports import Storage
from kimi_docs.domain.runs import RunState, Stage
from kimi_docs.errors import HeldElsewhere, Unreachable
from storage.open import open_storage
from tests.postgres import Postgres
from tests.storage.things import ALICE, BOB, CALL, CELL, DOCUMENT, EXTRACTION, RUN, SUMMARY

MINE = replace(RUN, state=RunState.RUNNING, holder="here/1/a", failure=None)


@pytest.mark.postgres
def test_what_is_written_while_the_server_is_away_is_written_once_it_is_back(
    postgres: Postgres, new_database: Callable[[], str], tmp_path: Path
) -> None:
    with open_storage(database_url=new_database(), blobs_url="", home=tmp_path, patient=True) as storage:
        store = storage.of(ALICE)
        store.save_document(DOCUMENT)
        store.add_run(replace(MINE, state=RunState.QUEUED))
        postgres.stop()
        back = threading.Thread(target=lambda: (time.sleep(1), postgres.start()))
        back.start()
        run = store.claim_run(MINE.id, state=RunState.RUNNING, holder=MINE.holder)
        back.join()
        assert run
        assert (run.state, run.holder) == (RunState.RUNNING, MINE.holder)
        postgres.restart()
        assert store.update_run(MINE.id, stage=Stage.CHECKING).stage is Stage.CHECKING
        assert [mark.member for mark in storage.meter.read("account")] == []


@pytest.mark.postgres
def test_who_has_no_patience_is_told_that_the_server_is_away(
    postgres: Postgres, new_database: Callable[[], str], tmp_path: Path
) -> None:
    with open_storage(database_url=new_database(), blobs_url="", home=tmp_path) as storage:
        storage.patience_seconds = 0.1
        postgres.stop()
        try:
            with pytest.raises(Unreachable):
                storage.of(ALICE).list_runs()
        finally:
            postgres.start()
        assert storage.of(ALICE).list_runs() == []


def test_a_run_is_claimed_once_and_again_only_by_the_same_holder(storage: Storage) -> None:
    store = storage.of(ALICE)
    store.add_run(replace(MINE, state=RunState.QUEUED, holder=""))
    changes = {"state": RunState.RUNNING, "holder": "here/1/a"}
    assert store.claim_run(MINE.id, **changes)
    assert store.claim_run(MINE.id, **changes)
    assert store.claim_run(MINE.id, **{**changes, "holder": "here/1/b"}) is None


def test_who_lost_a_run_writes_nothing_but_what_was_paid_for(storage: Storage) -> None:
    store = storage.of(ALICE)
    store.save_document(DOCUMENT)
    store.add_run(MINE)
    held = store.held(MINE)
    held.save_extraction(EXTRACTION)
    held.update_run(MINE.id, stage=Stage.WRITING)
    store.update_run(MINE.id, holder="there/2/b")
    for write in (
        lambda: held.save_summary(SUMMARY),
        lambda: held.save_cells([CELL]),
        lambda: held.save_extraction(replace(EXTRACTION, extractor="late")),
        lambda: held.update_run(MINE.id, state=RunState.FAILED),
    ):
        with pytest.raises(HeldElsewhere):
            write()
    held.write_calls(saved=[CALL])
    assert store.find_call(CALL.id) == CALL
    assert (store.find_summary(SUMMARY.id), list(store.find_cells([DOCUMENT.id], [CELL.column]))) == (None, [])
    assert store.get_run(MINE.id).state is RunState.RUNNING
    with pytest.raises(HeldElsewhere):
        storage.of(BOB).held(replace(MINE, holder="there/2/b")).save_cells([CELL])
