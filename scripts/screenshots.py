"""The program → the pictures of the README, taken in a real browser from the samples."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = {"en-US": "screenshot.png", "zh-CN": "screenshot.zh-CN.png"}
PORT = 8739


def main() -> None:
    """Start the program on an empty home, summarize the sample in each language, and photograph it."""
    with tempfile.TemporaryDirectory() as home:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("KIMI_", "MOONSHOT_"))}
        command = [sys.executable, "-m", "kimi_docs", "serve", "--port", str(PORT)]
        process = subprocess.Popen(command, env={**environment, "KIMI_DOCS_HOME": home})
        try:
            _wait(f"http://127.0.0.1:{PORT}/readyz")
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
                )
                for language, name in PICTURES.items():
                    _photograph(browser, language, ROOT / "docs" / name)
                browser.close()
        finally:
            process.terminate()
            process.wait(30)


def _wait(url: str) -> None:
    for _ in range(120):
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise TimeoutError(url)


def _photograph(browser: Browser, language: str, path: Path) -> None:
    page = browser.new_page(locale=language, viewport={"width": 1360, "height": 900})
    page.set_default_timeout(60_000)
    page.goto(f"http://127.0.0.1:{PORT}")
    page.locator(".st-key-try_sample button").click()
    page.locator(".st-key-summarize button").click()
    page.locator(".st-key-citation_2 button").click()
    page.locator(".st-key-page_view img").wait_for()
    page.wait_for_timeout(2500)
    page.screenshot(path=path)
    page.close()


if __name__ == "__main__":
    main()
