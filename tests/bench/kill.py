"""kill -9 at every point, the first, second … time it is passed, each followed by a restart: what came of it and what it cost.

Summaries and a table of a few documents that go through the file service, so that one batch passes every point. With `--worker`
a worker is killed and started again, else the command that carries the batch out itself. On SQLite, or on PostgreSQL.

Run: python -m tests.bench.kill [times] [--postgres] [--worker] [--only POINT]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kimi_docs import faults
from tests.kimi_server import KimiServer
from tests.postgres import Postgres
from tests.test_batch import notes
from tests.test_cli import run
from tests.test_kill_points import KILLED, kept
from tests.test_table import columns_file

DOCUMENTS = 4
OUTSIDE = {"blob_saving", "blob_saved", "batch_saving", "batch_saved", "export_renaming", "export_renamed"}
"""Points that a worker never passes."""


@dataclass(frozen=True)
class Outcome:
    """What a kill came to. `again` are answered calls that were sent again without being counted as possible duplicates."""

    fine: bool
    again: int
    duplicates: int
    told: str


@dataclass(frozen=True)
class Trial:
    """One batch in a home, and a database, of its own."""

    folder: Path
    database: str
    server: KimiServer

    @property
    def environment(self) -> dict[str, str]:
        return {
            "KIMI_DOCS_HOME": str(self.folder / "home"),
            "KIMI_DOCS_DATABASE_URL": self.database,
            "MOONSHOT_BASE_URL": self.server.url,
            "MOONSHOT_API_KEY": "sk-test-0123456789",
            "KIMI_DOCS_TIER": "3",
            "KIMI_DOCS_CONCURRENCY": "1",
            "KIMI_DOCS_EXTRACTION": "kimi",
        }

    @property
    def out(self) -> Path:
        return self.folder / "out.json"

    def batch(self, *more: object, **environment: str) -> "subprocess.CompletedProcess[str]":
        documents, asked = notes(self.folder / "notes", DOCUMENTS), columns_file(self.folder, "- Which bridge is it?")
        order = ("batch", documents, "--template", "general", "--columns", asked)
        return run(*order, *more, **self.environment, **environment)

    def killed(self, at: str) -> bool:
        """By the command itself; False where the point is not passed so often."""
        return self.batch("--export", self.out, FAULT_AT=at).returncode == KILLED

    def killed_worker(self, at: str) -> bool:
        id = str(json.loads(self.batch("--detach", "--json").stdout)["id"])
        if self._worker(id, FAULT_AT=at) != KILLED:
            return False
        return self._worker(id) == 0

    def _worker(self, id: str, **environment: str) -> int:
        """Its exit code: killed where it kills itself, 0 where the batch ended before."""
        command, env = [sys.executable, "-m", "kimi_docs", "worker"], {**os.environ, **self.environment, **environment}
        with subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL) as worker:
            try:
                until = time.monotonic() + 120
                while worker.poll() is None and time.monotonic() < until:
                    if json.loads(run("batch", "--status", id, "--json", **self.environment).stdout)["state"] == "done":
                        return 0
                return worker.poll() or 1
            finally:
                worker.terminate()

    def outcome(self, undisturbed: Any) -> Outcome:
        """The same call again, and what is there then."""
        done = self.batch("--export", self.out, "--json")
        if done.returncode:
            return Outcome(fine=False, again=0, duplicates=0, told=f"code {done.returncode}: {done.stderr[-300:]}")
        counted = json.loads(done.stdout)["usage"]["possible_duplicates"]
        sent = Counter(str(call.body) for call in self.server.calls)
        twice = sum(sent.values()) - len(sent)
        wrong = {
            "another result": kept(self.out) != undisturbed,
            f"{len(sent)} calls": len(sent) != 2 * DOCUMENTS,
            f"{twice} sent twice, {counted} counted": twice > counted or counted > 1,
            f"{len(self.server.files.ids)} files left": bool(self.server.files.ids),
        }
        told = ", ".join(what for what, is_so in wrong.items() if is_so)
        return Outcome(fine=not told, again=max(0, twice - counted), duplicates=counted, told=told or "as undisturbed")


def measure(times: int, worker: bool, points: list[str], database: Callable[[], str]) -> None:
    with tempfile.TemporaryDirectory() as made, KimiServer() as server:
        calm = Trial(Path(made), database(), server)
        calm.batch("--export", calm.out)
        undisturbed = kept(calm.out)
    outcomes: list[Outcome] = []
    for point in points:
        for number in range(1, times + 1):
            with tempfile.TemporaryDirectory() as made, KimiServer() as server:
                trial = Trial(Path(made), database(), server)
                if not (trial.killed_worker if worker else trial.killed)(f"{point}:{number}"):
                    print(f"{point}:{number} not reached", flush=True)
                    break
                outcomes.append(trial.outcome(undisturbed))
                print(f"{point}:{number} {outcomes[-1].told}", flush=True)
    kills, fine = len(outcomes), sum(each.fine for each in outcomes)
    again, counted = sum(each.again for each in outcomes), sum(each.duplicates for each in outcomes)
    print(f"{kills} kills at {len(points)} points: {fine} ended as undisturbed ({fine / max(1, kills):.0%});")
    print(f"  answered calls sent again uncounted: {again}; possible duplicates counted: {counted}, in {kills} kills")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("times", nargs="?", type=int, default=1)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--worker", action="store_true")
    parser.add_argument("--only", default="")
    asked = parser.parse_args(arguments or [])
    os.environ.pop("FAULT_AT", None)
    points = [p for p in faults.POINTS if p.startswith(asked.only) and not (asked.worker and p in OUTSIDE)]
    with ExitStack() as stack:
        database: Callable[[], str] = str
        if asked.postgres:
            database = stack.enter_context(Postgres()).database
        measure(asked.times, asked.worker, points, database)


if __name__ == "__main__":
    main(sys.argv[1:])
