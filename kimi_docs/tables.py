"""The library's verbs for tables: a table is a batch with columns; its cells are kept by document and question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from kimi_docs.analyze.columns import checked
from kimi_docs.analyze.table import estimate
from kimi_docs.analyze.typed import typed
from kimi_docs.batches import Batches
from kimi_docs.domain.batch import Batch, BatchEntry
from kimi_docs.domain.calls import Estimate
from kimi_docs.domain.cells import KeptCell, edited, outliers_marked
from kimi_docs.domain.claims import SummaryOrder
from kimi_docs.domain.document import Document
from kimi_docs.domain.runs import Run, RunKind
from kimi_docs.domain.scope import Actor
from kimi_docs.domain.table import Cell, Column, Row, Silence, Table
from kimi_docs.domain.text import Extraction
from kimi_docs.errors import NotFound
from kimi_docs.export import report, volume
from kimi_docs.export.nouns import Report
from kimi_docs.export.table import of_table
from kimi_docs.jobs.filling import ids_of
from kimi_docs.kimi.catalog import catalog_for
from kimi_docs.kimi.counting import Counting, account_of
from kimi_docs.kimi.flights import LIFETIME_SECONDS
from kimi_docs.language import say

HEAD_CHARACTERS = 20_000
"""Authors, year and DOI are looked for in as many; the rest of a thousand texts need not be in memory at once."""


@dataclass(frozen=True, kw_only=True)
class Tables(Batches):
    """Part of `Library`."""

    def fill_table(
        self, actor: Actor, entries: Sequence[BatchEntry], columns: Sequence[Column], order: SummaryOrder, *, title: str = ""
    ) -> Batch:
        """Start a table, or go on with the cells it lacks; a column asked before of a document costs nothing. Raises: WrongUse."""
        return self.batch(actor, entries, replace(order, template=""), columns=checked(columns), title=title)

    def table(self, actor: Actor, id: str) -> Table | None:
        """What is filled of it; None for a batch without columns. Raises: NotFound."""
        batch = self.storage.of(actor).get_batch(id)
        return self._table(actor, batch) if batch.columns else None

    def _table(self, actor: Actor, batch: Batch) -> Table:
        kept = self._cells(actor, batch)
        names = dict(zip(ids_of(batch.columns, batch.order), (column.name for column in batch.columns), strict=True))

        def row(document: str) -> Row:
            cells = (replace(kept[document, id].cell, column=name) for id, name in names.items() if (document, id) in kept)
            return Row(document=document, cells=tuple(cells))

        models = sorted({each.model for each in kept.values() if each.model})
        return Table(
            id=batch.id,
            title=batch.title,
            columns=batch.columns,
            rows=outliers_marked(tuple(row(document) for document in batch.documents)),
            engine=batch.order.engine,
            model=", ".join(models),
            usage=self.batch_usage(actor, batch.id),
            created_at=batch.created_at,
        )

    def _cells(self, actor: Actor, batch: Batch) -> Mapping[tuple[str, str], KeptCell]:
        found = self.storage.of(actor).find_cells(batch.documents, ids_of(batch.columns, batch.order))
        return {(kept.document, kept.column): kept for kept in found}

    def edit_cell(self, actor: Actor, id: str, document: str, column: str, said: str) -> Cell:
        """Write another value into a cell; what stood there is kept. Raises: NotFound."""
        kept, asked = self._cell(actor, id, document, column)
        value = Silence.NOT_STATED if not said.strip() else typed(said, asked)[0]
        changed = edited(kept, value, actor.person, datetime.now(UTC))
        self.storage.of(actor).save_cells([changed])
        return changed.cell

    def ask_cell_again(self, actor: Actor, id: str, document: str, column: str) -> Run:
        """Have this one cell asked once more, alone; what stands there is kept. One run at a time. Raises: NotFound."""
        store, (kept, _) = self.storage.of(actor), self._cell(actor, id, document, column)
        asked = self.asked_again(actor, id, document, column)
        if asked and not asked.state.ended:
            return asked
        batch = store.get_batch(id)
        run = replace(self._run(RunKind.FILL, id, document, datetime.now(UTC), 0, batch.order), question=kept.column)
        store.add_runs([run])
        return run

    def asked_again(self, actor: Actor, id: str, document: str, column: str) -> Run | None:
        """The last run that asked, or asks, this cell again. Raises: NotFound."""
        kept, _ = self._cell(actor, id, document, column)
        runs = self.storage.of(actor).list_runs(batch=id, document=document)
        return next((run for run in runs if run.question == kept.column), None)

    def cell_estimate(self, actor: Actor, id: str, document: str, column: str) -> Estimate:
        """What asking it again will take. Sends nothing. Raises: NotFound."""
        kept, asked = self._cell(actor, id, document, column)
        extraction, settings = self.storage.of(actor).find_extraction(document), self.settings()
        if not extraction:
            raise NotFound(say("The document has not been read yet."), say("Wait until it is read."), document=document)
        counted = Counting(self.storage.meter, account_of(settings)).count
        return estimate(extraction, [asked], settings, catalog_for(settings), counted, warm=_warm(kept))

    def add_columns(self, actor: Actor, id: str, columns: Sequence[Column]) -> Batch:
        """The same table with more columns: a table of its own, of which only the new ones cost. Raises: NotFound, WrongUse."""
        batch = self.storage.of(actor).get_batch(id)
        asked = checked((*batch.columns, *columns))
        return self.batch(actor, batch.entries, batch.order, columns=asked, title=batch.title)

    def cell_history(self, actor: Actor, id: str, document: str, column: str) -> Sequence[Cell]:
        """What stood in a cell, oldest first, without what stands there now. Raises: NotFound."""
        return self._cell(actor, id, document, column)[0].history

    def _cell(self, actor: Actor, id: str, document: str, column: str) -> tuple[KeptCell, Column]:
        batch = self.storage.of(actor).get_batch(id)
        for key, asked in zip(ids_of(batch.columns, batch.order), batch.columns, strict=True):
            if asked.name == column and (kept := self._cells(actor, batch).get((document, key))):
                return kept, asked
        raise NotFound(say("There is no such cell."), say("Fill the table first."))

    def heads(self, actor: Actor, documents: Sequence[str]) -> Mapping[str, Extraction]:
        """What a report tells of those that have been read: their pages, and the beginning of their texts."""
        found = (self.storage.of(actor).find_extraction(document) for document in documents)
        return {each.document: replace(each, text=each.text[:HEAD_CHARACTERS], blocks=(), places=()) for each in found if each}

    def batch_report(self, actor: Actor, id: str, language: str) -> Report:
        """Every summary of it, and what failed and why: for an export."""
        store, view = self.storage.of(actor), self.batch_view(actor, id)
        entries = []
        for row in view.rows:
            document = row.document or Document(id="", name=row.entry.name, format="", bytes=0)
            made = store.find_summary(row.summary) if row.summary else None
            of = report.of_summary(made, document, store.find_extraction(document.id), language) if made else None
            entries.append(volume.Entry(document=document, state=row.state, report=of, failure=row.failure))
        made_table = self._table(actor, view.batch) if view.batch.columns else None
        documents = [row.document for row in view.rows if row.document]
        table = of_table(made_table, documents, language, self.heads(actor, view.batch.documents)) if made_table else None
        title, state, usage = view.batch.title, view.state, view.usage
        return volume.of_batch(id, entries, language, title=title, state=state, table=table, usage=usage)

    def table_estimate(
        self, actor: Actor, entries: Sequence[BatchEntry], columns: Sequence[Column], order: SummaryOrder
    ) -> Sequence[Estimate]:
        """What each document will take, as far as they are read; only what is not known costs. Sends nothing."""
        store, settings = self.storage.of(actor), self.settings()
        documents, ids = [entry.document for entry in entries if entry.document], ids_of(columns, order)
        kept = store.find_cells(documents, ids)
        known, warm = {(each.document, each.column) for each in kept}, {each.document for each in kept if _warm(each)}
        catalog, counted = catalog_for(settings), Counting(self.storage.meter, account_of(settings)).count
        found = []
        for document in documents:
            if extraction := store.find_extraction(document):
                missing = [column for id, column in zip(ids, columns, strict=True) if (document, id) not in known]
                found.append(estimate(extraction, missing, settings, catalog, counted, warm=document in warm))
        return found


def _warm(kept: KeptCell) -> bool:
    """It was asked so lately that the provider still keeps what was sent: that part costs a fraction."""
    at = kept.cell.asked_at or kept.created_at
    return kept.engine == "kimi" and at is not None and datetime.now(UTC) - at < timedelta(seconds=LIFETIME_SECONDS)
