"""A run of a table → the cells that one document lacks, kept, and what they cost."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from kimi_docs import faults
from kimi_docs.analyze import prompts
from kimi_docs.analyze.table import fill_by_kimi, fill_here
from kimi_docs.domain.calls import Usage
from kimi_docs.domain.cells import KeptCell, asked_again, column_id
from kimi_docs.domain.claims import SummaryOrder
from kimi_docs.domain.ports import Store
from kimi_docs.domain.runs import Run, Stage
from kimi_docs.domain.table import Column
from kimi_docs.domain.text import Extraction
from kimi_docs.jobs.engines import Engines
from kimi_docs.settings import Settings


def ids_of(columns: Sequence[Column], order: SummaryOrder) -> list[str]:
    """The names of the questions as this order asks them."""
    return [column_id(column, order.engine, order.model, prompts.VERSION) for column in columns]


async def fill(run: Run, store: Store, extraction: Extraction, engines: Engines, settings: Settings) -> Usage:
    """All that is missing, or the one question asked again, in one call. Raises: PlatformError, BudgetReached."""
    batch = await asyncio.to_thread(store.get_batch, run.batch)
    ids = dict(zip(ids_of(batch.columns, run.order), batch.columns, strict=True))
    found = await asyncio.to_thread(store.find_cells, [extraction.document], list(ids))
    known = {kept.column: kept for kept in found}
    wanted = {id: column for id, column in ids.items() if (id == run.question if run.question else id not in known)}
    engine, caller = engines.choose(run, store, settings)
    before = known.get(run.question)
    if not wanted or (before and run.created_at in [cell.asked_at for cell in (*before.history, before.cell)]):
        return Usage(currency=settings.currency)
    await asyncio.to_thread(store.update_run, run.id, stage=Stage.SENDING if caller else Stage.WRITING)
    columns, model = list(wanted.values()), engine.model
    if caller:
        time = 2 + len(before.history) if before else 1
        cells, model = await fill_by_kimi(caller, settings, extraction, columns, run.order.model, time=time)
    else:
        cells = await fill_here(extraction, columns)
    faults.point("cells_saving")
    now = datetime.now(UTC)
    new = KeptCell(document=extraction.document, column="", cell=cells[0], engine=engine.name, model=model, created_at=now)
    kept = [replace(new, column=id, cell=cell) for id, cell in zip(wanted, cells, strict=True)]
    if before:
        again = asked_again(before, cells[0], store.actor.person, run.created_at or now)
        kept = [replace(again, engine=engine.name, model=model)]
    await asyncio.to_thread(store.save_cells, kept)
    faults.point("cells_saved")
    return caller.usage if caller else Usage(currency=settings.currency)
