"""kill -9 at every point, the first, second, third … time it is passed, each followed by a restart; and what it cost.

Run: python -m tests.bench.kill [times]
"""

import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from kimi_docs import faults
from tests.kimi_server import KimiServer
from tests.test_batch import answered, notes
from tests.test_cli import run
from tests.test_kill_points import KILLED, REMOTE

DOCUMENTS = 6


def killed_once(folder: Path, point: str, number: int) -> str:
    """What came of a batch that was killed there and started again."""
    documents, out = notes(folder / "notes", DOCUMENTS), folder / "out.json"
    with KimiServer() as server:
        environment = {
            "KIMI_DOCS_HOME": str(folder / "home"),
            "MOONSHOT_BASE_URL": server.url,
            "MOONSHOT_API_KEY": "sk-test-0123456789",
            "KIMI_DOCS_TIER": "3",
            "KIMI_DOCS_CONCURRENCY": "1",
        }
        first = run("batch", documents, "--export", out, FAULT_AT=f"{point}:{number}", **environment)
        if first.returncode != KILLED:
            return "not reached"
        shown = json.loads(run("batch", documents, "--export", out, "--json", **environment).stdout)
        twice = sum(Counter(str(call.body) for call in server.calls).values()) - DOCUMENTS
        told = shown["usage"]["possible_duplicates"]
        fine = shown["counts"]["done"] == DOCUMENTS and twice <= told <= 1 and answered(server) <= DOCUMENTS + told
        return "as undisturbed" if fine else f"WRONG: {shown['counts']}, sent twice {twice}, told {told}"


if __name__ == "__main__":
    os.environ.pop("FAULT_AT", None)
    outcomes: Counter[str] = Counter()
    for point in faults.POINTS:
        for number in range(1, 1 + int(sys.argv[1]) if len(sys.argv) > 1 else 4):
            if point not in REMOTE and not point.startswith("cells_"):
                with tempfile.TemporaryDirectory() as made:
                    outcome = killed_once(Path(made), point, number)
                outcomes[outcome.split(":")[0]] += 1
                print(f"{point}:{number} {outcome}", flush=True)
    print(dict(outcomes))
