"""A batch: many documents, one order. Its id names its content, so the same call again is the same batch and goes on with it."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from kimi_docs.domain.calls import Usage
from kimi_docs.domain.claims import SummaryOrder
from kimi_docs.domain.document import Document
from kimi_docs.domain.runs import Failure, RunState, Stage
from kimi_docs.domain.scope import Actor
from kimi_docs.domain.table import Column, Table

PAUSING = frozenset({"quota_exhausted", "budget_reached", "key_refused"})
"""Codes of failures that are no document's fault: the batch waits for somebody to mend it, and then goes on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchEntry:
    """A file given to a batch. One that was refused has a failure and no document."""

    name: str
    document: str = ""
    failure: Failure | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """What was asked for. How far it is stands in its runs and summaries, nowhere else."""

    id: str
    title: str = ""
    entries: tuple[BatchEntry, ...] = ()
    order: SummaryOrder = SummaryOrder()
    columns: tuple[Column, ...] = ()
    created_at: datetime | None = None

    @property
    def documents(self) -> tuple[str, ...]:
        return tuple(entry.document for entry in self.entries if entry.document)


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchRow:
    """One entry and how far it is. `run` is its last run, empty where none was needed."""

    entry: BatchEntry
    state: RunState
    document: Document | None = None
    failure: Failure | None = None
    summary: str = ""
    run: str = ""
    stage: Stage | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchView:
    """A batch as it is now. `minutes_left` is None while nothing says how fast it goes."""

    batch: Batch
    rows: tuple[BatchRow, ...]
    usage: Usage = Usage()
    table: Table | None = None
    minutes_left: float | None = None

    @property
    def state(self) -> RunState:
        return state_of([row.state for row in self.rows])

    @property
    def done(self) -> int:
        return self.count(RunState.DONE) + self.count(RunState.PARTIAL)

    @property
    def pause(self) -> Failure | None:
        """Why it waits."""
        return next((row.failure for row in self.rows if row.state is RunState.WAITING and row.failure), None)

    def count(self, state: RunState) -> int:
        return sum(row.state is state for row in self.rows)


def batch_id(actor: Actor, entries: Sequence[BatchEntry], order: SummaryOrder, columns: Iterable[Column] = ()) -> str:
    """The name of a batch: whose it is, which documents, what is asked of them. Not the budget: raising it is the same batch."""
    asked = [[c.name, c.question, c.type.value, c.unit, *c.choices] for c in columns]
    refused = sorted([entry.name, entry.failure.code] for entry in entries if entry.failure)
    documents = sorted({entry.document for entry in entries if entry.document})
    how: list[object] = [order.engine, order.model, order.template, order.language]
    how += [order.sections] if order.sections else []
    content = [actor.space, actor.person, documents, refused, how, asked]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()[:32]


def state_of(states: Sequence[RunState]) -> RunState:
    """A batch's state from its documents': at work as long as one is, else waiting as soon as one waits."""
    some = set(states)
    if RunState.RUNNING in some or (RunState.QUEUED in some and some & {RunState.DONE, RunState.PARTIAL}):
        return RunState.RUNNING
    for state in (RunState.QUEUED, RunState.WAITING, RunState.STOPPED):
        if state in some:
            return state
    if some <= {RunState.DONE}:
        return RunState.DONE
    return RunState.FAILED if some == {RunState.FAILED} else RunState.PARTIAL
