"""A document larger than what the account may send in a minute, through the command line and HTTP."""

import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kimi_docs.kimi.catalog import load_catalog
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


def near_the_window(tokens: int) -> str:
    """A text that the provider counts as about so many tokens, and we as more."""
    lines: list[str] = []
    while count_tokens("\n".join(lines)) < tokens:
        lines += [
            f"The committee of {1900 + number % 99} agreed that the old bridge be kept and painted green." for number in range(20)
        ]
    return "\n".join(lines)


@pytest.mark.parametrize(("share", "calls", "asked"), [(0.93, (1,), 1), (1.15, (2, 3), 1), (0.5, (1,), 0), (2.2, (3, 4), 0)])
def test_near_the_window_the_provider_is_asked_how_many_tokens_it_counts(
    kimi: Callable[..., KimiServer],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    share: float,
    calls: tuple[int, ...],
    asked: int,
) -> None:
    """A document that fits by the provider's count goes in one call, though by ours it would not."""
    window = 60_000
    server = kimi(window=window, models=("kimi-k2.6",))
    monkeypatch.setenv("KIMI_DOCS_TPM", str(window))
    monkeypatch.setenv("KIMI_DOCS_RATE_PERIOD_SECONDS", "0.5")
    monkeypatch.setenv("KIMI_DOCS_MODEL", "kimi-k2.6")
    room = window - load_catalog().get("kimi-k2.6").output_tokens - 18 - 1_500
    path = tmp_path / "near.txt"
    path.write_text(near_the_window(int(room * share)))
    made = summarized(path)
    paths = [entry.path for entry in server.ledger]
    assert sum("estimate-token-count" in one for one in paths) == asked
    assert len(server.calls) in calls  # the last one may choose among the claims of the parts
    assert made["state"] == "done"
    assert {entry.status for entry in server.calls} == {200}
