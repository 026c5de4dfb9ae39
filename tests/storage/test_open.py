"""Opening: what is made, what is refused in words, and the check of the whole."""

import os
import random
import sqlite3
import stat
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from kimi_docs.errors import KimiDocsError, Misconfigured
from storage.engine import reading, writing
from storage.open import open_blobs, open_storage
from storage.store import SqlStorage
from tests.storage.things import ALICE, CALL, DOCUMENT, EXTRACTION


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def opened(home: Path, database_url: str = "", blobs_url: str = "") -> SqlStorage:
    return open_storage(database_url=database_url, blobs_url=blobs_url, home=home)


def fill(storage: SqlStorage) -> None:
    for number in range(10):
        storage.of(ALICE).save_call(replace(CALL, id=str(number), request_id="x" * 20_000))


def test_all_that_is_made_is_for_its_owner_only(home: Path) -> None:
    with opened(home) as storage:
        storage.of(ALICE).save_document(replace(DOCUMENT, id=storage.blobs.put(b"abc")))
        assert storage.integrity() == []
    for place in (home, *home.rglob("*")):
        assert stat.S_IMODE(place.stat().st_mode) == (0o700 if place.is_dir() else 0o600), place


def test_the_addresses_choose_the_places(home: Path, tmp_path: Path) -> None:
    with opened(home, f"sqlite:///{tmp_path}/data/base.db", f"file://{tmp_path}/with%20space") as storage:
        storage.blobs.put(b"abc")
    assert (tmp_path / "data" / "base.db").is_file()
    assert any((tmp_path / "with space").iterdir())
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("url", ["http://host/x", "file://host/x", "gopher:x"])
def test_blobs_at_an_address_of_another_kind_are_refused(home: Path, url: str) -> None:
    with pytest.raises(Misconfigured, match="KIMI_DOCS_BLOBS_URL"):
        open_blobs(url, home)


def test_a_home_that_cannot_be_made_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match="KIMI_DOCS_HOME"):
        opened(tmp_path / "file" / "home")


def test_a_home_that_cannot_be_written_is_said_in_words(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    monkeypatch.setattr(os, "access", lambda _place, _mode: False)
    with pytest.raises(Misconfigured, match="cannot be used"):
        opened(home)


@pytest.mark.postgres
def test_a_server_that_is_not_there_is_said_in_words_without_its_password(home: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(Misconfigured, match="cannot be reached") as caught:
        opened(home, "postgresql+psycopg://me:geheim@127.0.0.1:1/base")
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("damage", ["text", "header", "flipped", "cut"])
def test_a_damaged_database_is_said_in_words_and_left_as_it_is(home: Path, damage: str) -> None:
    with opened(home) as storage:
        fill(storage)
    file = home / "kimi-docs.sqlite3"
    content = bytearray(file.read_bytes())
    match damage:
        case "text":
            content = bytearray(b"this is no database, only some text " * 100)
        case "header":
            content[:100] = bytes(100)
        case "flipped":
            content[200:] = bytes(byte ^ 0x5A for byte in content[200:])
        case "cut":
            del content[len(content) // 3 :]
    file.write_bytes(content)
    with pytest.raises(Misconfigured, match="damaged"):
        opened(home)
    assert file.read_bytes() == content


def test_any_damage_is_said_in_words_and_is_no_crash(home: Path) -> None:
    with opened(home) as storage:
        fill(storage)
    file = home / "kimi-docs.sqlite3"
    whole = file.read_bytes()
    chance = random.Random(7)
    for _ in range(40):
        content = bytearray(whole)
        for _ in range(1000):
            content[chance.randrange(len(content))] = chance.randrange(256)
        file.write_bytes(content)
        with suppress(KimiDocsError), opened(home) as storage:
            assert storage.integrity()
            storage.of(ALICE).list_calls()


def test_damage_inside_is_found_by_the_check(home: Path) -> None:
    with opened(home) as storage:
        fill(storage)
    file = home / "kimi-docs.sqlite3"
    content = bytearray(file.read_bytes())
    content[-12_288:-8_192] = b"\x5a" * 4096
    file.write_bytes(content)
    with opened(home) as storage:
        assert storage.integrity()


def test_the_check_counts_the_files_that_are_missing(home: Path) -> None:
    with opened(home) as storage:
        store = storage.of(ALICE)
        store.save_document(replace(DOCUMENT, id=storage.blobs.put(b"abc")))
        store.save_document(DOCUMENT)
        store.save_extraction(EXTRACTION)
        assert [problem.text() for problem in storage.integrity()] == ["Files missing on the disk: 1"]
        store.mark_document_deleted(DOCUMENT.id, True)
        assert storage.integrity() == []


def test_an_extraction_whose_bytes_are_lost_is_made_again(home: Path) -> None:
    with opened(home) as storage:
        store = storage.of(ALICE)
        store.save_document(DOCUMENT)
        store.save_extraction(EXTRACTION)
        for file in storage.blobs.folder.rglob("*"):  # type: ignore[attr-defined]
            if file.is_file():
                file.unlink()
        assert store.find_extraction(DOCUMENT.id) is None
        store.save_extraction(EXTRACTION)
        assert store.find_extraction(DOCUMENT.id) == EXTRACTION


def test_a_full_disk_is_said_in_words_and_what_was_kept_is_safe(home: Path) -> None:
    with opened(home) as storage:
        store = storage.of(ALICE)
        store.save_call(CALL)
        with reading(storage.engine) as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        big = replace(CALL, id="big", request_id="x" * 100_000)
        with pytest.raises(KimiDocsError, match="full"):
            store.save_call(big)
        assert storage.integrity() == []
        assert list(store.list_calls()) == [CALL]
        with reading(storage.engine) as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        store.save_call(big)


def test_a_database_that_may_only_be_read_is_said_in_words(home: Path) -> None:
    with opened(home) as storage:
        with reading(storage.engine) as connection:
            connection.exec_driver_sql("PRAGMA query_only = 1")
        with pytest.raises(Misconfigured, match="cannot be written"):
            storage.of(ALICE).save_call(CALL)


def test_another_program_that_never_lets_go_is_said_in_words(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.engine.BUSY_SECONDS", 0.1)
    with opened(home) as storage:
        other = sqlite3.connect(home / "kimi-docs.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        start = time.monotonic()
        with pytest.raises(KimiDocsError, match="busy for too long"):
            storage.of(ALICE).save_call(CALL)
        assert time.monotonic() - start < 5
        other.close()


def plan(storage: SqlStorage, sql: str) -> str:
    with reading(storage.engine) as connection:
        return " ".join(str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}"))


def test_ten_thousand_documents_are_listed_by_an_index_and_fast(home: Path) -> None:
    with opened(home) as storage:
        store = storage.of(ALICE)
        store.save_document(DOCUMENT)
        with writing(storage.engine) as connection:
            connection.exec_driver_sql(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) INSERT INTO documents "
                "SELECT space, 'id' || i, owner, 'name' || i, format, bytes, title, language, added_at, deleted_at, searchable "
                "FROM documents, n"
            )
        store.list_documents(limit=100)
        start = time.perf_counter()
        assert len(store.list_documents(limit=100, offset=5000)) == 100
        seconds = time.perf_counter() - start
        print(f"a page of 100 of 10,000 documents: {seconds * 1000:.1f} ms")
        assert seconds < 0.5  # ten times what is wanted, for a machine that is busy
        how = plan(storage, "SELECT * FROM documents WHERE space = 'red' AND deleted_at IS NULL ORDER BY added_at DESC, id DESC")
        assert "TEMP B-TREE" not in how


def test_the_lists_a_screen_shows_are_read_in_order_from_an_index(home: Path) -> None:
    with opened(home) as storage:
        for sql in (
            "SELECT * FROM runs WHERE space = 'red' AND owner = 'alice' ORDER BY created_at DESC",
            "SELECT * FROM runs WHERE space = 'red' AND owner = 'alice' AND batch = 'b' ORDER BY created_at DESC",
            "SELECT id FROM runs WHERE state = 'queued' ORDER BY created_at",
            "SELECT * FROM sessions WHERE space = 'red' AND owner = 'alice' AND deleted_at IS NULL ORDER BY updated_at DESC",
            "SELECT * FROM calls WHERE space = 'red' AND run = 'r' ORDER BY sent_at DESC",
        ):
            assert "USING INDEX" in (how := plan(storage, sql)) or "COVERING INDEX" in how
            assert "TEMP B-TREE" not in how
