"""Blocks of text → the pages of a PDF, set by Typst.

The texts go to Typst as data, never as source, so nothing in them can be a command. What is too large for one go is set in
parts, which keeps the memory flat, and put together by pypdf.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from io import BytesIO
from typing import Any, BinaryIO, Literal

import pylopdf_fonts_zh_cn
import typst
from pypdf import PdfWriter

from kimi_docs.errors import KimiDocsError
from kimi_docs.export.pdf_page import PAGE
from kimi_docs.export.plain import one_line
from kimi_docs.language import say

Block = Mapping[str, Any]
Told = str | list[str | list[str]]

_WHOLE: Literal["ua-1"] = "ua-1"  # tagged, for readers who hear a page
_PART: Literal["a-2u"] = "a-2u"  # a part can begin with a heading of any level
# Both make Typst refuse a character that none of the fonts can draw.
_UNDRAWABLE = re.compile(r'the text `"(.+?)"` could not be displayed')
_ESCAPE = re.compile(r"\\u\{([0-9a-f]+)\}")
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What turns the direction of a text around: shown by its number, so that nobody reads a text that is not there."""
_ONE_PIECE = re.compile("[-‐]?[0-9A-Za-zÀ-ɏ]{1,24}(?:[-‐][0-9A-Za-zÀ-ɏ]{1,24}){1,3}|[^\\s\u2e80-\uffff-]{24}")
"""A hyphen at the end of a line comes back from a PDF as another character, so a hyphenated word is not parted; a run without
spaces is cut into pieces, between which a line can end."""
_LONGEST_WORD = 48
_TRIES = 5
_PART_WEIGHT = 1500  # rows: about 25 summaries, 180 MB
_OLD_AGE = 12
"""Typst keeps what it has set until so many documents were set after it."""


def typeset(blocks: Iterable[Block], out: BinaryIO, *, title: str, language: str) -> None:
    """Raises: KimiDocsError (a PDF could not be made)."""
    about = {"title": title, "language": language.split("-")[0], "region": "CN" if language.startswith("zh") else "US"}
    parts = list(_parts(blocks))
    if len(parts) == 1:
        out.write(_set(parts[0], about, _WHOLE))
        return
    writer = PdfWriter()
    for part in parts:
        made = _set(part, about | {"first": len(writer.pages) + 1}, _PART)
        writer.append(BytesIO(made), import_outline=True)
        _forget()
    writer.add_metadata({"/Title": title, "/Author": "Kimi Docs"})
    writer.write(out)


def told(text: str) -> Told:
    """One line, or its pieces: a list within the list stays on one line of the page."""
    line = one_line(text)
    pieces: list[str | list[str]] = []
    end = 0
    for found in _ONE_PIECE.finditer(line):
        if len(found.group()) <= _LONGEST_WORD:
            pieces += [*([line[end : found.start()]] if found.start() > end else []), [found.group()]]
            end = found.end()
    return [*pieces, line[end:]] if pieces else line


def _parts(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """The blocks in runs of bearable weight, each from a heading on where there is one in time."""
    part: list[Block] = []
    weight = 0
    for block in blocks:
        if weight > _PART_WEIGHT and (block["kind"] == "heading" or weight > 2 * _PART_WEIGHT):
            yield part
            part, weight = [], 0
        part.append(block)
        weight += len(block.get("rows", "1"))
    yield part


def _set(blocks: Sequence[Block], about: Mapping[str, Any], standard: Literal["ua-1", "a-2u"]) -> bytes:
    here = [row["number"] for block in blocks if block["kind"] == "sources" for row in block["rows"]]
    data = json.dumps({"first": 0, **about, "here": here and [here[0], here[-1]], "blocks": blocks}, ensure_ascii=False)
    data = _TURNING.sub(lambda found: _number(found.group()), data)
    for attempt in range(_TRIES):
        try:
            return _compiled(data, _fonts(of_machine=attempt > 0), standard)
        except typst.TypstError as error:
            missing = _missing(error.diagnostic or error.message)
            if not missing:
                raise _failed() from error
        if attempt:
            data = re.sub(f"[{re.escape(''.join(missing))}]", lambda found: _number(found.group()), data)
    raise _failed()


def _compiled(data: str, fonts: typst.Fonts, standard: Literal["ua-1", "a-2u"]) -> bytes:
    tags = standard == _WHOLE
    source, inputs = PAGE.encode(), {"data": data}
    return typst.compile(source, None, font_paths=fonts, sys_inputs=inputs, format="pdf", pdf_standards=standard, pdf_tags=tags)


def _forget() -> None:
    for _ in range(_OLD_AGE):
        typst.compile(b"", None, font_paths=_fonts(), format="pdf")


@cache
def _fonts(*, of_machine: bool = False) -> typst.Fonts:
    """The same on every machine: Noto Sans SC, and what Typst itself brings for signs that it lacks.

    Only for a script that none of them has are the machine's own fonts asked.
    """
    folder = str(pylopdf_fonts_zh_cn.sans_path().parent)
    return typst.Fonts(include_system_fonts=of_machine, include_embedded_fonts=True, font_paths=[folder])


def _missing(diagnostic: str) -> set[str]:
    """The characters that no font can draw; what is ASCII can be drawn."""
    texts = (_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) for text in _UNDRAWABLE.findall(diagnostic))
    return {character for text in texts for character in text if not character.isascii()}


def _number(character: str) -> str:
    return f"‹U+{ord(character):04X}›"


def _failed() -> KimiDocsError:
    return KimiDocsError(
        say("The PDF could not be made."),
        say("Nothing of what was made is lost. Export it as .docx or .md, and report this."),
    )
