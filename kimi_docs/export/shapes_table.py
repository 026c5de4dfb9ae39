"""Table | batch → their JSON shapes of the contract. Keys are added, never renamed."""

from datetime import date
from decimal import Decimal
from typing import Any

from kimi_docs.domain.table import Cell, CellValue, Column, Row, Table
from kimi_docs.export import shapes
from kimi_docs.export.shapes import Shape


def table(t: Table) -> Shape:
    """The `table` of a batch, with its own id, title and cost beside columns and rows."""
    return {
        "id": t.id,
        "title": t.title,
        "engine": t.engine,
        "model": t.model,
        "columns": [column(each) for each in t.columns],
        "rows": [row(each) for each in t.rows],
        "usage": shapes.usage(t.usage),
        "created_at": t.created_at.isoformat() if t.created_at else None,
    }


def column(c: Column) -> Shape:
    return {"name": c.name, "question": c.question, "type": c.type.value, "unit": c.unit, "choices": list(c.choices)}


def row(r: Row) -> Shape:
    return {"document": r.document, "cells": [cell(each) for each in r.cells]}


def cell(c: Cell) -> Shape:
    return {
        "column": c.column,
        "value": value(c.value),
        "stated": c.stated,
        "verified": c.verified,
        "doubts": [doubt.value for doubt in c.doubts],
        "citations": [shapes.citation(each) for each in c.citations],
        "edited_by": c.edited_by or None,
        "edited_at": c.edited_at.isoformat() if c.edited_at else None,
    }


def value(v: CellValue) -> Any:
    """A number, true or false, a date as ISO 8601, a text; the text `not stated` where the document does not say."""
    if isinstance(v, bool):
        return v
    if isinstance(v, Decimal):
        return int(v) if v == v.to_integral_value() else float(v)
    return v.isoformat() if isinstance(v, date) else str(v)
