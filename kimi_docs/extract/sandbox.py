"""A file and a document → its Extraction, read in a child process that may crash, hang or be taken over without harm."""

import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from kimi_docs.domain.document import Document
from kimi_docs.domain.text import Extraction, PagePicture
from kimi_docs.errors import Damaged, DocumentError, WrongUse
from kimi_docs.extract import ocr, wire
from kimi_docs.extract.build import whole
from kimi_docs.extract.formats import FORMATS
from kimi_docs.extract.process import Child
from kimi_docs.extract.recognized import Recognized, advised, unfinished, unread, with_recognized
from kimi_docs.language import say

_JOBS_PER_CHILD = 100
"""A child is replaced after so many: what a parser leaks does not add up."""
_MOST_SKIPPED = 4
"""Pages of one file that may bring their reader down; with more the file itself is at fault."""
_RECOGNIZER_MB = 3000
"""Of addresses; what it really takes stays below 1.1 GB."""
_BATCH_SECONDS = 20.0
_PAGE_SECONDS = 60.0
_MOST_SECONDS = 3600.0
"""For the recognition of one file, `_PAGE_SECONDS` for each page up to here."""


class _Outcome(NamedTuple):
    """What a child answered, or how it failed and at which page (its index)."""

    frame: bytes | None
    error: DocumentError | None = None
    page: int | None = None


class Pool:
    """Up to `size` warm children, each doing one job at a time, and one that recognizes pictures. Safe to share between threads.

    `extract` and `picture` raise the DocumentError the child reports; Damaged when it dies or takes longer than
    `wall_seconds`; WrongUse after `close`. A page of a PDF that brings the child down is left out, the others are read.
    """

    def __init__(self, size: int | None = None, *, memory_mb: int = 1500, wall_seconds: float = 60) -> None:
        self._memory_mb = memory_mb
        self._wall_seconds = wall_seconds
        # Linux ends a child with the thread that started it, so one thread that lives as long as the pool starts them all.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="kimi-docs-child")
        self._free = threading.Semaphore(size or max(1, os.cpu_count() or 1))
        self._recognizing = threading.Lock()
        self._lock = threading.Lock()
        self._idle: list[Child] = []
        self._all: set[Child] = set()
        self._closed = False
        self._keep(self._new(self._memory_mb))

    def extract(self, path: Path, document: Document, password: str = "", *, tabled: bool = True) -> Extraction:
        """Without `tabled` the tables of a PDF stay lines of text."""
        job = _job(path, document, "extract", password=password, tabled=tabled)
        if document.format != "pdf":
            return wire.load_extraction(self._answered(job, document), document.id)
        found = self._pages(job, document)
        wanted = unread(found)
        if wanted and not ocr.available():
            return whole(advised(found, len(wanted)))
        if not wanted:
            return whole(found)
        done, left = self._recognized(job, document, wanted)
        made = with_recognized(found, done)
        return whole(unfinished(made, left) if left else made)

    def picture(
        self,
        path: Path,
        document: Document,
        number: int,
        width: int = 1000,
        start: int | None = None,
        end: int | None = None,
        *,
        password: str = "",
        tabled: bool = True,
    ) -> PagePicture:
        """`start` and `end` count characters of the page's text, `tabled` as it was read."""
        job = _job(path, document, "picture", number=number, width=width, start=start, end=end, password=password, tabled=tabled)
        return wire.load_picture(self._answered(job, document), document.id)

    def subset(self, path: Path, document: Document, numbers: Sequence[int], password: str = "") -> bytes:
        """A PDF of these pages alone. Raises: NotFound for a page that is not there, DocumentError."""
        return wire.load_bytes(
            self._answered(_job(path, document, "subset", pages=list(numbers), password=password), document), document.id
        )

    def close(self) -> None:
        """End all children, those at work too."""
        with self._lock:
            self._closed = True
            children = list(self._all)
            self._idle.clear()
            self._all.clear()
        for child in children:
            child.end()
        self._starter.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _answered(self, job: dict[str, Any], document: Document) -> bytes:
        if FORMATS.get(document.format) and FORMATS[document.format].reader == "picture" and ocr.available():
            outcome = self._recognize(job, _PAGE_SECONDS + self._wall_seconds)
        else:
            outcome = self._do(job, self._wall_seconds)
        if outcome.frame is None:
            raise outcome.error or _broke_down(document.id)
        return outcome.frame

    def _pages(self, job: dict[str, Any], document: Document) -> Extraction:
        """A PDF, without the pages that bring its reader down."""
        until = time.monotonic() + self._wall_seconds
        skipped: list[int] = []
        while True:
            outcome = self._do({**job, "skip": skipped}, max(1.0, until - time.monotonic()))
            if outcome.frame is not None:
                return wire.load_extraction(outcome.frame, document.id)
            hopeless = outcome.page is None or outcome.page in skipped or len(skipped) == _MOST_SKIPPED
            if hopeless or time.monotonic() > until:
                raise outcome.error or _broke_down(document.id)
            skipped.append(outcome.page or 0)

    def _recognized(self, job: dict[str, Any], document: Document, numbers: list[int]) -> tuple[list[Recognized], list[int]]:
        """What can be read on these pages, and those there was no time for. A batch at a time, so that what is done stays done; a
        page that fails is left out."""
        until = time.monotonic() + min(_MOST_SECONDS, _PAGE_SECONDS * len(numbers))
        wanted = list(numbers)
        done: list[Recognized] = []
        while wanted and time.monotonic() < until:
            batch = {**job, "verb": "recognize", "pages": wanted[:50], "seconds": _BATCH_SECONDS}
            outcome = self._recognize(batch, _BATCH_SECONDS + 2 * _PAGE_SECONDS)
            found = _found(outcome, document.id)
            at_fault = outcome.page + 1 if outcome.page is not None else wanted[0]
            read = {one.number for one in found} or {at_fault if at_fault in wanted else wanted[0]}
            done.extend(found)
            wanted = [number for number in wanted if number not in read]
        return done, wanted

    def _recognize(self, job: dict[str, Any], wall_seconds: float) -> _Outcome:
        """One at a time: it takes the memory of many readers. A child of its own, ended when nobody waits for it."""
        with self._recognizing:
            child = self._new(_RECOGNIZER_MB)
            try:
                return self._asked(child, job, wall_seconds)
            finally:
                self._drop(child)

    def _do(self, job: dict[str, Any], wall_seconds: float) -> _Outcome:
        with self._free:
            child = self._take()
            try:
                outcome = self._asked(child, job, wall_seconds)
            except BaseException:
                self._drop(child)
                raise
            if outcome.frame is not None and child.jobs < _JOBS_PER_CHILD:
                self._keep(child)
            else:
                self._drop(child)
                self._replace()
        return outcome

    def _asked(self, child: Child, job: dict[str, Any], wall_seconds: float) -> _Outcome:
        frame = child.ask(job | {"cpu_seconds": int(wall_seconds * 2) + 1}, wall_seconds)
        if frame is not None:
            return _Outcome(frame)
        error = _too_slow(wall_seconds, job["document"]) if child.out_of_time else _broke_down(job["document"])
        return _Outcome(None, error, child.page_at_work)

    def _take(self) -> Child:
        with self._lock:
            if self._closed:
                raise WrongUse(say("Reading of documents has been shut down."))
            while self._idle:
                child = self._idle.pop()
                if child.alive:
                    return child
                self._all.discard(child)
        return self._new(self._memory_mb)

    def _new(self, memory_mb: int) -> Child:
        if self._closed:
            raise WrongUse(say("Reading of documents has been shut down."))
        child = self._starter.submit(Child, memory_mb).result()
        with self._lock:
            self._all.add(child)
        return child

    def _keep(self, child: Child) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(child)
                return
        child.end()

    def _drop(self, child: Child) -> None:
        with self._lock:
            self._all.discard(child)
        child.end()

    def _replace(self) -> None:
        """A new child warms up while nobody waits for it."""
        with self._lock:
            wanted = not self._closed and not self._idle
        if wanted:
            self._keep(self._new(self._memory_mb))


def _job(path: Path, document: Document, verb: str, **values: Any) -> dict[str, Any]:
    return {"verb": verb, "path": str(path.resolve()), "document": document.id, "format": document.format, **values}


def _found(outcome: _Outcome, document_id: str) -> list[Recognized]:
    """What a batch brought; nothing when it failed."""
    try:
        return wire.load_recognized(outcome.frame, document_id) if outcome.frame is not None else []
    except DocumentError:
        return []


def _too_slow(wall_seconds: float, document_id: str) -> DocumentError:
    return Damaged(
        say("Reading this file took longer than {seconds} seconds and was stopped.", seconds=round(wall_seconds, 1)),
        say("Split it, or save it again in the program it comes from."),
        document=document_id,
    )


def _broke_down(document_id: str) -> DocumentError:
    return Damaged(
        say("Reading this file failed: the program that reads it broke down."),
        say("The other files are not affected. Save this one again in the program it comes from."),
        document=document_id,
    )
