"""kill -9 before and after every side effect of a batch, one after the other: in the end all is as if nothing had happened."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kimi_docs import faults
from tests.kimi_server import KimiServer
from tests.test_batch import answered, notes
from tests.test_cli import run
from tests.test_table import columns_file

DOCUMENTS = 8
KILLED = -9
AT = {"blob_saving": 3, "blob_saved": 5}
"""The n-th time, where the first says little."""


def kept(out: Path) -> Any:
    """What an export says of each document, without names and times that differ from run to run."""
    data = json.loads(out.read_text(encoding="utf-8"))
    said = {each["document"]["id"]: (each["title"], each["sections"], each["state"]) for each in data["summaries"]}
    cells = [[(c["column"], c["value"], c["citations"]) for c in row["cells"]] for row in data["table"]["rows"]]
    return data["state"], said, cells


@pytest.mark.timeout(400)
def test_a_kill_at_every_point_leaves_nothing_lost_and_nothing_paid_twice(
    home: Path, tmp_path: Path, kimi: Callable[..., KimiServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, folder, out = kimi(), notes(tmp_path / "notes", DOCUMENTS), tmp_path / "out.json"
    order = ("batch", folder, "--template", "general", "--columns", columns_file(tmp_path, "- Which bridge is it?"))
    monkeypatch.setenv("KIMI_DOCS_CONCURRENCY", "1")
    monkeypatch.setenv("KIMI_DOCS_EXTRACTION", "kimi")
    for name in faults.POINTS:
        done = run(*order, "--export", out, FAULT_AT=f"{name}:{AT.get(name, 1)}")
        assert done.returncode == KILLED, (name, done.stderr)
        assert name == "export_renamed" or not out.exists()
    shown = json.loads(run(*order, "--export", out, "--json").stdout)
    assert (shown["state"], shown["counts"]["done"]) == ("done", DOCUMENTS)
    assert len(shown["table"]["rows"]) == DOCUMENTS
    sent = Counter(str(call.body) for call in server.calls)
    assert shown["usage"]["possible_duplicates"] <= len(faults.POINTS)
    assert server.files.ids == []
    assert len(sent) == 2 * DOCUMENTS
    assert sum(sent.values()) - 2 * DOCUMENTS <= shown["usage"]["possible_duplicates"]
    assert answered(server) <= 2 * DOCUMENTS + shown["usage"]["possible_duplicates"]

    monkeypatch.setenv("KIMI_DOCS_HOME", str(tmp_path / "undisturbed"))
    undisturbed = tmp_path / "undisturbed.json"
    assert run(*order, "--export", undisturbed).returncode == 0
    assert kept(out) == kept(undisturbed)
