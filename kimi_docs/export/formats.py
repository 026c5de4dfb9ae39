"""Reports → a file or bytes in the format its ending names."""

import contextlib
import importlib
import os
import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol

from kimi_docs import faults
from kimi_docs.errors import KimiDocsError, WrongUse
from kimi_docs.export import plain, zip_file
from kimi_docs.export.nouns import Report
from kimi_docs.export.volume import volume
from kimi_docs.language import say


class Exporter(Protocol):
    def __call__(self, report: Report, out: BinaryIO) -> None: ...


def _lazy(module: str) -> Exporter:
    """A format's `write`, loaded when it is first used: no start of the program waits for a library of fonts."""

    def write(report: Report, out: BinaryIO) -> None:
        importlib.import_module(f"kimi_docs.export.{module}").write(report, out)

    return write


def _zip(report: Report, out: BinaryIO, *, inner: str = ".md") -> None:
    zip_file.write(report, out, exporter(inner), inner)


FORMATS: Mapping[str, Exporter] = {
    ".md": _lazy("markdown"),
    ".docx": _lazy("word"),
    ".xlsx": _lazy("excel"),
    ".pdf": _lazy("pdf"),
    ".csv": _lazy("csv_file"),
    ".json": _lazy("json_file"),
    ".bib": _lazy("bibtex"),
    ".ris": _lazy("ris"),
    ".zip": _zip,
}
"""Ending → what writes it. A new format is a module and a line here and below."""

MEDIA_TYPES: Mapping[str, str] = {
    ".md": "text/markdown",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pdf": "application/pdf",
    ".csv": "text/csv",
    ".json": "application/json",
    ".bib": "application/x-bibtex",
    ".ris": "application/x-research-info-systems",
    ".zip": "application/zip",
}
_OF_REFERENCES = (".bib", ".ris")


def exporter(ending: str) -> Exporter:
    """What writes files of this ending (`.md`, `.DOCX`). Raises: WrongUse."""
    known = FORMATS.get(ending.lower())
    if known is None:
        raise WrongUse(
            say("There is no export format “{ending}”.", ending=plain.one_line(ending)),
            say("Let the file name end in one of {endings}.", endings=" ".join(FORMATS)),
        )
    return known


def possible(report: Report) -> list[str]:
    """The endings that make sense for this report: a list of references needs documents to refer to."""
    referring = any(True for _ in report.all_references)
    return [ending for ending in FORMATS if referring or ending not in _OF_REFERENCES]


def export_to(path: Path, report: Report) -> None:
    """Write the report under a temporary name beside `path`, then rename: a file of that name is always whole.

    `name.docx.zip` is a zip of Word files. Raises: WrongUse, KimiDocsError.
    """
    write = _fitting(report, path.suffix)
    inner = path.with_suffix("").suffix.lower()
    if path.suffix.lower() == ".zip" and inner in possible(report) and inner != ".zip":
        write = partial(_zip, inner=inner)
    temporary = path.with_name(f".kimi-docs-{secrets.token_hex(8)}.tmp")
    try:
        _write_synced(temporary, write, report)
        faults.point("export_renaming")
        temporary.replace(path)
        faults.point("export_renamed")
    except OSError as error:
        raise KimiDocsError(
            say(
                "The file {name} could not be written: {reason}.",
                name=plain.one_line(path.name),
                reason=error.strerror or str(error),
            ),
            say("Nothing of what was made is lost. Choose another folder or make room, then export again."),
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def export_many(path: Path, reports: Sequence[Report], *, title: str = "") -> None:
    """All the reports in one file; in a zip, a file each. Raises: WrongUse (none), KimiDocsError."""
    if not reports:
        raise WrongUse(say("There is nothing to export."), say("Wait until something is done, or choose other documents."))
    export_to(path, volume(reports, title))


def to_bytes(report: Report, ending: str, *, inner: str = "") -> bytes:
    """The same file as bytes, for a download; `inner` is the format of the files in a zip. Raises: WrongUse, KimiDocsError."""
    out = BytesIO()
    write = _fitting(report, ending)
    if ending.lower() == ".zip" and inner:
        write = partial(_zip, inner=inner)
    write(report, out)
    return out.getvalue()


def download_name(report: Report, ending: str) -> str:
    """A file name for the download that every operating system takes."""
    return plain.file_name(report.name, ending)


def _fitting(report: Report, ending: str) -> Exporter:
    write = exporter(ending)
    if ending.lower() not in (endings := possible(report)) and ending.lower() in _OF_REFERENCES:
        raise WrongUse(
            say("“{title}” refers to no document, so there is nothing to list.", title=plain.one_line(report.title)),
            say("Let the file name end in one of {endings}.", endings=" ".join(endings)),
        )
    return write


def _write_synced(path: Path, write: Exporter, report: Report) -> None:
    with path.open("xb") as out:
        write(report, out)
        out.flush()
        os.fsync(out.fileno())
