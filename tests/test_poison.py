"""A document that ends the program is given up after three tries; waiting for the provider is no fault of a document."""

import asyncio
from dataclasses import replace

import pytest

from kimi_docs.domain.runs import Run, RunKind, RunState, Stage
from kimi_docs.domain.scope import LOCAL
from kimi_docs.library import Library, make_workshop
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
