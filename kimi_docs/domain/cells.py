"""A cell as it is kept: by document and question, so that it is paid once whatever tables it stands in."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from statistics import median

from kimi_docs.domain.table import Cell, CellValue, Column, Doubt, Row

OUTLYING = 3.5
FEWEST_VALUES = 5
MAD_TO_SIGMA = Decimal("0.6745")


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptCell:
    """`column` is the id of the question, not its name. `history` are the values it had before somebody changed it."""

    document: str
    column: str
    cell: Cell
    history: tuple[Cell, ...] = ()
    engine: str = "local"
    model: str = ""
    created_at: datetime | None = None


def column_id(column: Column, engine: str, model: str, version: str) -> str:
    """What makes a question another: a column with a new name is the same and costs nothing."""
    content = [column.question, column.type.value, column.unit, list(column.choices), engine, model, version]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()[:32]


def edited(kept: KeptCell, value: CellValue, by: str, at: datetime) -> KeptCell:
    """The cell with another value; the one before goes into its history."""
    cell = replace(kept.cell, value=value, doubts=(), edited_by=by, edited_at=at, asked_by="", asked_at=None)
    return replace(kept, cell=cell, history=(*kept.history, kept.cell))


def asked_again(kept: KeptCell, answered: Cell, by: str, at: datetime) -> KeptCell:
    """The cell as it was answered this time; the one before goes into its history."""
    cell = replace(answered, asked_by=by, asked_at=at)
    return replace(kept, cell=cell, history=(*kept.history, kept.cell))


def merged(kept: KeptCell, new: KeptCell) -> KeptCell:
    """What is to be kept where there is a cell already: the new one, and in its history all that stood there, seen by its writer
    or not. The same once more changes nothing, and a plain fill never replaces what a person wrote or had asked again."""
    same = replace(new.cell, column=kept.cell.column) == kept.cell
    if same or (_by_person(kept.cell) and not _by_person(new.cell)):
        return kept
    return replace(new, history=(*kept.history, kept.cell), created_at=kept.created_at)


def _by_person(cell: Cell) -> bool:
    return bool(cell.edited_by or cell.asked_by)


def outliers_marked(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Numbers far from the others of their column, told by the median's distance: one wild value does not hide another."""
    columns: dict[str, list[Decimal]] = {}
    for row in rows:
        for cell in row.cells:
            if isinstance(cell.value, Decimal):
                columns.setdefault(cell.column, []).append(cell.value)
    middles = {name: (median(found), median(abs(v - median(found)) for v in found)) for name, found in columns.items()}

    def marked(cell: Cell) -> Cell:
        if not isinstance(cell.value, Decimal) or len(columns[cell.column]) < FEWEST_VALUES:
            return cell
        middle, spread = middles[cell.column]
        far = spread > 0 and MAD_TO_SIGMA * abs(cell.value - middle) / spread > OUTLYING
        return replace(cell, doubts=(*cell.doubts, Doubt.OUTLIER)) if far and Doubt.OUTLIER not in cell.doubts else cell

    return tuple(replace(row, cells=tuple(marked(cell) for cell in row.cells)) for row in rows)
