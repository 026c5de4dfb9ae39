"""E-mail (eml) → who wrote to whom, the message, the messages it carries; attachments are listed, not opened."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
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
_HEADERS = ("From", "To", "Cc", "Bcc", "Date", "Subject")


def read(path: Path, document_id: str, *, password: str = "") -> Extraction:  # noqa: ARG001 - messages have no passwords
    """Raises: NoText, TooLarge."""
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    builder = Builder(document_id, EXTRACTOR)
    letter = _Letter()
    add_sections(builder, letter.paragraphs(message, 1))
    for name, kind, size in letter.attachments:
        told = say("Attachment not read: {name} ({kind}, {size} bytes). Add it by itself.", name=name, kind=kind, size=size)
        builder.notice(Notice(code="attachment", message=told))
    about = {name.lower(): _header(message, name) for name in ("From", "To", "Date")}
    about["attachments"] = "; ".join(name for name, _, _ in letter.attachments)
    builder.note_lost()
    return builder.finish(title=_header(message, "Subject"), metadata=about)


class _Letter:
    """Walks a message and those within it."""

    def __init__(self) -> None:
        self.attachments: list[tuple[str, str, int]] = []
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
        elif kind == "multipart/alternative":
            yield from self._best(part, depth)
        elif part.is_multipart():
            if depth < MAX_DEPTH * 4:
                for inner in _parts(part):
                    yield from self._body(inner, depth + 1)
        elif kind in {"text/plain", "text/html"} and part.get_content_disposition() != "attachment":
            yield from _words(part)
        else:
            self.attachments.append((_file_name(part), kind, len(_payload(part))))

    def _best(self, part: EmailMessage, depth: int) -> Iterator[Paragraph]:
        """One of several forms of the same text: the plain one, or else the last that says anything."""
        inner = _parts(part)
        inner.sort(key=lambda form: form.get_content_type() != "text/plain")
        for form in inner:
            found = list(self._body(form, depth + 1))
            if found:
                yield from found
                return


def _parts(part: EmailMessage) -> list[EmailMessage]:
    payload = part.get_payload()
    return cast(list[EmailMessage], payload) if isinstance(payload, list) else []


def _words(part: EmailMessage) -> Iterator[Paragraph]:
    content = _payload(part)
    text = tidy(_decoded(content, part.get_content_charset() or ""))
    if part.get_content_type() == "text/plain":
        yield from (Paragraph(text=block) for block in blank_separated(text))
        return
    with suppress(EmptyDocument):
        for paragraph in web.paragraphs(web.parse(text)):
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
