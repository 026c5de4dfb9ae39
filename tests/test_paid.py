"""What was paid is on the receipts: every call once, whatever became of the run it was made for."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from kimi_docs.domain import receipts
from kimi_docs.domain.calls import Call, CallState, Completion, Departure
from kimi_docs.domain.runs import RunState
from kimi_docs.domain.scope import LOCAL
from kimi_docs.library import Library
from tests.kimi_server import KimiServer
from tests.test_batch import PAPER, answered, batch, notes
from tests.test_table import columns_file

Kimi = Callable[..., KimiServer]
MANY = 10_500
"""More than a list gives that is not asked for all."""
SAID = Completion(text="The river rose. " * 200, finish="stop", input_tokens=3, cached_tokens=2, output_tokens=1)
CALL = Call(id="", model="kimi-k2.6", state=CallState.ANSWERED, completion=SAID, cost=Decimal("0.01"), currency="USD")


def test_a_batch_with_summaries_and_a_table_counts_each_call_once(home: Path, tmp_path: Path, kimi: Kimi) -> None:
    server, out = kimi(), tmp_path / "out.json"
    asked = columns_file(tmp_path, "- Which bridge is it?")
    shown = batch(notes(tmp_path / "notes", 2), "--template", "general", "--columns", asked, "--export", out)
    written = json.loads(out.read_text(encoding="utf-8"))["usage"]
    assert shown["usage"]["calls"] == written["calls"] == answered(server) == 4
    assert written["cost"] == pytest.approx(float(server.spent))
    expected = sum(summary["usage"]["estimated_cost"] for summary in json.loads(out.read_text(encoding="utf-8"))["summaries"])
    assert written["estimated_cost"] == pytest.approx(expected)


def test_what_a_run_paid_before_it_failed_is_on_its_receipt_and_on_the_batch_s(
    home: Path, tmp_path: Path, kimi: Kimi, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = kimi(balance=0.002)
    monkeypatch.setenv("KIMI_DOCS_CHUNK_TOKENS", "900")
    shown = batch(PAPER, "--columns", columns_file(tmp_path, "- What was measured?"), code=76)
    assert answered(server) > 0
    (run,) = library.runs(LOCAL)
    assert run.state is RunState.FAILED
    assert run.usage.calls == shown["usage"]["calls"] == answered(server)
    assert shown["usage"]["cost"] == pytest.approx(float(server.spent))


def test_the_usage_of_many_calls_is_whole_and_soon_told(library: Library) -> None:
    store, now = library.storage.of(LOCAL), datetime.now(UTC)
    calls = [replace(CALL, id=f"{n}", run=f"{n % 100}", sent_at=now - timedelta(hours=n), answered_at=now) for n in range(MANY)]
    store.write_calls(saved=calls)
    for n in range(3):
        store.save_departure(Departure(id=f"{n}", at=now, host="h", purpose="chat", bytes=1))
    began = time.monotonic()
    total = receipts.usage_of(library.calls(LOCAL))
    assert time.monotonic() - began < 3
    assert (total.calls, total.input_tokens, total.cost) == (MANY, 3 * MANY, MANY * Decimal("0.01"))
    assert len(library.departures(LOCAL)) == 3
