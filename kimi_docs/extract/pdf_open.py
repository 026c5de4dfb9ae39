"""A PDF file and a password → the open document; what pdfium cannot unlock pypdf does."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw_pdfium

from kimi_docs.errors import Damaged, EmptyDocument, PasswordNeeded, TooLarge
from kimi_docs.language import say

MAX_PAGES = 10_000


@contextmanager
def opened(path: Path, password: str, *, most: int = MAX_PAGES, drawn: bool = False) -> Iterator[Any]:
    """With `drawn` pictures of its pages show what is filled in. Raises: Damaged, PasswordNeeded, EmptyDocument, TooLarge."""
    document = _open(path, password)
    try:
        if not len(document):
            raise EmptyDocument(say("This PDF has no pages."))
        if len(document) > most:
            message = say("This PDF has {pages} pages; at most {most} are read.", pages=len(document), most=most)
            raise TooLarge(message, say("Split it into smaller files and add those."))
        if drawn and raw_pdfium.FPDF_GetFormType(document.raw) != raw_pdfium.FORMTYPE_NONE:
            with suppress(pdfium.PdfiumError):
                document.init_forms()  # nothing in a form is ever run
        yield document
    finally:
        document.close()


def _open(path: Path, password: str) -> Any:
    """New files have their password in UTF-8, old ones in Latin-1: both are tried, then pypdf."""
    try:
        return pdfium.PdfDocument(path, password=password or None)
    except pdfium.PdfiumError as error:
        if error.err_code not in (raw_pdfium.FPDF_ERR_PASSWORD, raw_pdfium.FPDF_ERR_SECURITY):
            raise Damaged(
                say("This PDF is damaged and cannot be opened."),
                say("Open it in a PDF viewer, save or print it to a new PDF, and add that."),
            ) from error
        refused = error
    if not password.isascii():
        handle = raw_pdfium.FPDF_LoadDocument(bytes(path) + b"\0", password.encode("latin-1", "ignore") + b"\0")
        if handle:
            return pdfium.PdfDocument(handle)
    unlocked = _unlocked(path, password)
    if unlocked is None:
        raise _password_needed(bool(password)) from refused
    try:
        return pdfium.PdfDocument(unlocked)
    except pdfium.PdfiumError as error:
        raise _password_needed(bool(password)) from error


def _unlocked(path: Path, password: str) -> bytes | None:
    """The file without its lock, None where pypdf cannot open it either."""
    import pypdf
    from pypdf.errors import PyPdfError

    try:
        reader = pypdf.PdfReader(path)
        if not reader.decrypt(password):
            return None
        target = io.BytesIO()
        pypdf.PdfWriter(clone_from=reader).write(target)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError, ImportError):
        return None
    return target.getvalue()


def _password_needed(given: bool) -> PasswordNeeded:
    if given:
        return PasswordNeeded(say("This password does not open the PDF."), say("Check it and enter it again."))
    return PasswordNeeded(say("This PDF is protected with a password."), say("Enter the password, or add a copy without one."))


def page_of(document: Any, index: int) -> Any:
    """The page, None for one that cannot be loaded."""
    try:
        return document[index]
    except pdfium.PdfiumError:
        return None
