"""How SQLite is opened, and many writers at once."""

import sqlite3
import stat
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest
import sqlalchemy as sa

from kimi_docs.errors import Misconfigured
from storage import engine as module
from storage.engine import journal_mode, network_file_system, open_engine, reading, writing
from storage.open import open_storage
from tests.storage.things import ALICE, CALL


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    opened = open_engine(f"sqlite:///{tmp_path}/deep/down/file.sqlite3")
    yield opened
    opened.dispose()


def pragma(engine: sa.Engine, name: str) -> str:
    with reading(engine) as connection:
        return str(connection.exec_driver_sql(f"PRAGMA {name}").scalar()).upper()


def test_the_file_and_its_folder_are_for_their_owner_only(engine: sa.Engine) -> None:
    file = Path(str(engine.url.database))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("version", "mode", "synchronous"),
    [
        ((3, 6, 23), "WAL", "1"),
        ((3, 7, 0), "DELETE", "2"),
        ((3, 40, 1), "DELETE", "2"),
        ((3, 51, 2), "DELETE", "2"),
        ((3, 51, 3), "WAL", "1"),
    ],
)
def test_sqlite_versions_that_can_corrupt_a_wal_database_do_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], mode: str, synchronous: str
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    engine = open_engine(f"sqlite:///{tmp_path}/file.sqlite3")
    assert pragma(engine, "journal_mode") == mode
    assert pragma(engine, "synchronous") == synchronous
    assert pragma(engine, "foreign_keys") == "1"
    assert pragma(engine, "busy_timeout") == "30000"
    engine.dispose()


def test_a_network_file_system_gets_no_wal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 60, 0))
    assert journal_mode(tmp_path / "file") == "WAL"
    monkeypatch.setattr(module, "network_file_system", lambda _folder: "nfs4")
    assert journal_mode(tmp_path / "file") == "DELETE"
    assert "nfs4" in caplog.text


def test_this_folder_is_on_no_network(tmp_path: Path) -> None:
    assert network_file_system(tmp_path) == ""


def test_a_write_takes_its_turn_from_the_start_and_a_read_does_not_wait(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
    other = sqlite3.connect(str(engine.url.database), timeout=0, isolation_level=None)
    with writing(engine), reading(engine) as reader:
        assert reader.exec_driver_sql("SELECT count(*) FROM t").scalar() == 0
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.close()


def test_a_write_that_fails_leaves_nothing(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
    with pytest.raises(sa.exc.OperationalError), writing(engine) as connection:  # noqa: PT012
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")
    with reading(engine) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar() == 0


@pytest.mark.parametrize(
    "url", ["", "sqlite://", "sqlite:///:memory:", "mysql://host/base", "nonsense", "postgresql+psycopg2://host/base"]
)
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured, match="KIMI_DOCS_DATABASE_URL"):
        open_engine(url)


def write_rows(home: Path, writer: int, rows: int) -> list[float]:
    """One process that keeps calls, each in a transaction of its own. Gives the seconds each took."""
    seconds = []
    with open_storage(database_url="", blobs_url="", home=home) as storage:
        store = storage.of(ALICE)
        for number in range(rows):
            start = time.perf_counter()
            store.save_call(replace(CALL, id=f"{writer}-{number}"))
            seconds.append(time.perf_counter() - start)
    return seconds


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where there is such a place: it is the locks that are tested, and 2,000 commits take a slow disk 40 s."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


def test_twenty_processes_writing_at_once_all_succeed(quick_folder: Path) -> None:
    context = get_context("forkserver")
    context.set_forkserver_preload(["storage.open", "tests.storage.things"])
    with ProcessPoolExecutor(20, mp_context=context) as pool:
        done = [pool.submit(write_rows, quick_folder / "home", writer, 100) for writer in range(20)]
        seconds = sorted(second for writer in done for second in writer.result())
    print(f"p50 {seconds[1000] * 1000:.0f} ms, p95 {seconds[1900] * 1000:.0f} ms, longest {seconds[-1]:.1f} s")
    with open_storage(database_url="", blobs_url="", home=quick_folder / "home") as storage:
        assert len(storage.of(ALICE).list_calls()) == 2000
