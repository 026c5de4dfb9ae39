"""What is kept → its passages in the index, in the transaction that keeps it. Doing it twice is doing it once."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy.engine import Connection

from kimi_docs.domain.claims import Answer, Session, Summary
from kimi_docs.domain.document import Document
from kimi_docs.domain.search import HitKind
from kimi_docs.domain.text import Extraction
from kimi_docs.local.tokens import language_of
from storage import passages, tables
from storage.passages import Passage, language_part
from storage.scope import PASSAGE_BITS, Scope, add_passages, add_words
from storage.segments import segments, ts_vector

MOST = 1 << PASSAGE_BITS
BATCH = 500
LOST = "lost"


class Index:
    """The index as one actor may write it, in one transaction."""

    def __init__(self, connection: Connection, scope: Scope) -> None:
        self._connection = connection
        self._scope = scope
        self._dialect = connection.dialect.name

    def take_document(self, document: Document) -> None:
        """What a document is called and what is filtered by; its pages come with the extraction."""
        self._title(document)

    def _title(self, document: Document) -> tuple[int, str]:
        number, stamp = self._document(document)
        title, table = passages.of_title(document), tables.passages
        first = self._scope.select(table, table.c.title).where(table.c.id == number << PASSAGE_BITS)
        if self._connection.execute(first).scalar() != title.title:
            self._replace(number, 0, 1, [title])
        return number, stamp

    def take_extraction(self, document: Document, extraction: Extraction | None) -> None:
        """Its pages; None where they are lost, so that they are not looked for again."""
        number, known = self._title(document)
        stamp = _stamp(extraction) if extraction else LOST
        if stamp != known:
            self._replace(number, 1, MOST, passages.of_extraction(extraction) if extraction else ())
            self._stamped(number, stamp)

    def take_summary(self, summary: Summary, document: Document) -> None:
        facets: dict[str, Any] = {"format": document.format, "language": language_part(summary.language), "at": summary.created_at}
        found = list(passages.of_summary(summary))
        deleted = document.deleted_at is not None
        self._take(found, kind=HitKind.SUMMARY, id=summary.id, document=document.id, deleted=deleted, **facets)

    def take_answer(self, answer: Answer, session: Session) -> None:
        language = language_of(f"{answer.question}\n{passages.text_of(answer.draft)}")
        facets: dict[str, Any] = {"format": "", "language": language_part(language), "at": answer.created_at}
        found = list(passages.of_answer(answer))
        deleted = session.deleted_at is not None
        self._take(found, kind=HitKind.ANSWER, id=answer.id, session=session.id, deleted=deleted, **facets)

    def mark(self, deleted: bool, *, document: str = "", session: str = "") -> None:
        """What belongs to a document or session goes into the trash with it, and comes back."""
        table = tables.sources
        here = table.c.document == document if document else table.c.session == session
        self._connection.execute(self._scope.update(table).where(here).values(deleted=deleted))

    def _document(self, document: Document) -> tuple[int, str]:
        facets: dict[str, Any] = {"format": document.format, "language": language_part(document.language), "at": document.added_at}
        deleted = document.deleted_at is not None
        return self._source(kind=HitKind.DOCUMENT, id=document.id, document=document.id, deleted=deleted, **facets)

    def _take(self, found: list[Passage], **source: Any) -> None:
        number, known = self._source(**source)
        stamp = hashlib.sha256(repr(found).encode()).hexdigest()
        if stamp != known:
            self._replace(number, 0, MOST, found)
            self._stamped(number, stamp)

    def _source(self, *, kind: HitKind, id: str, at: datetime | None, **facets: Any) -> tuple[int, str]:
        """Number and stamp of a source, its facets as they are now. PostgreSQL holds its row until the transaction ends."""
        table = tables.sources
        row = {"kind": kind.value, "id": id, "at": at, "stamp": "", **facets}
        self._connection.execute(self._scope.shelve(row, personal=kind is HitKind.ANSWER))
        here = self._scope.update(table).where(table.c.kind == kind.value, table.c.id == id)
        found = self._connection.execute(here.values(at=at, **facets).returning(table.c.number, table.c.stamp)).one()
        return found.number, found.stamp

    def _stamped(self, number: int, stamp: str) -> None:
        table = tables.sources
        self._connection.execute(self._scope.update(table).where(table.c.number == number).values(stamp=stamp))

    def _replace(self, number: int, first: int, end: int, found: Iterable[Passage]) -> None:
        """The passages from place `first` to `end` of a source, instead of those that were there."""
        table, low = tables.passages, number << PASSAGE_BITS
        here = (table.c.id >= low + first, table.c.id < low + end)
        if old := self._connection.execute(self._scope.select(table).where(*here)).all():
            self._forget_words(old)
            self._connection.execute(self._scope.delete(table).where(*here))
        at = low + first
        for batch in _batches(islice(found, end - first)):
            rows: list[dict[str, Any]] = [
                {"id": at + place, "source": number, "page": each.page, "start": each.start, "title": each.title, "text": each.text}
                for place, each in enumerate(batch)
            ]
            self._connection.execute(add_passages(), rows)
            self._connection.execute(add_words(self._dialect), [self._words(row["id"], row["title"], row["text"]) for row in rows])
            at += len(rows)

    def _forget_words(self, rows: Sequence[Any]) -> None:
        """FTS5 wants to be told what it was told before; PostgreSQL's words go with their passages."""
        if self._dialect == "sqlite":
            old = [{"words": "delete", **self._words(row.id, row.title, row.text)} for row in rows]
            self._connection.execute(add_words(self._dialect), old)

    def _words(self, id: int, title: str, text: str) -> dict[str, Any]:
        if self._dialect == "sqlite":
            return {"rowid": id, "title": " ".join(segments(title)), "text": " ".join(segments(text))}
        return {"rowid": id, "segments": ts_vector(title, text)}


def _batches(found: Iterator[Passage]) -> Iterator[list[Passage]]:
    while batch := list(islice(found, BATCH)):
        yield batch


def _stamp(extraction: Extraction) -> str:
    spans = [(page.span.start, page.span.end) for page in extraction.pages]
    return hashlib.sha256(f"{spans}{extraction.text}".encode("utf-8", "replace")).hexdigest()
