"""How full the pipe is: 200 calls of mixed sizes at tiers 0, 1 and 3, from one worker process and from two.

    python -m tests.bench.kimi_limits [--calls 200] [--tiers 0 1 3]

`allowed` is the time that the account's limits ask for at least (the largest of requests, tokens and, at tier 0, one at a time),
`achieved` what it took from the first request's arrival at the server to the last one's. Sizes are charges: prompt and room for
the answer. Nothing may be refused.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kimi_docs.domain.calls import Completion, Request
from kimi_docs.domain.scope import LOCAL
from kimi_docs.kimi.caller import Caller
from kimi_docs.kimi.catalog import load_catalog
from kimi_docs.kimi.connection import Connection
from kimi_docs.settings import TIERS, Settings, load_settings
from storage.open import open_storage
from tests.kimi_server import KimiServer

PERIOD = 2.0
SIZES = {0: (1_000, 90_000), 1: (5_000, 150_000), 3: (5_000, 200_000)}  # tokens charged, so that both kinds of limit bind


def requests(tier: int, calls: int, seed: int) -> list[Request]:
    dice = random.Random(seed)
    low, high = SIZES[tier]
    return [
        Request(
            model="kimi-k3",
            messages=({"role": "user", "content": f"Question {number} of {seed}: " + "word " * dice.randint(5, 200)},),
            parameters={"max_completion_tokens": int(low * (high / low) ** dice.random()), "reasoning_effort": "low"},
        )
        for number in range(calls)
    ]


async def work(settings: Settings, home: Path, asked: Sequence[Request]) -> None:
    """Ask them all at once, as one worker process does."""
    storage = open_storage(database_url="", blobs_url="", home=home)
    connection = Connection.open(settings, storage.meter)
    caller = Caller(connection, storage.of(LOCAL), load_catalog(), run=f"run {os.getpid()}", currency="USD")

    async def one(request: Request) -> None:
        async for piece in caller.ask(request):
            assert isinstance(piece, str | Completion)

    await asyncio.gather(*(one(request) for request in asked))
    await connection.close()
    storage.close()


def worker(arguments: argparse.Namespace) -> None:
    settings = _settings(arguments.url, arguments.tier)
    print("ready", flush=True)
    sys.stdin.readline()
    asyncio.run(work(settings, Path(arguments.home), requests(arguments.tier, arguments.calls, arguments.seed)))


def _settings(url: str, tier: int) -> Settings:
    return load_settings(
        base_url=url, api_key="sk-test-bench", tier=tier, tpd=10**12, rate_period_seconds=PERIOD, provider="moonshot"
    )


def allowed_seconds(tier: int, server: KimiServer) -> float:
    """The least time between the first and the last arrival: all but the last window's worth must have left the window."""
    _, rpm, tpm, _ = TIERS[tier]
    charges = [entry.prompt_tokens + entry.body["max_completion_tokens"] for entry in server.calls if entry.status == 200]
    return max((len(charges) - 1) // rpm, (sum(charges) - 1) // tpm) * PERIOD  # so many windows must have passed before the last


def measure(tier: int, calls: int, processes: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, KimiServer(tier=tier, tpd=10**12, period=PERIOD, piece_characters=400) as server:
        open_storage(database_url="", blobs_url="", home=Path(folder)).close()
        command = [sys.executable, "-m", "tests.bench.kimi_limits", "--worker", "--url", server.url, "--home", folder]
        workers = [
            subprocess.Popen(
                [*command, "--tier", str(tier), "--calls", str(calls // processes), "--seed", str(number)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(processes)
        ]
        for one in workers:
            assert one.stdout
            one.stdout.readline()
        started = time.monotonic()
        for one in workers:
            assert one.stdin
            one.stdin.write("go\n")
            one.stdin.flush()
        for one in workers:
            one.wait()
        whole = time.monotonic() - started
        answered = [entry for entry in server.calls if entry.status == 200]
        seconds = answered[-1].at - answered[0].at
        allowed = allowed_seconds(tier, server)
        return {
            "tier": tier,
            "processes": processes,
            "answered": len(answered),
            "refused": sum(entry.status == 429 for entry in server.calls),
            "allowed_seconds": round(allowed, 2),
            "seconds": round(seconds, 2),
            "achieved_of_allowed": round(allowed / seconds, 3) if seconds else 1.0,
            "with_start_and_end_seconds": round(whole, 2),
            "peak_at_once": server.limits.admitted_peak,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--tiers", type=int, nargs="+", default=[0, 1, 3])
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    for hidden in ("--url", "--home"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--tier", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        worker(arguments)
        return
    for tier in arguments.tiers:
        for processes in arguments.processes:
            print(json.dumps(measure(tier, arguments.calls, processes)), flush=True)


if __name__ == "__main__":
    main()
