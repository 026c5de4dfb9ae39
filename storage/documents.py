"""Documents, extractions and summaries ↔ the database, for one actor."""

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kimi_docs.domain.claims import Summary
from kimi_docs.domain.document import Document
from kimi_docs.domain.text import Extraction
from kimi_docs.errors import NotFound
from storage import tables
from storage.engine import reading
from storage.index import Index
from storage.part import NO_DOCUMENT, NO_SUMMARY, Part, containing, not_or_only_deleted, now, there
from storage.rows import clean, fold, from_row, pack, sought, to_row, unpack


class Documents(Part):
    """Seen by the whole space."""

    def save_document(self, document: Document) -> Document:
        """Add it, or bring back the one that is there: it keeps name and time, and learns a title or language it lacked."""
        with self._writing() as connection:
            return self._save_document(connection, document)

    def save_documents(self, documents: Sequence[Document]) -> None:
        """The same for many, all or nothing."""
        with self._writing() as connection:
            for document in documents:
                self._save_document(connection, document)

    def _save_document(self, connection: Connection, document: Document) -> Document:
        row = to_row(replace(document, added_at=document.added_at or now(), deleted_at=None))
        connection.execute(self._scope.insert(tables.documents, {**row, "searchable": ""}))
        kept = self._describe(connection, document.id, row["title"], row["language"], deleted_at=None)
        Index(connection, self._scope).mark(False, document=kept.id)
        return kept

    def describe_document(self, id: str, title: str, language: str) -> None:
        """Learn what reading it told, if anything; one in the trash stays there. Raises: NotFound."""
        with self._writing() as connection:
            self._describe(connection, id, clean(title), clean(language))

    def _describe(self, connection: Connection, id: str, title: str, language: str, **changes: None) -> Document:
        table, kept = tables.documents, self._document(connection, id)
        title = title or kept.title
        values = {"title": title, "language": language or kept.language, "searchable": fold(f"{kept.name}\n{title}"), **changes}
        changed = self._scope.update(table).where(table.c.id == id).values(**values).returning(table)
        kept = from_row(Document, connection.execute(changed).mappings().one())
        Index(connection, self._scope).take_document(kept)
        return kept

    def find_document(self, id: str) -> Document | None:
        return self._find(Document, tables.documents, id)

    def get_document(self, id: str) -> Document:
        return there(self.find_document(id), NO_DOCUMENT)

    def list_documents(self, *, search: str = "", deleted: bool = False, limit: int = 1000, offset: int = 0) -> Sequence[Document]:
        """Last added first; `deleted` lists those that were deleted instead."""
        table = tables.documents
        statement = self._scope.select(table).where(*_documents_where(search, deleted))
        return self._list(Document, statement.order_by(table.c.added_at.desc(), table.c.id.desc()).limit(limit).offset(offset))

    def count_documents(self, *, search: str = "", deleted: bool = False) -> int:
        statement = self._scope.select(tables.documents, sa.func.count()).where(*_documents_where(search, deleted))
        with reading(self._engine) as connection:
            return int(connection.execute(statement).scalar_one())

    def mark_document_deleted(self, id: str, deleted: bool) -> None:
        """Raises: NotFound."""
        table = tables.documents
        changed = self._scope.update(table).where(table.c.id == id).values(deleted_at=now() if deleted else None)
        with self._writing() as connection:
            there(connection.execute(changed.returning(table.c.id)).first(), NO_DOCUMENT)
            Index(connection, self._scope).mark(deleted, document=id)

    def save_extraction(self, extraction: Extraction) -> None:
        """Raises: NotFound where its document is not there."""
        row = {
            "document": extraction.document,
            "blob": self._blobs.put(pack(extraction)),
            "extractor": extraction.extractor,
            "pages": len(extraction.pages),
            "characters": len(extraction.text),
            "created_at": now(),
        }
        with self._writing() as connection:
            document = self._document(connection, extraction.document)
            connection.execute(self._scope.upsert(tables.extractions, row))
            Index(connection, self._scope).take_extraction(document, extraction)

    def index_document(self, id: str) -> None:
        """Take what was kept before there was an index. Raises: NotFound."""
        extraction = self.find_extraction(id)
        with self._writing() as connection:
            Index(connection, self._scope).take_extraction(self._document(connection, id), extraction)

    def find_extraction(self, document: str) -> Extraction | None:
        """None also where its bytes are lost: it is then made again."""
        table = tables.extractions
        with reading(self._engine) as connection:
            blob = connection.execute(self._scope.select(table, table.c.blob).where(table.c.document == document)).scalar()
        try:
            return None if blob is None else unpack(self._blobs.get(blob))
        except NotFound:
            return None

    def read_documents(self, ids: Sequence[str]) -> set[str]:
        table = tables.extractions
        with reading(self._engine) as connection:
            return set(connection.execute(self._scope.select(table, table.c.document).where(table.c.document.in_(ids))).scalars())

    def save_summary(self, summary: Summary) -> None:
        """Raises: NotFound where its document is not there."""
        row = to_row(replace(summary, created_at=summary.created_at or now()))
        with self._writing() as connection:
            self._document(connection, summary.document)
            connection.execute(self._scope.upsert(tables.summaries, row, keep=["document", "created_at"]))
            here = self._scope.select(tables.summaries).where(tables.summaries.c.id == summary.id)
            kept = from_row(Summary, connection.execute(here).mappings().one())
            Index(connection, self._scope).take_summary(kept, self._document(connection, kept.document))

    def _document(self, connection: Connection, id: str) -> Document:
        row = connection.execute(self._scope.select(tables.documents).where(tables.documents.c.id == id)).mappings().first()
        return from_row(Document, there(row, NO_DOCUMENT))

    def find_summary(self, id: str) -> Summary | None:
        return self._find(Summary, tables.summaries, id)

    def get_summary(self, id: str) -> Summary:
        return there(self.find_summary(id), NO_SUMMARY)

    def list_summaries(self, document: str) -> Sequence[Summary]:
        table = tables.summaries
        found = self._scope.select(table).where(table.c.document == document)
        return self._list(Summary, found.order_by(table.c.created_at.desc(), table.c.id.desc()))


def _documents_where(search: str, deleted: bool) -> list[sa.ColumnElement[bool]]:
    return [not_or_only_deleted(tables.documents, deleted), *containing(tables.documents, sought(search))]
