"""Noun ↔ row: plain fields as they are, structured ones as JSON text, times aware, and text a database can hold."""

import json
import unicodedata
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy.engine import RowMapping

from kimi_docs.domain.claims import Answer, Draft
from kimi_docs.domain.text import Extraction
from storage.failures import damaged

Noun = TypeVar("Noun")
Row = dict[str, Any]

STRUCTURED = frozenset(
    {"documents", "order", "draft", "failure", "usage", "coverage", "notices", "completion", "entries", "columns"}
)
"""Fields kept as JSON text, of whatever noun."""


_adapters: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(noun: type[Any]) -> TypeAdapter[Any]:
    """Made when first needed: each takes tens of milliseconds."""
    if noun not in _adapters:
        _adapters[noun] = TypeAdapter(noun)
    return _adapters[noun]


def to_row(noun: Any) -> Row:
    """The columns of a noun. Raises: ValueError for a time without zone."""
    plain: Row = _adapter(type(noun)).dump_python(noun, mode="json")
    return {name: _column(name, getattr(noun, name), value) for name, value in plain.items()}


def changed_columns(changes: Mapping[str, Any]) -> Row:
    """The columns of some fields of a noun, as `to_row` makes them of all. Raises: ValueError."""
    plain: Row = _adapter(dict).dump_python(dict(changes), mode="json")
    return {name: _column(name, changes[name], value) for name, value in plain.items()}


def _column(name: str, value: Any, plain: Any) -> Any:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{name} is a time without a zone: {value}")
        return value
    if name in STRUCTURED:
        return None if plain is None else clean(json.dumps(plain, ensure_ascii=False))
    return clean(plain) if isinstance(plain, str) else plain


def clean(text: str) -> str:
    """The text as every database can hold it: no NUL, no lone surrogate; as long as before, so that spans still fit."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def from_row(noun: type[Noun], row: Mapping[str, Any] | RowMapping) -> Noun:
    """The noun that a row keeps; columns that are no field of it are passed over. Raises: Misconfigured (a damaged row)."""
    names = noun.__dataclass_fields__  # type: ignore[attr-defined]
    plain: Row = {name: row[name] for name in names}
    try:
        for name in STRUCTURED.intersection(names):
            plain[name] = None if plain[name] is None else json.loads(plain[name])
        result: Noun = _adapter(noun).validate_python(plain)
    except ValueError as error:  # no JSON, or not of this noun
        raise damaged(noun.__name__) from error
    return result


def pack(extraction: Extraction) -> bytes:
    """An extraction as bytes: JSON, compressed."""
    plain = _adapter(Extraction).dump_python(extraction, mode="json")
    return zlib.compress(json.dumps(plain, ensure_ascii=False).encode("utf-8", "replace"))


def unpack(content: bytes) -> Extraction:
    """The extraction that `pack` made into bytes."""
    result: Extraction = _adapter(Extraction).validate_json(zlib.decompress(content))
    return result


def fold(text: str) -> str:
    """Text as it is searched: one form of each character, no upper case. The same in every database."""
    return unicodedata.normalize("NFKC", clean(text)).casefold()


def sought(search: str) -> list[str]:
    """The words a search asks for; a row must hold each. More than a person types is cut."""
    return fold(search[:200]).split()


def searchable_draft(draft: Draft) -> str:
    """The words of a draft that a person would look for."""
    return "\n".join([draft.title, *(section.title for section in draft.sections), *(claim.text for claim in draft.claims)])


def searchable_answer(answer: Answer) -> str:
    """What of an answer is searched: the question and what was answered."""
    return fold(f"{answer.question}\n{searchable_draft(answer.draft)}")
