"""A table: documents × questions. Every cell is a typed value with the quotes it stands on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from kimi_docs.domain.calls import Usage
from kimi_docs.domain.claims import Citation, Verdict
from kimi_docs.domain.text import Notice


class ValueType(StrEnum):
    """What a column's cells hold."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes-no"
    CHOICE = "choice"


class Silence(StrEnum):
    """The document was read and does not say. That is a value: it is not the same as a cell nobody has filled."""

    NOT_STATED = "not stated"


CellValue = str | Decimal | date | bool | Silence


class Doubt(StrEnum):
    """Why a cell wants a second look, seen from the other cells of its column or its own quotes."""

    CONFLICT = "conflict"
    OUTLIER = "outlier"
    WRONG_TYPE = "wrong-type"  # the answer is kept as text because it is not of the column's type
    PARTLY_READ = "partly-read"  # the provider refused a part of the document


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A question put to every document. `choices` are the values a choice may have, `unit` goes with a number."""

    name: str
    question: str
    type: ValueType = ValueType.TEXT
    unit: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One answer. `edited_by` says that a person, not an engine, wrote the value; `asked_by`, who had it asked once more."""

    column: str
    value: CellValue
    citations: tuple[Citation, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    edited_by: str = ""
    edited_at: datetime | None = None
    asked_by: str = ""
    asked_at: datetime | None = None

    @property
    def stated(self) -> bool:
        return self.value is not Silence.NOT_STATED

    @property
    def verified(self) -> bool:
        """At least one quote, and every quote found."""
        return bool(self.citations) and all(c.verdict != Verdict.MISSING for c in self.citations)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One document's cells. A column that was not asked yet has none."""

    document: str
    cells: tuple[Cell, ...] = ()

    def cell(self, column: str) -> Cell | None:
        return next((cell for cell in self.cells if cell.column == column), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    id: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...] = ()
    title: str = ""
    engine: str = "local"
    model: str = ""
    usage: Usage = Usage()
    notices: tuple[Notice, ...] = ()
    created_at: datetime | None = None

    @property
    def cells(self) -> Iterator[Cell]:
        return (cell for row in self.rows for cell in row.cells)
