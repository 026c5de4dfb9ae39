"""E-mail (eml) → who wrote to whom, the message, the messages it carries; attachments are listed, not opened."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path
from typing import cast

from kimi_docs.domain.text import BlockKind, Extraction, Notice
from kimi_docs.errors import EmptyDocument
from kimi_docs.extract import web
from kimi_docs.extract.build import Builder, tidy
from kimi_docs.extract.encoding import decode
from kimi_docs.extract.plain import blank_separated
from kimi_docs.extract.sections import Paragraph, add_sections
from kimi_docs.language import say

EXTRACTOR = "mail-1"
MAX_DEPTH = 5
MAX_PARTS = 1000
_WORDY = frozenset(("text/plain", "text/html"))
_HEADERS = ("From", "To", "Cc", "Bcc", "Date", "Subject")


def read(path: Path, document_id: str, *, password: str = "") -> Extraction:  # noqa: ARG001 - messages have no passwords
    """Raises: NoText, TooLarge."""
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    builder = Builder(document_id, EXTRACTOR)
    letter = _Letter()
    add_sections(builder, letter.paragraphs(message, 1))
    builder.hidden += web.listed(letter.hidden)
    for name, kind, size in letter.attachments:
        told = say("Attachment not read: {name} ({kind}, {size} bytes). Add it by itself.", name=name, kind=kind, size=size)
        builder.notice(Notice(code="attachment", message=told))
    about = {name.lower(): _header(message, name) for name in ("From", "To", "Date")}
    about["attachments"] = "; ".join(name for name, _, _ in letter.attachments)
    builder.note_lost()
    return builder.finish(title=_header(message, "Subject"), metadata=about)


_Form = tuple[list[Paragraph], list[str]]
"""What one form of a text says, and what it hides."""


class _Letter:
    """Walks a message and those within it."""

    def __init__(self) -> None:
        self.attachments: list[tuple[str, str, int]] = []
        self.hidden: list[str] = []
        self._parts = 0

    def paragraphs(self, message: EmailMessage, depth: int) -> Iterator[Paragraph]:
        lines = [f"{name}: {text}" for name in _HEADERS if (text := _header(message, name))]
        if lines:
            yield Paragraph(text="\n".join(lines), fresh=depth > 1, label=_header(message, "Subject")[:120])
        yield from self._body(message, depth)

    def _body(self, part: EmailMessage, depth: int) -> Iterator[Paragraph]:
        self._parts += 1
        if self._parts > MAX_PARTS:
            return
        kind = part.get_content_type()
        if kind == "message/rfc822" and depth < MAX_DEPTH:
            for inner in _parts(part):
                yield from self.paragraphs(inner, depth + 1)
        elif part.is_multipart():
            if depth < MAX_DEPTH * 4:
                yield from self._best(part, depth) if kind == "multipart/alternative" else self._all(part, depth)
        elif kind in _WORDY and part.get_content_disposition() != "attachment":
            yield from _words(part, self.hidden)
        else:
            self.attachments.append((_file_name(part), kind, len(_payload(part))))

    def _all(self, part: EmailMessage, depth: int) -> Iterator[Paragraph]:
        for inner in _parts(part):
            yield from self._body(inner, depth + 1)

    def _best(self, part: EmailMessage, depth: int) -> Iterator[Paragraph]:
        """One of several forms of the same text: the plain one, unless it only stands in for another. All are looked through:
        an attachment may lie within any of them.
        """
        plain: _Form = ([], [])
        rich: _Form = ([], [])
        for form in _parts(part):
            if form.is_multipart() or form.get_content_type() in _WORDY or form.get_filename():
                found = self._form(form, depth)
                if form.get_content_type() == "text/plain":
                    plain = plain if plain[0] else found
                elif found[0]:
                    rich = found
        paragraphs, hidden = rich if _stands_in(plain[0], rich[0]) else plain
        self.hidden += hidden
        yield from paragraphs

    def _form(self, form: EmailMessage, depth: int) -> _Form:
        """What a form says, and what it hides: that counts only if the form is taken."""
        before, self.hidden = self.hidden, []
        paragraphs = list(self._body(form, depth + 1))
        hidden, self.hidden = self.hidden, before
        return paragraphs, hidden


def _stands_in(plain: list[Paragraph], rich: list[Paragraph]) -> bool:
    """The plain form is far shorter, or short and of other words ("This message needs an HTML reader")."""
    short, long = ("".join("".join(paragraph.text for paragraph in form).split()) for form in (plain, rich))
    if len(short) >= len(long):
        return False
    pairs, known = (set(map("".join, pairwise(text))) for text in (short, long))
    return len(short) * 2 < len(long) or len(pairs & known) * 2 < len(pairs)


def _parts(part: EmailMessage) -> list[EmailMessage]:
    payload = part.get_payload()
    return cast(list[EmailMessage], payload) if isinstance(payload, list) else []


def _words(part: EmailMessage, hidden: list[str]) -> Iterator[Paragraph]:
    content = _payload(part)
    text = tidy(_decoded(content, part.get_content_charset() or ""))
    if part.get_content_type() == "text/plain":
        yield from (Paragraph(text=block) for block in blank_separated(text))
        return
    with suppress(EmptyDocument):
        for paragraph in web.paragraphs(web.parse(text), hidden):
            heading = paragraph.kind is BlockKind.HEADING
            yield replace(paragraph, level=max(3, paragraph.level)) if heading else paragraph


def _payload(part: EmailMessage) -> bytes:
    try:
        found = part.get_payload(decode=True)
    except (MessageError, ValueError, LookupError):
        return b""
    return found if isinstance(found, bytes) else b""


def _decoded(content: bytes, charset: str) -> str:
    """As the part says, where that is right."""
    name = "gb18030" if charset in {"gb2312", "gbk"} else charset
    if name and name not in {"us-ascii", "unknown-8bit"}:
        with suppress(LookupError, UnicodeDecodeError):
            return content.decode(name)
    return decode(content)[0]


def _header(message: EmailMessage, name: str) -> str:
    try:
        values = message.get_all(name) or []
    except (
        MessageError,
        ValueError,
        LookupError,
        IndexError,
        AttributeError,
        TypeError,
    ):  # what its parser throws at broken headers
        return ""
    return " ".join(tidy(", ".join(map(str, values))).split())[:2000]


def _file_name(part: EmailMessage) -> str:
    try:
        name = part.get_filename() or ""
    except (MessageError, ValueError, LookupError, TypeError):
        name = ""
    return " ".join(tidy(name).split())[:200] or "?"
