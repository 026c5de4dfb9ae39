"""Cells of tables ↔ the database, for one actor. Values are kept with their kind: a date that was said as text stays text."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy.engine import Connection

from kimi_docs.domain.cells import KeptCell, merged
from kimi_docs.domain.table import Cell, CellValue, Silence
from storage import tables
from storage.engine import reading
from storage.part import Part, now
from storage.rows import Row, clean


class Cells(Part):
    """Seen by the whole space."""

    def save_cells(self, cells: Sequence[KeptCell]) -> None:
        """All of them or none, each merged with the one that is there."""
        with self._writing() as connection:
            for new in sorted(cells, key=lambda cell: (cell.document, cell.column)):  # all lock in one order
                self._save_cell(connection, replace(new, created_at=new.created_at or now()))

    def _save_cell(self, connection: Connection, new: KeptCell) -> None:
        table = tables.cells
        connection.execute(self._scope.insert(table, _row(new)))
        here = (table.c.document == new.document, table.c.column == new.column)
        kept = _kept(connection.execute(self._scope.select(table).where(*here).with_for_update()).mappings().one())
        if (cell := merged(kept, new)) != kept:
            connection.execute(self._scope.update(table).where(*here).values(**_row(cell)))

    def find_cells(self, documents: Sequence[str], columns: Sequence[str]) -> Sequence[KeptCell]:
        """Those there are, in no order."""
        table = tables.cells
        found = self._scope.select(table).where(table.c.document.in_(documents), table.c.column.in_(columns))
        with reading(self._engine) as connection:
            return [_kept(row) for row in connection.execute(found).mappings()]

    def known_cells(self, documents: Sequence[str], columns: Sequence[str]) -> set[tuple[str, str]]:
        table = tables.cells
        found = self._scope.select(table, table.c.document, table.c.column)
        with reading(self._engine) as connection:
            rows = connection.execute(found.where(table.c.document.in_(documents), table.c.column.in_(columns)))
            return {(row.document, row.column) for row in rows}


def _row(kept: KeptCell) -> Row:
    return {
        "document": kept.document,
        "column": kept.column,
        "engine": kept.engine,
        "model": kept.model,
        "created_at": kept.created_at,
        "cell": _text([_plain(kept.cell)]),
        "history": _text([_plain(each) for each in kept.history]),
    }


def _kept(row: Any) -> KeptCell:
    return KeptCell(
        document=row["document"],
        column=row["column"],
        cell=_cell(json.loads(row["cell"])[0]),
        history=tuple(_cell(each) for each in json.loads(row["history"])),
        engine=row["engine"],
        model=row["model"],
        created_at=row["created_at"],
    )


def _text(cells: list[dict[str, Any]]) -> str:
    return clean(json.dumps(cells, ensure_ascii=False))


def _plain(cell: Cell) -> dict[str, Any]:
    plain: dict[str, Any] = TypeAdapter(Cell).dump_python(cell, mode="json")
    return {**plain, "value": _value_out(cell.value)}


def _value_out(value: CellValue) -> list[Any]:
    if isinstance(value, Silence):
        return ["silence", value.value]
    if isinstance(value, bool):
        return ["yes-no", value]
    if isinstance(value, Decimal):
        return ["number", str(value)]
    return ["date", value.isoformat()] if isinstance(value, date) else ["text", value]


def _cell(plain: dict[str, Any]) -> Cell:
    kind, value = plain["value"]
    cell: Cell = TypeAdapter(Cell).validate_python({**plain, "value": ""})
    if kind == "silence":
        return replace(cell, value=Silence(value))
    if kind == "number":
        return replace(cell, value=Decimal(value))
    return replace(cell, value=date.fromisoformat(value) if kind == "date" else value)
