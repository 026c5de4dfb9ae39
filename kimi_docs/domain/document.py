"""A file somebody added. Its id is the SHA-256 of its bytes, so adding it twice is adding it once."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    id: str
    name: str
    format: str
    bytes: int
    title: str = ""
    language: str = ""
    added_at: datetime | None = None
    deleted_at: datetime | None = None

    @property
    def shown_name(self) -> str:
        """What a person calls it: the title where the document has one, else its file name."""
        return self.title or self.name


@dataclass(frozen=True, kw_only=True, slots=True)
class Added:
    """A document added, and whether it was there before."""

    document: Document
    known: bool
