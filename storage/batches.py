"""Batches and their runs, many at a time ↔ the database, for one actor."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from sqlalchemy.engine import Connection

from kimi_docs import faults
from kimi_docs.domain.batch import Batch
from kimi_docs.domain.calls import CallState
from kimi_docs.domain.claims import Completeness
from kimi_docs.domain.document import Document
from kimi_docs.domain.runs import Run, RunState
from storage import tables
from storage.engine import reading, writing
from storage.part import ENDED, NO_BATCH, NO_RUN, Part, now, there
from storage.rows import to_row

PAID_OR_UNDER_WAY = [CallState.ANSWERED.value, CallState.SENT.value]


class Batches(Part):
    """Seen by their owner only; documents and summaries by the whole space."""

    def save_batch(self, batch: Batch, runs: Sequence[Run] = ()) -> Batch:
        """Keep it and its runs in one; the same again keeps its time. Raises: NotFound where the id is somebody else's."""
        faults.point("batch_saving")
        row = to_row(replace(batch, created_at=batch.created_at or now()))
        with writing(self._engine) as connection:
            there(connection.execute(self._scope.upsert(tables.batches, row, keep=["created_at"])).first(), NO_BATCH)
            for run in runs:
                self._add_run(connection, run)
        faults.point("batch_saved")
        return self.get_batch(batch.id)

    def add_runs(self, runs: Sequence[Run]) -> None:
        """Add all of them or none. Raises: NotFound where an id is somebody else's."""
        with writing(self._engine) as connection:
            for run in runs:
                self._add_run(connection, run)
                self._require(connection, tables.runs, run.id, NO_RUN)

    def _add_run(self, connection: Connection, run: Run) -> None:
        at = now()
        row = to_row(replace(run, created_at=run.created_at or at, updated_at=run.updated_at or at))
        connection.execute(self._scope.insert(tables.runs, row))

    def get_batch(self, id: str) -> Batch:
        return there(self._find(Batch, tables.batches, id), NO_BATCH)

    def list_batches(self, *, limit: int = 200) -> Sequence[Batch]:
        """Newest first."""
        table = tables.batches
        return self._list(Batch, self._scope.select(table).order_by(table.c.created_at.desc(), table.c.id.desc()).limit(limit))

    def hold_runs(self, batch: str) -> None:
        """Show that somebody has the batch's queued runs in hand."""
        self.get_batch(batch)
        table = tables.runs
        with writing(self._engine) as connection:
            held = self._scope.update(table).where(table.c.batch == batch, table.c.state == RunState.QUEUED.value)
            connection.execute(held.values(updated_at=now()))

    def stop_runs(self, batch: str) -> None:
        """Ask all that have not ended to end; those that have not begun end at once. Raises: NotFound."""
        self.get_batch(batch)
        table = tables.runs
        with writing(self._engine) as connection:
            asked = self._scope.update(table).where(table.c.batch == batch, table.c.state.not_in(ENDED))
            connection.execute(asked.values(stop_requested=True))
            waiting = self._scope.update(table).where(table.c.batch == batch, table.c.state == RunState.QUEUED.value)
            connection.execute(waiting.values(state=RunState.STOPPED.value, updated_at=now()))

    def spent(self, batch: str, *, besides: str = "") -> Decimal:
        """What the batch's calls cost, and what those under way may still cost."""
        runs, calls = tables.runs, tables.calls
        of_batch = self._scope.select(runs, runs.c.id).where(runs.c.batch == batch)
        costs = self._scope.select(calls, calls.c.cost).where(calls.c.run.in_(of_batch), calls.c.state.in_(PAID_OR_UNDER_WAY))
        costs = costs.where(calls.c.id != besides)
        with reading(self._engine) as connection:
            return sum((Decimal(cost) for cost in connection.execute(costs).scalars() if cost is not None), Decimal(0))

    def find_documents(self, ids: Sequence[str]) -> Sequence[Document]:
        """Those that are there, in no order."""
        table = tables.documents
        return self._list(Document, self._scope.select(table).where(table.c.id.in_(ids)))

    def known_summaries(self, ids: Sequence[str]) -> Mapping[str, Completeness]:
        table = tables.summaries
        found = self._scope.select(table, table.c.id, table.c.state).where(table.c.id.in_(ids))
        with reading(self._engine) as connection:
            return {row.id: Completeness(row.state) for row in connection.execute(found)}
