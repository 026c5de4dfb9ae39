"""The files endpoint of the stand-in: upload with extraction, list, content, delete."""

import io
import json
import re
import secrets
import threading
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import pypdfium2

from tests.kimi_answer import JSON, Response, json_response
from tests.kimi_platform import Refused, bad

PURPOSES = ("file-extract", "image", "video", "batch")
NO_TEXT = "text extract error: 没有解析出内容"


@dataclass(frozen=True, kw_only=True, slots=True)
class FileRules:
    """What the platform allows, and which of its two habits it shows."""

    status: str = "ok"  # the other habit: ready
    content_type: str = JSON  # the other: text/plain, with the same JSON in it
    max_files: int = 1000
    max_bytes: int = 100 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """An uploaded file."""

    shape: Mapping[str, Any]
    content: bytes
    text: str
    media_type: str


class Files:
    """The files of the one account."""

    def __init__(self, rules: FileRules) -> None:
        self.rules = rules
        self._kept: dict[str, Kept] = {}

    @property
    def ids(self) -> list[str]:
        return list(self._kept)

    def clear(self) -> None:
        self._kept.clear()

    def upload(self, fields: Mapping[str, Any]) -> Response:
        """Extraction happens here, within the upload. Raises: Refused."""
        filename, media_type, content = fields.get("file") or ("", "", b"")
        purpose = fields.get("purpose", "")
        if purpose not in PURPOSES:
            raise bad("Invalid purpose: only 'file-extract' accepted")
        if not content:
            raise bad("File size is zero, please confirm and re-upload the file")
        if len(content) > self.rules.max_bytes:
            raise bad("File size is too large, max file size is 100MB, please confirm and re-upload the file")
        if len(self._kept) >= self.rules.max_files:
            raise bad("Too many uploaded files")
        text = extract(filename, content) if purpose == "file-extract" else ""
        shape = {
            "id": secrets.token_hex(10),
            "object": "file",
            "bytes": len(content),
            "created_at": int(time.time()),
            "filename": filename,
            "purpose": purpose,
            "status": self.rules.status,
            "status_details": "",
        }
        self._kept[shape["id"]] = Kept(shape=shape, content=content, text=text, media_type=media_type)
        return json_response(shape)

    def list(self) -> Response:
        return json_response({"object": "list", "data": [kept.shape for kept in self._kept.values()]})

    def show(self, id: str) -> Response:
        return json_response(self._find(id).shape)

    def content(self, id: str) -> Response:
        """The extracted text, within JSON of five keys whatever the media type says."""
        kept = self._find(id)
        told = {"content": kept.text, "file_type": kept.media_type, "filename": kept.shape["filename"], "title": "", "type": "file"}
        return Response(body=json.dumps(told, ensure_ascii=False).encode(), content_type=self.rules.content_type)

    def delete(self, id: str) -> Response:
        self._find(id)
        del self._kept[id]
        return json_response({"id": id, "object": "file", "deleted": True})

    def _find(self, id: str) -> Kept:
        if id not in self._kept:
            raise Refused(404, "resource_not_found_error", f"file {id} not found")
        return self._kept[id]


def parse_multipart(content_type: str, body: bytes) -> dict[str, Any]:
    """Field name → text, or (file name, media type, bytes) for a file."""
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n")
    boundary = message.get_param("boundary")
    fields: dict[str, Any] = {}
    for part in body.split(b"--" + str(boundary).encode())[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        about = BytesParser(policy=HTTP).parsebytes(head + b"\r\n\r\n")
        name, filename = about.get_param("name", header="content-disposition"), about.get_filename()
        value = content.removesuffix(b"\r\n")
        fields[str(name)] = value.decode() if filename is None else (filename, about.get_content_type(), value)
    return fields


def extract(filename: str, content: bytes) -> str:
    """The text of a file, without any mark of its pages. Raises: Refused when there is none."""
    reader = READERS.get(filename.lower().rpartition(".")[2], _read_plain)
    text = reader(content)
    if len(set(text.split())) < 2 and len(set(text)) < 8:
        raise bad(NO_TEXT)
    return text


def _read_plain(content: bytes) -> str:
    if b"\0" in content[:8192]:
        raise bad(NO_TEXT)
    return content.decode("utf-8-sig", "replace")


PDFIUM = threading.Lock()  # it cannot do two things at once


def _read_pdf(content: bytes) -> str:
    with PDFIUM:
        return _pdf_text(content)


def _pdf_text(content: bytes) -> str:
    try:
        pdf = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise Refused(500, "server_error", f"Failed to extract file: {error}") from error
    try:
        return "\n".join(_page_text(pdf, index) for index in range(len(pdf)))
    finally:
        pdf.close()


def _page_text(pdf: pypdfium2.PdfDocument, index: int) -> str:
    page = pdf[index]
    words = page.get_textpage()
    text: str = words.get_text_range()
    words.close()
    page.close()
    return text.replace("\r\n", "\n")


def _read_docx(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            xml = archive.read("word/document.xml").decode()
    except (zipfile.BadZipFile, KeyError) as error:
        raise bad(NO_TEXT) from error
    return re.sub(r"<[^>]+>", "", xml.replace("</w:p>", "\n"))


READERS: Mapping[str, Callable[[bytes], str]] = {"pdf": _read_pdf, "docx": _read_docx}
