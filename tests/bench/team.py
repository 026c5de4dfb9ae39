"""Two workers on one PostgreSQL: a batch shared, one of them asleep for a while, and the server started anew again and again.

Run: python -m tests.bench.team [shared] [asleep] [restarts] [--documents N]
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.kimi_server import KimiServer
from tests.postgres import Postgres
from tests.test_batch import notes
from tests.test_cli import run

LIMITS = {"concurrency": 6, "rpm": 120}
ASLEEP_SECONDS = 45
PATIENCE_SECONDS = 900


class Team:
    """Workers, and a batch of theirs."""

    def __init__(self, folder: Path, database: str, server: KimiServer) -> None:
        self.folder, self.server = folder, server
        self.workers: list[subprocess.Popen[bytes]] = []
        self.deaths = 0
        self.environment = {
            "KIMI_DOCS_HOME": str(folder / "home"),
            "KIMI_DOCS_DATABASE_URL": database,
            "MOONSHOT_BASE_URL": server.url,
            "MOONSHOT_API_KEY": "sk-test-0123456789",
            "KIMI_DOCS_TPM": "100000000",
            "KIMI_DOCS_TPD": "1000000000",
            **{f"KIMI_DOCS_{name.upper()}": str(value) for name, value in LIMITS.items()},
        }

    def start(self, count: int) -> None:
        for _ in range(count):
            env = {**os.environ, **self.environment}
            self.workers.append(subprocess.Popen([sys.executable, "-m", "kimi_docs", "worker"], env=env, stdin=subprocess.DEVNULL))

    def end(self) -> None:
        for worker in self.workers:
            worker.send_signal(signal.SIGCONT)
            worker.terminate()
        for worker in self.workers:
            worker.wait(30)

    def give(self, documents: int) -> None:
        done = run("batch", notes(self.folder / "notes", documents), "--detach", "--json", **self.environment)
        self.batch = str(json.loads(done.stdout)["id"])

    def status(self) -> Any:
        """Asked again while the server is being started."""
        while (done := run("batch", "--status", self.batch, "--json", **self.environment)).returncode:
            time.sleep(0.5)
        return json.loads(done.stdout)

    def until(self, when: Callable[[Any], bool]) -> Any:
        until = time.monotonic() + PATIENCE_SECONDS
        while not when(shown := self.status()) and time.monotonic() < until:
            time.sleep(1.0)
            dead = [worker for worker in self.workers if worker.poll() is not None]
            self.deaths += len(dead)
            self.workers = [worker for worker in self.workers if worker not in dead]
            self.start(len(dead))  # as `kimi-docs serve` would
        return shown

    def told(self, name: str, shown: Any, seconds: float) -> None:
        sent = Counter(str(call.body) for call in self.server.calls)
        billed = Counter(str(call.body) for call in self.server.calls if call.outcome == "answered")
        own = sum(call.status == 429 for call in self.server.calls)
        print(f"{name}: {shown['state']} {shown['counts']}, {seconds:.0f} s, {self.deaths} workers died")
        print(f"  {len(sent)} documents sent, {sum(sent.values()) - len(sent)} calls sent twice, own 429s: {own}", flush=True)
        reasons = Counter(each["error"]["message"] for each in shown["documents"] if each["error"])
        for reason, times in reasons.items():
            print(f"  failed {times} times: {reason}")
        counted = shown["usage"]["possible_duplicates"]
        print(f"  answered twice: {sum(billed.values()) - len(billed)}, possible duplicates told: {counted}", flush=True)


@contextmanager
def team(latency: float) -> Iterator[tuple[Team, Postgres]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = stack.enter_context(Postgres())
        server = stack.enter_context(KimiServer(latency=latency, **LIMITS))
        made = Team(folder, postgres.database(), server)
        stack.callback(made.end)
        yield made, postgres


def ended(shown: Any) -> bool:
    return shown["state"] not in ("queued", "running")


def shared(documents: int) -> None:
    with team(1.0) as (one, _):
        one.give(documents)
        begun = time.monotonic()
        one.start(2)
        shown = one.until(ended)
        one.told("two workers", shown, time.monotonic() - begun)


def asleep(documents: int) -> None:
    """The first worker sleeps in the midst of its calls, for longer than its runs are waited for, then wakes."""
    with team(3.0) as (one, _):
        one.give(documents)
        begun = time.monotonic()
        one.start(1)
        one.until(lambda shown: shown["counts"]["running"] >= 4)
        one.workers[0].send_signal(signal.SIGSTOP)
        one.start(1)
        time.sleep(ASLEEP_SECONDS)
        before = one.until(ended)
        one.workers[0].send_signal(signal.SIGCONT)
        time.sleep(8)
        shown = one.status()
        one.told("one asleep", shown, time.monotonic() - begun)
        changed = sum(a != b for a, b in zip(before["documents"], shown["documents"], strict=True))
        print(f"  changed by the sleeper after it woke: {changed}")


def restarts(documents: int) -> None:
    with team(2.0) as (one, postgres):
        one.give(documents)
        begun, over, count = time.monotonic(), threading.Event(), 0
        one.start(2)
        dice = random.Random(1)

        def disturb() -> None:
            nonlocal count
            while not over.wait(dice.uniform(5, 40)):
                postgres.restart()
                count += 1

        disturber = threading.Thread(target=disturb)
        disturber.start()
        shown = one.until(ended)
        over.set()
        disturber.join()
        one.told(f"{count} restarts", shown, time.monotonic() - begun)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("which", nargs="*", default=["shared", "asleep", "restarts"])
    parser.add_argument("--documents", type=int, default=60)
    asked = parser.parse_args(arguments or [])
    for name in asked.which:
        {"shared": shared, "asleep": asleep, "restarts": restarts}[name](asked.documents)


if __name__ == "__main__":
    main(sys.argv[1:])
