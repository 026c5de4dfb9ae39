"""A backup put back is what was kept, whatever the databases; one that is not whole changes nothing."""

import json
import shutil
import sqlite3
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from kimi_docs.domain.runs import RunState
from kimi_docs.domain.scope import Actor
from kimi_docs.errors import Damaged, KimiDocsError, Misconfigured, NotFound, WrongUse
from storage.backup_format import Contents, Entry, row_to_json, rows_name
from storage.engine import open_engine, reading
from storage.migrate import current
from storage.open import open_storage
from storage.store import SqlStorage
from tests.storage.test_migrate import OLD, lay_old
from tests.storage.things import (
    ALICE,
    ALICE_ELSEWHERE,
    ANSWER,
    BATCH,
    BOB,
    CALL,
    CELL,
    DEPARTURE,
    DOCUMENT,
    EXTRACTION,
    RUN,
    SESSION,
    SUMMARY,
)

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
CONTENT = b"abc"
KEPT = replace(DOCUMENT, id=sha256(CONTENT).hexdigest())


@pytest.fixture
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str, str], SqlStorage]]:
    """Opens empty stores by the kind of their database and a name."""
    with ExitStack() as stack:

        def open_one(kind: str, name: str) -> SqlStorage:
            url = "" if kind == "sqlite" else request.getfixturevalue("new_database")()
            return stack.enter_context(open_storage(database_url=url, blobs_url="", home=tmp_path / name))

        yield open_one


def fill(storage: SqlStorage, actor: Actor = ALICE) -> None:
    """One of each thing, and the trash."""
    store = storage.of(actor)
    store.save_document(DOCUMENT)
    store.save_document(replace(KEPT, id=storage.blobs.put(CONTENT)))
    store.mark_document_deleted(KEPT.id, True)
    store.save_extraction(EXTRACTION)
    store.save_summary(SUMMARY)
    store.save_session(SESSION)
    store.save_answer(ANSWER)
    store.save_batch(BATCH)
    store.add_runs([RUN])
    store.save_cells([CELL])
    store.save_call(CALL)
    store.save_departure(DEPARTURE)


def told(storage: SqlStorage, actor: Actor = ALICE) -> list[Any]:
    """All that this person sees."""
    store = storage.of(actor)
    return [
        store.list_documents(),
        store.list_documents(deleted=True),
        store.find_extraction(DOCUMENT.id),
        store.list_summaries(DOCUMENT.id),
        store.list_sessions(),
        store.list_answers(SESSION.id) if store.list_sessions() else [],
        store.list_batches(),
        store.find_cells([DOCUMENT.id], [CELL.column]),
        store.list_calls(),
        store.list_departures(),
    ]


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_what_comes_back_is_what_was_kept(opened: Any, tmp_path: Path, source: str, target: str) -> None:
    old, new = opened(source, "old"), opened(target, "new")
    fill(old)
    old.of(BOB).save_session(replace(SESSION, id="bobs"))
    old.meter.save_measure("account", "ratio", "1.5")
    made = old.backup(tmp_path / "all.zip", {"templates/mine.yaml": b"name: mine"})
    found, own = new.restore(tmp_path / "all.zip")
    assert found == made
    assert (made.rows["documents"], made.files, made.missing) == (2, 2, (DOCUMENT.id,))  # whose bytes were never kept
    assert own == {"templates/mine.yaml": b"name: mine"}
    for actor in (ALICE, BOB, ALICE_ELSEWHERE):
        assert told(new, actor) == told(old, actor)
    assert new.blobs.get(KEPT.id) == CONTENT
    assert new.meter.find_measure("account", "ratio") == "1.5"
    assert new.of(ALICE).get_run(RUN.id) == replace(RUN, state=RunState.STOPPED)  # nothing is done again unasked
    assert not new.unfinished_runs()
    while new.reindex():
        pass
    assert new.of(ALICE).search("Erste")
    assert new.integrity() == old.integrity()
    assert [path.name for path in tmp_path.glob("*.part")] == []
    assert (tmp_path / "all.zip").stat().st_mode & 0o777 == 0o600


def test_a_library_that_is_not_empty_is_left_alone_or_completed(opened: Any, tmp_path: Path) -> None:
    old, new = opened("sqlite", "old"), opened("sqlite", "new")
    fill(old)
    old.backup(tmp_path / "all.zip", {})
    new.of(ALICE).save_session(replace(SESSION, title="Renamed since"))
    before = told(new)
    with pytest.raises(WrongUse, match="already"):
        new.restore(tmp_path / "all.zip")
    assert told(new) == before
    for _ in range(2):  # twice is once
        new.restore(tmp_path / "all.zip", merge=True)
        assert [session.title for session in new.of(ALICE).list_sessions()] == ["Renamed since"]
        assert new.of(ALICE).list_summaries(DOCUMENT.id) == [SUMMARY]


def test_it_is_one_moment_while_others_write(opened: Any, tmp_path: Path) -> None:
    old = opened("sqlite", "old")
    fill(old)
    end = threading.Event()

    def write(number: int) -> None:
        store, count = old.of(ALICE), 0
        while not end.is_set() and count < 200:
            count += 1
            session = replace(SESSION, id=f"{number}-{count}")
            store.save_session(session)
            store.save_answer(replace(ANSWER, id=f"answer-{number}-{count}", session=session.id))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    try:
        for round in range(3):
            made = old.backup(tmp_path / f"{round}.zip", {})
            new = opened("sqlite", f"new-{round}")
            new.restore(tmp_path / f"{round}.zip")
            assert 0 <= made.rows["sessions"] - made.rows["answers"] <= 4  # each writer may be between the two
            assert new.of(ALICE).list_sessions(limit=1000)
    finally:
        end.set()
        for writer in writers:
            writer.join()


def test_a_database_that_somebody_holds_is_not_waited_for_without_end(
    opened: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = opened("sqlite", "old")
    monkeypatch.setattr("storage.snapshot.BUSY_SECONDS", 0.1)
    holder = sqlite3.connect(tmp_path / "old" / "kimi-docs.sqlite3", isolation_level=None, check_same_thread=False)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    end = threading.Timer(10, holder.close)  # else nothing would ever end it
    end.start()
    began = time.monotonic()
    try:
        with pytest.raises(KimiDocsError, match="busy"):
            old.backup(tmp_path / "all.zip", {})
    finally:
        end.cancel()
        holder.close()
    assert time.monotonic() - began < 5


def rewritten(file: Path, target: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The archive with other members."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target


def listed(members: dict[str, bytes], name: str, content: bytes) -> None:
    """Put a member in and into the list, its sum right: only its content is wrong."""
    told = json.loads(members["backup.json"])
    told["entries"][name] = {"size": len(content), "sha256": sha256(content).hexdigest(), "count": 1}
    members.update({name: content, "backup.json": json.dumps(told).encode()})


def _without_list(members: dict[str, bytes]) -> None:
    del members["backup.json"]


def _list_of_nonsense(members: dict[str, bytes]) -> None:
    members["backup.json"] = b"[" * 100_000


def _other_content(members: dict[str, bytes]) -> None:
    members[f"files/{KEPT.id}"] = b"abd"


def _other_name(members: dict[str, bytes]) -> None:
    listed(members, f"files/{'e' * 64}", b"not what it is called")


def _a_way_out(members: dict[str, bytes]) -> None:
    listed(members, "own/templates/../../evil.yaml", b"name: evil")


def _foreign_column(members: dict[str, bytes]) -> None:
    listed(members, "rows/documents.jsonl", members["rows/documents.jsonl"].replace(b'"name"', b'"nome"'))


def _column_missing(members: dict[str, bytes]) -> None:
    listed(members, "rows/sessions.jsonl", b'{"id": "x", "space": "red"}\n')


def _wrong_type(members: dict[str, bytes]) -> None:
    listed(members, "rows/documents.jsonl", members["rows/documents.jsonl"].replace(b"5000000000", b'"many"'))


def _number_too_large(members: dict[str, bytes]) -> None:
    listed(members, "rows/documents.jsonl", members["rows/documents.jsonl"].replace(b"5000000000", b"1" + b"0" * 40))


def _version_that_steers_a_terminal(members: dict[str, bytes]) -> None:
    members["backup.json"] = json.dumps(json.loads(members["backup.json"]) | {"program": "\x1b[2J", "schema": "9999"}).encode()


def _no_row(members: dict[str, bytes]) -> None:
    listed(members, "rows/cells.jsonl", b"[1, 2]\n")


def _row_of_nothing(members: dict[str, bytes]) -> None:
    listed(members, "rows/summaries.jsonl", members["rows/summaries.jsonl"].replace(DOCUMENT.id.encode(), b"f" * 64))


def _state_unknown(members: dict[str, bytes]) -> None:
    listed(members, "rows/runs.jsonl", members["rows/runs.jsonl"].replace(b'"state": "running"', b'"state": "dancing"'))


SPOILED = [
    _without_list,
    _list_of_nonsense,
    _other_content,
    _other_name,
    _a_way_out,
    _foreign_column,
    _column_missing,
    _wrong_type,
    _number_too_large,
    _version_that_steers_a_terminal,
    _no_row,
    _row_of_nothing,
    _state_unknown,
]


@pytest.fixture
def archive(opened: Any, tmp_path: Path) -> Path:
    old = opened("sqlite", "old")
    fill(old)
    old.backup(tmp_path / "all.zip", {})
    return tmp_path / "all.zip"


@pytest.mark.parametrize("change", SPOILED)
def test_what_is_not_whole_changes_nothing(
    opened: Any, archive: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None]
) -> None:
    new = opened("sqlite", "new")
    with pytest.raises(Damaged, match="Nothing was changed"):
        new.restore(rewritten(archive, tmp_path / "spoiled.zip", change))
    assert told(new) == told(opened("sqlite", "empty"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.zip", "empty", "new", "old", "spoiled.zip"]


def test_random_damage_is_found_or_harmless(opened: Any, archive: Path, tmp_path: Path) -> None:
    whole, chance = archive.read_bytes(), Random(5)
    new, empty = opened("sqlite", "new"), opened("sqlite", "empty")
    for number in range(60):
        content = bytearray(whole[: chance.randrange(len(whole))] if number % 3 == 0 else whole)
        for _ in range(20):
            content[chance.randrange(len(content))] = chance.randrange(256)
        (tmp_path / "spoiled.zip").write_bytes(content)
        try:
            new.restore(tmp_path / "spoiled.zip")
        except Damaged:
            assert told(new) == told(empty)
        else:
            pytest.fail("twenty wrong bytes of so small a file cannot all be harmless")


def test_what_is_no_backup_is_said(opened: Any, tmp_path: Path, archive: Path) -> None:
    new = opened("sqlite", "new")
    with pytest.raises(NotFound):
        new.restore(tmp_path / "nowhere.zip")
    (tmp_path / "text.zip").write_text("not a zip")
    with pytest.raises(Damaged):
        new.restore(tmp_path / "text.zip")
    with pytest.raises(KimiDocsError):
        new.restore(tmp_path)

    def newer(members: dict[str, bytes]) -> None:
        members["backup.json"] = json.dumps(json.loads(members["backup.json"]) | {"schema": "9999"}).encode()

    with pytest.raises(Misconfigured, match="newer"):
        new.restore(rewritten(archive, tmp_path / "newer.zip", newer))


def test_what_would_be_unpacked_in_memory_at_once_is_refused(opened: Any, archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        for name in old.namelist():
            other.writestr(name, old.read(name), zipfile.ZIP_BZIP2 if name.startswith("files/") else zipfile.ZIP_DEFLATED)
    with pytest.raises(Damaged, match="files/"):
        opened("sqlite", "new").restore(tmp_path / "other.zip")


@pytest.mark.postgres
def test_room_is_looked_for_where_it_is_taken(opened: Any, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full, real = tmp_path / "tmp", shutil.disk_usage
    full.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(full))
    monkeypatch.setattr("shutil.disk_usage", lambda path: real(path)._replace(free=real(path).free * (Path(path) != full)))
    new = opened("postgres", "new")
    new.restore(archive)  # into a server, and a folder on another disk
    full = tmp_path / "new" / "blobs"
    with pytest.raises(KimiDocsError, match="disk is full"):
        new.restore(archive, merge=True)


def test_own_files_that_could_not_be_put_back_do_not_spoil_the_backup(opened: Any, tmp_path: Path) -> None:
    names = ("templates/mine (1).yaml", "templates/._mine.yaml", "templates/a.yaml", "templates/mine.yaml")
    opened("sqlite", "old").backup(tmp_path / "all.zip", {**dict.fromkeys(names, b"x"), "catalog.toml": bytes(5 * 1024**2)})
    _, own = opened("sqlite", "new").restore(tmp_path / "all.zip")
    assert own == {"templates/mine.yaml": b"x"}


def test_a_backup_that_lacks_something_does_not_take_the_place_of_one_that_may_have_it(opened: Any, tmp_path: Path) -> None:
    old, out = opened("sqlite", "old"), tmp_path / "all.zip"
    id = old.blobs.put(CONTENT)
    old.of(ALICE).save_document(replace(KEPT, id=id))
    assert old.backup(out, {}).missing == ()
    old.blobs.path(id).unlink()
    for _ in range(2):
        assert old.backup(out, {}).missing == (id,)
    new = opened("sqlite", "new")
    new.restore(tmp_path / "all.zip.previous")
    assert new.blobs.get(id) == CONTENT


def test_what_is_no_backup_is_not_replaced_by_one(opened: Any, tmp_path: Path) -> None:
    old = opened("sqlite", "old")
    fill(old)
    before = told(old)
    with pytest.raises(KimiDocsError, match="something else is there"):
        old.backup(tmp_path / "old" / "kimi-docs.sqlite3", {})
    assert told(old) == before
    (tmp_path / "empty.zip").touch()
    for _ in range(2):
        old.backup(tmp_path / "empty.zip", {})


@pytest.mark.skipif(sys.platform != "linux", reason="a file that cannot be read is at hand on Linux only")
def test_a_bad_spot_on_the_disk_costs_one_file(opened: Any, tmp_path: Path) -> None:
    old = opened("sqlite", "old")
    fill(old)
    old.of(ALICE).save_document(KEPT)
    file = old.blobs.path(KEPT.id)
    file.unlink()
    file.symlink_to("/proc/self/mem")  # reading its beginning is an error of input
    assert KEPT.id in old.backup(tmp_path / "all.zip", {}).missing
    opened("sqlite", "new").restore(tmp_path / "all.zip")


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of a file")
def test_a_place_without_room_for_the_copy_is_named(opened: Any, tmp_path: Path) -> None:
    import resource

    old, limits = opened("sqlite", "old"), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(KimiDocsError, match=r"cannot be written to .*all\.zip: No space"):
            old.backup(tmp_path / "full" / "all.zip", {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list((tmp_path / "full").iterdir()) == []


def test_a_place_that_cannot_be_written_is_said_and_the_old_backup_stays(opened: Any, archive: Path, tmp_path: Path) -> None:
    old = opened("sqlite", "again")
    with pytest.raises(KimiDocsError, match="cannot be written"):
        old.backup(archive / "under" / "a-file.zip", {})
    with pytest.raises(KimiDocsError, match="cannot be written"):
        old.backup(tmp_path / "old", {})  # a folder
    assert zipfile.is_zipfile(archive)


@pytest.mark.parametrize("dump", OLD, ids=lambda path: path.stem)
@pytest.mark.parametrize("target", KINDS)
def test_a_backup_of_an_older_version_is_brought_up_to_date(opened: Any, tmp_path: Path, dump: Path, target: str) -> None:
    file = lay_old(tmp_path / "old", dump)
    made = backup_of_then(file, dump.with_suffix(".blob").read_bytes(), tmp_path / "then.zip")
    new = opened(target, "new")
    found, _ = new.restore(made)
    with open_storage(database_url="", blobs_url="", home=tmp_path / "old") as upgraded:
        for actor in (ALICE, ALICE_ELSEWHERE):
            assert told(new, actor) == told(upgraded, actor)
    assert found.rows["documents"] > 0


def backup_of_then(file: Path, blob: bytes, out: Path) -> Path:
    """What a program of that version would have written."""
    engine, tables, members = open_engine(f"sqlite:///{file}"), sa.MetaData(), {}
    with reading(engine) as connection:
        tables.reflect(connection)
        schema = current(connection) or ""
        for table in tables.sorted_tables:
            if table.name in ("alembic_version", "sources", "passages", "marks") or table.name.startswith(("words", "sqlite")):
                continue
            rows = [dict(row) for row in connection.execute(sa.select(table)).mappings()]
            aware = [{key: _aware(value) for key, value in row.items()} for row in rows]
            members[rows_name(table.name)] = "".join(row_to_json(row) + "\n" for row in aware).encode()
    engine.dispose()
    members[f"files/{sha256(blob).hexdigest()}"] = blob
    entries = {
        name: Entry(size=len(content), sha256=sha256(content).hexdigest(), count=content.count(b"\n"))
        for name, content in members.items()
    }
    contents = Contents(schema=schema, made_at=datetime.now(UTC), program="then", entries=entries)
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr("backup.json", contents.to_json())
    return out


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
