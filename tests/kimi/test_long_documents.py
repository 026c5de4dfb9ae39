"""A document larger than what the account may send in a minute, through the command line and HTTP."""

import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.kimi_platform import count_tokens
from tests.kimi_server import KimiServer

PERIOD = 3.0
TOKENS = 600_000


@pytest.fixture(scope="module")
def long_text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """About 600,000 tokens: chapters of sentences that are all different."""
    dice = random.Random(7)
    words = "river bridge council rose agreed metres report under water level season stone market".split()  # noqa: SIM905
    block = [f"{' '.join(dice.choices(words, k=12)).capitalize()} in {dice.randrange(1500, 2000)}." for _ in range(1000)]
    times = TOKENS // count_tokens("\n".join(block)) + 1
    path = tmp_path_factory.mktemp("long") / "long.txt"
    path.write_text(
        "\n\n".join(f"Chapter {number}\n" + "\n".join(f"{number}. {line}" for line in block) for number in range(times))
    )
    return path


def summarized(path: Path) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "kimi_docs", "summarize", str(path), "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-500:]
    return json.loads(done.stdout)


@pytest.mark.parametrize(("tier", "calls"), [(0, (2, 3)), (1, (1,))])
def test_600_000_tokens_are_split_where_a_minute_allows_fewer_and_else_are_one_call(
    kimi: Callable[..., KimiServer], monkeypatch: pytest.MonkeyPatch, long_text: Path, tier: int, calls: tuple[int, ...]
) -> None:
    server = kimi(tier=tier, period=PERIOD, piece_characters=400)
    monkeypatch.setenv("KIMI_DOCS_TIER", str(tier))
    monkeypatch.setenv("KIMI_DOCS_RATE_PERIOD_SECONDS", str(PERIOD))
    made = summarized(long_text)
    assert (made["state"], made["model"]) == ("done", "kimi-k3.1-pro")
    assert {entry.status for entry in server.calls} == {200}
    assert made["usage"]["calls"] == len(server.calls)
    assert len(server.calls) in calls  # the last one chooses among the claims of the parts, where they are too many
    assert sum(entry.prompt_tokens for entry in server.calls) > TOKENS
    assert made["coverage"]["characters_sent"] == made["coverage"]["characters"]
    assert made["claims_verified"] == made["claims_total"] > 0
