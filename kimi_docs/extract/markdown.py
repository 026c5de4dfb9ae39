"""Markdown → sections by its headings, the markup left as it is."""

import re
from collections.abc import Iterator
from pathlib import Path

from kimi_docs.domain.text import BlockKind, Extraction
from kimi_docs.extract.build import Builder, tidy
from kimi_docs.extract.encoding import decode
from kimi_docs.extract.sections import Paragraph, add_sections

EXTRACTOR = "markdown-1"
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+\S.*")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*")
_TABLE_RULE = re.compile(r"[ \t]*+\|?[ \t]*+:?-++:?[ \t]*+(?:\|[ \t]*+:?-*+:?[ \t]*+)++")
"""Nothing is given back once taken: long lines of blanks would take the square of their length."""


def read(path: Path, document_id: str, *, password: str = "") -> Extraction:  # noqa: ARG001 - text has no passwords
    """Raises: NoText, TooLarge."""
    text, encoding = decode(path.read_bytes())
    builder = Builder(document_id, EXTRACTOR)
    paragraphs = list(_paragraphs(tidy(text)))
    add_sections(builder, paragraphs)
    title = next((p.text.lstrip("# ").rstrip("# ").splitlines()[0] for p in paragraphs if p.level == 1), "")
    builder.note_lost()
    return builder.finish(title=title, metadata={"encoding": encoding})


def _paragraphs(text: str) -> Iterator[Paragraph]:
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if fence or mark:
            lines.append(line.rstrip())
            fence = "" if fence and mark and mark[1] == fence else fence or (mark[1] if mark else "")
        elif heading := _HEADING.fullmatch(line):
            yield from _flush(lines)
            yield Paragraph(text=line.strip(), kind=BlockKind.HEADING, level=len(heading[1]))
        elif len(lines) == 1 and (rule := _UNDERLINE.fullmatch(line)) and not lines[0].lstrip().startswith(("-", "*", ">", "|")):
            yield Paragraph(text=f"{lines.pop()}\n{line.rstrip()}", kind=BlockKind.HEADING, level=1 if rule[1][0] == "=" else 2)
        elif line.strip():
            lines.append(line.rstrip())
        else:
            yield from _flush(lines)
    yield from _flush(lines)


def _flush(lines: list[str]) -> Iterator[Paragraph]:
    if any(lines):
        table = len(lines) > 1 and "|" in lines[0] and _TABLE_RULE.fullmatch(lines[1])
        yield Paragraph(text="\n".join(lines), kind=BlockKind.TABLE if table else BlockKind.PARAGRAPH)
    lines.clear()
