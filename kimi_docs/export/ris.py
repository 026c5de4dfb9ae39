"""Reports → RIS: one record a document, as Zotero, EndNote and CNKI read it."""

from collections.abc import Iterator
from typing import BinaryIO

from kimi_docs.export.bibliography import Reference
from kimi_docs.export.nouns import Report
from kimi_docs.export.plain import one_line


def write(report: Report, out: BinaryIO) -> None:
    lines = [line for reference in report.all_references for line in _record(reference)]
    out.write("".join(f"{line}\r\n" for line in lines).encode())


def _record(reference: Reference) -> Iterator[str]:
    """Every value stands on one line, so that none can end its record or begin another field."""
    yield f"TY  - {'JOUR' if reference.doi else 'GEN'}"
    fields = [
        ("TI", reference.title),
        *(("AU", author) for author in reference.authors),
        ("PY", reference.year),
        ("DO", reference.doi),
        ("LA", reference.language),
        ("AB", reference.abstract),
        ("N1", reference.file),
    ]
    yield from (f"{tag}  - {one_line(value)}" for tag, value in fields if one_line(value))
    yield "ER  - "
    yield ""
