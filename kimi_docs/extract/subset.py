"""A PDF and some of its pages → a PDF of those pages alone. Runs in a child process, like every parser."""

import io
from collections.abc import Sequence
from pathlib import Path

from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError

from kimi_docs.errors import Damaged, NotFound, PasswordNeeded
from kimi_docs.language import say


def pages(path: Path, numbers: Sequence[int], *, password: str = "") -> bytes:
    """Raises: NotFound for a page that is not there, PasswordNeeded, Damaged."""
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(password):
            raise PasswordNeeded(say("This PDF is protected with a password."), say("Add a copy without a password."))
        if max(numbers) > len(reader.pages):
            raise NotFound(say("There is no page {number} in this document.", number=max(numbers)))
        writer = PdfWriter()
        for number in numbers:
            writer.add_page(reader.pages[number - 1])
        made = io.BytesIO()
        writer.write(made)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OSError) as error:
        raise Damaged(
            say("A page of this PDF could not be taken out of it."), say("Print it to a new PDF and add that.")
        ) from error
    return made.getvalue()
