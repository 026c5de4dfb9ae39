"""Bytes of a file → what it really is, whatever its name ends in."""

import io
import json
import re
import zipfile
from collections.abc import Mapping

from kimi_docs.errors import PasswordNeeded
from kimi_docs.extract import archive, ole
from kimi_docs.extract.encoding import decode
from kimi_docs.language import say

_IMAGES: Mapping[bytes, str] = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpg",
    b"GIF87a": "gif",
    b"GIF89a": "gif",
    b"BM": "bmp",
    b"II*\0": "tiff",
    b"MM\0*": "tiff",
}
_OLE: Mapping[str, str] = {
    "WordDocument": "doc",
    "Workbook": "xls",
    "Book": "xls",
    "PowerPoint Document": "ppt",
    "__properties_version1.0": "msg",
}
_MIMETYPES: Mapping[bytes, str] = {
    b"application/epub+zip": "epub",
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/vnd.oasis.opendocument.presentation": "odp",
    b"application/vnd.oasis.opendocument.text-template": "odt",
    b"application/vnd.oasis.opendocument.presentation-template": "odp",
}
_HTML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|title|meta)\b", re.IGNORECASE | re.DOTALL
)
_SVG = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*|<!DOCTYPE[^\[>]*(?:\[.*?\])?\s*>\s*)*<svg\b", re.IGNORECASE | re.DOTALL)
_MAIL = re.compile(
    r"(?:(?:From|Received|Return-Path|Delivered-To|MIME-Version|Message-ID|Date|Subject|To|X-[\w-]+|Content-Type):"
    r" ?[^\n]*\n(?:[ \t][^\n]*\n)*){3}",
    re.IGNORECASE,
)
_SENT = re.compile(r"^(?:Received|MIME-Version|Message-ID):", re.IGNORECASE | re.MULTILINE)
"""What programs write at the head of a letter; a person's memo has its From and To as well."""
IN_PACKAGE = frozenset(("docx", "xlsx", "xlsm", "xlsb", "pptx"))
"""Archives that may be locked in an OLE container."""

_ENDINGS: Mapping[str, str] = {
    "md": "md",
    "markdown": "md",
    "mdown": "md",
    "csv": "csv",
    "tsv": "tsv",
    "tab": "tsv",
    "json": "json",
}
_PLAIN = frozenset((*_ENDINGS, "txt"))
_HEAD_BYTES = 200_000
_BINARY = re.compile("[\x00-\x06\x0e-\x1a\x1c-\x1f\ufffd]")


def real_type(content: bytes, name: str) -> str:
    """The name of the format, `""` for bytes that are none we know. An archive's budget is checked on the way.

    Raises: TooLarge, Damaged, PasswordNeeded.
    """
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        archive.check(content)
        return _in_archive(content)
    if content.startswith(ole.MAGIC):
        return _in_ole(content, name)
    picture = _picture(content)
    if _is_pdf(content, named=name.lower().endswith(".pdf"), picture=bool(picture)):
        return "pdf"
    if picture:
        return picture
    if content.startswith(b"{\\rtf"):
        return "rtf"
    if content[:2] in (b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08") and name.lower().endswith((".xls", ".xlt")):
        return "xls"  # a bare stream of Excel 2 to 5
    return _in_text(content, name)


def _is_pdf(content: bytes, *, named: bool, picture: bool) -> bool:
    """Begins as one, be it after junk; a text may well speak of the mark."""
    before, mark, _ = content[:1024].partition(b"%PDF-")
    if not mark or named:
        return bool(mark)
    return not picture and (not before.strip(b"\xef\xbb\xbf \t\r\n\f\0") or bool(_BINARY.search(before.decode("latin-1"))))


def _picture(content: bytes) -> str:
    for magic, found in _IMAGES.items():
        if content.startswith(magic) and (found != "bmp" or content[6:10] == b"\0\0\0\0"):
            return found
    return "webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else ""


def _in_archive(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        names = {name.replace("\\", "/").lstrip("/").lower(): name for name in opened.namelist()}
        if "mimetype" in names:
            kind = _head(opened, names["mimetype"], 100).strip()
            found = next((label for mark, label in _MIMETYPES.items() if kind == mark), "")
            if found:
                return found
        types = _head(opened, names.get("[content_types].xml", ""), 200_000)
    if "xl/workbook.bin" in names:
        return "xlsb"
    if "xl/workbook.xml" in names or b"spreadsheetml.sheet.main" in types or b"excel.sheet.macroEnabled" in types:
        return "xlsm" if b"excel.sheet.macroEnabled" in types or "xl/vbaproject.bin" in names else "xlsx"
    if "word/document.xml" in names or b"wordprocessingml.document.main" in types or b"ms-word." in types:
        return "docx"
    if "ppt/presentation.xml" in names or b"presentationml." in types:
        return "pptx"
    if "meta-inf/container.xml" in names:
        return "epub"
    return "zip"


def _head(opened: zipfile.ZipFile, name: str, size: int) -> bytes:
    if not name:
        return b""
    try:
        with opened.open(name) as part:
            return part.read(size)
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, EOFError) as error:
        raise archive.damaged() from error


def _in_ole(content: bytes, name: str) -> str:
    names = ole.stream_names(content)
    if "EncryptedPackage" in names or "EncryptionInfo" in names:
        ending = name.rpartition(".")[2].lower()
        if ending not in IN_PACKAGE:  # only its name says what is locked in it
            raise PasswordNeeded(
                say("This file is protected with a password."), say("Open it, save a copy without a password, and add that.")
            )
        return ending
    return next((found for mark, found in _OLE.items() if mark in names), "ole")


def _in_text(content: bytes, name: str) -> str:
    """Text of some kind by what it says; between plain kinds the ending of the name decides."""
    head = content if len(content) <= _HEAD_BYTES else content[:_HEAD_BYTES].rpartition(b"\n")[0] or content[:_HEAD_BYTES]
    text, _ = decode(head)
    sample = text.lstrip("\ufeff")[:20_000]
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if _looks_binary(content, sample, tolerated=0.2 if ending in _PLAIN else 0.02):
        return ""
    if _HTML.match(sample[:4000]):
        return "html"
    if _SVG.match(sample[:4000]):
        return "svg"
    if _is_mail(sample.replace("\r\n", "\n"), ending):
        return "eml"
    if ending == "json" or (ending not in {"csv", "tsv"} and _is_json(content, sample)):
        return "json"
    return _ENDINGS.get(ending, "txt")


def _is_mail(sample: str, ending: str) -> bool:
    return bool(_MAIL.match(sample) and (ending == "eml" or _SENT.search(sample.partition("\n\n")[0])))


def _looks_binary(content: bytes, sample: str, *, tolerated: float) -> bool:
    if content.startswith(
        (b"1\xbe\0\0", b"MZ\x90\0", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh")
    ):
        return True
    return len(_BINARY.findall(sample)) > tolerated * len(sample)


def _is_json(content: bytes, sample: str) -> bool:
    if not sample.lstrip().startswith(("{", "[")) or len(content) > 5_000_000:
        return False
    try:
        json.loads(decode(content)[0])
    except (ValueError, RecursionError):
        return False
    return True
