"""A run carried out in this process, in the foreground: how the command line works without a worker."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from kimi_docs.domain.ports import Storage
from kimi_docs.domain.runs import Run, RunState
from kimi_docs.jobs.work import Workshop

ALIVE = timedelta(seconds=12)
"""A run that somebody carries out shows so every five seconds."""


@dataclass
class Inline:
    """Carries runs out one after the other. An interrupt stops the run and keeps what is done."""

    workshop: Workshop
    shown: Callable[[Run], None] = lambda _run: None
    _runner: asyncio.Runner = field(default_factory=asyncio.Runner)
    _own: set[str] = field(default_factory=set)

    @property
    def _storage(self) -> Storage:
        return self.workshop.storage

    def finish(self, run_id: str) -> Run:
        """The run as it ended; one that another process carries out is waited for, one that was left behind taken over."""
        store = self._storage.of(self._storage.actor_of_run(run_id))
        run = store.get_run(run_id)
        while not run.state.ended and run_id not in self._own and self._held_elsewhere(run):
            time.sleep(0.5)
            run = store.get_run(run_id)
        return run if run.state.ended else self._perform(run_id)

    @staticmethod
    def _held_elsewhere(run: Run) -> bool:
        fresh = run.updated_at is not None and datetime.now(UTC) - run.updated_at < ALIVE
        return run.state is RunState.RUNNING and fresh

    def begin(self, run_id: str) -> None:
        """Remember that the run is ours to carry out; `finish` does it."""
        self._own.add(run_id)

    def _perform(self, run_id: str) -> Run:
        store = self._storage.of(self._storage.actor_of_run(run_id))
        try:
            return self._runner.run(self._shown_perform(run_id))
        except KeyboardInterrupt:
            store.request_stop(run_id)
            store.update_run(run_id, state=RunState.STOPPED)
            raise

    async def _shown_perform(self, run_id: str) -> Run:
        store = self._storage.of(self._storage.actor_of_run(run_id))
        work = asyncio.create_task(self.workshop.perform(run_id))
        last = None
        try:
            while not (await asyncio.wait({work}, timeout=0.3))[0]:
                run = store.get_run(run_id)
                if (run.stage, run.done) != last:
                    last = (run.stage, run.done)
                    self.shown(run)
            return work.result()
        finally:
            work.cancel()

    def close(self) -> None:
        self._runner.run(self.workshop.engines.close())
        self._runner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
