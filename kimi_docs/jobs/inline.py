"""A run carried out in this process, in the foreground: how the command line works without a worker."""

import asyncio
import contextlib
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from kimi_docs.domain.ports import Storage, Store
from kimi_docs.domain.runs import Run, RunState
from kimi_docs.errors import KimiDocsError
from kimi_docs.jobs.holder import held_elsewhere
from kimi_docs.jobs.work import Workshop
from kimi_docs.settings import Settings

HELD_EVERY_SECONDS = 5.0
MOST_SIDE_BY_SIDE = 128


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
        while not run.state.ended and run_id not in self._own and held_elsewhere(run):
            time.sleep(0.5)
            run = store.get_run(run_id)
        return run if run.state.ended else self._perform(run_id)

    def finish_all(self, store: Store, batch: str, run_ids: Sequence[str], shown: Callable[[int], None]) -> None:
        """Carry the runs of a batch out side by side; `shown` hears how many have ended. An interrupt stops them all."""
        try:
            self._runner.run(self._side_by_side(store, batch, run_ids, shown))
        except KeyboardInterrupt:
            store.stop_runs(batch)
            for run in store.list_runs(batch=batch, active=True, limit=len(run_ids)):
                store.update_run(run.id, state=RunState.STOPPED)
            raise

    async def _side_by_side(self, store: Store, batch: str, run_ids: Sequence[str], shown: Callable[[int], None]) -> None:
        """Raises: KimiDocsError, the first of the store's, once those at work have ended."""
        waiting, ended = deque(run_ids), 0
        failed: list[KimiDocsError] = []

        async def next_ones() -> None:
            nonlocal ended
            while waiting and not failed:
                try:
                    await self._ended(store, waiting.popleft())
                    ended += 1
                except KimiDocsError as error:  # the others finish what they are at: their calls are paid for
                    failed.append(error)

        async with asyncio.TaskGroup() as group:
            holding = group.create_task(_hold(store, batch))
            working = [group.create_task(next_ones()) for _ in range(min(len(run_ids), side_by_side(self.workshop.settings())))]
            while (await asyncio.wait(working, timeout=1.0))[1] if working else False:
                shown(ended)
            holding.cancel()
        shown(ended)
        if failed:
            raise failed[0]

    async def _ended(self, store: Store, run_id: str) -> None:
        """Carried out here, or waited for where another process does it, and taken over where that one is gone."""
        while True:
            run = await asyncio.to_thread(store.get_run, run_id)
            if run.state.ended:
                return
            if held_elsewhere(run):
                await asyncio.sleep(0.5)
            else:
                await self.workshop.perform(run_id)

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


def side_by_side(settings: Settings) -> int:
    """How many documents of a batch are at work at once: those the provider takes, and those before and after their calls."""
    cores, calls = os.cpu_count() or 1, settings.limits.concurrency
    return min(MOST_SIDE_BY_SIDE, 2 * calls + cores) if settings.chosen_engine == "kimi" else cores


async def _hold(store: Store, batch: str) -> None:
    """Show again and again that the batch is in hand; what the store refuses now is tried again."""
    while True:
        with contextlib.suppress(KimiDocsError):
            await asyncio.to_thread(store.hold_runs, batch)
        await asyncio.sleep(HELD_EVERY_SECONDS)
