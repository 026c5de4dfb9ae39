"""Report → a file or bytes in the format its ending names."""

import contextlib
import os
import secrets
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol

from kimi_docs.errors import KimiDocsError, WrongUse
from kimi_docs.export import excel, json_file, markdown, plain, word
from kimi_docs.export.report import Report
from kimi_docs.language import say


class Exporter(Protocol):
    def __call__(self, report: Report, out: BinaryIO) -> None: ...


FORMATS: Mapping[str, Exporter] = {".md": markdown.write, ".docx": word.write, ".xlsx": excel.write, ".json": json_file.write}
"""Ending → what writes it. A new format is a module and a line here and below."""

MEDIA_TYPES: Mapping[str, str] = {
    ".md": "text/markdown",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".json": "application/json",
}


def exporter(ending: str) -> Exporter:
    """What writes files of this ending (`.md`, `.DOCX`). Raises: WrongUse."""
    known = FORMATS.get(ending.lower())
    if known is None:
        endings = " ".join(FORMATS)
        raise WrongUse(
            say("There is no export format “{ending}”.", ending=plain.one_line(ending)),
            say("Let the file name end in one of {endings}.", endings=endings),
        )
    return known


def export_to(path: Path, report: Report) -> None:
    """Write the report under a temporary name beside `path`, then rename: a file of that name is always whole.

    Raises: WrongUse, KimiDocsError.
    """
    write = exporter(path.suffix)
    temporary = path.with_name(f".kimi-docs-{secrets.token_hex(8)}.tmp")
    try:
        _write_synced(temporary, write, report)
        temporary.replace(path)
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


def to_bytes(report: Report, ending: str) -> bytes:
    """The same file as bytes, for a download. Raises: WrongUse."""
    out = BytesIO()
    exporter(ending)(report, out)
    return out.getvalue()


def download_name(report: Report, ending: str) -> str:
    """A file name for the download that every operating system takes."""
    return plain.file_name(report.name, ending)


def _write_synced(path: Path, write: Exporter, report: Report) -> None:
    with path.open("xb") as out:
        write(report, out)
        out.flush()
        os.fsync(out.fileno())
