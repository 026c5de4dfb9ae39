"""Pages of a PDF that are pictures → their text through OCR; as many as the time allows, so that no page done is lost."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pypdfium2 as pdfium

from kimi_docs.domain.text import Place, Span
from kimi_docs.extract import ocr, progress
from kimi_docs.extract.build import tidy
from kimi_docs.extract.pdf_open import opened, page_of
from kimi_docs.extract.pdf_page import look, removals
from kimi_docs.extract.pdf_text import clean
from kimi_docs.extract.recognized import Recognized

_LARGEST_SCALE = 6.0
"""432 dots per inch: a stamp is not blown up to a poster."""
_PAGE_SECONDS = 120.0
"""Of CPU on all threads."""


def recognize(path: Path, numbers: Sequence[int], *, seconds: float, password: str = "") -> list[Recognized]:
    """These pages in turn until `seconds` are over; at least one. Raises: Damaged, PasswordNeeded."""
    done: list[Recognized] = []
    until = time.monotonic() + seconds
    with opened(path, password, drawn=True) as document:
        for number in numbers:
            if done and time.monotonic() > until:
                break
            progress.page(number - 1, _PAGE_SECONDS)
            page = page_of(document, number - 1)
            found = _page(number, page) if page is not None else Recognized(number=number)
            done.append(with_stamp(found, _stamp(document, number)) if found.text.strip() else found)
        progress.page(-1)
    return done


def _page(number: int, page: pdfium.PdfPage) -> Recognized:
    wide, high = page.get_size()
    if not (wide > 0 and high > 0):
        return Recognized(number=number)
    scale = min(ocr.READ_SIDE / max(wide, high), _LARGEST_SCALE)
    try:
        picture = page.render(scale=scale).to_pil()
    except (pdfium.PdfiumError, ValueError):
        return Recognized(number=number)
    finally:
        page.close()
    return joined(number, ocr.recognize(picture))


def _stamp(document: pdfium.PdfDocument, number: int) -> str:
    """What is written on a page that is a picture otherwise."""
    sheet = look(document, number - 1, tabled=False)
    return clean(sheet.raw or "", *removals(sheet, ())) if sheet.stamped else ""


def with_stamp(found: Recognized, stamp: str) -> Recognized:
    """The recognized text, and after it the lines of the stamp that were not recognized letter by letter."""
    known = "".join(found.text.split())
    lost = [line for line in stamp.splitlines() if "".join(line.split()) not in known]
    return replace(found, text=found.text + "".join(line + "\n" for line in lost))


def joined(number: int, lines: Sequence[ocr.Line]) -> Recognized:
    """Lines as a text, words broken at their ends put together."""
    parts: list[str] = []
    places: list[Place] = []
    length = 0
    for number_of_line, line in enumerate(lines, 1):
        after = lines[number_of_line] if number_of_line < len(lines) else None
        text = tidy(line.text)
        broken = after is not None and text[-2:-1].isalpha() and text.endswith("-") and after.text[:1].islower()
        text = text[:-1] if broken else text + "\n"
        shown = len(text.rstrip("\n"))
        if shown:
            places.append(Place(span=Span(start=length, end=length + shown), box=line.box))
        parts.append(text)
        length += len(text)
    return Recognized(number=number, text="".join(parts), places=tuple(places))
