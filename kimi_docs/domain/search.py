"""What is looked for in everything kept, and what was found."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from kimi_docs.domain.text import Span


class HitKind(StrEnum):
    DOCUMENT = "document"
    SUMMARY = "summary"
    ANSWER = "answer"


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchFilter:
    """Which hits are wanted; what is empty wants all.

    `languages` are compared by their first part (`zh` finds `zh-CN`). `since` and `until` (half-open) look at when a document was
    added, a summary or answer made. An answer has no format.
    """

    kinds: tuple[HitKind, ...] = ()
    formats: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


EVERYTHING = SearchFilter()


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """One place that has the words. `id` is the document's, the summary's or the answer's.

    `start` and `end` count characters of the page's text and are None where the words stand in a title, a summary or an answer,
    which have no page. `marks` count characters of `snippet`, which is cut from the text as it is.
    """

    kind: HitKind
    id: str
    document: str
    name: str
    snippet: str
    marks: tuple[Span, ...] = ()
    page: int | None = None
    start: int | None = None
    end: int | None = None
    session: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A part of the hits, best first, and how many there are."""

    query: str
    hits: tuple[Hit, ...] = field(default=())
    total: int = 0

    some: bool = False
    """They have some of the words: none has all of them."""
