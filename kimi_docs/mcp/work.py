"""Runs carried out beside the protocol: in a thread, one after the other, within what is left of the budget."""

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Decimal

from kimi_docs.domain.runs import Run, RunState
from kimi_docs.domain.scope import Actor
from kimi_docs.errors import KimiDocsError, Stopped
from kimi_docs.jobs.work import Workshop
from kimi_docs.language import say
from kimi_docs.library import Desk, Library
from kimi_docs.mcp.shapes import Result
from kimi_docs.settings import Settings

SHOWN_EVERY_SECONDS = 2.0
LOOKED_EVERY_SECONDS = 0.5

Shown = Callable[[float], Awaitable[None]]
"""Seconds that have passed → a sign of life to whoever waits."""


@dataclass(eq=False)
class Bench:
    """Where one server's runs are carried out. `begun` are their ids: the store knows what each has cost."""

    desk: Desk
    actor: Actor
    begun: list[str] = field(default_factory=list)
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="kimi-docs-run"))

    async def carry_out(self, begin: Callable[[Library], Run | Result], shown: Shown) -> Run | Result:
        """What `begin` gives at once, else its run as it ended. Raises: KimiDocsError, also that of a run without a result."""
        piece = _Piece(self)
        here = contextvars.copy_context()
        working = asyncio.get_running_loop().run_in_executor(self._thread, here.run, piece.carry_out, begin)
        passed = 0.0
        try:
            while not (await asyncio.wait({working}, timeout=SHOWN_EVERY_SECONDS))[0]:
                passed += SHOWN_EVERY_SECONDS
                await shown(passed)
        except asyncio.CancelledError:
            working.cancel()  # it may still wait for the one before it
            piece.stop()
            raise
        return working.result()

    def library(self) -> Library:
        """The library, with what is left of the budget as its budget."""
        settings = self.desk.library.settings()
        if settings.budget is None:
            return self.desk.library
        spent = sum((self.desk.library.run(self.actor, run).usage.cost or Decimal(0) for run in self.begun), Decimal(0))
        left = settings.model_copy(update={"budget": max(Decimal(0), settings.budget - spent)})
        return replace(self.desk.library, settings=lambda: left)

    def close(self) -> None:
        """Wait until what was stopped is written down."""
        self._thread.shutdown()


@dataclass(eq=False)
class _Piece:
    """One piece of work. `at` is the run that is being carried out here; `stop` comes from another thread."""

    bench: Bench
    at: str = ""
    stopped: threading.Event = field(default_factory=threading.Event)

    def carry_out(self, begin: Callable[[Library], Run | Result]) -> Run | Result:
        library = self.bench.library()
        made = begin(library)
        return self._ended(made, library.settings()) if isinstance(made, Run) else made

    def _ended(self, run: Run, settings: Settings) -> Run:
        """Carried out here, or waited for where another process does it."""
        self.bench.begun.append(run.id)
        while not run.state.ended:
            self.at = run.id
            if self.stopped.is_set():
                self._request_stop(run.id)
            run = asyncio.run(_performed(self.bench.desk.inline.workshop.elsewhere(lambda: settings), run.id))
            self.at = ""
            if not run.state.ended and self.stopped.wait(LOOKED_EVERY_SECONDS):
                break
        return _with_result(run)

    def stop(self) -> None:
        """End the run that is carried out here; what another process carries out is only waited for no longer."""
        self.stopped.set()
        if at := self.at:
            self._request_stop(at)

    def _request_stop(self, run: str) -> None:
        self.bench.desk.library.stop(self.bench.actor, run)


async def _performed(workshop: Workshop, run: str) -> Run:
    try:
        return await workshop.perform(run)
    finally:
        await workshop.engines.close()


def _with_result(run: Run) -> Run:
    if run.failure:
        raise KimiDocsError(run.failure.message, run.failure.advice, request_id=run.failure.request_id)
    if run.state is RunState.STOPPED or not run.state.ended:
        raise Stopped(say("It was stopped."), say("What is done is kept; the same command goes on with what is missing."))
    return run
