"""A run's id → the run carried out: extraction, engine, verified quotes, result kept. Doing it twice is doing it once.

Every step first looks for what is there already: the extraction by document, a call by its content, the summary by its id. So a
run that was killed anywhere goes on with what is missing.
"""

import asyncio
import contextlib
import hashlib
import json
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from kimi_docs import faults
from kimi_docs.analyze import prompts
from kimi_docs.analyze.cite import Verifier
from kimi_docs.analyze.estimate import estimate
from kimi_docs.domain.calls import Usage
from kimi_docs.domain.claims import Answer, Completeness, Draft, Length, Summary, SummaryOrder
from kimi_docs.domain.ports import Blobs, Engine, Storage, Store
from kimi_docs.domain.receipts import usage_of
from kimi_docs.domain.runs import Failure, Progress, Run, RunKind, RunState, Stage
from kimi_docs.domain.text import Coverage, Extraction
from kimi_docs.errors import HeldElsewhere, KimiDocsError, Unreachable
from kimi_docs.jobs.engines import Engines
from kimi_docs.jobs.filling import fill
from kimi_docs.jobs.holder import held_elsewhere, new_holder
from kimi_docs.jobs.reading import Reader, keep, read, suffices
from kimi_docs.jobs.together import Together
from kimi_docs.kimi.catalog import catalog_for
from kimi_docs.kimi.counting import Counting, account_of
from kimi_docs.language import say
from kimi_docs.settings import Settings

STOP_CHECK_SECONDS = 0.5
HEARTBEAT = timedelta(seconds=5)
SHOWN_EVERY_SECONDS = 0.2
SHOWN_IN_BATCH_SECONDS = 2.0
"""Nobody watches one document of a batch grow word by word, and every row written takes a turn from the others."""
HISTORY_ANSWERS = 6
MOST_TRIES = 3
"""How often a run may end the program before it is given up."""

log = logging.getLogger(__name__)
_telling: set["asyncio.Task[None]"] = set()
"""Notes on their way to the store: a task that nobody holds may vanish."""


def summary_id(document: str, order: SummaryOrder) -> str:
    """The name of a summary: the same document, order and prompts give the same id."""
    content: list[Any] = [document, order.engine, order.model, order.template, order.language, prompts.VERSION]
    content += [order.attempt] if order.attempt else []
    content += [order.sections] if order.sections else []
    content += [order.length, order.audience] if order.length is not Length.MEDIUM or order.audience else []
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """What carrying out runs needs. `settings` is asked for each run, so that a key set on the screen counts at once."""

    storage: Storage
    blobs: Blobs
    reader: Reader
    settings: Callable[[], Settings]
    engines: Engines
    alone: asyncio.Lock = field(default_factory=asyncio.Lock)  # those that may have ended the program work one by one
    together: Together = field(default_factory=Together)

    def elsewhere(self, settings: Callable[[], Settings]) -> "Workshop":
        """The same for another event loop: connections belong to the loop that opened them."""
        return replace(self, settings=settings, engines=Engines(self.storage.meter), alone=asyncio.Lock(), together=Together())

    async def perform(self, run_id: str) -> Run:
        """Carry the run out and give it as it is then: ended, or in somebody else's hands.

        Raises: CancelledError, Unreachable (the store is away for long). Any other failure is the run's state.
        """
        store = self.storage.of(await asyncio.to_thread(self.storage.actor_of_run, run_id))
        run = await asyncio.to_thread(_begun, store, run_id)
        if run is None:
            return await asyncio.to_thread(store.get_run, run_id)
        if run.state.ended:
            return run
        held = store.held(run)
        work = asyncio.create_task(self._work(run, held))
        watch = asyncio.create_task(_watch(run, store, work))
        try:
            await self._until_ended(run, held, work)
        except HeldElsewhere:
            log.info("run %s is in other hands now", run_id)
        finally:
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch
        return await asyncio.to_thread(store.get_run, run_id)

    async def _until_ended(self, run: Run, held: Store, work: "asyncio.Task[None]") -> None:
        """Follow the work, and keep how it ended. Raises: CancelledError, HeldElsewhere, Unreachable."""
        try:
            await work
        except asyncio.CancelledError:
            if not held.get_run(run.id).stop_requested:
                _broken_off(held, run, stage=None)  # the process ends in order: the run goes on at the next start
                raise
            _broken_off(held, run, state=RunState.STOPPED)
        except (HeldElsewhere, Unreachable):
            raise
        except KimiDocsError as error:
            await asyncio.to_thread(_broken_off, held, run, state=RunState.FAILED, failure=_failure(error))
        except Exception:  # the boundary of a run: whatever one document does, the others go on
            log.exception("run %s ended unforeseen", run.id)
            message = say("Something went wrong that the program did not foresee.")
            advice = say(
                "Nothing is lost. Start it again; if it fails again, run “kimi-docs doctor” and report the id {id}.", id=run.id
            )
            failure = Failure(code="failed", message=message, advice=advice)
            await asyncio.to_thread(_broken_off, held, run, state=RunState.FAILED, failure=failure)

    async def _work(self, run: Run, store: Store) -> None:
        async with contextlib.AsyncExitStack() as suspected:
            if run.tries:  # it was at work when the program ended: not beside another such, so the one at fault is found
                await suspected.enter_async_context(self.alone)
                await self.together.update_run(store, run, stage=Stage.READING)
            extractions = [await self._read(store, document) for document in run.documents]
            if run.order.engine != "local":
                await suspected.aclose()
            if run.kind is RunKind.EXTRACT:
                await self.together.update_run(store, run, state=RunState.DONE, stage=None)
            elif run.kind is RunKind.SUMMARIZE:
                await self._summarize(run, store, extractions[0])
            elif run.kind is RunKind.FILL:
                usage = await fill(run, store, extractions[0], self.engines, self.settings())
                await self.together.update_run(store, run, state=RunState.DONE, stage=None, usage=usage)
            else:
                await self._answer(run, store, extractions)

    async def _read(self, store: Store, document_id: str) -> Extraction:
        known, settings = await asyncio.to_thread(store.find_extraction, document_id), self.settings()
        document = await asyncio.to_thread(store.get_document, document_id)
        if known and suffices(known, document, settings):
            return known
        extraction = await read(document, self.blobs, self.reader, store, settings)
        await asyncio.to_thread(keep, store, document, extraction)
        return extraction

    async def _summarize(self, run: Run, store: Store, extraction: Extraction) -> None:
        settings = self.settings()
        engine, caller = self.engines.choose(run, store, settings)
        counted = Counting(self.storage.meter, account_of(settings)).count
        expected = estimate(extraction, run.order, settings, catalog_for(settings), counted)
        last = await self._write(run, store, engine, engine.summarize(extraction, run.order), [extraction], caller)
        usage = caller.usage if caller else Usage(currency=settings.currency)
        summary = Summary(
            id=summary_id(extraction.document, run.order),
            document=extraction.document,
            engine=engine.name,
            model=engine.model,
            template=run.order.template,
            language=run.order.language or extraction.language,
            draft=last.draft,
            coverage=Coverage.of(extraction, sent=last.sent, calls=usage.calls, withheld=last.withheld),
            usage=replace(usage, estimated_cost=expected.cost),
            state=Completeness.DONE if last.complete else Completeness.PARTIAL,
            notices=(*extraction.notices, *last.notices),
            created_at=datetime.now(UTC),
        )
        faults.point("summary_saving")
        await asyncio.to_thread(store.save_summary, summary)
        faults.point("summary_saved")
        await self.together.update_run(store, run, **_ended(last, summary.usage, summary.id))
        faults.point("run_ended")

    async def _answer(self, run: Run, store: Store, extractions: Sequence[Extraction]) -> None:
        settings = self.settings()
        engine, caller = self.engines.choose(run, store, settings)
        before = [answer for answer in store.list_answers(run.session) if answer.id != run.id]
        if run.order.attempt:  # asked again: the answers it had must not lead the new one
            before = [answer for answer in before if answer.question != run.question]
        history = before[-HISTORY_ANSWERS:]
        last = await self._write(run, store, engine, engine.answer(run.question, extractions, history), extractions, caller)
        usage = caller.usage if caller else Usage(currency=settings.currency)
        answer = Answer(
            id=run.id,
            session=run.session,
            question=run.question,
            engine=engine.name,
            model=engine.model,
            draft=last.draft,
            documents=run.documents,
            usage=usage,
            state=Completeness.DONE if last.complete else Completeness.PARTIAL,
            notices=last.notices,
            created_at=datetime.now(UTC),
        )
        await asyncio.to_thread(store.save_answer, answer)
        session = store.get_session(run.session)
        store.save_session(replace(session, title=session.title or run.question[:80], updated_at=datetime.now(UTC)))
        store.update_run(run.id, **_ended(last, usage, answer.id))

    async def _write(
        self,
        run: Run,
        store: Store,
        engine: Engine,
        growing: AsyncGenerator[Progress],
        extractions: Sequence[Extraction],
        caller: Any,
    ) -> Progress:
        """Follow the engine, keeping what it has written so far where the screen can read it, quotes looked up."""
        verifier = Verifier(extractions)
        if caller:
            caller.waits = partial(_tell_waiting, self.together, store, run)
        last, shown = Progress(draft=Draft()), time.monotonic() if run.batch else 0.0
        every_seconds = SHOWN_IN_BATCH_SECONDS if run.batch else SHOWN_EVERY_SECONDS
        async with aclosing(growing) as steps:
            async for step in steps:
                last = step
                first_words = not shown and step.draft.sections and not run.batch
                if first_words or time.monotonic() - shown >= every_seconds or step.stage is Stage.SENDING:
                    draft = await asyncio.to_thread(verifier.look_up, step.draft)
                    usage = caller.usage if caller else run.usage
                    changes = {"draft": draft, "stage": step.stage, "done": step.done, "total": step.total, "usage": usage}
                    await self.together.update_run(store, run, **changes)
                    shown = time.monotonic() if step.draft.sections or run.batch else shown
        await self.together.update_run(store, run, stage=Stage.CHECKING)
        draft, notices = await engine.repair(await asyncio.to_thread(verifier.look_up, last.draft), verifier)
        return replace(last, draft=draft, notices=(*last.notices, *notices))


def _tell_waiting(together: Together, store: Store, run: Run, waiting: bool) -> None:
    """The run says that it waits for the account's limits, or no longer does."""
    told = asyncio.create_task(together.update_run(store, run, stage=Stage.WAITING if waiting else Stage.SENDING))
    _telling.add(told)
    told.add_done_callback(_telling.discard)


def _begun(store: Store, run_id: str) -> Run | None:
    """The run begun, or gone on with; None where somebody else is at it, else as it ended."""
    run, holder = store.get_run(run_id), new_holder()
    if run.state.ended:
        return run
    if run.stop_requested:
        return store.update_run(run_id, state=RunState.STOPPED)
    if run.state is RunState.QUEUED:
        return store.claim_run(run_id, state=RunState.RUNNING, stage=Stage.READING, holder=holder)
    if held_elsewhere(run):
        return None
    tries = run.tries + _ended_the_program(run)
    if tries < MOST_TRIES:
        begun = {"state": RunState.RUNNING, "stage": None if tries else Stage.READING, "holder": holder}
        return store.update_run(run_id, **begun, tries=tries)
    message = say("The program ended {count} times while it worked on this document.", count=tries)
    failure = Failure(code="failed", message=message, advice=say("The others are not affected. Leave it out, or report it."))
    return store.update_run(run_id, state=RunState.FAILED, failure=failure, tries=tries)


def _ended_the_program(run: Run) -> bool:
    """Whether its process was gone while it worked on the document itself; waiting for the provider is no fault of a document."""
    return run.stage in (Stage.READING, Stage.CHECKING) or (run.stage is Stage.WRITING and run.order.engine == "local")


async def _watch(mine: Run, store: Store, work: "asyncio.Task[None]") -> None:
    """Show that the run is alive (`updated_at`); end the work when somebody asked for that, or has taken the run over."""
    while not work.done():
        await asyncio.sleep(STOP_CHECK_SECONDS)
        run = await asyncio.to_thread(store.get_run, mine.id)
        if run.stop_requested or run.holder != mine.holder:
            work.cancel()
            return
        if run.updated_at and datetime.now(UTC) - run.updated_at > HEARTBEAT:
            with contextlib.suppress(HeldElsewhere):
                await asyncio.to_thread(store.held(mine).update_run, mine.id)


def _ended(last: Progress, usage: Usage, result: str) -> dict[str, Any]:
    state = RunState.DONE if last.complete else RunState.PARTIAL
    return {"state": state, "stage": None, "done": last.total, "total": last.total, "draft": None, "usage": usage, "result": result}


def _broken_off(held: Store, run: Run, **changes: Any) -> None:
    """Keep how a run without a result stands, and what it has paid."""
    held.update_run(run.id, **changes, usage=usage_of(held.list_calls(run=run.id)))


def _failure(error: KimiDocsError) -> Failure:
    return Failure(
        code=error.code,
        message=error.message,
        advice=error.advice,
        exit_code=error.exit_code,
        document=error.document,
        request_id=error.request_id,
    )
