"""Batch → its JSON shape of the contract. Keys are added, never renamed."""

from typing import Any

from kimi_docs.domain.batch import BatchRow, BatchView
from kimi_docs.domain.runs import RunState
from kimi_docs.export import shapes, shapes_table
from kimi_docs.export.shapes import Shape


def batch(view: BatchView, language: str | None = None) -> Shape:
    pause = view.pause
    return {
        "id": view.batch.id,
        "title": view.batch.title,
        "state": view.state.value,
        "paused": shapes.error(pause, language)["error"] if pause else None,
        "documents": [row(each, language) for each in view.rows],
        "counts": {state.value: view.count(state) for state in RunState},
        "minutes_left": view.minutes_left,
        "table": shapes_table.table(view.table) if view.table else None,
        "usage": shapes.usage(view.usage),
        "created_at": view.batch.created_at.isoformat() if view.batch.created_at else None,
    }


def row(r: BatchRow, language: str | None = None) -> Shape:
    error: dict[str, Any] | None = shapes.error(r.failure, language)["error"] if r.failure else None
    unknown = {"id": None, "name": r.entry.name, "format": None, "bytes": None, "title": "", "language": ""}
    return {
        "document": shapes.document(r.document) if r.document else unknown,
        "name": r.entry.name,
        "state": r.state.value,
        "error": error and {key: error[key] for key in ("code", "message", "advice", "request_id")},
        "summary": r.summary or None,
    }
