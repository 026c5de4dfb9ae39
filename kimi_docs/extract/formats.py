"""Name of a format → the module that reads it and what its pages are."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from kimi_docs.domain.text import Extraction, PageKind
from kimi_docs.errors import UnsupportedFormat
from kimi_docs.language import say

PDF_WITHOUT_TABLES = "pdfium-3-plain"
"""The extractor of a PDF whose tables were not looked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """`reader` is a module of this package, imported only where the format is read."""

    reader: str
    kind: PageKind


FORMATS: Mapping[str, Format] = {
    "pdf": Format(reader="pdf", kind=PageKind.PAGE),
    "docx": Format(reader="word", kind=PageKind.SECTION),
    "doc": Format(reader="word_binary", kind=PageKind.SECTION),
    "odt": Format(reader="opendocument", kind=PageKind.SECTION),
    "rtf": Format(reader="rtf", kind=PageKind.SECTION),
    "pptx": Format(reader="slides", kind=PageKind.SLIDE),
    "ppt": Format(reader="slides_binary", kind=PageKind.SLIDE),
    "odp": Format(reader="opendocument", kind=PageKind.SLIDE),
    "epub": Format(reader="book", kind=PageKind.SECTION),
    "eml": Format(reader="mail", kind=PageKind.SECTION),
    "xlsx": Format(reader="sheet", kind=PageKind.SHEET),
    "xlsm": Format(reader="sheet", kind=PageKind.SHEET),
    "xlsb": Format(reader="sheet", kind=PageKind.SHEET),
    "xls": Format(reader="sheet", kind=PageKind.SHEET),
    "ods": Format(reader="sheet", kind=PageKind.SHEET),
    "csv": Format(reader="delimited", kind=PageKind.SHEET),
    "tsv": Format(reader="delimited", kind=PageKind.SHEET),
    "md": Format(reader="markdown", kind=PageKind.SECTION),
    "txt": Format(reader="plain", kind=PageKind.SECTION),
    "json": Format(reader="plain", kind=PageKind.SECTION),
    "html": Format(reader="web", kind=PageKind.SECTION),
    **{name: Format(reader="picture", kind=PageKind.PAGE) for name in ("png", "jpg", "tiff", "webp", "bmp", "gif")},
}
"""What this version reads. A new format is a line here, a module with `read`, and a rule in `sniff.py`."""


class Reader(Protocol):
    """A module of this package. Raises: DocumentError."""

    def read(self, path: Path, document_id: str, *, password: str = "") -> Extraction: ...


def reader(name: str) -> Reader:
    """The reader of a format. Raises: UnsupportedFormat."""
    found = FORMATS.get(name)
    if found is None:
        raise UnsupportedFormat(say("Files of the kind “{format}” cannot be read.", format=name))
    return cast(Reader, import_module(f"kimi_docs.extract.{found.reader}"))
