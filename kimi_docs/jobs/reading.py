"""A document → its text: read here, by Kimi's file service, or by both, as `KIMI_DOCS_EXTRACTION` says.

`local`: nothing leaves. `auto`: what cannot be read here goes to the service, where there is a key. `kimi`: every document goes
there, and the local text says where its pages are. Where both were read, both are kept.
"""

import asyncio
import os
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Protocol

from kimi_docs import faults
from kimi_docs.domain.document import Document
from kimi_docs.domain.ports import Blobs, Storage, Store
from kimi_docs.domain.runs import Run, RunKind, RunState
from kimi_docs.domain.text import Extraction, Notice, PagePicture, PageState
from kimi_docs.errors import DocumentError, Misconfigured, NoText, NotFound, PasswordNeeded, PlatformError, TooLarge
from kimi_docs.extract import remote, wire
from kimi_docs.extract.recognized import unread
from kimi_docs.kimi.files import ACCEPTED, MAX_FILES, PURPOSE, Files
from kimi_docs.language import say
from kimi_docs.settings import Settings

SIDE_BY_SIDE = 4
"""Uploads at a time: the service is slowest when many ask at once."""
_PICTURE_WIDTH = 2000
_waiting = ThreadPoolExecutor(max_workers=2 * (os.cpu_count() or 1), thread_name_prefix="kimi-docs-reading")
"""Threads that wait for parsers, apart from those that write to the store: many files to read must not hold up what was read."""
_NOTHING_THERE = "remote_no_text"
UNLOCKED = "unlocked"
"""Among an extraction's metadata: somebody gave the password."""


class Reader(Protocol):
    """Reads files in child processes (`extract.sandbox.Pool`). Raises: DocumentError."""

    def extract(self, path: Path, document: Document, password: str = "", *, tabled: bool = True) -> Extraction: ...
    def picture(self, path: Path, document: Document, number: int, width: int = 1000) -> PagePicture: ...
    def subset(self, path: Path, document: Document, numbers: Sequence[int]) -> bytes: ...


def suffices(known: Extraction, document: Document, settings: Settings) -> bool:
    """The text there is was made as the settings ask for it. One that took a password stays: nobody else could read it."""
    if known.metadata.get(UNLOCKED):
        return True
    if settings.extraction == "local":
        return not remote.is_remote(known)
    if settings.extraction == "kimi" and document.format in ACCEPTED:
        return remote.is_remote(known) or any(notice.code == _NOTHING_THERE for notice in known.notices)
    return True


async def read(document: Document, blobs: Blobs, reader: Reader, store: Store, settings: Settings) -> Extraction:
    """Raises: DocumentError, PlatformError, Misconfigured."""
    if settings.extraction == "kimi" and not may_send(settings):
        raise _no_service(settings)
    path = await asyncio.to_thread(blobs.path, document.id)  # a store may be far away
    local, problem = await _local(path, document, reader, settings)
    if not may_send(settings) or document.format not in ACCEPTED or isinstance(problem, PasswordNeeded | TooLarge):
        return _or_raise(local, problem)
    wanted = unread(local) if local else []
    if settings.extraction == "auto" and local and not wanted:
        return local
    async with Files(settings) as files:
        await files.sweep(store)
        sent = _Sent(files, store, document, path, reader)
        if settings.extraction == "kimi":
            return await asyncio.to_thread(_both, blobs, local, await sent.whole(local, problem))
        if local is None:
            return await sent.unreadable(problem)
        return await asyncio.to_thread(_both, blobs, local, await sent.some(local, wanted))


def _no_service(settings: Settings) -> Misconfigured:
    if settings.api_key is not None:
        return Misconfigured(
            say("KIMI_DOCS_EXTRACTION is kimi, but {url} has no file service.", url=settings.base_url),
            say("Set KIMI_DOCS_EXTRACTION to auto or local: documents are then read on this machine."),
        )
    return Misconfigured(
        say("KIMI_DOCS_EXTRACTION is kimi, but there is no key for Kimi's file service."),
        say("Set KIMI_DOCS_API_KEY, or set KIMI_DOCS_EXTRACTION to auto or local."),
    )


def unlock(document: Document, password: str, blobs: Blobs, reader: Reader, store: Store, settings: Settings) -> Run:
    """Read a locked document here and now: its password goes to the process that reads it and nowhere else.

    Raises: DocumentError.
    """
    found = reader.extract(blobs.path(document.id), document, password, tabled=settings.tables)
    keep(store, document, replace(found, metadata={**found.metadata, UNLOCKED: "yes"}))
    return store.add_run(Run(id=uuid.uuid4().hex, kind=RunKind.EXTRACT, state=RunState.DONE, documents=(document.id,)))


def keep(store: Store, document: Document, extraction: Extraction) -> None:
    faults.point("extraction_saving")
    store.save_extraction(extraction)
    faults.point("extraction_saved")
    store.describe_document(document.id, extraction.title, extraction.language)


def may_send(settings: Settings) -> bool:
    """There is a key for the service, and nobody said that nothing may leave."""
    has_key = settings.api_key is not None and settings.chosen_provider == "moonshot"
    return has_key and (settings.extraction == "kimi" or (settings.extraction == "auto" and settings.chosen_engine == "kimi"))


async def sweep(storage: Storage, settings: Settings) -> None:
    """Delete at the file service what crashed processes left there; what cannot be done now, the next upload will."""
    if not (settings.api_key and settings.chosen_provider == "moonshot"):
        return
    async with Files(settings) as files:
        for actor in await asyncio.to_thread(storage.actors_with_undeleted, PURPOSE):
            await files.sweep(storage.of(actor))


async def _local(
    path: Path, document: Document, reader: Reader, settings: Settings
) -> tuple[Extraction | None, DocumentError | None]:
    try:
        password = settings.password.get_secret_value() if settings.password else ""
        extract = partial(reader.extract, path, document, password, tabled=settings.tables)
        return await asyncio.get_running_loop().run_in_executor(_waiting, extract), None
    except DocumentError as error:
        return None, error


def _or_raise(local: Extraction | None, problem: DocumentError | None) -> Extraction:
    if local is None:
        raise problem or NoText(say("There is no text in this document."))
    return local


def _both(blobs: Blobs, local: Extraction | None, chosen: Extraction) -> Extraction:
    """The chosen text, with the name under which the one read here is kept beside it."""
    if local is None or chosen.extractor == local.extractor:
        return chosen
    return replace(chosen, metadata={**chosen.metadata, "local_text": blobs.put(wire.dump_extraction(local))})


class _Sent:
    """One document at the file service."""

    def __init__(self, files: Files, store: Store, document: Document, path: Path, reader: Reader) -> None:
        self._files, self._store, self._document, self._path, self._reader = files, store, document, path, reader

    async def whole(self, local: Extraction | None, problem: DocumentError | None) -> Extraction:
        """The whole document. Where the service finds no text in it, the local one stands and says so."""
        try:
            content = await asyncio.to_thread(self._path.read_bytes)
            text = await self._files.text(content, self._document.format, self._store, document=self._document.id)
        except DocumentError as error:
            if local is None:
                raise problem or error from error
            message = say(
                "Kimi's file service gave no text; this is the text read here. It said: {reason}", reason=error.message.text("en")
            )
            return replace(local, notices=(*local.notices, Notice(code=_NOTHING_THERE, message=message)))
        if local is None:
            return remote.alone(self._document.id, text)
        return remote.aligned(local, text)

    async def unreadable(self, problem: DocumentError | None) -> Extraction:
        """A document of which nothing could be read here: a PDF of pictures page by page, others as a whole."""
        if self._document.format != "pdf" or not isinstance(problem, NoText):
            return await self.whole(None, problem)
        texts: list[str] = []
        ended = False
        while not ended and len(texts) < MAX_FILES:
            more, ended = await self._pages(len(texts) + 1)
            texts += more
        try:
            return remote.pictures(self._document.id, texts)
        except NoText as error:
            raise problem from error

    async def _pages(self, first: int) -> tuple[list[str], bool]:
        """Some pages side by side, and whether the document ends there. All are waited for: each has a file at the service."""
        numbers = range(first, first + SIDE_BY_SIDE)
        found = await asyncio.gather(*(self._page(number, PageState.EMPTY) for number in numbers), return_exceptions=True)
        texts: list[str] = []
        for text in found:
            if isinstance(text, NotFound):
                return texts, True
            if isinstance(text, BaseException):
                raise text
            texts.append(text)
        return texts, False

    async def some(self, local: Extraction, numbers: Sequence[int]) -> Extraction:
        """Only the pages that need it. What fails on the way leaves them as they are, and is said."""
        if self._document.format != "pdf":
            return local
        texts: dict[int, str] = {}
        failed: PlatformError | None = None
        for start in range(0, min(len(numbers), MAX_FILES), SIDE_BY_SIDE):
            group = numbers[start : start + SIDE_BY_SIDE]
            found = await asyncio.gather(*(self._page(number, _state(local, number)) for number in group), return_exceptions=True)
            for number, text in zip(group, found, strict=True):
                if isinstance(text, PlatformError):
                    failed = text
                elif isinstance(text, BaseException):
                    raise text
                else:
                    texts[number] = text
            if failed:
                break
        made = remote.filled(local, texts)
        if failed:
            message = say("Not all pages could be sent to Kimi's file service: {reason}", reason=failed.message.text("en"))
            made = replace(made, notices=(*made.notices, Notice(code="remote_failed", message=message)))
        return made

    async def _page(self, number: int, state: PageState) -> str:
        """One page as a PDF of its own; `""` where nothing is found on it. Raises: NotFound beyond the last page, PlatformError."""
        try:
            content = await asyncio.to_thread(self._alone, number, state)
            return await self._files.text(content, "pdf", self._store, document=self._document.id, pages=str(number))
        except DocumentError:
            return ""

    def _alone(self, number: int, state: PageState) -> bytes:
        """The page, or where its text is none the picture of it: the service recognizes pages that are pictures only."""
        if state is PageState.EMPTY:
            return self._reader.subset(self._path, self._document, [number])
        return as_pdf(self._reader.picture(self._path, self._document, number, width=_PICTURE_WIDTH))


def _state(extraction: Extraction, number: int) -> PageState:
    page = extraction.page(number)
    return page.state if page else PageState.EMPTY


def as_pdf(picture: PagePicture) -> bytes:
    """A picture we drew ourselves as a page of a PDF."""
    from PIL import Image

    made = BytesIO()
    with Image.open(BytesIO(picture.jpeg), formats=("JPEG",)) as opened:
        opened.save(made, "PDF", resolution=200.0)
    return made.getvalue()
