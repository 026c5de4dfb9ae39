"""What every exporter writes: a report, its words already in the reader's language."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from kimi_docs.domain.calls import Usage
from kimi_docs.domain.claims import Verdict
from kimi_docs.export.bibliography import Reference
from kimi_docs.export.words import Standing, Value


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """A line of the head or of the receipt. The value stays a number or a date where the format has them."""

    label: str
    value: Value


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A citation as a reader sees it. Numbers run through the whole report from 1."""

    number: int
    quote: str
    place: str
    verdict: Verdict
    document: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """A claim with its sources and how far they bear it; `unquoted` are its numbers that no quote says."""

    text: str
    standing: Standing
    sources: tuple[Source, ...] = ()
    unquoted: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    title: str
    statements: tuple[Statement, ...] = ()
    remark: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PageRow:
    place: str
    state: str
    characters: int


@dataclass(frozen=True, kw_only=True, slots=True)
class GridCell:
    """A cell of a table: `value` for a spreadsheet, `shown` for a reader."""

    column: str
    value: Value | date
    shown: str
    standing: Standing
    sources: tuple[Source, ...] = ()
    remark: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class GridRow:
    document: str
    cells: tuple[GridCell, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """A table as rows of cells. `heads` are name and question of each column, in order; a cell nobody filled is absent."""

    heads: tuple[tuple[str, str], ...]
    rows: tuple[GridRow, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """`name` is what a downloaded file is named after, `data` the JSON shape of the same result, `usage` what it cost.

    A report of many has a chapter for each, and the numbers of their sources run through all of them.
    """

    name: str
    title: str
    language: str
    facts: tuple[Fact, ...] = ()
    cautions: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    receipt: tuple[Fact, ...] = ()
    pages: tuple[PageRow, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    usage: Usage = Usage()
    references: tuple[Reference, ...] = ()
    grid: Grid | None = None
    chapters: tuple["Report", ...] = ()

    @property
    def leaves(self) -> Iterator["Report"]:
        """The report itself and every chapter in it, in reading order."""
        yield self
        for chapter in self.chapters:
            yield from chapter.leaves

    @property
    def all_references(self) -> Iterator[Reference]:
        return (reference for leaf in self.leaves for reference in leaf.references)

    @property
    def statements(self) -> Iterator[Statement]:
        return (statement for part in self.parts for statement in part.statements)

    @property
    def sources(self) -> Iterator[Source]:
        return (source for statement in self.statements for source in statement.sources)
