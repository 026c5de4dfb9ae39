"""Word 6 to 2003 (doc) → its text as sections: headings, tables, notes; deleted and hidden text left out."""

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kimi_docs.domain.text import BlockKind, Extraction, Notice
from kimi_docs.errors import PasswordNeeded
from kimi_docs.extract import ole
from kimi_docs.extract import word_binary_format as formats
from kimi_docs.extract.build import Builder, tidy
from kimi_docs.extract.package import damaged
from kimi_docs.extract.sections import Paragraph, add_sections
from kimi_docs.language import say

EXTRACTOR = "word-binary-1"
_ENCRYPTED, _SECOND_TABLE = 0x0100, 0x0200
_FIRST_OF_97 = 0x00C1
_FIELD = re.compile("\x13[^\x13\x14\x15]*(?:\x14([^\x13\x14\x15]*))?\x15")
_LOST = re.compile("[\x01-\x06\x08\x0e-\x1d\x1f]")
_PARTS = (
    (0x50, "Footnotes"),
    (0x54, "Headers and footers"),
    (0x58, ""),
    (0x5C, "Comments"),
    (0x60, "Endnotes"),
    (0x64, "Text boxes"),
)
"""What follows the body, by where its length stands; the fourth is of no use to a reader."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Characters from `start` on stand at byte `place` of the document, one or two bytes each."""

    start: int
    text: str
    place: int
    width: int


def read(path: Path, document_id: str, *, password: str = "") -> Extraction:  # noqa: ARG001 - says so when it has one
    """Raises: Damaged, PasswordNeeded, NoText, TooLarge."""
    compound = ole.Compound(path.read_bytes())
    document = compound.read("WordDocument")
    builder = Builder(document_id, EXTRACTOR)
    try:
        flags, version = struct.unpack_from("<H", document, 10)[0], struct.unpack_from("<H", document, 2)[0]
        if flags & _ENCRYPTED:
            raise PasswordNeeded(
                say("This file is protected with a password."), say("Enter the password, or add a copy without one.")
            )
        if version < _FIRST_OF_97:
            found = _Old(document).paragraphs()
        else:
            table = compound.read("1Table" if flags & _SECOND_TABLE else "0Table")
            reader = _Reader(document, table)
            found = reader.paragraphs()
        add_sections(builder, found)
    except (struct.error, IndexError) as error:
        raise damaged() from error
    if version >= _FIRST_OF_97 and reader.hidden:
        message = say("{count} characters of hidden text were left out.", count=reader.hidden)
        builder.notice(Notice(code="hidden", message=message))
    about = ole.properties(compound)
    return builder.finish(title=about.pop("title", ""), metadata=about)


class _Old:
    """Word 6 and 95: one run of bytes."""

    def __init__(self, document: bytes) -> None:
        first, last = struct.unpack_from("<II", document, 24)
        length = struct.unpack_from("<I", document, 52)[0]
        self._text = document[first : min(last, first + length)].decode("cp1252", "replace")

    def paragraphs(self) -> Iterator[Paragraph]:
        for line in re.split("[\r\x0c]|\x07\x07", without_fields(self._text)):
            text = shown(line.replace("\x07", " | "))
            if text:
                yield Paragraph(text=text, kind=BlockKind.TABLE if "\x07" in line else BlockKind.PARAGRAPH)


class _Reader:
    """Word 97 to 2003."""

    def __init__(self, document: bytes, table: bytes) -> None:
        self._pieces = list(_pieces(document, table))
        if not self._pieces:
            raise damaged()
        self._text = "".join(piece.text for piece in self._pieces)
        self._paragraphs = formats.paragraph_runs(document, table, *struct.unpack_from("<II", document, 0x102))
        self._lengths = {place: struct.unpack_from("<I", document, place)[0] for place in (0x4C, *(place for place, _ in _PARTS))}
        self._gone = self._left_out(formats.character_runs(document, table, *struct.unpack_from("<II", document, 0xFA)))
        self.hidden = sum(map(len, re.findall(b"\x02+", bytes(self._gone))))

    def paragraphs(self) -> Iterator[Paragraph]:
        start = end = min(self._lengths[0x4C], len(self._text))
        yield from self._part(0, end, "")
        for place, label in _PARTS:
            start, end = end, min(end + self._lengths[place], len(self._text))
            if label:
                yield from self._part(start, end, label)

    def _part(self, start: int, end: int, label: str) -> Iterator[Paragraph]:
        """The paragraphs between two characters; a label makes them pages of their own."""
        said: set[str] = set()
        for paragraph in _joined_tables(self._lines(start, end)):
            text = paragraph.text
            if not label:
                yield paragraph
            elif text not in said:
                yield Paragraph(text=text, kind=paragraph.kind, fresh=not said, label="" if said else label)
                said.add(text)

    def _lines(self, start: int, end: int) -> Iterator[tuple[str, Paragraph]]:
        """`row` or `text`, and the line."""
        cells: list[str] = []
        text, place = self._text, start
        waiting = ""
        while place < end:
            stop = next((n for n in range(place, end) if text[n] in "\r\x07\x0c"), end - 1)
            line = "".join(text[n] for n in range(place, stop) if not self._gone[n])
            run = self._paragraphs.at(self._place(stop))
            place = stop + 1
            properties = run.set if run else {}
            if text[stop] == "\x07" and properties.get(formats.ROW_END):
                row, cells = " | ".join(cells).rstrip(), []
                if row.strip(" |"):
                    yield "row", Paragraph(text=row, kind=BlockKind.TABLE)
            elif text[stop] == "\x07":
                cells.append(" ".join(shown(without_fields(waiting + line)).split()))
                waiting = ""
            elif properties.get(formats.IN_TABLE):
                waiting += line + " "
            elif words := shown(without_fields(line)):
                yield "text", _paragraph(words, run.style if run else 0, properties)

    def _place(self, character: int) -> int:
        """Where a character stands in the document stream."""
        low, high = 0, len(self._pieces) - 1
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._pieces[middle].start <= character else (low, middle - 1)
        piece = self._pieces[low]
        return piece.place + (character - piece.start) * piece.width

    def _left_out(self, runs: formats.Runs) -> bytearray:
        """For each character 0 when it is read, 1 when deleted, 2 when hidden."""
        gone = bytearray(len(self._text))
        for run in runs.all:
            mark = 1 if run.set.get(formats.DELETED) == 1 else 2 if run.set.get(formats.VANISH) == 1 else 0
            for piece in self._pieces if mark else ():
                first = max(0, (run.start - piece.place) // piece.width)
                last = min(len(piece.text), (run.end - piece.place) // piece.width)
                for place in range(piece.start + first, piece.start + last):
                    gone[place] = 0 if self._text[place] in "\r\x07\x0c" else mark
        return gone


def _paragraph(text: str, style: int, properties: Mapping[int, int]) -> Paragraph:
    """Styles 1 to 9 are the headings in every document of this format."""
    outline = properties.get(formats.OUTLINE, 9)
    level = style if 1 <= style <= 9 else outline + 1 if outline < 9 else 0
    if level and len(text) < 300:
        return Paragraph(text=" ".join(text.split()), kind=BlockKind.HEADING, level=min(level, 6))
    if properties.get(formats.LISTED):
        return Paragraph(text=f"- {text}", kind=BlockKind.LIST)
    return Paragraph(text=text)


def _joined_tables(lines: Iterator[tuple[str, Paragraph]]) -> Iterator[Paragraph]:
    rows: list[str] = []
    for kind, paragraph in lines:
        if kind == "row":
            rows.append(paragraph.text)
            continue
        if rows:
            yield Paragraph(text="\n".join(rows), kind=BlockKind.TABLE)
            rows = []
        yield paragraph
    if rows:
        yield Paragraph(text="\n".join(rows), kind=BlockKind.TABLE)


def _pieces(document: bytes, table: bytes) -> Iterator[_Piece]:
    """The piece table: where each stretch of the text stands."""
    place, size = struct.unpack_from("<II", document, 0x1A2)
    clx = table[place : place + size]
    at = 0
    while at + 5 <= len(clx) and clx[at] == 1:
        at += 3 + struct.unpack_from("<H", clx, at + 1)[0]
    if at + 5 > len(clx) or clx[at] != 2:
        return
    content = clx[at + 5 : at + 5 + struct.unpack_from("<I", clx, at + 1)[0]]
    count = max(0, (len(content) - 4) // 12)
    limits: Sequence[int] = struct.unpack_from(f"<{count + 1}I", content)
    total = 0
    for index in range(count):
        length = limits[index + 1] - limits[index]
        first = struct.unpack_from("<I", content, 4 * (count + 1) + 8 * index + 2)[0]
        width = 1 if first & 0x40000000 else 2
        start = (first & 0x3FFFFFFF) // (2 if width == 1 else 1)
        if length <= 0 or length * width > len(document):
            raise damaged()
        raw = document[start : start + length * width]
        text = raw.decode("cp1252" if width == 1 else "utf-16-le", "replace")
        text = text[:length].ljust(length, "\ufffd") if len(raw) == length * width else text
        yield _Piece(total, text, start, width)
        total += len(text)


def without_fields(text: str) -> str:
    """Fields by what they show, not by what they are made of; the innermost first."""
    for _ in range(10):
        text, count = _FIELD.subn(lambda match: match[1] or "", text)
        if not count:
            break
    return re.sub("\x13[^\x14\x15]*[\x14\x15]?", "", text)


def shown(text: str) -> str:
    text = text.replace("\x0b", "\n").replace("\x1e", "-")
    return tidy(_LOST.sub("", text)).strip()
