"""Bytes and a name from outside → an Intake: what it is called, what it really is, and that it may be parsed at all.

Nothing here parses a document. What comes out goes to `extract.sandbox`, by its format.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kimi_docs.errors import Damaged, EmptyDocument, TooLarge, UnsupportedFormat
from kimi_docs.extract import pixels
from kimi_docs.extract.formats import FORMATS
from kimi_docs.extract.sniff import real_type
from kimi_docs.language import Message, say

__all__ = ["FORMATS", "MAX_NAME_BYTES", "Intake", "clean_name", "take"]

MAX_NAME_BYTES = 200
"""In UTF-8: file systems hold 255, and an ending or a number may be added."""

_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Intake:
    """A file that may be added. `id` is the SHA-256 of its bytes, `format` a name in `FORMATS`, `bytes` their number."""

    name: str
    format: str
    bytes: int
    id: str


def take(source: bytes | Path, name: str = "", *, max_bytes: int) -> Intake:
    """Look at a file before any parser does.

    Raises: TooLarge, EmptyDocument, UnsupportedFormat, Damaged, PasswordNeeded.
    """
    shown = clean_name(name or (source.name if isinstance(source, Path) else ""))
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size > max_bytes:
        raise TooLarge(
            say("“{name}” has {megabytes} MB; at most {most} MB are taken.", name=shown, megabytes=_mb(size), most=_mb(max_bytes)),
            say("Split it into smaller files, or reduce the pictures in it, and add those."),
        )
    content = source if isinstance(source, bytes) else source.read_bytes()
    if not content.strip(b"\0\t\n\r \xef\xbb\xbf\xff\xfe"):
        raise EmptyDocument(say("“{name}” is empty.", name=shown), say("Check the file where it came from and add it again."))
    found = real_type(content, shown)
    pixels.check(content, found)
    if found not in FORMATS or (found == "txt" and _ending(shown) in _NEVER_TEXT):
        raise _refusal(shown, found)
    return Intake(name=shown, format=found, bytes=len(content), id=hashlib.sha256(content).hexdigest())


def clean_name(name: str) -> str:
    """The last part of a path, in NFC, without characters that cannot be seen, at most `MAX_NAME_BYTES` long; never empty."""
    base = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    base = unicodedata.normalize("NFC", _INVISIBLE.sub("", base))
    base = re.sub(r"\s+", " ", re.sub(r'[<>:"|?*/\\]', "_", base)).strip(" ")
    base = "" if not base.strip(".") else base.rstrip(". ")
    base = f"_{base}" if _RESERVED.fullmatch(base) else base
    return _shortened(base) or "document"


def _shortened(name: str) -> str:
    """Cut in the middle of the name, so that its ending stays."""
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending.encode()) > 20 or not stem:
        stem, dot, ending = name, "", ""
    tail = (dot + ending).encode()
    return stem.encode()[: MAX_NAME_BYTES - len(tail)].decode(errors="ignore").rstrip(". ") + tail.decode()


def _mb(size: int) -> float:
    return round(size / 1024**2, 1)


_ADVICE: Mapping[str, Message] = {
    "zip": say("Unpack it and add the documents in it."),
    "svg": say("Export it as PDF and add that."),
    "msg": say("Save the message as .eml or PDF and add that."),
}
KINDS = "PDF, Word, PowerPoint, Excel, OpenDocument, RTF, EPUB, CSV, HTML, Markdown, JSON, EML, PNG, JPEG, TIFF, WebP"
_NEVER_TEXT = frozenset(FORMATS) - {"txt", "md", "csv", "tsv", "json", "html", "eml", "rtf"}


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


def _refusal(name: str, found: str) -> UnsupportedFormat | Damaged:
    if found in {"txt", "zip", "ole"} and _ending(name) in _NEVER_TEXT:
        return Damaged(
            say("“{name}” is damaged or is not what its name says it is.", name=name),
            say("Open it in the program it comes from, save it again, and add that."),
        )
    advice = _ADVICE.get(found) or say("These can be read: {kinds}.", kinds=KINDS)
    if found in {"", "ole"}:
        return UnsupportedFormat(say("“{name}” is of no kind that can be read.", name=name), advice)
    return UnsupportedFormat(say("“{name}” is of the kind “{format}”, which cannot be read yet.", name=name, format=found), advice)
