"""What a worker puts into the queue, and puts there again when nobody has begun it."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from kimi_docs.batches import IN_NOBODYS_HAND
from kimi_docs.domain.batch import Batch
from kimi_docs.domain.runs import Run, RunKind, RunState
from kimi_docs.domain.scope import LOCAL
from kimi_docs.jobs import worker
from kimi_docs.jobs.worker import ABANDONED, Feeder
from tests.conftest import ROOT
from tests.fakes import MemoryStorage


@dataclass
class Queue:
    """Stands in for DBOS: knows how each workflow stands, and remembers what it was told to do."""

    executor_id: str = "here"
    workflows: dict[str, SimpleNamespace] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)

    def stands(self, run: str, status: str, executor: str = "here") -> None:
        self.workflows[run] = SimpleNamespace(status=status, executor_id=executor)

    def get_workflow_status(self, run: str) -> SimpleNamespace | None:
        return self.workflows.get(run)

    def enqueue_workflow(self, _queue: str, _workflow: Callable[..., Any], run: str) -> None:
        self.told.append(("enqueued", run))
        self.stands(run, "ENQUEUED")

    def resume_workflow(self, run: str, *, queue_name: str) -> None:
        self.told.append(("resumed", run))
        self.stands(run, "ENQUEUED")


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    made = Queue()
    monkeypatch.setattr(worker, "DBOS", made)
    return made


@pytest.fixture
def feeder() -> Feeder:
    storage, long_ago = MemoryStorage(), datetime.now(UTC) - IN_NOBODYS_HAND
    run = Run(id="run", kind=RunKind.SUMMARIZE, batch="b", created_at=long_ago, updated_at=long_ago)
    storage.of(LOCAL).save_batch(Batch(id="b"), [run])
    return Feeder(storage, 4)


def passed(monkeypatch: pytest.MonkeyPatch, feeder: Feeder, seconds: float) -> None:
    """The feeder as it feeds and looks again so much later."""
    monkeypatch.setattr(worker, "ABANDONED", ABANDONED - timedelta(seconds=seconds))
    feeder.feed()
    feeder.feed_again()


INTERRUPTED = """
import os, signal, sys
from kimi_docs.jobs.worker import stop_on_signals

stop, deep = stop_on_signals(), []

def step(frame, event, _argument):
    deep.append(frame)
    if len(deep) == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGTERM)
    return step

sys.settrace(step)
for _ in range(40):
    if stop.wait(0.01):
        break
sys.settrace(None)
sys.exit(0 if stop.wait(0) else 1)
"""
"""A wait for the end into whose n-th step the signal comes."""


@pytest.mark.parametrize("place", [1, 5, 9, 13, 17, 21])
def test_a_signal_ends_the_wait_wherever_it_comes(place: int) -> None:
    assert subprocess.run([sys.executable, "-c", INTERRUPTED, str(place)], timeout=20, cwd=ROOT, check=False).returncode == 0


def test_a_run_whose_worker_was_killed_before_it_began_is_resumed(
    queue: Queue, feeder: Feeder, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.stands("run", "PENDING", "another, killed")
    passed(monkeypatch, feeder, 0)
    assert queue.told == []
    passed(monkeypatch, feeder, 21)
    assert queue.told == [("resumed", "run")]


def test_a_run_whose_workflow_failed_before_it_began_is_queued_again(
    queue: Queue, feeder: Feeder, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed(monkeypatch, feeder, 0)
    queue.stands("run", "ERROR")
    passed(monkeypatch, feeder, 0)
    assert queue.told == [("enqueued", "run")]
    passed(monkeypatch, feeder, 21)
    assert queue.told == [("enqueued", "run")] * 2


@pytest.mark.parametrize("status", ["ENQUEUED", "PENDING"])
def test_a_run_that_waits_in_the_queue_or_is_at_work_here_is_left_alone(
    queue: Queue, feeder: Feeder, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    passed(monkeypatch, feeder, 0)
    queue.stands("run", status)
    passed(monkeypatch, feeder, 21)
    assert queue.told == [("enqueued", "run")]


def test_a_run_that_has_begun_is_not_queued_again(queue: Queue, feeder: Feeder, monkeypatch: pytest.MonkeyPatch) -> None:
    passed(monkeypatch, feeder, 0)
    feeder.storage.of(LOCAL).claim_run("run", state=RunState.RUNNING)
    queue.stands("run", "ERROR")
    passed(monkeypatch, feeder, 21)
    assert queue.told == [("enqueued", "run")]
