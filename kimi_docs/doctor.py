"""An installation → checks: what works, what does not, and how to mend it."""

import asyncio
import contextlib
import importlib.util
import os
import shutil
import sqlite3
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kimi_docs.domain.ports import Blobs, Store
from kimi_docs.domain.scope import LOCAL
from kimi_docs.errors import KimiDocsError
from kimi_docs.jobs.durable import WAL_DAMAGED_BY_TWO_WRITERS, lock_file
from kimi_docs.language import NOTHING, Message, joined, say
from kimi_docs.settings import CHINA, INTERNATIONAL, Settings, load_settings

if TYPE_CHECKING:
    from kimi_docs.kimi.probe import Probe

FREE_BYTES = 500 * 1024 * 1024
WRONG_CLOCK_SECONDS = 120
OPTIONAL = {"rapidocr": "ocr", "psycopg": "postgres", "botocore": "s3", "mcp": "mcp"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """`ok` False is a fault to mend; a remark that needs nothing is ok."""

    name: str
    ok: bool
    message: Message
    advice: Message = NOTHING

    def shape(self, language: str) -> dict[str, Any]:
        return {"name": self.name, "ok": self.ok, "message": self.message.text(language), "advice": self.advice.text(language)}

    def line(self, language: str) -> str:
        return (
            f"{'✓' if self.ok else '✗'} {self.name}: {joined((self.message.text(language), self.advice.text(language)), language)}"
        )


def examine(open_desk: Callable[[Settings], Any]) -> list[Check]:
    """All checks, in the order of what depends on what."""
    try:
        settings = load_settings()
    except KimiDocsError as error:
        return [*_machine(), Check(name="settings", ok=False, message=error.message, advice=error.advice)]
    here = [*_machine(), *_home(settings), *_store(settings, open_desk), _worker(settings), *_optional()]
    return [*here, *_platform(settings, open_desk)]


def _machine() -> Iterator[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check(name="python", ok=sys.version_info >= (3, 11), message=say("Python {version}", version=version))
    first, last = WAL_DAMAGED_BY_TWO_WRITERS
    careful = first <= sqlite3.sqlite_version_info <= last
    advice = say("This version is safe here without write-ahead logging, a little slower.") if careful else NOTHING
    yield Check(name="sqlite", ok=True, message=say("SQLite {version}", version=sqlite3.sqlite_version), advice=advice)


def _home(settings: Settings) -> Iterator[Check]:
    home = settings.home
    parent = next(folder for folder in (home, *home.parents) if folder.exists())
    writable = os.access(parent, os.W_OK)
    yield Check(
        name="home",
        ok=writable,
        message=say("Everything is kept in {home}", home=str(home)),
        advice=NOTHING if writable else say("This folder cannot be written: set KIMI_DOCS_HOME to one that can."),
    )
    free = shutil.disk_usage(parent).free
    yield Check(
        name="disk",
        ok=free >= FREE_BYTES,
        message=say("{megabytes} MB free", megabytes=free // 1024 // 1024),
        advice=NOTHING if free >= FREE_BYTES else say("Make room: below 500 MB no new documents should be added."),
    )


def _store(settings: Settings, open_desk: Callable[[Settings], Any]) -> Iterator[Check]:
    try:
        with open_desk(settings) as desk:
            files = _files(settings, desk.library.blobs)
            yield files
            if not files.ok:
                return
            faults = desk.library.storage.integrity()
    except KimiDocsError as error:
        yield Check(name="database", ok=False, message=error.message, advice=error.advice)
        return
    if not faults:
        yield Check(name="database", ok=True, message=say("The database is whole."))
    for fault in faults:
        yield Check(name="database", ok=False, message=fault, advice=say("Take back the last backup, or add the file again."))


def _files(settings: Settings, blobs: Blobs) -> Check:
    """Bytes that nobody else has are kept, and removed again."""
    try:
        blobs.remove(blobs.put(uuid.uuid4().bytes))
    except KimiDocsError as error:
        return Check(name="files", ok=False, message=error.message, advice=error.advice)
    return Check(name="files", ok=True, message=say("Files are kept in {place}", place=settings.storage["blobs_url"]))


def _worker(settings: Settings) -> Check:
    file = lock_file(settings)
    busy = False
    if file.exists() and not sys.platform.startswith("win"):
        import fcntl

        with file.open("a") as opened, contextlib.suppress(OSError):
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                busy = True
    idle = say("No worker is running; commands work without one, the screen starts one.")
    message = say("A worker is running.") if busy else idle
    return Check(name="worker", ok=True, message=message)


def _optional() -> Iterator[Check]:
    for module, extra in OPTIONAL.items():
        there = importlib.util.find_spec(module) is not None
        message = say("{module} is installed.", module=module) if there else say("{module} is not installed.", module=module)
        advice = NOTHING if there else say("Only needed for the extra “{extra}”.", extra=extra)
        yield Check(name=extra, ok=True, message=message, advice=advice)


def _platform(settings: Settings, open_desk: Callable[[Settings], Any]) -> Iterator[Check]:
    yield Check(name="engine", ok=True, message=say("The engine is {engine}.", engine=settings.chosen_engine))
    if not settings.api_key and settings.chosen_provider == "moonshot":
        advice = say("Without one the engine on this machine reads and quotes; set KIMI_DOCS_API_KEY for Kimi.")
        yield Check(name="key", ok=True, message=say("There is no key."), advice=advice)
        return
    regions = {INTERNATIONAL: say("Region: international (.ai)"), CHINA: say("Region: China (.cn)")}
    yield Check(name="region", ok=True, message=regions.get(settings.base_url, say("Address: {url}", url=settings.base_url)))
    try:
        with open_desk(settings) as desk:
            yield from test_connection(settings, desk.library.storage.of(LOCAL))
    except KimiDocsError as error:
        yield Check(name="key", ok=False, message=error.message, advice=error.advice)


def test_connection(settings: Settings, store: Store) -> list[Check]:
    """Ask the provider for its models, one token and the balance; a refused key's region is named."""
    from kimi_docs.kimi.catalog import load_catalog
    from kimi_docs.kimi.probe import probe

    try:
        found = asyncio.run(probe(settings, store, load_catalog(settings.home)))
    except KimiDocsError as error:
        return [Check(name="key", ok=False, message=error.message, advice=error.advice)]
    names = ", ".join(found.models[:8])
    return [
        Check(name="key", ok=True, message=say("The key works. Models: {names}", names=names or "–")),
        _call(found),
        *_beside(found, settings),
    ]


def _call(found: "Probe") -> Check:
    if found.error:
        return Check(name="call", ok=False, message=found.error.message, advice=found.error.advice)
    message = say(
        "{model} answered after {seconds} s; that took {tokens} tokens.",
        model=found.model,
        seconds=round(found.seconds, 1),
        tokens=found.tokens,
    )
    return Check(name="call", ok=True, message=message)


def _beside(found: "Probe", settings: Settings) -> Iterator[Check]:
    """What came with the answers: time, limits, balance; nothing for what the provider does not say."""
    if found.skew_seconds is not None:
        minutes = round(abs(found.skew_seconds) / 60)
        right = abs(found.skew_seconds) < WRONG_CLOCK_SECONDS
        message = say("The clock is right.") if right else say("The clock is off by {minutes} min.", minutes=minutes)
        advice = NOTHING if right else say("Set the time of this machine: waiting times and dates would be wrong.")
        yield Check(name="clock", ok=right, message=message, advice=advice)
    limits = settings.limits
    said = ", ".join(f"{name}={value}" for name, value in sorted(found.limits.items()))
    own = f"{limits.concurrency} / {limits.rpm} / {limits.tpm}"
    message = say("Requests at once, requests and tokens a minute: {own}", own=own)
    yield Check(name="limits", ok=True, message=message, advice=say("The provider says {said}.", said=said) if said else NOTHING)
    if found.balance is not None:
        yield _left(found.balance, settings)


def ask_balance(settings: Settings) -> Check | None:
    """What is left on the account, None for a provider without a purse. Raises: KimiDocsError."""
    from kimi_docs.kimi import probe

    left = asyncio.run(probe.ask_balance(settings))
    return None if left is None else _left(left, settings)


def _left(balance: Decimal, settings: Settings) -> Check:
    message = say("Balance: {amount} {currency}", amount=f"{balance:.2f}", currency=settings.currency)
    advice = NOTHING if balance > 0 else say("Nothing is left: the provider will refuse calls until the account is topped up.")
    return Check(name="balance", ok=balance > 0, message=message, advice=advice)
