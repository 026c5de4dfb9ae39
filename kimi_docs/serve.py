"""Screen and worker started as one, ended as one; whichever dies is started again."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

APP = Path(__file__).resolve().parent.parent / "app.py"
SUPERVISED = "KIMI_DOCS_SUPERVISED"
GRACE_SECONDS = 10.0
AGAIN_SECONDS = (0.2, 1.0, 3.0, 10.0)
"""Waits before a part that keeps dying is started again."""
PR_SET_PDEATHSIG = 1
BEHIND = 5
"""Of 19 steps of the system's courtesy."""


@dataclass
class Part:
    """A child process that should be running."""

    name: str
    command: list[str]
    process: "subprocess.Popen[bytes] | None" = None
    deaths: list[float] = field(default_factory=list)

    def keep(self) -> None:
        """Start it if it is not running, not more often than `AGAIN_SECONDS` allow."""
        if self.process is None:
            self._start()
        elif self.process.poll() is not None:
            now = time.monotonic()
            if not self.deaths or self.deaths[-1] < self._started:
                self.deaths = [death for death in self.deaths if now - death < 60] + [now]
            if now - self.deaths[-1] >= AGAIN_SECONDS[min(len(self.deaths), len(AGAIN_SECONDS)) - 1]:
                self._start()

    def _start(self) -> None:
        self._started = time.monotonic()
        environment = {**os.environ, SUPERVISED: str(os.getpid())}
        self.process = subprocess.Popen(self.command, env=environment, stdin=subprocess.DEVNULL)  # noqa: S603 — our own programs

    def end(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def wait(self, until: float) -> None:
        if not self.process:
            return
        try:
            self.process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def serve(*, port: int, address: str = "127.0.0.1") -> int:
    """Keep screen and worker running until SIGTERM or SIGINT. Gives the exit code."""
    parts = [Part("screen", screen_command(port, address)), Part("worker", [sys.executable, "-m", "kimi_docs", "worker"])]
    ended: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: ended.append(received))
    while not ended:
        for part in parts:
            part.keep()
        time.sleep(0.1)
    for part in parts:
        part.end()
    until = time.monotonic() + GRACE_SECONDS
    for part in parts:
        part.wait(until)
    return 0


def screen_command(port: int, address: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(APP),
        f"--server.port={port}",
        f"--server.address={address}",
        "--server.headless=true",
        "--browser.gatherUsageStats=false",
        "--runner.magicEnabled=false",
        "--server.fileWatcherType=none",
    ]


def give_way() -> None:
    """A worker beside a screen, and the readers it starts: whoever looks at the screen does not wait for them."""
    if SUPERVISED in os.environ and hasattr(os, "nice"):
        os.nice(BEHIND)


def end_with_parent() -> None:
    """A supervised part ends when its supervisor is killed, so that nobody is left holding the worker's lock (Linux)."""
    if SUPERVISED not in os.environ or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(os.environ[SUPERVISED]):
        os.kill(os.getpid(), signal.SIGTERM)
