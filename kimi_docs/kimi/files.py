"""A file → the text the provider's file service makes of it. What was put there is deleted again, whatever happens.

Each upload has a line in the ledger (`Departure`) before it leaves, and goes under a name nobody else has: the id of that line.
So a later process finds what a crash left behind, and never touches a file that is not ours.
"""

import asyncio
import hashlib
import json
import os
import socket
import sys
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import urlsplit

import openai

from kimi_docs import faults
from kimi_docs.domain.calls import Departure
from kimi_docs.domain.ports import Store
from kimi_docs.errors import BadResponse, EmptyDocument, NoText, PlatformError, TooLarge, TryLater, UnsupportedFormat
from kimi_docs.kimi.classify import FAILURES, Action, Fault, classify
from kimi_docs.language import say
from kimi_docs.settings import Settings

PURPOSE = "file-extract"
MAX_BYTES = 100 * 1024**2
MAX_FILES = 1000
ACCEPTED = frozenset(
    (
        *(
            "pdf",
            "txt",
            "csv",
            "doc",
            "docx",
            "xls",
            "xlsx",
            "ppt",
            "pptx",
            "md",
            "jpg",
            "png",
            "bmp",
            "gif",
            "webp",
            "tiff",
            "epub",
        ),
        *("html", "json"),
    )
)
"""Of the formats this program knows, those the service reads (platform documentation, August 2026)."""
ABANDONED = timedelta(minutes=30)
"""A line in the ledger that is older and says nothing of a deletion belongs to a process that is gone."""
_MACHINE = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:12]
"""By its name: the address of its network card is another one in each process where there is no network."""
_PROCESS = f"{_MACHINE}-{os.getpid():x}-{uuid.uuid4().hex[:8]}"
"""Machine, process, and a word that tells it from an earlier process of that number."""
_UPLOAD_SECONDS = 600.0
_ATTEMPTS = 4
_DELETIONS = 3
_PASSING = frozenset((Action.WAIT, Action.BUSY, Action.RETRY))
_SPLIT = say("Split it into smaller files and add those.")
_NOT_FILED = frozenset((400, 401, 402, 403, 404, 413, 415, 422, 429))
"""With one of these the service has kept nothing."""


class Files:
    """The file service of one account. One event loop only; use it as `async with`."""

    def __init__(self, settings: Settings, *, wait_at_most: float = 60.0) -> None:
        self._settings = settings
        self._wait_at_most = wait_at_most
        key = settings.api_key.get_secret_value() if settings.api_key else "none"
        timeout = openai.Timeout(_UPLOAD_SECONDS, connect=10.0)
        self._openai = openai.AsyncOpenAI(api_key=key, base_url=settings.base_url, max_retries=0, timeout=timeout, organization="")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._openai.close()

    async def text(self, content: bytes, ending: str, store: Store, *, document: str, pages: str = "") -> str:
        """Raises: NoText, TooLarge, EmptyDocument, UnsupportedFormat for the file; PlatformError for everything else."""
        check(len(content), ending, document)
        line = Departure(
            id=f"{_PROCESS}-{uuid.uuid4().hex}",
            at=datetime.now(UTC),
            host=urlsplit(self._settings.base_url).hostname or "",
            purpose=PURPOSE,
            bytes=len(content),
            document=document,
            pages=pages,
        )
        await asyncio.to_thread(store.save_departure, line)
        try:
            line = await self._uploaded(line, content, ending, store)
            return await self._content(line.remote_id)
        finally:
            await asyncio.shield(self._delete(line, store))

    async def sweep(self, store: Store) -> int:
        """Delete what processes that are gone left there; how many files it were. Only what the ledger names is touched."""
        host = urlsplit(self._settings.base_url).hostname or ""
        lines = await asyncio.to_thread(store.list_departures)
        ours = [line for line in lines if line.purpose == PURPOSE and line.host == host and not line.deleted_at]
        left = [line for line in ours if _abandoned(line)]
        if not left:
            return 0
        listed = await self._tried(lambda: self._openai.files.list())
        there = {file.id: file.filename.partition(".")[0] for file in listed.data}  # to iterate would ask for pages without end
        found = 0
        for line in left:
            remote = [id for id, name in there.items() if id == line.remote_id or name == _name(line)]
            found += len(remote)
            for id in remote[1:]:
                await self._openai.files.delete(id)
            await self._delete(replace(line, remote_id=remote[0] if remote else ""), store, gone=not remote)
            there = {id: name for id, name in there.items() if id not in remote}
        return found

    async def _uploaded(self, line: Departure, content: bytes, ending: str, store: Store) -> Departure:
        """The line with the id of the file there, kept. A refusal that leaves nothing behind closes the line."""
        faults.point("remote_sending")
        tries = 0

        async def create() -> Any:
            nonlocal tries
            tries += 1
            return await self._openai.files.create(file=(f"{_name(line)}.{ending}", content), purpose=PURPOSE)  # type: ignore[arg-type]

        try:
            made = await self._tried(create)
        except (PlatformError, NoText, TooLarge, EmptyDocument, UnsupportedFormat) as error:
            if _left_nothing(error):
                await asyncio.to_thread(store.save_departure, replace(line, deleted_at=datetime.now(UTC)))
            raise
        faults.point("remote_sent")
        line = replace(line, remote_id=made.id)
        await asyncio.to_thread(store.save_departure, line)
        if tries > 1:
            await self._delete_strays(line, store)
        return line

    async def _delete_strays(self, line: Departure, store: Store) -> None:
        """What an earlier try filed though its answer was lost. Where it cannot be looked for now, a later sweep will."""
        again = replace(line, id=line.id.replace(_name(line), f"again-{_name(line)}"), remote_id="")
        await asyncio.to_thread(store.save_departure, again)
        with suppress(*FAILURES):
            listed = await self._openai.files.list()
            for file in listed.data:
                if file.filename.partition(".")[0] == _name(line) and file.id != line.remote_id:
                    await self._openai.files.delete(file.id)
            await asyncio.to_thread(store.save_departure, replace(again, deleted_at=datetime.now(UTC)))

    async def _content(self, id: str) -> str:
        answer = await self._tried(lambda: self._openai.files.content(id))
        return spoken(answer.text)

    async def _delete(self, line: Departure, store: Store, *, gone: bool = False) -> None:
        """Take the file away and say so in the ledger. What cannot be deleted now, the next sweep will."""
        if not line.remote_id and not gone:
            return
        for attempt in range(0 if gone else _DELETIONS):
            try:
                faults.point("remote_deleting")
                await self._openai.files.delete(line.remote_id)
                faults.point("remote_deleted")
                break
            except openai.NotFoundError:
                break
            except FAILURES:
                if attempt == _DELETIONS - 1:
                    return
                await asyncio.sleep(0.5 * 2**attempt)
        await asyncio.to_thread(store.save_departure, replace(line, deleted_at=datetime.now(UTC)))

    async def _tried(self, ask: Callable[[], Any]) -> Any:
        """The answer, after passing faults have passed. Raises: what the last attempt comes to."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await ask()
            except FAILURES as failure:
                fault = _judged(failure, self._settings.base_url)
                if fault.action not in _PASSING or attempt == _ATTEMPTS:
                    raise fault.error from failure
                await asyncio.sleep(min(max(fault.wait_seconds, 0.5 * 2**attempt), self._wait_at_most))
        raise AssertionError  # the loop returns or raises


def _name(line: Departure) -> str:
    """What the file is called there: nothing that says whose it is or what it holds, and a name nobody else has."""
    return line.id.rpartition("-")[2]


def _abandoned(line: Departure) -> bool:
    """The process that sent it is gone, or must be."""
    if datetime.now(UTC) - line.at > ABANDONED:
        return True
    node, pid, token, _ = (*line.id.split("-"), "", "", "", "")[:4]
    if f"{node}-{pid}-{token}" == _PROCESS or node != _PROCESS.partition("-")[0] or sys.platform == "win32":
        return False
    try:
        os.kill(int(pid, 16), 0)
    except (ProcessLookupError, ValueError, OverflowError):
        return True
    except PermissionError:
        return False
    return int(pid, 16) == os.getpid()  # its number was given again, to us


def check(size: int, ending: str, document: str) -> None:
    """What is known before anything is sent. Raises: TooLarge, EmptyDocument, UnsupportedFormat."""
    if ending not in ACCEPTED:
        raise UnsupportedFormat(
            say("Kimi's file service does not read files of the kind “{format}”.", format=ending), document=document
        )
    if size > MAX_BYTES:
        message = say("Kimi's file service takes at most {most} MB.", most=MAX_BYTES // 1024**2)
        raise TooLarge(message, _SPLIT, document=document)
    if not size:
        raise EmptyDocument(say("This file is empty."), document=document)


def spoken(body: str) -> str:
    """The text within the service's answer: JSON with a `content`, whatever its type is said to be, or the text itself."""
    with suppress(ValueError):
        told = json.loads(body)
        if isinstance(told, dict) and isinstance(told.get("content"), str):
            return str(told["content"])
    return body


def _judged(failure: BaseException, base_url: str) -> Fault:
    """As every failure, but for what only this service says."""
    fault = classify(failure, base_url=base_url, model="")
    said = str(failure)
    if not isinstance(failure, openai.APIStatusError):
        return fault
    if "text extract error" in said:
        error: Exception = NoText(
            say("Kimi's file service found no text in this document."),
            say("Check in the program it comes from that it is the right file."),
        )
    elif "too large" in said.lower() or failure.status_code == 413:
        error = TooLarge(say("Kimi's file service takes at most {most} MB.", most=MAX_BYTES // 1024**2), _SPLIT)
    elif "size is zero" in said:
        error = EmptyDocument(say("This file is empty."))
    elif "too many uploaded files" in said.lower() or "max file count" in said:
        error = TryLater(
            say("The account has {most} files at Kimi, which is the most it may have.", most=MAX_FILES),
            say("Delete files in the provider's console, then try again."),
        )
    elif failure.status_code == 404:
        error = BadResponse(say("This provider has no file service."), say("Set KIMI_DOCS_EXTRACTION to local."))
    else:
        return fault
    return replace(fault, error=error, action=Action.GIVE_UP)  # type: ignore[arg-type]  # a fault of the file, not of the platform


def _left_nothing(error: Exception) -> bool:
    cause = error.__cause__
    return isinstance(cause, openai.APIStatusError) and cause.status_code in _NOT_FILED
