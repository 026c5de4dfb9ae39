"""A document that ends the program is given up after three tries; waiting for the provider is no fault of a document."""

import asyncio
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kimi_docs.domain.runs import Run, RunKind, RunState, Stage
from kimi_docs.domain.scope import LOCAL
from kimi_docs.library import Library, make_workshop
from tests.conftest import eventually
from tests.test_batch import notes
from tests.test_survival import PAPER


@pytest.fixture
def left(library: Library) -> Run:
    """A run whose process is gone."""
    document = library.add(LOCAL, PAPER.read_bytes(), PAPER.name).document
    order = replace(library.order(), engine="local")
    return Run(id="r" * 32, kind=RunKind.SUMMARIZE, state=RunState.RUNNING, documents=(document.id,), order=order)


def performed(library: Library, run: Run) -> Run:
    library.storage.of(LOCAL).add_run(run)
    workshop = make_workshop(library.storage, library.blobs, library.reader, library.settings)
    return asyncio.run(workshop.perform(run.id))


@pytest.mark.parametrize("stage", [Stage.READING, Stage.WRITING, Stage.CHECKING])
def test_a_document_that_ended_the_program_three_times_is_given_up_with_its_reason(
    library: Library, left: Run, stage: Stage
) -> None:
    last = performed(library, replace(left, stage=stage, tries=2))
    assert last.state is RunState.FAILED
    assert last.failure
    assert "3 times" in last.failure.message.text("en")


def test_one_that_ended_it_twice_is_tried_a_third_time(library: Library, left: Run) -> None:
    last = performed(library, replace(left, stage=Stage.READING, tries=1))
    assert (last.state, last.tries) == (RunState.DONE, 2)


def test_a_program_that_ended_while_it_waited_for_the_provider_counts_for_nothing(library: Library, left: Run) -> None:
    last = performed(library, replace(left, stage=Stage.SENDING, tries=2))
    assert (last.state, last.tries) == (RunState.DONE, 2)


POISONED = """
import os, signal, sys
from kimi_docs.__main__ import main
from kimi_docs.extract.sandbox import Pool

read = Pool.extract

def extract(self, path, document, *rest, **options):
    if document.name == "poison.md":
        os.kill(os.getpid(), signal.SIGKILL)
    return read(self, path, document, *rest, **options)

Pool.extract = extract
sys.argv = ["kimi-docs", "worker"]
main()
"""
"""A worker that a certain file ends, as one would that brought its machine out of memory."""


def test_a_file_that_kills_a_real_worker_three_times_fails_alone_and_the_others_are_done(library: Library, tmp_path: Path) -> None:
    folder = notes(tmp_path / "notes", 6)
    (folder / "poison.md").write_text("# Poison\n\nWhoever reads this ends at once.", encoding="utf-8")
    started = library.batch(LOCAL, library.collect(LOCAL, [folder]), replace(library.order(), engine="local"))
    deaths = 0
    while library.batch_runs(LOCAL, started.id):
        with subprocess.Popen([sys.executable, "-c", POISONED], stdin=subprocess.DEVNULL) as worker:
            eventually(lambda worker=worker: worker.poll() is not None or not library.batch_runs(LOCAL, started.id), seconds=60)
            deaths += worker.poll() == -signal.SIGKILL
            worker.terminate()
    rows = {row.entry.name: row for row in library.batch_view(LOCAL, started.id).rows}
    failed = rows.pop("poison.md")
    assert deaths == 3
    assert (failed.state, {row.state for row in rows.values()}) == (RunState.FAILED, {RunState.DONE})
    assert failed.failure
    assert "3 times" in failed.failure.message.text("en")
