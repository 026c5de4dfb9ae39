"""Claims that quote their source: what every summary, answer and table cell is made of."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from kimi_docs.domain.calls import Usage
from kimi_docs.domain.text import Coverage, Notice


class Verdict(StrEnum):
    """What looking the quote up in the source gave. No model has a say in it."""

    EXACT = "exact"
    CLOSE = "close"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Citation:
    """Words said to stand in a document, and where they were found.

    An engine gives `quote` and `page_said`; nothing is found until `analyze.cite` has looked it up, so a citation starts as
    missing. `start` and `end` count characters of that page's text; with `page` they are None when missing.
    """

    quote: str
    document: str = ""
    page_said: int | None = None
    verdict: Verdict = Verdict.MISSING
    page: int | None = None
    start: int | None = None
    end: int | None = None
    cells: str = ""  # what was computed has no words to be found: the cells it was computed from, and `quote` is the query


@dataclass(frozen=True, kw_only=True, slots=True)
class Computation:
    """A query over sheets that was carried out here: SQL, result, and the cells it was computed from (`Sheet2!B7:B9000`)."""

    sql: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    cells: tuple[str, ...] = ()
    document: str = ""
    page: int | None = None

    @property
    def result(self) -> str:
        """A line of names, then the rows."""
        return "\n".join("\t".join(row) for row in (self.columns, *self.rows))


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A sentence and what it stands on. `unquoted` are the numbers of the text that stand in none of its quotes."""

    text: str
    citations: tuple[Citation, ...] = ()
    unquoted: tuple[str, ...] = ()

    @property
    def verified(self) -> bool:
        """At least one quote, and every quote found."""
        return bool(self.citations) and all(c.verdict != Verdict.MISSING for c in self.citations)


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    title: str
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What an engine has written so far: the shape shared by summaries and answers while they grow."""

    title: str = ""
    sections: tuple[Section, ...] = ()
    found: bool = True
    computed: tuple[Computation, ...] = ()

    @property
    def claims(self) -> Iterator[Claim]:
        return (claim for section in self.sections for claim in section.claims)


class Completeness(StrEnum):
    DONE = "done"
    PARTIAL = "partial"


class Length(StrEnum):
    """How many claims a summary has."""

    SHORT = "short"
    MEDIUM = "medium"
    LONG = "long"


@dataclass(frozen=True, kw_only=True, slots=True)
class SummaryOrder:
    """How a summary is wanted. `language` empty: the document's; `model` empty: the cheapest that fits. `attempt`: which of the
    versions that somebody had made anew, 0 the first. `sections` (title, what belongs there) are those of a template of one's own,
    so that a run knows them whatever becomes of the template. `audience`: for whom, in somebody's words."""

    template: str = "general"
    language: str = ""
    engine: str = "local"
    model: str = ""
    budget: Decimal | None = None
    attempt: int = 0
    sections: tuple[tuple[str, str], ...] = ()
    length: Length = Length.MEDIUM
    audience: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """A finished summary. Its id names its content: document, extraction, order, engine and model."""

    id: str
    document: str
    engine: str
    model: str
    template: str
    language: str
    draft: Draft
    coverage: Coverage
    usage: Usage
    state: Completeness = Completeness.DONE
    notices: tuple[Notice, ...] = ()
    created_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """One person's sitting with documents."""

    id: str
    title: str = ""
    documents: tuple[str, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    deleted_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer in a session. `found` is False when the documents do not hold it."""

    id: str
    session: str
    question: str
    engine: str
    model: str
    draft: Draft
    documents: tuple[str, ...]
    usage: Usage
    state: Completeness = Completeness.DONE
    notices: tuple[Notice, ...] = field(default=())
    created_at: datetime | None = None

    @property
    def found(self) -> bool:
        return self.draft.found
