"""What crosses between the app and its parsing children ↔ JSON in frames that say their length."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, BinaryIO

from pydantic import TypeAdapter, ValidationError

from kimi_docs.domain.text import Extraction, PagePicture
from kimi_docs.errors import Damaged, DocumentError, KimiDocsError, NotFound
from kimi_docs.extract.recognized import Recognized
from kimi_docs.language import Message, say

MAX_FRAME_BYTES = 256 * 1024**2
_EXTRACTION = TypeAdapter(Extraction)
_RECOGNIZED = TypeAdapter(list[Recognized])
_PICTURE = TypeAdapter(PagePicture)
_MESSAGE = TypeAdapter(Message)


def write(target: BinaryIO, content: bytes) -> None:
    target.write(len(content).to_bytes(8, "big"))
    target.write(content)
    target.flush()


def read(source: BinaryIO) -> bytes | None:
    """The next frame; None at the end, and when the frame is cut off or larger than any of ours."""
    head = source.read(8)
    size = int.from_bytes(head, "big")
    if len(head) < 8 or size > MAX_FRAME_BYTES:
        return None
    content = source.read(size)
    return content if len(content) == size else None


def dump_extraction(extraction: Extraction) -> bytes:
    return b'{"result":' + _EXTRACTION.dump_json(extraction) + b"}"


def dump_picture(picture: PagePicture) -> bytes:
    values = asdict(picture) | {"jpeg": base64.b64encode(picture.jpeg).decode()}
    return json.dumps({"result": values}).encode()


def dump_recognized(found: Sequence[Recognized]) -> bytes:
    return b'{"result":{"pages":' + _RECOGNIZED.dump_json(list(found)) + b"}}"


def dump_error(error: KimiDocsError) -> bytes:
    values = {"code": error.code, "message": asdict(error.message), "advice": asdict(error.advice)}
    return json.dumps({"error": values}).encode()


def load_extraction(frame: bytes, document_id: str) -> Extraction:
    """Raises: the DocumentError the frame holds; Damaged when it is not an extraction of that document."""
    try:
        extraction = _EXTRACTION.validate_python(_result(frame, document_id))
    except ValidationError as error:
        raise unusable(document_id) from error
    if extraction.document != document_id or not partitioned(extraction):
        raise unusable(document_id)
    if any(not 0 <= place.span.start < place.span.end <= len(extraction.text) for place in extraction.places):
        raise unusable(document_id)
    return extraction


def load_picture(frame: bytes, document_id: str) -> PagePicture:
    """Raises: the DocumentError the frame holds; Damaged when it is no picture."""
    values = _result(frame, document_id)
    try:
        return _PICTURE.validate_python({**values, "jpeg": base64.b64decode(values.get("jpeg", ""), validate=True)})
    except (ValidationError, ValueError, TypeError) as error:
        raise unusable(document_id) from error


def load_recognized(frame: bytes, document_id: str) -> list[Recognized]:
    """Raises: the DocumentError the frame holds; Damaged when it is no list of recognized pages."""
    try:
        found = _RECOGNIZED.validate_python(_result(frame, document_id).get("pages"))
    except ValidationError as error:
        raise unusable(document_id) from error
    if any(place.span.end > len(one.text) or place.span.start >= place.span.end for one in found for place in one.places):
        raise unusable(document_id)
    return found


def dump_bytes(content: bytes) -> bytes:
    return json.dumps({"result": {"bytes": base64.b64encode(content).decode()}}).encode()


def load_bytes(frame: bytes, document_id: str) -> bytes:
    """Raises: the error the frame holds; Damaged when it holds no bytes."""
    try:
        return base64.b64decode(_result(frame, document_id)["bytes"], validate=True)
    except (KeyError, ValueError, TypeError) as error:
        raise unusable(document_id) from error


def partitioned(extraction: Extraction) -> bool:
    """The pages are numbered from 1 and their spans, joined, are the text."""
    end = 0
    for number, page in enumerate(extraction.pages, 1):
        if page.number != number or page.span.start != end or page.span.end < end:
            return False
        end = page.span.end
    return end == len(extraction.text)


def _result(frame: bytes, document_id: str) -> Mapping[str, Any]:
    try:
        values = json.loads(frame)
        error, result = values.get("error"), values.get("result")
        raised = _error(error, document_id) if error else None
    except (ValueError, AttributeError, KeyError, TypeError) as problem:
        raise unusable(document_id) from problem
    if raised:
        raise raised
    if not isinstance(result, dict):
        raise unusable(document_id)
    return result


def _error(values: Mapping[str, Any], document_id: str) -> KimiDocsError:
    kinds: list[type[KimiDocsError]] = [*DocumentError.__subclasses__(), NotFound]
    kind = next((kind for kind in kinds if kind.code == values["code"]), Damaged)
    message, advice = _MESSAGE.validate_python(values["message"]), _MESSAGE.validate_python(values["advice"])
    return kind(message, advice, document=document_id)


def unusable(document_id: str) -> Damaged:
    return Damaged(say("This file could not be read."), say("Save it again in the program it comes from."), document=document_id)
