"""A batch of many documents: how full the pipe is, what it takes of memory, whether bad files stop it, how fast it stops.

`throughput`: screen and worker as a user starts them, the stand-in answering after two seconds, eight calls at once. `hostile`:
thirty files that cannot be read among the others. `screen`: the pages with 1,000 documents and 10,000 finished runs behind them,
and a worker's start with as many finished workflows. `stop`: from the stop to the last run's end, with documents at work.

Run: python -m tests.bench.batch [throughput] [hostile] [screen] [stop] [--documents 1000]
"""

import argparse
import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kimi_docs.domain.batch import Batch, BatchEntry
from kimi_docs.domain.document import Document
from kimi_docs.domain.runs import Run, RunKind, RunState
from kimi_docs.domain.scope import LOCAL
from kimi_docs.errors import DocumentError
from kimi_docs.extract.sandbox import Pool
from kimi_docs.intake import take
from kimi_docs.jobs import durable
from kimi_docs.library import make_desk, make_library
from kimi_docs.settings import load_settings
from storage.open import open_storage
from tests.conftest import CORPUS, ROOT
from tests.kimi_server import KimiServer
from tests.test_batch import notes
from tests.test_cli import run

CONCURRENCY, LATENCY_SECONDS, HOSTILE = 8, 2.0, 30


@dataclass
class Program:
    """`kimi-docs serve`, and what its parts hold in memory as time goes by."""

    process: "subprocess.Popen[bytes]"
    environment: dict[str, str]
    seen: dict[str, list[int]] = field(default_factory=lambda: {"worker": [], "streamlit": []})

    def look(self) -> None:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                command = (folder / "cmdline").read_text().split("\0")
                lines = (folder / "status").read_text().splitlines()
            except (OSError, IndexError):
                continue
            name = next((word for word in self.seen if word in command), "")
            resident = next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS")), 0)
            if parent == self.process.pid and name and resident:
                self.seen[name].append(resident)

    def told(self) -> None:
        for name, found in self.seen.items():
            tenth = max(1, len(found) // 10)
            early, late = max(found[tenth : 3 * tenth], default=0), max(found[-2 * tenth :], default=0)
            print(f"  memory of {name}: {early} MB after a tenth, {late} MB at the end, {max(found, default=0)} MB at most")


@contextmanager
def serving(folder: Path, server: KimiServer, more: dict[str, str]) -> Iterator[Program]:
    environment = {
        "KIMI_DOCS_HOME": str(folder / "home"),
        "MOONSHOT_BASE_URL": server.url,
        "MOONSHOT_API_KEY": "sk-test-0123456789",
        "KIMI_DOCS_TIER": "3",
        "KIMI_DOCS_CONCURRENCY": str(CONCURRENCY),
        "KIMI_DOCS_TPM": "100000000",  # else the tokens charged up front are the limit, at three calls a second
        **more,
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "kimi_docs", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL)
    try:
        yield Program(process, environment)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@contextmanager
def running(latency: float, **more: str) -> Iterator[tuple[Path, KimiServer, Program]]:
    with (
        tempfile.TemporaryDirectory() as made,
        KimiServer(latency=latency) as server,
        serving(Path(made), server, more) as program,
    ):
        yield Path(made), server, program


def given(program: Program, documents: Path) -> str:
    return str(json.loads(run("batch", documents, "--detach", "--json", **program.environment).stdout)["id"])


def status(program: Program, id: str) -> Any:
    return json.loads(run("batch", "--status", id, "--json", **program.environment).stdout)


def until_ended(program: Program, server: KimiServer, calls: int) -> None:
    """Watched from outside, by what the server sees, so that the looking takes nothing from the program."""
    quiet = time.monotonic()
    while sum(call.outcome == "answered" for call in server.calls) < calls and time.monotonic() - quiet < 120:
        before = len(server.calls)
        program.look()
        time.sleep(1.0)
        quiet = time.monotonic() if len(server.calls) > before else quiet
    time.sleep(2.0)


def throughput(count: int) -> None:
    with running(LATENCY_SECONDS) as (made, server, program):
        id = given(program, notes(made / "notes", count))
        until_ended(program, server, count)
        shown, calls = status(program, id), sorted(server.calls, key=lambda call: call.at)
        ideal, span = count / CONCURRENCY * LATENCY_SECONDS, max(call.at + call.seconds for call in calls) - calls[0].at
        print(f"{count} documents: {shown['state']} {shown['counts']}, {len(calls)} calls")
        print(f"  calls {span:.1f} s, ideal {ideal:.1f} s: {ideal / span:.1%} of the ideal")
        program.told()


def unreadable(count: int) -> list[Path]:
    """Files of the corpus that intake or reader refuse, of every kind in turn."""
    folders = [sorted(folder.iterdir()) for folder in sorted((CORPUS / "hostile").iterdir()) if folder.is_dir()]
    turns = [files[turn] for turn in range(max(map(len, folders))) for files in folders if turn < len(files)]
    found: list[Path] = []
    with Pool(2, wall_seconds=20) as pool:
        for path in turns:
            try:
                intake = take(path.read_bytes(), path.name, max_bytes=100 * 1024**2)
                pool.extract(path, Document(id=intake.id, name=path.name, format=intake.format, bytes=intake.bytes))
            except DocumentError:
                found.append(path)
            if len(found) == count:
                return found
    return found


def hostile(count: int) -> None:
    chosen = unreadable(HOSTILE)
    good = count - len(chosen)
    with running(0.2, KIMI_DOCS_EXTRACTION="local") as (made, server, program):  # chosen by what is not read here
        documents = notes(made / "notes", good)
        for number, path in enumerate(chosen):
            (documents / f"{number:02}-{path.name}").symlink_to(path)
        begun = time.monotonic()
        id = given(program, documents)
        until_ended(program, server, good)
        while (shown := status(program, id))["state"] in ("queued", "running") and time.monotonic() - begun < 900:
            time.sleep(2.0)
        failed = [each for each in shown["documents"] if each["error"]]
        told = sum(bool(each["error"]["message"]) for each in failed)
        print(f"{count} files, {len(chosen)} of them hostile: {shown['state']} {shown['counts']}, {time.monotonic() - begun:.0f} s")
        by_code = Counter(each["error"]["code"] for each in failed)
        print(f"  {len(failed)} failed, {told} with a reason ({', '.join(f'{n} {code}' for code, n in by_code.items())})")
        program.told()


def stop(count: int) -> None:
    with running(LATENCY_SECONDS) as (made, server, program):
        id, times = given(program, notes(made / "notes", count)), []
        settings = load_settings(home=Path(program.environment["KIMI_DOCS_HOME"]))
        with open_storage(**settings.storage) as storage:
            store = storage.of(LOCAL)
            for _ in range(5):
                answered = sum(call.outcome == "answered" for call in server.calls)
                while sum(call.outcome == "answered" for call in server.calls) < answered + CONCURRENCY:
                    time.sleep(0.05)
                begun = time.monotonic()
                store.stop_runs(id)
                while store.list_runs(batch=id, active=True):
                    time.sleep(0.02)
                times.append(time.monotonic() - begun)
                shown = status(program, id)
                run("batch", "--resume", id, "--detach", **program.environment)
            store.stop_runs(id)
        print(f"stopped with {CONCURRENCY} calls under way, 5 times: {min(times):.1f} to {max(times):.1f} s")
        answered = Counter(str(call.body) for call in server.calls if call.outcome == "answered")
        print(f"  kept: {shown['counts']['done']} done at the last stop; {sum(answered.values()) - len(answered)} answered twice")


def screen(count: int) -> None:
    with tempfile.TemporaryDirectory() as made:
        os.environ["KIMI_DOCS_HOME"] = made
        settings = load_settings()
        storage = open_storage(**settings.storage)
        with make_desk(storage, storage.blobs, settings, storage.close) as desk:
            store, order = storage.of(LOCAL), desk.library.order()
            ids = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(count)]
            store.save_documents([Document(id=id, name=f"{id[-4:]}.md", format="md", bytes=1) for id in ids])
            old = Run(id="", kind=RunKind.SUMMARIZE, state=RunState.FAILED, order=order)
            store.add_runs([replace(old, id=f"old {n}", batch=f"b{n // 1000}", documents=(ids[n % count],)) for n in range(10_000)])
            entries = tuple(BatchEntry(name=id[-4:], document=id) for id in ids)
            runs = [replace(old, id=f"new {n}", batch="batch", documents=(id,)) for n, id in enumerate(ids)]
            store.save_batch(Batch(id="batch", entries=entries, order=order), runs)
        pages(count)
        finished_workflows(10_000)
        begun = time.monotonic()
        with subprocess.Popen([sys.executable, "-m", "kimi_docs", "worker"], stdin=subprocess.DEVNULL) as worker:
            with make_desk(open_storage(**settings.storage), storage.blobs, settings, lambda: None) as desk:
                document = desk.library.collect_upload(LOCAL, "note.md", b"# Note\n\nThe river rose by 3 centimetres in one night.")
                started = replace(desk.library, foreground=False).batch(LOCAL, document, desk.library.order())
                while desk.library.batch_runs(LOCAL, started.id):
                    time.sleep(0.05)
            print(f"worker's start to its first run done, 10,000 finished workflows behind it: {time.monotonic() - begun:.1f} s")
            worker.terminate()


def finished_workflows(count: int) -> None:
    """As many rows of DBOS as so many runs would have left, made from the row of one that was carried out."""
    settings = load_settings()
    durable.migrate(settings)
    document = Path(settings.home) / "first.md"
    document.write_text("# First\n\nThe first document of this home, read and summarized by a worker.", encoding="utf-8")
    id = json.loads(run("batch", document, "--detach", "--json").stdout)["id"]
    with subprocess.Popen([sys.executable, "-m", "kimi_docs", "worker"], stdin=subprocess.DEVNULL) as worker:
        while json.loads(run("batch", "--status", id, "--json").stdout)["state"] != "done":
            time.sleep(0.2)
        worker.terminate()
    engine = durable.open_engine(settings)
    with engine.begin() as connection:
        for table, key in (("workflow_status", "workflow_uuid"), ("operation_outputs", "workflow_uuid")):
            rows = connection.exec_driver_sql(f"SELECT * FROM {table}").mappings().all()
            names = list(rows[0])
            marks = ", ".join("?" for _ in names)
            quoted = ", ".join(f'"{name}"' for name in names)
            made = [tuple({**rows[0], key: f"made {number}"}[name] for name in names) for number in range(count)]
            connection.exec_driver_sql(f"INSERT INTO {table} ({quoted}) VALUES ({marks})", made)
    engine.dispose()


def pages(count: int) -> None:
    """Each page drawn a few times by Streamlit's own means, without a browser."""
    from streamlit.testing.v1 import AppTest

    from pages.shared import state

    settings = load_settings()
    storage = open_storage(**settings.storage)
    library = make_library(storage, storage.blobs, load_settings, storage.close)
    state.install(library)
    drawn: dict[str, Callable[[Any], None]] = {
        "batch.py": lambda page: page.query_params.__setitem__("batch", "batch"),
        "library.py": lambda _page: None,
    }
    for name, prepare in drawn.items():
        page = AppTest.from_file(str(ROOT / "pages" / name), default_timeout=60)
        prepare(page)
        times = []
        for _ in range(6):
            begun = time.perf_counter()
            page.run()
            times.append(time.perf_counter() - begun)
        wrong = f", {len(page.exception)} exceptions" if page.exception else ""
        print(f"{name} with {count} documents: first {times[0] * 1000:.0f} ms, then {sorted(times[1:])[2] * 1000:.0f} ms{wrong}")
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        library.batch_view(LOCAL, "batch")
        times.append(time.perf_counter() - begun)
    print(f"  of which the batch's rows: {sorted(times)[2] * 1000:.0f} ms")
    library.close()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("which", nargs="*", default=["throughput", "hostile", "screen", "stop"])
    parser.add_argument("--documents", type=int, default=1000)
    asked = parser.parse_args(arguments or [])
    random.seed(1)
    for name in asked.which:
        {"throughput": throughput, "hostile": hostile, "screen": screen, "stop": stop}[name](asked.documents)


if __name__ == "__main__":
    main(sys.argv[1:])
