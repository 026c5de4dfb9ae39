"""PowerPoint 97 to 2003 (ppt) → one page per slide: title, text, and the speaker's notes."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kimi_docs.domain.text import BlockKind, Extraction, PageKind
from kimi_docs.errors import PasswordNeeded
from kimi_docs.extract import ole
from kimi_docs.extract.build import Builder, Mark, tidy
from kimi_docs.extract.package import damaged
from kimi_docs.language import say

EXTRACTOR = "slides-binary-1"
MAX_DEPTH = 50
_DOCUMENT, _SLIDE, _NOTES, _NOTES_ATOM = 1000, 1006, 1008, 1009
_LIST, _PERSIST, _HEADER, _CHARS, _BYTES, _REFERENCE, _BOX = 4080, 1011, 3999, 4000, 4008, 3998, 0xF00D
_EDIT, _DIRECTORY = 4085, 6002
_TITLES, _NOTE = frozenset((0, 6)), 2
_ENCRYPTED = 0xF3D1C4DF


@dataclass(frozen=True, slots=True)
class _Record:
    """A record of the stream; `inner` is what it holds."""

    kind: int
    instance: int
    inner: bytes
    container: bool


@dataclass(slots=True)
class _Listed:
    """A slide as the document lists it, with the texts kept there instead of on the slide."""

    persist: int
    id: int
    texts: list[tuple[int, str]] = field(default_factory=list)


def read(path: Path, document_id: str, *, password: str = "") -> Extraction:  # noqa: ARG001 - says so when it has one
    """Raises: Damaged, PasswordNeeded, NoText, TooLarge."""
    compound = ole.Compound(path.read_bytes())
    stream, user = compound.read("PowerPoint Document"), compound.read("Current User")
    builder = Builder(document_id, EXTRACTOR)
    try:
        edit, header = (struct.unpack_from("<I", user, place)[0] for place in (16, 12))
        places, locked = _places(stream, edit)
        if locked or header == _ENCRYPTED:
            raise PasswordNeeded(
                say("This file is protected with a password."), say("Enter the password, or add a copy without one.")
            )
        _add_slides(builder, stream, places)
    except struct.error as error:
        raise damaged() from error
    about = ole.properties(compound)
    return builder.finish(title=about.pop("title", "") or builder.first_label, metadata=about)


def _add_slides(builder: Builder, stream: bytes, places: Mapping[int, int]) -> None:
    document = next((record for record in (_at(stream, place) for place in places.values()) if record.kind == _DOCUMENT), None)
    if document is None:
        raise damaged()
    lists = {record.instance: record for record in _records(document.inner) if record.kind == _LIST}
    notes: dict[int, str] = {}
    for listed in _listed(lists.get(2)):
        record = _at(stream, places.get(listed.persist, -1))
        about = next((inner for inner in _records(record.inner) if inner.kind == _NOTES_ATOM), None)
        texts = [*listed.texts, *_texts(record, listed.texts)]
        said = "\n".join(dict.fromkeys(text for kind, text in texts if kind == _NOTE))
        if record.kind == _NOTES and about and len(about.inner) >= 4 and said:
            notes[struct.unpack_from("<I", about.inner)[0]] = said
    for listed in _listed(lists.get(0)):
        texts = list(_texts(_at(stream, places.get(listed.persist, -1)), listed.texts)) or listed.texts
        _add(builder, sorted(texts, key=lambda text: text[0] not in _TITLES), notes.get(listed.id, ""))


def _add(builder: Builder, texts: list[tuple[int, str]], notes: str) -> None:
    text, marks, title = "", list[Mark](), ""
    for kind, part in texts:
        if kind in _TITLES:
            part = " ".join(part.split())
            title = title or part
            marks.append((BlockKind.HEADING, len(text), len(text) + len(part), 1))
        text += part + "\n\n"
    text += f"Notes: {notes}\n\n" if notes else ""
    builder.add(text[:-1], kind=PageKind.SLIDE, label=title, marks=marks)


def _places(stream: bytes, edit: int) -> tuple[dict[int, int], bool]:
    """Number of each object → where it stands, by the latest edit that names it; and whether the file is encrypted."""
    places: dict[int, int] = {}
    locked, seen = False, set[int]()
    while edit and edit not in seen and len(seen) < 10_000:
        seen.add(edit)
        record = _at(stream, edit)
        if record.kind != _EDIT:
            break
        last, directory = struct.unpack_from("<II", record.inner, 8)
        locked = locked or len(record.inner) >= 32
        for number, place in _directory(_at(stream, directory)):
            places.setdefault(number, place)
        edit = last
    return places, locked


def _directory(record: _Record) -> Iterator[tuple[int, int]]:
    at, content = 0, record.inner if record.kind == _DIRECTORY else b""
    while at + 4 <= len(content):
        head = struct.unpack_from("<I", content, at)[0]
        first, count = head & 0xFFFFF, head >> 20
        for index in range(min(count, (len(content) - at - 4) // 4)):
            yield first + index, struct.unpack_from("<I", content, at + 4 + 4 * index)[0]
        at += 4 + 4 * count


def _listed(record: _Record | None) -> list[_Listed]:
    found: list[_Listed] = []
    kind = 4
    for inner in _records(record.inner) if record else ():
        if inner.kind == _PERSIST and len(inner.inner) >= 16:
            found.append(_Listed(struct.unpack_from("<I", inner.inner)[0], struct.unpack_from("<I", inner.inner, 12)[0]))
        elif inner.kind == _HEADER and len(inner.inner) >= 4:
            kind = struct.unpack_from("<I", inner.inner)[0]
        elif inner.kind in {_CHARS, _BYTES} and found:
            found[-1].texts.append((kind, _text(inner)))
    return found


def _texts(record: _Record, listed: list[tuple[int, str]], depth: int = 0) -> Iterator[tuple[int, str]]:
    """Kind and text of each text box below a record, in the order they were drawn."""
    kind = 4
    for inner in _records(record.inner) if record.container and depth < MAX_DEPTH else ():
        if inner.kind == _HEADER and len(inner.inner) >= 4:
            kind = struct.unpack_from("<I", inner.inner)[0]
        elif inner.kind == _REFERENCE and len(inner.inner) >= 4:
            yield from listed[(number := struct.unpack_from("<I", inner.inner)[0]) : number + 1]
        elif inner.kind in {_CHARS, _BYTES} and (text := _text(inner)):
            yield kind, text
        else:
            yield from _texts(inner, listed, depth + 1)


def _text(record: _Record) -> str:
    text = record.inner.decode("utf-16-le" if record.kind == _CHARS else "latin-1", "replace")
    return tidy(text.replace("\x0b", "\n")).strip().strip("*")


def _at(stream: bytes, place: int) -> _Record:
    if not 0 <= place <= len(stream) - 8:
        return _Record(0, 0, b"", False)
    return next(_records(stream[place:]), _Record(0, 0, b"", False))


def _records(content: bytes) -> Iterator[_Record]:
    place = 0
    while place + 8 <= len(content):
        head, kind, size = struct.unpack_from("<HHI", content, place)
        inner = content[place + 8 : place + 8 + size]
        yield _Record(kind, head >> 4, inner, head & 0xF == 0xF or kind == _BOX)
        place += 8 + size
