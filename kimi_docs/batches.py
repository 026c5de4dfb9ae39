"""The library's verbs for many documents at once. A batch is written down with its runs; how far it is is read from them."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from kimi_docs.analyze.estimate import estimate
from kimi_docs.domain.batch import PAUSING, Batch, BatchEntry, BatchRow, BatchView, batch_id
from kimi_docs.domain.calls import Estimate, Usage
from kimi_docs.domain.claims import Completeness, SummaryOrder
from kimi_docs.domain.document import Document
from kimi_docs.domain.ports import Blobs, Storage, Store
from kimi_docs.domain.runs import Failure, Run, RunKind, RunState
from kimi_docs.domain.scope import Actor
from kimi_docs.errors import DocumentError, WrongUse
from kimi_docs.export import report, volume
from kimi_docs.export.nouns import Report
from kimi_docs.gather import File, gather, unpacked
from kimi_docs.intake import take
from kimi_docs.jobs.work import summary_id
from kimi_docs.kimi.catalog import catalog_for
from kimi_docs.kimi.counting import Counting, account_of
from kimi_docs.language import say
from kimi_docs.settings import Settings

ALL = 1_000_000
NO_ORDER = SummaryOrder()
READING = "reading"
"""The batch that is none: files read ahead of one."""
IN_NOBODYS_HAND = timedelta(days=1)
"""Runs for the worker are written down as old as this: it takes what nobody has touched of late."""


@dataclass(frozen=True, kw_only=True)
class Batches:
    """Part of `Library`. `foreground`: whoever starts a batch carries it out too."""

    storage: Storage
    blobs: Blobs
    settings: Callable[[], Settings]
    foreground: bool = False

    def collect(self, actor: Actor, paths: Iterable[Path]) -> Sequence[BatchEntry]:
        """Keep the files, those in folders and in archives too. Raises: WrongUse for a path that is not there."""
        return self._kept(self.storage.of(actor), gather(paths, max_bytes=self.settings().max_upload_bytes))

    def collect_upload(self, actor: Actor, name: str, content: bytes) -> Sequence[BatchEntry]:
        """The same for one file, or archive, whose bytes are here."""
        return self._kept(self.storage.of(actor), unpacked(name, content, max_bytes=self.settings().max_upload_bytes))

    def _kept(self, store: Store, files: Iterable[File]) -> Sequence[BatchEntry]:
        """Refused files with their reason; the same bytes once. All documents are written down in one transaction."""
        entries: dict[str, BatchEntry] = {}
        documents: list[Document] = []
        for file in files:
            try:
                document = self._keep_bytes(file)
            except DocumentError as error:
                failure = Failure(code=error.code, message=error.message, advice=error.advice, exit_code=error.exit_code)
                entries[f"refused {len(entries)}"] = BatchEntry(name=file.name, failure=failure)
            else:
                if document.id not in entries:
                    documents.append(document)
                entries.setdefault(document.id, BatchEntry(name=document.name, document=document.id))
        here = {found.id for found in store.find_documents([d.id for d in documents]) if found.deleted_at is None}
        store.save_documents([document for document in documents if document.id not in here])
        return list(entries.values())

    def _keep_bytes(self, file: File) -> Document:
        if file.problem:
            raise file.problem
        intake = take(file.content, file.name, max_bytes=self.settings().max_upload_bytes)
        self.blobs.put(file.content)
        return Document(id=intake.id, name=intake.name, format=intake.format, bytes=intake.bytes, added_at=datetime.now(UTC))

    def read_ahead(self, actor: Actor, documents: Sequence[str]) -> None:
        """Have those that are not read yet read, so that what they take can be told before they are summarized."""
        store, now = self.storage.of(actor), datetime.now(UTC)
        known = store.read_documents(documents) | {
            run.documents[0] for run in store.list_runs(active=True, limit=ALL) if run.documents
        }
        runs = [self._run(RunKind.EXTRACT, READING, document, now, number) for number, document in enumerate(documents)]
        store.add_runs([run for run in runs if run.documents[0] not in known])

    def _run(self, kind: RunKind, batch: str, document: str, now: datetime, number: int, order: SummaryOrder = NO_ORDER) -> Run:
        """Runs begin in the order of their numbers."""
        return Run(
            id=uuid.uuid4().hex,
            kind=kind,
            documents=(document,),
            order=order,
            batch=batch,
            created_at=now + timedelta(microseconds=number),
            updated_at=now if self.foreground else now - IN_NOBODYS_HAND,
        )

    def batch(self, actor: Actor, entries: Sequence[BatchEntry], order: SummaryOrder, *, title: str = "") -> Batch:
        """Start it, or go on with what is missing of it: the same documents and order are the same batch. Raises: WrongUse."""
        if not entries:
            raise WrongUse(say("There is no file in this."), say("Give files, or folders and zip archives with files in them."))
        id = batch_id(actor, entries, order)
        return self._begun(actor, Batch(id=id, title=title, entries=tuple(entries), order=order, created_at=datetime.now(UTC)))

    def resume_batch(self, actor: Actor, id: str, *, budget: Decimal | None = None) -> Batch:
        """Go on with what is not done, if need be with another budget."""
        batch = self.storage.of(actor).get_batch(id)
        order = batch.order if budget is None else replace(batch.order, budget=budget)
        return self._begun(actor, replace(batch, order=order))

    def _begun(self, actor: Actor, batch: Batch) -> Batch:
        """The batch kept, with a run for each document that has neither a summary nor a run."""
        store, now = self.storage.of(actor), datetime.now(UTC)
        summaries = store.known_summaries([summary_id(document, batch.order) for document in batch.documents])
        active = {run.documents[0] for run in store.list_runs(batch=batch.id, active=True, limit=ALL)}
        missing = [d for d in batch.documents if summary_id(d, batch.order) not in summaries and d not in active]
        runs = [self._run(RunKind.SUMMARIZE, batch.id, d, now, number, batch.order) for number, d in enumerate(missing)]
        return store.save_batch(batch, runs)

    def stop_batch(self, actor: Actor, id: str) -> None:
        """Stop it within two seconds; what is done is kept."""
        self.storage.of(actor).stop_runs(id)

    def batches(self, actor: Actor, *, limit: int = 50) -> Sequence[Batch]:
        return self.storage.of(actor).list_batches(limit=limit)

    def batch_runs(self, actor: Actor, id: str) -> Sequence[Run]:
        """Its runs that have not ended, in the order of their documents."""
        return self.storage.of(actor).list_runs(batch=id, active=True, limit=ALL)[::-1]

    def batch_view(self, actor: Actor, id: str) -> BatchView:
        """How far it is. Raises: NotFound."""
        store = self.storage.of(actor)
        batch = store.get_batch(id)
        documents = {document.id: document for document in store.find_documents(batch.documents)}
        summaries = store.known_summaries([summary_id(document, batch.order) for document in batch.documents])
        runs = store.list_runs(batch=id, limit=ALL)
        last = {run.documents[0]: run for run in reversed(runs)}
        rows = tuple(self._row(batch, entry, documents, summaries, last.get(entry.document)) for entry in batch.entries)
        usage = sum((run.usage for run in runs), Usage(currency=self.settings().currency))
        return BatchView(batch=batch, rows=rows, usage=usage, minutes_left=minutes_left(runs))

    def _row(
        self,
        batch: Batch,
        entry: BatchEntry,
        documents: Mapping[str, Document],
        summaries: Mapping[str, Completeness],
        run: Run | None,
    ) -> BatchRow:
        if entry.failure:
            return BatchRow(entry=entry, state=RunState.FAILED, failure=entry.failure)
        document, id = documents.get(entry.document), summary_id(entry.document, batch.order)
        if id in summaries:
            state = RunState.DONE if summaries[id] is Completeness.DONE else RunState.PARTIAL
            return BatchRow(entry=entry, state=state, document=document, summary=id, run=run.id if run else "")
        if run is None:
            return BatchRow(entry=entry, state=RunState.QUEUED, document=document)
        waits = run.failure is not None and run.failure.code in PAUSING
        state = RunState.WAITING if waits else run.state
        return BatchRow(entry=entry, state=state, document=document, failure=run.failure, run=run.id, stage=run.stage)

    def batch_report(self, actor: Actor, id: str, language: str) -> Report:
        """Every summary of it, and what failed and why: for an export."""
        store, view = self.storage.of(actor), self.batch_view(actor, id)
        entries = []
        for row in view.rows:
            document = row.document or Document(id="", name=row.entry.name, format="", bytes=0)
            made = store.find_summary(row.summary) if row.summary else None
            of = report.of_summary(made, document, store.find_extraction(document.id), language) if made else None
            entries.append(volume.Entry(document=document, state=row.state, report=of, failure=row.failure))
        return volume.of_batch(id, entries, language, title=view.batch.title, state=view.state)

    def batch_estimate(self, actor: Actor, entries: Sequence[BatchEntry], order: SummaryOrder) -> Sequence[Estimate]:
        """What each document will take, as far as they are read; what is known already costs nothing. Sends nothing."""
        store, settings = self.storage.of(actor), self.settings()
        ids = [entry.document for entry in entries if entry.document]
        known = store.known_summaries([summary_id(document, order) for document in ids])
        catalog, counted = catalog_for(settings), Counting(self.storage.meter, account_of(settings)).count
        found = []
        for document in ids:
            if extraction := store.find_extraction(document):
                expected = estimate(extraction, order, settings, catalog, counted)
                found.append(replace(expected, known=summary_id(document, order) in known))
        return found


def minutes_left(runs: Sequence[Run]) -> float | None:
    """From how fast those that ended came one after the other; None while too few have."""
    ends = sorted(run.updated_at for run in runs if run.state in (RunState.DONE, RunState.PARTIAL) and run.updated_at)
    waiting = sum(not run.state.ended for run in runs)
    recent = ends[-200:]
    if not waiting:
        return 0.0
    if len(recent) < 3 or (seconds := (recent[-1] - recent[0]).total_seconds()) <= 0:
        return None
    return waiting * seconds / (len(recent) - 1) / 60
