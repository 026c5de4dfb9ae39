"""An open PDF → what it says about itself: labels, metadata, attachments, forms."""

from collections.abc import Iterator, Mapping
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw_pdfium

from kimi_docs.domain.text import Notice
from kimi_docs.language import say

_MOST_ATTACHMENTS = 100


def labels(document: Any) -> list[str]:
    """What is printed on each page where the document says so, else its number."""
    return [document.get_page_label(index) or str(index + 1) for index in range(len(document))]


def metadata(document: Any) -> Mapping[str, str]:
    found = {key.lower(): value.strip() for key, value in document.get_metadata_dict(skip_empty=True).items()}
    return {key: value for key, value in found.items() if value}


def notices(document: Any) -> Iterator[Notice]:
    """What is in the file beside its pages."""
    if raw_pdfium.FPDF_GetFormType(document.raw) in (raw_pdfium.FORMTYPE_XFA_FULL, raw_pdfium.FORMTYPE_XFA_FOREGROUND):
        message = say(
            "This PDF holds an XFA form; what is filled in there may be missing here. Print it to a new PDF and add that."
        )
        yield Notice(code="xfa", message=message)
    names = _attachments(document)
    if names:
        message = say("Attached files were not read ({count}): {names}", count=len(names), names=", ".join(names)[:500])
        yield Notice(code="attachments", message=message)


def _attachments(document: Any) -> list[str]:
    found = []
    for number in range(min(_MOST_ATTACHMENTS, document.count_attachments())):
        try:
            found.append(document.get_attachment(number).get_name() or "?")
        except (pdfium.PdfiumError, UnicodeDecodeError):
            found.append("?")
    return found
