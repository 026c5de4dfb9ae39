"""Text file → sections of about 3,000 characters, cut at form feeds and paragraph borders."""

from collections.abc import Iterator
from pathlib import Path

from kimi_docs.domain.text import Extraction
from kimi_docs.extract.build import Builder, tidy
from kimi_docs.extract.encoding import decode
from kimi_docs.extract.sections import Paragraph, add_sections

EXTRACTOR = "plain-1"


def read(path: Path, document_id: str, *, password: str = "") -> Extraction:  # noqa: ARG001 - text has no passwords
    """Raises: NoText, TooLarge."""
    text, encoding = decode(path.read_bytes())
    builder = Builder(document_id, EXTRACTOR)
    add_sections(builder, _paragraphs(text))
    builder.note_lost()
    return builder.finish(metadata={"encoding": encoding})


def _paragraphs(text: str) -> Iterator[Paragraph]:
    """What stands between blank lines, indents kept; a form feed begins a new page."""
    for sheet in text.split("\f"):
        fresh = True
        for paragraph in blank_separated(tidy(sheet)):
            yield Paragraph(text=paragraph, fresh=fresh)
            fresh = False


def blank_separated(text: str) -> Iterator[str]:
    lines: list[str] = []
    for line in text.split("\n"):
        if line.strip():
            lines.append(line.rstrip())
        elif lines:
            yield "\n".join(lines)
            lines = []
    if lines:
        yield "\n".join(lines)
