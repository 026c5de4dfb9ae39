"""A document and columns → its cells, their quotes looked up, their values of the columns' types.

All columns that are missing are one call: the document comes first, byte for byte as in every other call on it, the questions last.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, create_model

from kimi_docs.analyze import prompts
from kimi_docs.analyze.amounts import named_amounts
from kimi_docs.analyze.cite import Verifier
from kimi_docs.analyze.plan import Plan, halves, plan
from kimi_docs.analyze.typed import typed
from kimi_docs.domain.calls import Estimate, Request
from kimi_docs.domain.claims import Citation, Claim, Draft, Section, Verdict
from kimi_docs.domain.table import Cell, CellValue, Column, Doubt, Silence, ValueType
from kimi_docs.domain.text import Extraction, Span
from kimi_docs.errors import ModelUnavailable, TooLong, Withheld
from kimi_docs.kimi.caller import Caller
from kimi_docs.kimi.catalog import Catalog
from kimi_docs.kimi.structured import ask_structured
from kimi_docs.local.answer import answer
from kimi_docs.settings import Settings

ROUNDING = Decimal("0.01")
CACHED_FROM_TOKENS = 256
"""The provider keeps no shorter text."""
CELL_OUTPUT_TOKENS = 90
"""What a cell takes on average, with its quotes."""


async def fill_by_kimi(
    caller: Caller, settings: Settings, extraction: Extraction, columns: Sequence[Column], wanted: str, *, time: int = 1
) -> tuple[list[Cell], str]:
    """The cells in the order of the columns, and the model; `time` is how often they are asked with this.

    Raises: PlatformError, BudgetReached.
    """
    while True:
        planned = plan(
            extraction, settings, await caller.prepare(), wanted
        )  # by a count that never changes: a restart must split alike
        try:
            parts, complete = await _parts(caller, planned, extraction, columns, time)
            break
        except ModelUnavailable as closed:
            await caller.rule_out(planned.model.id, closed, wanted or settings.model)
    merged = [_merged([part[number] for part in parts]) for number in range(len(columns))]
    cells = await asyncio.to_thread(looked_up, extraction, merged if complete else [_partly_read(cell) for cell in merged])
    return [contradicted(cell, column) for cell, column in zip(cells, columns, strict=True)], planned.model.id


async def _parts(
    caller: Caller, planned: Plan, extraction: Extraction, columns: Sequence[Column], time: int
) -> tuple[list[list[Cell]], bool]:
    """The cells of each part of the document, and whether the provider let all of them through. Raises: PlatformError."""
    waiting, whole, complete = list(planned.spans), len(planned.spans) == 1, True
    found: list[list[Cell]] = []
    while waiting:
        span = waiting.pop(0)
        try:
            found.append(await _asked(caller, planned, extraction, None if whole else span, columns, time))
        except TooLong:
            if not (two := halves(extraction, span)):
                raise
            waiting[:0], whole = two, False
        except Withheld:
            if not (found or waiting):
                raise
            complete = False
    return found, complete


def _partly_read(cell: Cell) -> Cell:
    return replace(cell, doubts=(*cell.doubts, Doubt.PARTLY_READ))


async def fill_here(extraction: Extraction, columns: Sequence[Column]) -> list[Cell]:
    """The best passage for each question, as it stands in the document. Yes or no is for who reads it to say."""
    cells = [await asyncio.to_thread(_passage, extraction, column) for column in columns]
    return await asyncio.to_thread(looked_up, extraction, cells)


def estimate(
    extraction: Extraction, columns: Sequence[Column], settings: Settings, catalog: Catalog, counted: Any, *, warm: bool = False
) -> Estimate:
    """What filling the columns of one document takes; `warm` where the provider still keeps its text. Sends nothing."""
    base = {"document": extraction.document, "engine": settings.chosen_engine, "currency": settings.currency}
    if settings.chosen_engine == "local" or not columns:
        return Estimate(**base, model="", calls=0, input_tokens=0, output_tokens=0, cost=0, minutes=0.0, known=not columns)  # type: ignore[arg-type]
    planned = plan(extraction, settings, catalog, settings.model, counted)
    model, calls = planned.model, len(planned.spans)
    task = prompts.table_messages(extraction, None, columns)[-1]["content"]
    text = counted(extraction.text, model.id)
    tokens = text + calls * (model.overhead_tokens + counted(task, model.id) + 250)
    output = calls * CELL_OUTPUT_TOKENS * len(columns)
    cached = text if warm and text > CACHED_FROM_TOKENS else 0
    cost = model.price(tokens, cached, output, settings.currency)
    minutes = output / 50 / 60 + (calls - 1) / settings.limits.rpm * settings.limits.period_seconds / 60
    return Estimate(**base, model=model.id, calls=calls, input_tokens=tokens, output_tokens=output, cost=cost, minutes=minutes)  # type: ignore[arg-type]


def looked_up(extraction: Extraction, cells: Sequence[Cell]) -> list[Cell]:
    """The same cells, every quote found or said to be missing."""
    claims = tuple(Claim(text=str(cell.value), citations=cell.citations) for cell in cells)
    found = Verifier([extraction]).look_up(Draft(sections=(Section(title="", claims=claims),)))
    return [replace(cell, citations=claim.citations) for cell, claim in zip(cells, found.claims, strict=True)]


def contradicted(cell: Cell, column: Column) -> Cell:
    """Marked where its own quotes, found in the document, say different numbers or days, or none of them says its value."""
    if column.type not in (ValueType.NUMBER, ValueType.DATE) or Doubt.CONFLICT in cell.doubts:
        return cell
    quotes = [citation.quote for citation in cell.citations if citation.verdict is not Verdict.MISSING]
    found = [typed(quote, column) for quote in quotes]
    values = [value for value, doubts in found if not doubts]
    doubtful = any(_differ(values[0], value) for value in values) or not _carried(cell.value, values, quotes)
    return replace(cell, doubts=(*cell.doubts, Doubt.CONFLICT)) if doubtful else cell


def _carried(value: CellValue, values: Sequence[CellValue], quotes: Sequence[str]) -> bool:
    """One of the quotes says the value, or says nothing that could be compared with it."""
    if isinstance(value, Decimal):
        named: set[CellValue] = {amount for quote in quotes for amount in named_amounts(quote)}
    else:
        named = set(values) if isinstance(value, date) else set()
    return not named or any(not _differ(each, value) for each in named)


def _differ(one: CellValue, other: CellValue) -> bool:
    """Numbers may be rounded."""
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return abs(one - other) > ROUNDING * max(abs(one), abs(other))
    return one != other


async def _asked(
    caller: Caller, planned: Plan, extraction: Extraction, span: Span | None, columns: Sequence[Column], time: int
) -> list[Cell]:
    shape = _shape(len(columns))
    messages = prompts.table_messages(extraction, span, columns)
    if time > 1:  # else the answer given before would be taken from the record
        messages = (*messages[:-1], {**messages[-1], "content": f"{messages[-1]['content']}\n\n({time})"})
    parameters = {**planned.model.parameters, "max_completion_tokens": planned.model.output_tokens}
    request = Request(model=planned.model.id, messages=messages, parameters=parameters)
    async with aclosing(ask_structured(caller, request, shape, name="table", document=extraction.document)) as pieces:
        async for said, _ in pieces:
            answered: Any = said
    return [_cell(getattr(answered, f"c{number}"), column, extraction) for number, column in enumerate(columns, 1)]


def _shape(count: int) -> type[BaseModel]:
    """A field for each column, so that none is passed over."""
    fields: Mapping[str, Any] = {f"c{number}": (prompts.SaidCell, prompts.SaidCell()) for number in range(1, count + 1)}
    made: type[BaseModel] = create_model("SaidTable", **fields)
    return made


def _cell(said: prompts.SaidCell, column: Column, extraction: Extraction) -> Cell:
    if not said.stated or not said.value.strip():
        return Cell(column=column.name, value=Silence.NOT_STATED)
    quotes = [quote for quote in said.quotes if quote.text.strip()]
    citations = tuple(Citation(quote=q.text.strip(), document=extraction.document, page_said=q.page or None) for q in quotes)
    value, doubts = typed(said.value, column)
    return Cell(column=column.name, value=value, citations=citations, doubts=doubts)


def _merged(cells: Sequence[Cell]) -> Cell:
    """What the parts of one document say: the first that says anything, marked where another says something else."""
    stated = [cell for cell in cells if cell.stated]
    if not stated:
        return cells[0]
    same = [cell for cell in stated if cell.value == stated[0].value]
    if len(same) == len(stated):
        return stated[0]
    other = next(cell for cell in stated if cell.value != stated[0].value)
    doubts = (*stated[0].doubts, Doubt.CONFLICT)
    return replace(stated[0], doubts=doubts, citations=(*stated[0].citations, *other.citations))


def _passage(extraction: Extraction, column: Column) -> Cell:
    claim = next(answer(column.question, [extraction]).claims, None)
    if claim is None:
        return Cell(column=column.name, value=Silence.NOT_STATED)
    value, doubts = (claim.text, (Doubt.WRONG_TYPE,)) if column.type is ValueType.YES_NO else typed(claim.text, column)
    return Cell(column=column.name, value=value, citations=claim.citations, doubts=doubts)
