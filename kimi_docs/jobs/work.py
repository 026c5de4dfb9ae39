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
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from kimi_docs.analyze import prompts
from kimi_docs.analyze.cite import Verifier
from kimi_docs.analyze.estimate import estimate
from kimi_docs.domain.calls import Usage
from kimi_docs.domain.claims import Answer, Completeness, Draft, Summary, SummaryOrder
from kimi_docs.domain.document import Document
from kimi_docs.domain.ports import Blobs, Storage, Store
from kimi_docs.domain.runs import Failure, Progress, Run, RunKind, RunState, Stage
from kimi_docs.domain.text import Coverage, Extraction
from kimi_docs.errors import KimiDocsError
from kimi_docs.jobs.engines import Engines
from kimi_docs.kimi.catalog import load_catalog
from kimi_docs.language import say
from kimi_docs.settings import Settings

STOP_CHECK_SECONDS = 0.5
HEARTBEAT = timedelta(seconds=5)
SHOWN_EVERY_SECONDS = 0.2
HISTORY_ANSWERS = 6

log = logging.getLogger(__name__)


class Reader(Protocol):
    """Reads files in a child process (`extract.sandbox.Pool`). Raises: DocumentError."""

    def extract(self, path: Any, document: Document, password: str = "") -> Extraction: ...


def summary_id(document: str, order: SummaryOrder) -> str:
    """The name of a summary: the same document, order and prompts give the same id."""
    content = [document, order.engine, order.model, order.template, order.language, prompts.VERSION]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """What carrying out runs needs. `settings` is asked for each run, so that a key set on the screen counts at once."""

    storage: Storage
    blobs: Blobs
    reader: Reader
    settings: Callable[[], Settings]
    engines: Engines

    def elsewhere(self, settings: Callable[[], Settings]) -> "Workshop":
        """The same for another event loop: connections belong to the loop that opened them."""
        return replace(self, settings=settings, engines=Engines())

    async def perform(self, run_id: str) -> Run:
        """Carry the run out and give it as it ended. Raises nothing but CancelledError: a failure is the run's state."""
        store = self.storage.of(self.storage.actor_of_run(run_id))
        run = store.get_run(run_id)
        if run.state.ended:
            return run
        if run.stop_requested:
            return store.update_run(run_id, state=RunState.STOPPED)
        run = store.update_run(run_id, state=RunState.RUNNING, stage=Stage.READING)
        work = asyncio.create_task(self._work(run, store))
        watch = asyncio.create_task(_watch(run_id, store, work))
        try:
            await work
        except asyncio.CancelledError:
            if not store.get_run(run_id).stop_requested:
                raise  # the process ends: the run stays as it is and goes on at the next start
            store.update_run(run_id, state=RunState.STOPPED)
        except KimiDocsError as error:
            store.update_run(run_id, state=RunState.FAILED, failure=_failure(error))
        except Exception:  # the boundary of a run: whatever one document does, the others go on
            log.exception("run %s ended unforeseen", run_id)
            message = say("Something went wrong that the program did not foresee.")
            advice = say(
                "Nothing is lost. Start it again; if it fails again, run “kimi-docs doctor” and report the id {id}.", id=run_id
            )
            store.update_run(run_id, state=RunState.FAILED, failure=Failure(code="failed", message=message, advice=advice))
        finally:
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch
        return store.get_run(run_id)

    async def _work(self, run: Run, store: Store) -> None:
        extractions = [await self._read(store, document) for document in run.documents]
        if run.kind is RunKind.EXTRACT:
            store.update_run(run.id, state=RunState.DONE, stage=None)
        elif run.kind is RunKind.SUMMARIZE:
            await self._summarize(run, store, extractions[0])
        else:
            await self._answer(run, store, extractions)

    async def _read(self, store: Store, document_id: str) -> Extraction:
        known = await asyncio.to_thread(store.find_extraction, document_id)
        if known:
            return known
        document = store.get_document(document_id)
        extraction = await asyncio.to_thread(self.reader.extract, self.blobs.path(document_id), document)
        await asyncio.to_thread(store.save_extraction, extraction)
        store.save_document(replace(document, title=extraction.title, language=extraction.language))
        return extraction

    async def _summarize(self, run: Run, store: Store, extraction: Extraction) -> None:
        settings = self.settings()
        engine, caller = self.engines.choose(run, store, settings)
        expected = estimate(extraction, run.order, settings, load_catalog(settings.home))
        last = await self._write(run, store, engine.summarize(extraction, run.order), [extraction], caller)
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
        await asyncio.to_thread(store.save_summary, summary)
        store.update_run(run.id, **_ended(last, summary.usage, summary.id))

    async def _answer(self, run: Run, store: Store, extractions: Sequence[Extraction]) -> None:
        settings = self.settings()
        engine, caller = self.engines.choose(run, store, settings)
        history = [answer for answer in store.list_answers(run.session) if answer.id != run.id][-HISTORY_ANSWERS:]
        last = await self._write(run, store, engine.answer(run.question, extractions, history), extractions, caller)
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
        growing: AsyncGenerator[Progress],
        extractions: Sequence[Extraction],
        caller: Any,
    ) -> Progress:
        """Follow the engine, keeping what it has written so far where the screen can read it, quotes looked up."""
        verifier = Verifier(extractions)
        last, shown = Progress(draft=Draft()), 0.0
        async with aclosing(growing) as steps:
            async for step in steps:
                last = step
                first_words = not shown and step.draft.sections
                if first_words or time.monotonic() - shown >= SHOWN_EVERY_SECONDS or step.stage is Stage.SENDING:
                    draft = await asyncio.to_thread(verifier.look_up, step.draft)
                    usage = caller.usage if caller else run.usage
                    changes = {"draft": draft, "stage": step.stage, "done": step.done, "total": step.total, "usage": usage}
                    await asyncio.to_thread(store.update_run, run.id, **changes)
                    shown = time.monotonic() if step.draft.sections else shown
        await asyncio.to_thread(store.update_run, run.id, stage=Stage.CHECKING)
        return replace(last, draft=await asyncio.to_thread(verifier.look_up, last.draft))


async def _watch(run_id: str, store: Store, work: "asyncio.Task[None]") -> None:
    """Show that the run is alive (`updated_at`), and end it when somebody asked for that."""
    while not work.done():
        await asyncio.sleep(STOP_CHECK_SECONDS)
        run = await asyncio.to_thread(store.get_run, run_id)
        if run.stop_requested:
            work.cancel()
            return
        if run.updated_at and datetime.now(UTC) - run.updated_at > HEARTBEAT:
            await asyncio.to_thread(store.update_run, run_id)


def _ended(last: Progress, usage: Usage, result: str) -> dict[str, Any]:
    state = RunState.DONE if last.complete else RunState.PARTIAL
    return {"state": state, "stage": None, "done": last.total, "total": last.total, "draft": None, "usage": usage, "result": result}


def _failure(error: KimiDocsError) -> Failure:
    return Failure(
        code=error.code,
        message=error.message,
        advice=error.advice,
        exit_code=error.exit_code,
        document=error.document,
        request_id=error.request_id,
    )
