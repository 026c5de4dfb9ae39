"""A real Chromium, and the program started as a user starts it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import eventually

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MILLISECONDS = 90_000
expect.set_options(timeout=PATIENCE_MILLISECONDS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture
def chromium() -> Iterator[Browser]:
    """Started for each test: while Playwright runs, no other test of the process could run an event loop."""
    path = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
    if not path:
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=ARGUMENTS)
        yield browser
        browser.close()


def settle(page: Page) -> None:
    """Waits until the page's run is over: only then is what an earlier run drew, and this one did not, taken away."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_have_count(1)


@dataclass
class Served:
    """The program, running."""

    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "kimi_docs", "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        eventually(self._answers, seconds=60)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def kill(self) -> None:
        """`kill -9` of supervisor, screen, worker and their children at once."""
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def end(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)


@pytest.fixture
def served(home: Path) -> Iterator[Served]:
    """Not started yet, so that a test can set the environment first."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        one = Served(free.getsockname()[1])
    yield one
    one.end()


@dataclass
class Seen:
    """What the browser asked for and complained of."""

    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., tuple[Page, Seen]]]:
    """Opens a page with a language and colour scheme; records requests to anywhere but this machine."""
    with ExitStack() as stack:

        def open_one(language: str = "en-US", scheme: str = "light", width: int = 1400) -> tuple[Page, Seen]:
            context = chromium.new_context(
                locale=language, color_scheme="dark" if scheme == "dark" else "light", viewport={"width": width, "height": 950}
            )
            stack.callback(context.close)
            context.set_default_timeout(PATIENCE_MILLISECONDS)
            page, seen = context.new_page(), Seen()
            page.on("request", lambda request: _note(seen, request.url))
            page.on("pageerror", lambda error: seen.errors.append(str(error)))
            return page, seen

        yield open_one


def _note(seen: Seen, url: str) -> None:
    if not url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")):
        seen.foreign.append(url)
