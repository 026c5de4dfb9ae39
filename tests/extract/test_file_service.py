"""The way through Kimi's file service: what is sent, what comes back, and that nothing is left there."""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kimi_docs.domain.calls import Departure
from kimi_docs.domain.document import Document
from kimi_docs.domain.scope import LOCAL
from kimi_docs.domain.text import PageState
from kimi_docs.errors import EmptyDocument, Misconfigured, NoText, PlatformError, TooLarge, TryLater, UnsupportedFormat
from kimi_docs.extract.sandbox import Pool
from kimi_docs.intake import take
from kimi_docs.jobs import reading
from kimi_docs.kimi import files as service
from kimi_docs.kimi.files import PURPOSE, Files
from kimi_docs.settings import load_settings
from storage.open import open_storage
from tests.kimi_server import KimiServer

from . import made

WORDS = "Words of the first paragraph, quite a few of them.\n\nAnd others in the second one.\n"
Start = Callable[..., KimiServer]


@pytest.fixture
def store(home: Path) -> Iterator[object]:
    storage = open_storage(**load_settings().storage)
    yield storage.of(LOCAL)
    storage.close()


@pytest.fixture
def desk(home: Path) -> Iterator["Desk"]:
    storage, pool = open_storage(**load_settings().storage), Pool(1)
    yield Desk(storage, pool)
    pool.close()
    storage.close()


class Desk:
    """Reads a document as a run does."""

    def __init__(self, storage, pool: Pool) -> None:
        self.storage, self.pool, self.store = storage, pool, storage.of(LOCAL)

    def read(self, content: bytes, name: str):
        intake = take(content, name, max_bytes=50 * 1024**2)
        self.storage.blobs.put(content)
        document = self.store.save_document(
            Document(id=intake.id, name=intake.name, format=intake.format, bytes=intake.bytes, added_at=datetime.now(UTC))
        )
        return asyncio.run(reading.read(document, self.storage.blobs, self.pool, self.store, load_settings()))


def texts(store, *contents: bytes, ending: str = "txt") -> list[str]:
    async def all() -> list[str]:
        async with Files(load_settings(), wait_at_most=0.05) as files:
            return [await files.text(content, ending, store, document="d" * 64) for content in contents]

    return asyncio.run(all())


@pytest.mark.parametrize("options", [{}, {"file_status": "ready", "file_content_type": "text/plain"}])
def test_a_file_is_sent_read_and_deleted(kimi: Start, store, options: dict[str, str]) -> None:
    server = kimi(**options)
    assert texts(store, WORDS.encode()) == [WORDS]
    assert server.files.ids == []
    (line,) = store.list_departures()
    assert (line.purpose, line.bytes, line.document) == (PURPOSE, len(WORDS.encode()), "d" * 64)
    assert line.remote_id
    assert line.deleted_at >= line.at


def test_the_name_there_says_nothing_of_the_file(kimi: Start, store, monkeypatch: pytest.MonkeyPatch) -> None:
    server = kimi()

    async def stays(self, line: Departure, store, *, gone: bool = False) -> None:
        """As if the process were killed."""

    monkeypatch.setattr(Files, "_delete", stays)
    texts(store, WORDS.encode())
    (file,) = json_of(server.files.list())["data"]
    assert file["filename"] == store.list_departures()[0].id.rpartition("-")[2] + ".txt"
    assert len(file["filename"]) == 36


def test_passing_faults_pass(kimi: Start, store) -> None:
    server = kimi()
    server.fail_next("429_overloaded", "500")
    assert texts(store, WORDS.encode()) == [WORDS]
    assert server.files.ids == []


@pytest.mark.parametrize("tries", [1, 2])
def test_what_was_filed_though_its_answer_was_lost_is_deleted_too(kimi: Start, store, tries: int) -> None:
    server = kimi()
    server.fail_next(*["file_lost"] * tries)
    assert texts(store, WORDS.encode()) == [WORDS]
    assert server.files.ids == []
    lines = store.list_departures()
    assert len(lines) == 2  # it left more than once, and the ledger says so
    assert all(line.deleted_at for line in lines)


def test_what_was_filed_by_tries_that_all_failed_is_swept(kimi: Start, store, monkeypatch: pytest.MonkeyPatch) -> None:
    server = kimi()
    server.fail_always("file_lost")
    with pytest.raises(PlatformError):
        texts(store, WORDS.encode())
    server.fail_always(None)
    assert len(server.files.ids) > 1
    monkeypatch.setattr(service, "_PROCESS", "here-1-another")  # as if that process were gone
    monkeypatch.setattr(service, "ABANDONED", timedelta(0))

    async def sweep() -> int:
        async with Files(load_settings()) as files:
            return await files.sweep(store)

    assert asyncio.run(sweep()) > 1
    assert server.files.ids == []


def test_what_is_known_before_is_not_sent(kimi: Start, store, monkeypatch: pytest.MonkeyPatch) -> None:
    server = kimi()
    monkeypatch.setattr(service, "MAX_BYTES", 10)
    for content, ending, error in ((b"x" * 11, "txt", TooLarge), (b"", "txt", EmptyDocument), (b"x", "odt", UnsupportedFormat)):
        with pytest.raises(error):
            texts(store, content, ending=ending)
    assert server.ledger == []
    assert store.list_departures() == []


def test_no_text_and_too_many_files_say_so_and_leave_nothing(kimi: Start, store) -> None:
    server = kimi(max_files=0)
    with pytest.raises(TryLater, match="1000 files"):
        texts(store, WORDS.encode())
    server = kimi()
    with pytest.raises(NoText):
        texts(store, b"x" * 5000)
    assert server.files.ids == []
    assert all(line.deleted_at for line in store.list_departures())


def test_a_file_is_deleted_though_its_text_cannot_be_had(kimi: Start, store, monkeypatch: pytest.MonkeyPatch) -> None:
    server = kimi()

    async def broken(self, id: str) -> str:
        raise PlatformError(reading.say("gone"))

    monkeypatch.setattr(Files, "_content", broken)
    with pytest.raises(PlatformError):
        texts(store, WORDS.encode())
    assert server.files.ids == []
    assert all(line.deleted_at for line in store.list_departures())


def upload(server: KimiServer, name: str) -> str:
    return str(json_of(server.files.upload({"purpose": PURPOSE, "file": (f"{name}", "text/plain", WORDS.encode())}))["id"])


def json_of(response) -> dict[str, object]:
    import json

    return json.loads(response.body)


def line_of(id: str, *, remote_id: str = "", age: timedelta = timedelta(0)) -> Departure:
    at = datetime.now(UTC) - age
    return Departure(id=id, at=at, host="127.0.0.1", purpose=PURPOSE, bytes=1, document="d" * 64, remote_id=remote_id)


def test_the_sweeper_deletes_what_a_crash_left_and_nothing_else(kimi: Start, store) -> None:
    server = kimi()
    node, gone = service._PROCESS.partition("-")[0], f"{2**22 + 5:x}"
    words = [uuid.uuid4().hex for _ in range(5)]
    somebody = upload(server, "their report.txt")
    names = ("known", "unknown", "old", "living", "other")
    mine = {name: upload(server, f"{word}.txt") for name, word in zip(names, words, strict=True)}
    store.save_departure(line_of(f"{node}-{gone}-token-{words[0]}", remote_id=mine["known"]))
    store.save_departure(line_of(f"{node}-{gone}-token-{words[1]}"))
    store.save_departure(line_of(f"elsewhere-1-token-{words[2]}", age=timedelta(hours=1)))
    store.save_departure(line_of(f"{service._PROCESS}-{words[3]}"))
    store.save_departure(line_of(f"elsewhere-1-token-{words[4]}"))

    async def sweep() -> int:
        async with Files(load_settings()) as files:
            return await files.sweep(store)

    assert asyncio.run(sweep()) == 3
    assert sorted(server.files.ids) == sorted([somebody, mine["living"], mine["other"]])
    assert sum(line.deleted_at is None for line in store.list_departures()) == 2
    assert asyncio.run(sweep()) == 0


def test_what_can_be_read_here_does_not_leave(kimi: Start, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    server = kimi()
    for way in ("local", "auto"):
        monkeypatch.setenv("KIMI_DOCS_EXTRACTION", way)
        assert desk.read(WORDS.encode(), "a.txt").extractor == "plain-1"
    assert server.ledger == []
    assert desk.store.list_departures() == []


def test_kimi_sends_every_document_and_keeps_both_texts(kimi: Start, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    server = kimi()
    monkeypatch.setenv("KIMI_DOCS_EXTRACTION", "kimi")
    pages = [made.lines(*(word * (n + 1) + f" {n} {m}" for m, word in enumerate(WORDS.split()))) for n in range(3)]
    found = desk.read(made.pdf(pages), "a.pdf")
    assert remote_pages(found) == ["Words 0 0", "WordsWords 1 0", "WordsWordsWords 2 0"]
    assert found.metadata["agreement"] == "100"
    assert b"ofofof 2 1" in desk.storage.blobs.get(found.metadata["local_text"])
    assert server.files.ids == []
    document = desk.store.get_document(found.document)
    assert reading.suffices(found, document, load_settings())
    monkeypatch.setenv("KIMI_DOCS_EXTRACTION", "local")
    assert not reading.suffices(found, document, load_settings())


def remote_pages(extraction) -> list[str]:
    return [extraction.page_text(page.number).strip().partition("\n")[0].strip() for page in extraction.pages]


def test_where_the_service_finds_nothing_the_local_text_stands(kimi: Start, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    kimi()
    monkeypatch.setenv("KIMI_DOCS_EXTRACTION", "kimi")
    found = desk.read(b"aaaa", "a.txt")
    assert found.text == "aaaa\n"
    assert [notice.code for notice in found.notices] == ["remote_no_text"]
    assert reading.suffices(found, desk.store.get_document(found.document), load_settings())


def test_kimi_without_a_key_says_what_is_missing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIMI_DOCS_EXTRACTION", "kimi")
    with pytest.raises(Misconfigured):
        desk.read(WORDS.encode(), "a.txt")


def test_pages_that_need_it_are_sent_alone(kimi: Start, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the recognizer were not installed: two pages of four are said to be pictures."""
    server = kimi()
    monkeypatch.setenv("KIMI_DOCS_EXTRACTION", "auto")
    content = made.pdf([made.lines(f"page {number} has words of its own") for number in range(1, 5)])
    real = desk.pool.extract

    def with_pictures(path: Path, document: Document, password: str = "", *, tabled: bool = True):
        found = real(path, document)
        said = [reading.Notice(code="picture_page", message=reading.say(""), page=number) for number in (2, 4)]
        pages = (replace(page, state=PageState.EMPTY) if page.number in (2, 4) else page for page in found.pages)
        return replace(found, notices=tuple(said), pages=tuple(pages))

    monkeypatch.setattr(desk.pool, "extract", with_pictures)
    found = desk.read(content, "a.pdf")
    assert remote_pages(found) == [f"page {number} has words of its own" for number in range(1, 5)]
    assert [page.state for page in found.pages] == ["read", "recognized", "read", "recognized"]
    assert sorted(line.pages for line in desk.store.list_departures()) == ["2", "4"]
    assert server.files.ids == []


def test_a_document_of_pictures_goes_page_by_page(kimi: Start, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    server = kimi()

    def nothing(path: Path, document: Document, password: str = "", *, tabled: bool = True):
        raise NoText(reading.say("pictures"))

    monkeypatch.setattr(desk.pool, "extract", nothing)
    found = desk.read(made.pdf([made.lines(f"page {number} has words of its own") for number in range(1, 7)]), "a.pdf")
    assert remote_pages(found) == [f"page {number} has words of its own" for number in range(1, 7)]
    assert server.files.ids == []
    assert all(line.deleted_at for line in desk.store.list_departures())
    assert sorted(line.pages for line in desk.store.list_departures()) == [str(number) for number in range(1, 7)]
