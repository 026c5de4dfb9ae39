"""The library's verbs for many documents at once. A batch is written down with its runs; how far it is is read from them."""

import uuid
from collections import Counter, defaultdict
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
from kimi_docs.domain.receipts import usage_of
from kimi_docs.domain.runs import Failure, Run, RunKind, RunState
from kimi_docs.domain.scope import Actor
from kimi_docs.domain.table import Column
from kimi_docs.errors import DocumentError, WrongUse
from kimi_docs.gather import File, gather, unpacked
from kimi_docs.intake import take
from kimi_docs.jobs.filling import ids_of
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

    def batch(
        self,
        actor: Actor,
        entries: Sequence[BatchEntry],
        order: SummaryOrder,
        *,
        columns: Sequence[Column] = (),
        title: str = "",
    ) -> Batch:
        """Start it, or go on with what is missing of it: the same documents, order and columns are the same batch.

        An order without a template asks for the columns only. Raises: WrongUse.
        """
        if not entries:
            raise WrongUse(say("There is no file in this."), say("Give files, or folders and zip archives with files in them."))
        id = batch_id(actor, entries, order, columns)
        new = Batch(id=id, title=title, entries=tuple(entries), order=order, columns=tuple(columns), created_at=datetime.now(UTC))
        return self._begun(actor, new)

    def resume_batch(self, actor: Actor, id: str, *, budget: Decimal | None = None) -> Batch:
        """Go on with what is not done, if need be with another budget."""
        batch = self.storage.of(actor).get_batch(id)
        order = batch.order if budget is None else replace(batch.order, budget=budget)
        return self._begun(actor, replace(batch, order=order))

    def _begun(self, actor: Actor, batch: Batch) -> Batch:
        """The batch kept, with a run for each thing that a document lacks and that no run is at."""
        store, now = self.storage.of(actor), datetime.now(UTC)
        runs = store.list_runs(batch=batch.id, active=True, limit=ALL)
        active = {(run.documents[0], run.kind) for run in runs if not run.question}
        lacking = self._lacking(store, batch)
        missing = [(document, kind) for document in batch.documents for kind in lacking[document]]
        wanted = [(document, kind) for document, kind in missing if (document, kind) not in active]
        runs = [self._run(kind, batch.id, document, now, number, batch.order) for number, (document, kind) in enumerate(wanted)]
        return store.save_batch(batch, runs)

    def _lacking(self, store: Store, batch: Batch) -> Mapping[str, Sequence[RunKind]]:
        """Document → what is to be made of it still."""
        documents, lacking = batch.documents, defaultdict[str, list[RunKind]](list)
        if batch.order.template:
            ids = {document: summary_id(document, batch.order) for document in documents}
            summaries = store.known_summaries(list(ids.values()))
            for document in (document for document, id in ids.items() if id not in summaries):
                lacking[document].append(RunKind.SUMMARIZE)
        if batch.columns:
            asked = set(ids_of(batch.columns, batch.order))
            cells = Counter(document for document, _ in store.known_cells(documents, list(asked)))
            for document in documents:
                if cells[document] < len(asked):
                    lacking[document].append(RunKind.FILL)
        return lacking

    def stop_batch(self, actor: Actor, id: str) -> None:
        """Stop it within two seconds; what is done is kept."""
        self.storage.of(actor).stop_runs(id)

    def batches(self, actor: Actor, *, limit: int = 50) -> Sequence[Batch]:
        return self.storage.of(actor).list_batches(limit=limit)

    def batch_runs(self, actor: Actor, id: str) -> Sequence[Run]:
        """Its runs that have not ended, in the order of their documents."""
        return self.storage.of(actor).list_runs(batch=id, active=True, limit=ALL)[::-1]

    def batch_usage(self, actor: Actor, id: str) -> Usage:
        """What all calls of it took, those of runs that were stopped or failed too."""
        store = self.storage.of(actor)
        return self._usage(store, id, store.list_runs(batch=id, limit=ALL))

    def _usage(self, store: Store, batch: str, runs: Sequence[Run]) -> Usage:
        """Each call once, whatever became of its run; what was expected stands in the runs."""
        paid = Usage(currency=self.settings().currency) + usage_of(store.list_receipts(batch=batch))
        return replace(paid, estimated_cost=sum((run.usage for run in runs), Usage()).estimated_cost)

    def batch_view(self, actor: Actor, id: str) -> BatchView:
        """How far it is. Raises: NotFound."""
        store = self.storage.of(actor)
        batch = store.get_batch(id)
        documents = {document.id: document for document in store.find_documents(batch.documents)}
        ids = {document: summary_id(document, batch.order) for document in batch.documents}
        summaries = store.known_summaries(list(ids.values()))
        known = {document: summaries[id] for document, id in ids.items() if id in summaries}
        lacking, runs = self._lacking(store, batch), store.list_runs(batch=id, limit=ALL)
        last: dict[str, Run] = {}
        for run in sorted(runs, key=_ended_and_age):
            if run.state is not RunState.DONE or run.documents[0] not in last:
                last[run.documents[0]] = run
        rows = []
        for entry in batch.entries:
            row = _row(entry, documents.get(entry.document), known.get(entry.document), last.get(entry.document), lacking)
            rows.append(replace(row, summary=ids[entry.document]) if entry.document in known else row)
        return BatchView(batch=batch, rows=tuple(rows), usage=self._usage(store, id, runs), minutes_left=minutes_left(runs))

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


def _ended_and_age(run: Run) -> tuple[bool, datetime]:
    """Those that have ended first, each from the oldest to the newest."""
    return not run.state.ended, run.created_at or datetime.min.replace(tzinfo=UTC)


def _row(
    entry: BatchEntry,
    document: Document | None,
    summary: Completeness | None,
    run: Run | None,
    lacking: Mapping[str, Sequence[RunKind]],
) -> BatchRow:
    """What the rest and the last run of an entry say."""
    if entry.failure:
        return BatchRow(entry=entry, state=RunState.FAILED, failure=entry.failure)
    row = BatchRow(
        entry=entry,
        state=RunState.QUEUED,
        document=document,
        run=run.id if run else "",
    )
    if not lacking.get(entry.document) and (run is None or run.state.ended):
        return replace(row, state=RunState.PARTIAL if summary is Completeness.PARTIAL else RunState.DONE)
    if run is None or run.state is RunState.DONE:
        return row
    waits = run.failure is not None and run.failure.code in PAUSING
    return replace(row, state=RunState.WAITING if waits else run.state, failure=run.failure, stage=run.stage)


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
