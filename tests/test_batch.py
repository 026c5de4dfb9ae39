"""Batches on the command line: what is known costs nothing, one bad file stops nobody, a purse that is empty is a pause."""

import json
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.kimi_server import KimiServer
from tests.test_cli import bad_files, run

PAPER = ROOT / "samples" / "paper-en.pdf"
Kimi = Callable[..., KimiServer]


def notes(folder: Path, count: int, *, first: int = 0) -> Path:
    """A folder of small documents, no two alike."""
    folder.mkdir(exist_ok=True)
    for number in range(first, first + count):
        lines = (f"The river rose by {number + night} centimetres in night {night} at bridge {number}." for night in range(9))
        (folder / f"note-{number:03}.md").write_text(f"# Note {number}\n\n" + "\n\n".join(lines), encoding="utf-8")
    return folder


def batch(*arguments: object, code: int = 0) -> Any:
    done = run("batch", *arguments, "--json")
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


def states(shown: Any) -> dict[str, str]:
    return {each["name"]: each["state"] for each in shown["documents"]}


def answered(server: KimiServer) -> int:
    return sum(call.outcome == "answered" for call in server.calls)


def test_a_folder_an_archive_and_a_file_are_one_batch_and_bad_files_are_named(home: Path, tmp_path: Path) -> None:
    folder = notes(tmp_path / "notes", 2)
    (folder / "z").mkdir()
    (folder / "z" / "same.md").write_bytes((folder / "note-000.md").read_bytes())
    (folder / ".DS_Store").write_bytes(b"nothing")
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("../../evil.md", "# Evil\n\nThe path of this file climbs out of its folder, and it is a note like others.")
        archive.writestr("__MACOSX/._evil.md", "x")
    bad = bad_files(tmp_path)
    shown = batch(folder, tmp_path / "more.zip", PAPER, bad["empty"], bad["damaged"], bad["unsupported_format"], code=3)
    assert shown["state"] == "partial"
    good = {"note-000.md", "note-001.md", "evil.md", "paper-en.pdf"}
    assert {name for name, state in states(shown).items() if state == "done"} == good
    failed = {each["name"]: each["error"]["code"] for each in shown["documents"] if each["error"]}
    assert failed == {"empty.pdf": "empty", "broken.pdf": "damaged", "program.exe": "unsupported_format"}
    assert all(each["summary"] for each in shown["documents"] if not each["error"])
    assert run("batch", folder).stderr.startswith("Batch: ")


def test_the_same_call_again_is_the_same_batch_and_costs_nothing_and_a_larger_one_only_what_is_new(
    home: Path, tmp_path: Path, kimi: Kimi
) -> None:
    server = kimi()
    folder = notes(tmp_path / "notes", 3)
    first = batch(folder)
    assert (first["state"], len(server.calls), first["usage"]["calls"]) == ("done", 3, 3)
    again = batch(folder)
    assert again["id"] == first["id"]
    assert len(server.calls) == 3
    more = batch(notes(folder, 1, first=7))
    assert more["id"] != first["id"]
    assert (len(server.calls), more["usage"]["calls"]) == (4, 1)


def test_an_interrupted_batch_keeps_what_is_done_and_goes_on_with_the_rest(
    home: Path, tmp_path: Path, kimi: Kimi, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = kimi(latency=0.4, concurrency=2)
    monkeypatch.setenv("KIMI_DOCS_CONCURRENCY", "2")
    folder = notes(tmp_path / "notes", 10)
    command = [sys.executable, "-m", "kimi_docs", "batch", str(folder), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while answered(server) < 3:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in told
    id = told.split()[1]
    kept = batch("--status", id)
    assert kept["state"] == "stopped"
    assert kept["counts"]["done"] >= 2
    shown = batch("--resume", id)
    assert (shown["state"], shown["counts"]["done"]) == ("done", 10)
    assert answered(server) <= 10 + shown["usage"]["possible_duplicates"]


def test_an_empty_purse_pauses_the_batch_after_one_refused_call(home: Path, tmp_path: Path, kimi: Kimi) -> None:
    server = kimi(balance=0, latency=0.2)
    folder = notes(tmp_path / "notes", 6)
    shown = batch(folder, code=76)
    assert (shown["state"], shown["paused"]["code"]) == ("waiting", "quota_exhausted")
    assert len(server.calls) == 1
    assert shown["counts"]["waiting"] == 6


def test_a_purse_that_runs_out_costs_one_refusal_and_topped_up_the_batch_is_finished(
    home: Path, tmp_path: Path, kimi: Kimi, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = kimi(balance=0.01, latency=0.2)
    monkeypatch.setenv("KIMI_DOCS_CONCURRENCY", "4")  # else all may be under way before the first is paid for
    folder = notes(tmp_path / "notes", 16)
    shown = batch(folder, code=76)
    assert shown["paused"]["code"] == "quota_exhausted"
    assert sum(call.outcome == "refused" for call in server.calls) == 1
    assert shown["counts"]["done"] >= 4
    server.settings = replace(server.settings, balance=50.0)
    done = batch(folder)
    assert (done["id"], done["state"], answered(server)) == (shown["id"], "done", 16)


def test_the_budget_of_a_batch_is_never_passed_by_more_than_the_call_in_flight(home: Path, tmp_path: Path, kimi: Kimi) -> None:
    server = kimi(latency=0.1)
    folder = notes(tmp_path / "notes", 12)
    shown = batch(folder, "--budget", "0.02", code=76)
    paid, dearest = sum(call.cost for call in server.calls), max(call.cost for call in server.calls)
    assert (shown["state"], shown["paused"]["code"]) == ("waiting", "budget_reached")
    assert shown["counts"]["done"] >= 2
    assert Decimal("0.01") < paid <= Decimal("0.02") + dearest
    done = batch("--resume", shown["id"], "--budget", "5")
    assert (done["state"], len(server.calls)) == ("done", 12)
    assert done["usage"]["cost"] == pytest.approx(float(sum(call.cost for call in server.calls)))


def test_a_detached_batch_waits_for_the_worker_and_stops_at_once(home: Path, tmp_path: Path, kimi: Kimi) -> None:
    kimi()
    shown = batch(notes(tmp_path / "notes", 3), "--detach")
    assert (shown["state"], shown["counts"]["queued"]) == ("queued", 3)
    assert batch("--stop", shown["id"])["state"] == "stopped"


def test_a_batch_is_exported_with_what_failed(home: Path, tmp_path: Path) -> None:
    folder = notes(tmp_path / "notes", 2)
    (folder / "empty.pdf").write_bytes(b"")
    outs = [tmp_path / f"out.{ending}" for ending in ("xlsx", "json", "zip")]
    done = run("batch", folder, *(word for out in outs for word in ("--export", out)))
    assert done.returncode == 3
    data = json.loads(outs[1].read_text(encoding="utf-8"))
    assert len(data["summaries"]) == 2
    assert all(out.stat().st_size > 500 for out in outs)


def test_wrong_use_of_batch_is_exit_code_2(home: Path, tmp_path: Path) -> None:
    assert run("batch").returncode == 2
    assert run("batch", tmp_path / "nowhere").returncode == 2
    assert run("batch", tmp_path, "--status", "x").returncode == 2
    assert run("batch", "--status", "no-such-batch").returncode == 1
