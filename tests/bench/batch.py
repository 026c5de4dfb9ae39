"""Throughput of a batch against the ideal, its list page with 1,000 documents, the worker's start with 10,000 runs behind it.

Run: python -m tests.bench.batch [documents]
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from kimi_docs.domain.batch import Batch, BatchEntry
from kimi_docs.domain.document import Document
from kimi_docs.domain.runs import Run, RunKind, RunState
from kimi_docs.domain.scope import LOCAL
from kimi_docs.library import make_desk
from kimi_docs.settings import load_settings
from storage.open import open_storage
from tests.kimi_server import KimiServer
from tests.test_batch import notes

CONCURRENCY, LATENCY_SECONDS = 8, 2.0


def throughput(folder: Path, count: int) -> None:
    documents = notes(folder / "notes", count)
    with KimiServer(latency=LATENCY_SECONDS) as server:
        environment = {
            **os.environ,
            "KIMI_DOCS_HOME": str(folder / "home"),
            "MOONSHOT_BASE_URL": server.url,
            "MOONSHOT_API_KEY": "sk-test-0123456789",
            "KIMI_DOCS_TIER": "3",
            "KIMI_DOCS_CONCURRENCY": str(CONCURRENCY),
            "KIMI_DOCS_TPM": "100000000",  # else the tokens charged up front are the limit, at three calls a second
        }
        begun, out = time.monotonic(), folder / "out.json"
        command = [sys.executable, "-m", "kimi_docs", "--quiet", "batch", str(documents), "--json"]
        with out.open("w") as file, subprocess.Popen(command, env=environment, stdout=file) as process:
            most = 0
            while process.poll() is None:
                most = max(most, resident_mb(process.pid))
                time.sleep(0.25)
        took, calls = time.monotonic() - begun, sorted(server.calls, key=lambda call: call.at)
    ideal = count / CONCURRENCY * LATENCY_SECONDS
    span = max(call.at + call.seconds for call in calls) - calls[0].at
    shown = json.loads(out.read_text())
    print(f"{count} documents: {shown['state']}, {took:.1f} s in all, calls {span:.1f} s, ideal {ideal:.1f} s")
    print(
        f"  of the ideal: {ideal / span:.1%} of the calls' time, {ideal / took:.1%} of all; at most {most} MB; {len(calls)} calls"
    )


def resident_mb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS")), 0)


def list_page(folder: Path) -> None:
    """A batch of 1,000 documents, half of them done, and 10,000 finished runs of others; then a worker's start."""
    settings = load_settings(home=folder / "home-2")
    storage = open_storage(**settings.storage)
    with make_desk(storage, storage.blobs, settings, storage.close) as desk:
        store, order = storage.of(LOCAL), desk.library.order()
        ids = [f"{number:064x}" for number in range(1000)]
        store.save_documents([Document(id=id, name=f"{id[-4:]}.md", format="md", bytes=1) for id in ids])
        run = Run(id="", kind=RunKind.SUMMARIZE, state=RunState.FAILED, order=order)
        store.add_runs([replace(run, id=f"old {n}", batch=f"b{n // 1000}", documents=(ids[n % 1000],)) for n in range(10_000)])
        entries = tuple(BatchEntry(name=id[-4:], document=id) for id in ids)
        runs = [replace(run, id=f"new {n}", batch="batch", documents=(id,), state=RunState.FAILED) for n, id in enumerate(ids)]
        store.save_batch(Batch(id="batch", entries=entries, order=order), runs)
        times = []
        for _ in range(5):
            begun = time.perf_counter()
            desk.library.batch_view(LOCAL, "batch")
            times.append(time.perf_counter() - begun)
    print(f"list page of 1,000 documents: {sorted(times)[2] * 1000:.0f} ms")
    begun = time.monotonic()
    home = {**os.environ, "KIMI_DOCS_HOME": str(settings.home)}
    done = subprocess.run(
        [sys.executable, "-m", "kimi_docs", "batch", "--status", "batch", "--json"], env=home, stdout=subprocess.DEVNULL
    )
    print(f"command with 11,000 runs behind it: {time.monotonic() - begun:.1f} s, code {done.returncode}")
    begun = time.monotonic()
    with subprocess.Popen([sys.executable, "-m", "kimi_docs", "worker"], env=home) as worker:
        with make_desk(open_storage(**settings.storage), storage.blobs, settings, lambda: None) as desk:
            document = desk.library.collect_upload(LOCAL, "note.md", b"# Note\n\nThe river rose by 3 centimetres in one night.")
            started = replace(desk.library, foreground=False).batch(LOCAL, document, desk.library.order())
            while desk.library.batch_runs(LOCAL, started.id):
                time.sleep(0.05)
        print(f"worker's start to the first run done: {time.monotonic() - begun:.1f} s")
        worker.terminate()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        list_page(Path(made))
        throughput(Path(made), int(sys.argv[1]) if len(sys.argv) > 1 else 200)
