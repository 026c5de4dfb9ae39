"""Kill it anywhere, start it again: nothing is lost, and no answered call is sent a second time."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from kimi_docs.domain.calls import Departure
from kimi_docs.domain.claims import Summary
from kimi_docs.domain.runs import Run, RunKind, RunState
from kimi_docs.domain.scope import Actor
from kimi_docs.kimi import files
from kimi_docs.library import Library, make_workshop
from tests.conftest import ROOT, Worker, eventually
from tests.extract.test_file_service import upload
from tests.kimi_server import KimiServer

PAPER = ROOT / "samples" / "paper-en.pdf"


def started(library: Library, actor: Actor) -> Run:
    added = library.add(actor, PAPER.read_bytes(), PAPER.name)
    run = library.summarize(actor, added.document.id, library.order())
    assert isinstance(run, Run)
    return run


def ended(library: Library, actor: Actor, run: Run) -> Callable[[], Run | None]:
    def look() -> Run | None:
        now = library.run(actor, run.id)
        return now if now.state.ended else None

    return look


def test_a_killed_worker_goes_on_and_sends_no_answered_call_again(
    kimi: Callable[..., KimiServer], library: Library, actor: Actor, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = kimi(latency=0.7)
    monkeypatch.setenv("KIMI_DOCS_CHUNK_TOKENS", "900")
    run = started(library, actor)
    worker.start()
    eventually(lambda: sum(call.outcome == "answered" for call in server.calls) >= 2)
    eventually(lambda: any(not call.settled for call in server.calls))
    worker.kill()
    answered_before = [call.body for call in server.calls if call.outcome == "answered"]
    worker.start()
    last = eventually(ended(library, actor, run))
    assert isinstance(last, Run)
    assert last.state is RunState.DONE
    assert last.usage.possible_duplicates <= 1
    for body in answered_before:
        assert sum(call.body == body for call in server.calls) == 1
    summary = library.summary(actor, last.result)
    assert summary.usage.calls == len({str(call.body) for call in server.calls})
    assert summary.coverage.characters_sent == summary.coverage.characters


def test_a_worker_that_starts_deletes_what_a_crash_left_at_the_file_service(
    kimi: Callable[..., KimiServer], library: Library, actor: Actor, worker: Worker
) -> None:
    server, node = kimi(), files._PROCESS.partition("-")[0]
    theirs, ours = (upload(server, name) for name in ("their report.txt", "0123456789abcdef.txt"))
    line = Departure(
        id=f"{node}-{2**22 + 5:x}-gone-0123456789abcdef", at=datetime.now(UTC), host="127.0.0.1", purpose="file-extract", bytes=1
    )
    library.storage.of(actor).save_departure(line)
    worker.start()
    eventually(lambda: server.files.ids == [theirs])
    assert ours != theirs
    eventually(lambda: all(departure.deleted_at for departure in library.departures(actor)))


def test_a_worker_that_is_told_to_end_leaves_the_run_to_the_next_one(
    kimi: Callable[..., KimiServer], library: Library, actor: Actor, worker: Worker
) -> None:
    server = kimi(latency=60)
    run = started(library, actor)
    worker.start()
    eventually(lambda: server.calls)
    worker.end()
    assert not library.run(actor, run.id).state.ended
    kimi()
    worker.start()
    last = eventually(ended(library, actor, run))
    assert isinstance(last, Run)
    assert last.state is RunState.DONE


def test_a_run_that_was_written_down_but_never_queued_is_taken_up(library: Library, actor: Actor, worker: Worker) -> None:
    document = library.add(actor, PAPER.read_bytes(), PAPER.name).document
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    run = Run(id="f" * 32, kind=RunKind.SUMMARIZE, documents=(document.id,), order=library.order(), updated_at=long_ago)
    library.storage.of(actor).add_run(run)
    worker.start()
    last = eventually(ended(library, actor, run))
    assert isinstance(last, Run)
    assert last.state is RunState.DONE


def test_stopping_a_run_takes_two_seconds_at_most_and_keeps_what_is_written(
    kimi: Callable[..., KimiServer], library: Library, actor: Actor, worker: Worker
) -> None:
    kimi(tokens_per_second=60)
    run = started(library, actor)
    worker.start()
    eventually(lambda: (draft := library.run(actor, run.id).draft) and draft.sections)
    library.stop(actor, run.id)
    last = eventually(ended(library, actor, run), seconds=3)
    assert isinstance(last, Run)
    assert last.state is RunState.STOPPED
    assert last.draft is not None
    assert last.draft.sections


def test_the_same_order_again_is_the_same_summary_and_costs_nothing(
    kimi: Callable[..., KimiServer], library: Library, actor: Actor, worker: Worker
) -> None:
    server = kimi()
    run = started(library, actor)
    worker.start()
    eventually(ended(library, actor, run))
    again = library.summarize(actor, run.documents[0], library.order())
    assert isinstance(again, Summary)
    assert len(server.calls) == 1


def test_who_was_asleep_while_its_run_was_taken_over_writes_nothing_when_it_wakes(
    kimi: Callable[..., KimiServer], library: Library, actor: Actor
) -> None:
    server = kimi(latency=1.0)
    run, store = started(library, actor), library.storage.of(actor)
    sleeper = make_workshop(library.storage, library.blobs, library.reader, library.settings)

    async def taken_over() -> Run:
        work = asyncio.create_task(sleeper.perform(run.id))
        while not server.calls:
            await asyncio.sleep(0.02)
        store.update_run(run.id, holder="another/1/process")
        last = await work
        await sleeper.engines.close()
        return last

    last = asyncio.run(taken_over())
    assert (last.state, last.holder) == (RunState.RUNNING, "another/1/process")
    assert library.summaries(actor, run.documents[0]) == []
