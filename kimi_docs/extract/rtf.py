"""Rich Text (rtf) → its text as sections. A reader of its own: the words, headings and tables, nothing that is drawn."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from kimi_docs.domain.text import BlockKind, Extraction, Notice
from kimi_docs.errors import Damaged
from kimi_docs.extract.build import Builder, check_length, tidy
from kimi_docs.extract.sections import Paragraph, add_sections
from kimi_docs.language import say

EXTRACTOR = "rtf-1"
MAX_DEPTH = 1000
_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.DOTALL
)
_SILENT_NAMES = (
    "fonttbl colortbl stylesheet info pict object objdata themedata colorschememapping latentstyles datastore listtable "
    "listoverridetable rsidtbl generator xmlnstbl filetbl revtbl fldinst bkmkstart bkmkend nonshppict shpinst listtext pntext "
    "atnid atnauthor atndate atnref atntime annotation mmathPr wgrffmtfilter userprops docvar formfield"
)
_SILENT = frozenset(_SILENT_NAMES.split())
_APART = {
    **dict.fromkeys(("header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf"), "Headers and footers"),
    "footnote": "Footnotes",
}
_SHOWN_OPTIONAL = frozenset(("shptxt", "shprslt"))
_WORDS = {
    **{"tab": "\t", "line": "\n", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”"},
    **{"bullet": "•", "emspace": " ", "enspace": " ", "qmspace": " ", "sect": "\n", "softline": "\n"},
}
_SIGNS = {b"~": "\u00a0", b"_": "-", b"{": "{", b"}": "}", b"\\": "\\"}
_CHARSETS = {
    **{0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030", 136: "big5", 161: "cp1253"},
    **{162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250"},
}


@dataclass(frozen=True, slots=True)
class _State:
    """What a group inherits and gives back."""

    silent: bool = False
    hidden: bool = False
    fonts: bool = False
    place: str = ""
    about: str = ""
    encoding: str = "cp1252"
    skip: int = 1


@dataclass(slots=True)
class _Paragraph:
    parts: list[str] = field(default_factory=list)
    level: int = 0
    in_table: bool = False


def read(path: Path, document_id: str, *, password: str = "") -> Extraction:  # noqa: ARG001 - rich text has no passwords
    """Raises: Damaged, NoText, TooLarge."""
    builder = Builder(document_id, EXTRACTOR)
    reader = _Reader()
    add_sections(builder, reader.paragraphs(path.read_bytes()))
    if reader.hidden:
        message = say("{count} characters of hidden text were left out.", count=reader.hidden)
        builder.notice(Notice(code="hidden", message=message))
    if reader.pictures:
        message = say("Text in the pictures of this document was not read (pictures: {count}).", count=reader.pictures)
        builder.notice(Notice(code="pictures", message=message))
    about = {name: " ".join(_joined(parts).split()) for name, parts in reader.about.items()}
    return builder.finish(title=about.pop("title", ""), metadata=about)


class _Reader:
    """Goes through the tokens once; paragraphs come out as they end."""

    def __init__(self) -> None:
        self.hidden = self.pictures = 0
        self.about: dict[str, list[str]] = {}
        self._state, self._above = _State(), list[_State]()
        self._default = "cp1252"
        self._fonts: dict[int, str] = {}
        self._font = 0
        self._bytes = bytearray()
        self._skipping = 0
        self._optional = False
        self._now = _Paragraph()
        self._rows: list[str] = []
        self._cells: list[str] = []
        self._apart: dict[str, list[str]] = {}

    def paragraphs(self, content: bytes) -> Iterator[Paragraph]:
        place = length = 0
        while token := _TOKEN.search(content, place):
            place = token.end()
            word, number, code, sign, brace, plain = token.groups()
            if brace:
                self._brace(brace)
            elif word:
                yield from self._word(word.decode(), int(number) if number else None)
                place += max(0, int(number or 0)) if word == b"bin" else 0
            elif code or plain:
                self._raw(bytes.fromhex(code.decode()) if code else plain)
                length += 0 if self._state.silent else len(plain or b"")
                check_length(length)
            elif sign == b"*":
                self._optional = True
            elif sign in _SIGNS:
                self._text(_SIGNS[sign])
            elif sign in {b"\n", b"\r"}:
                yield from self._end()
        yield from self._end()
        yield from self._end_table()
        for label, texts in self._apart.items():
            for place, text in enumerate(dict.fromkeys(part for part in _joined(texts).split("\n") if part.strip())):
                yield Paragraph(text=text.strip(), fresh=not place, label=label if not place else "")

    def _brace(self, brace: bytes) -> None:
        self._flush()
        self._optional = False
        if brace == b"{":
            if len(self._above) >= MAX_DEPTH:
                raise Damaged(say("This document is nested too deeply."), say("Save it again in the program it comes from."))
            self._above.append(self._state)
        elif self._above:
            if self._state.place and self._state.place != self._above[-1].place:
                self._apart.setdefault(self._state.place, []).append("\n")
            self._state = self._above.pop()

    def _word(self, word: str, number: int | None) -> Iterator[Paragraph]:
        optional, self._optional = self._optional, False
        if word not in {"u", "uc"}:
            self._flush()
        if word == "pict":
            self.pictures += not self._state.silent
        if word in _SILENT or (optional and word not in _SHOWN_OPTIONAL):
            self._state = replace(
                self._state, silent=word != "info", fonts=word == "fonttbl", about="info" if word == "info" else ""
            )
        elif word in _APART:
            self._state = replace(self._state, place=_APART[word])
        elif self._state.about and word in {"title", "author", "subject", "keywords"}:
            self._state = replace(self._state, about=word)
        elif word in {"par", "row", "cell", "nestcell", "nestrow", "page"}:
            if self._state.place:
                self._text("\n")
            else:
                yield from self._border(word)
        elif word in _WORDS:
            self._text(_WORDS[word])
        else:
            self._set(word, number)

    def _border(self, word: str) -> Iterator[Paragraph]:
        """The end of a paragraph, a cell or a row."""
        if self._state.silent:
            return
        if word in {"cell", "nestcell"}:
            self._cells.append(" ".join(_joined(self._now.parts).split()))
            self._now = _Paragraph(in_table=True)
        elif word in {"row", "nestrow"}:
            self._rows.append(" | ".join(self._cells).rstrip())
            self._cells, self._now = [], _Paragraph()
        elif self._now.in_table:
            self._now.parts.append(" ")
        else:
            yield from self._end()

    def _end(self) -> Iterator[Paragraph]:
        self._flush()
        text = _joined(self._now.parts).strip()
        level, self._now = self._now.level, _Paragraph(level=self._now.level)
        if text:
            yield from self._end_table()
            heading = 0 < level <= 6 and len(text) < 300
            kind = BlockKind.HEADING if heading else BlockKind.PARAGRAPH
            yield Paragraph(text=" ".join(text.split()) if heading else text, kind=kind, level=level if heading else 0)

    def _end_table(self) -> Iterator[Paragraph]:
        rows, self._rows = [row for row in self._rows if row.strip(" |")], []
        if rows:
            yield Paragraph(text="\n".join(rows), kind=BlockKind.TABLE)

    def _set(self, word: str, number: int | None) -> None:
        if word == "u" and number is not None:
            self._unicode(number)
        elif word == "uc":
            self._state = replace(self._state, skip=min(number or 0, 10))
        elif word == "ansicpg" and number:
            self._default = _codec(f"cp{number}")
            self._state = replace(self._state, encoding=self._default)
        elif word == "f" and self._state.fonts:
            self._font = number or 0
        elif word == "fcharset" and self._state.fonts and number is not None:
            self._fonts[self._font] = _CHARSETS.get(number, "")
        elif word in {"f", "plain"}:
            encoding = self._fonts.get(number or 0) if word == "f" else ""
            self._state = replace(self._state, encoding=encoding or self._default, hidden=self._state.hidden and word == "f")
        elif word in {"v", "deleted"}:
            self._state = replace(self._state, hidden=number != 0)
        elif word == "pard":
            self._now.level, self._now.in_table = 0, False
        elif word == "intbl":
            self._now.in_table = True
        elif word == "outlinelevel" and number is not None:
            self._now.level = number + 1

    def _unicode(self, number: int) -> None:
        code = number % 65536
        self._flush()
        self._text(chr(code))
        self._skipping = self._state.skip

    def _raw(self, content: bytes) -> None:
        """Bytes in the encoding of the font, without those that stand for a character already given."""
        skipped, self._skipping = min(self._skipping, len(content)), max(0, self._skipping - len(content))
        self._bytes += content[skipped:]

    def _flush(self) -> None:
        if self._bytes:
            text = self._bytes.decode(self._state.encoding, errors="replace")
            self._bytes.clear()
            self._text(text)

    def _text(self, text: str) -> None:
        if self._bytes:
            self._flush()
        state = self._state
        if state.about and state.about != "info":
            self.about.setdefault(state.about, []).append(text)
        elif state.silent or state.about:
            return
        elif state.hidden:
            self.hidden += len(text)
        elif state.place:
            self._apart.setdefault(state.place, []).append(text)
        else:
            self._now.parts.append(text)


def _joined(parts: list[str]) -> str:
    """The halves of characters beyond the first 65,536 made whole."""
    text = "".join(parts)
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return tidy(text)


def _codec(name: str) -> str:
    with suppress(LookupError):
        b"".decode(name)
        return {"cp936": "gb18030"}.get(name, name)
    return "cp1252"
