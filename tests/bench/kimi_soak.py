"""A soak: 500 small documents with 20 % random faults of all kinds; nothing lost, nothing twice, the receipts the server's ledger.

    python -m tests.bench.kimi_soak [--documents 500] [--chance 0.2] [--seed 1]

Also: the time to the first token through our stack less the server's own, and the CPU of reading a long stream against the SDK's.
"""

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from kimi_docs.domain.calls import Completion, Request
from kimi_docs.domain.scope import LOCAL
from kimi_docs.errors import BadResponse, PlatformError, TryLater, Withheld
from kimi_docs.kimi.caller import Caller
from kimi_docs.kimi.catalog import load_catalog
from kimi_docs.kimi.client import Client, Deadlines
from kimi_docs.kimi.connection import Connection
from kimi_docs.settings import Settings, load_settings
from storage.open import open_storage
from tests.kimi_brain import Asked, honest
from tests.kimi_server import KimiServer

OTHER_TEXTS = ("broken_json", "wrong_shape", "fenced_json")
DEADLINES = Deadlines(connect=5, first_token=10, first_token_thinking=10, between_tokens=10, total=60)
PERIOD = 0.05
"""Seconds of the provider's minute: some faults tell a limit of three requests in one, and are believed."""
TRIES = 6
"""How often a person, or the worker, starts again what ended in an explained state that may pass."""


def _settings(url: str) -> Settings:
    return load_settings(base_url=url, api_key="sk-test-soak", tier=3, tpm=10**10, rate_period_seconds=PERIOD, provider="moonshot")


def _request(number: int, tokens: int = 2_000) -> Request:
    words = random.Random(number).choices(
        ["the", "river", "rose", "by", "3.5", "metres", "in", "1998", "and", "fell", "again", "河水上涨"], k=60
    )
    text = f"⟦document 1⟧\n⟦page 1⟧\n{number}. {' '.join(words)}.\n⟦end of document 1⟧"
    return Request(
        model="kimi-k2.6",
        messages=({"role": "system", "content": text}, {"role": "user", "content": "Summarize it."}),
        parameters={"thinking": {"type": "disabled"}, "max_completion_tokens": tokens},
    )


async def _document(connection: Connection, store: Any, number: int, results: dict[int, list[str]], ends: Counter[str]) -> None:
    """One document until it has an answer, or an explained end."""
    for _ in range(TRIES):
        caller = Caller(
            connection, store, load_catalog(), run=f"run {number}", currency="USD", interactive=False, backoff_seconds=0.02
        )
        try:
            async for piece in caller.ask(_request(number)):
                if isinstance(piece, Completion):
                    results.setdefault(number, []).append(piece.text)
        except Withheld:
            ends["withheld by the provider"] += 1
            return
        except (TryLater, BadResponse):
            ends["tried again"] += 1
        except PlatformError as error:
            ends[f"explained: {error.code}"] += 1
            return
        else:
            return


async def _soak(server: KimiServer, home: Path, documents: int) -> dict[str, Any]:
    storage = open_storage(database_url="", blobs_url="", home=home)
    store = storage.of(LOCAL)
    connection = Connection.open(_settings(server.url), storage.meter, DEADLINES)
    results: dict[int, list[str]] = {}
    ends: Counter[str] = Counter()
    started = time.monotonic()
    await asyncio.gather(*(_document(connection, store, number, results, ends) for number in range(documents)))
    await connection.close()
    calls = store.list_calls(limit=10**6)
    told = [entry for entry in server.billed if entry.told and entry.fault != "usage_wrong"]
    wrong = sum(entry.fault == "usage_wrong" for entry in server.billed)
    known = [call.completion for call in calls if call.completion and call.completion.reported]
    ours = {
        "prompt": sum(one.input_tokens for one in known),
        "cached": sum(one.cached_tokens for one in known),
        "completion": sum(one.output_tokens for one in known),
    }
    theirs = {
        "prompt": sum(entry.prompt_tokens for entry in told),
        "cached": sum(entry.cached_tokens for entry in told),
        "completion": sum(entry.completion_tokens for entry in told),
    }
    storage.close()
    return {
        "documents": documents,
        "seconds": round(time.monotonic() - started, 1),
        "calls": len(server.calls),
        "faults": sum(bool(entry.fault) for entry in server.calls),
        "lost": documents - len(results) - sum(number for end, number in ends.items() if end != "tried again"),
        "twice": sum(len(texts) > 1 for texts in results.values()),
        "other_than_said": sum(not _as_said(server, number, texts) for number, texts in results.items()),
        "untold_to_us": sorted(entry.fault for entry in told if entry.request_id not in {one.request_id for one in known}),
        "ends": dict(ends),
        "ours": ours,
        "theirs": theirs,
        "difference": {name: ours[name] - theirs[name] for name in ours},
        "usage_wrong_faults": wrong,
    }


def _as_said(server: KimiServer, number: int, texts: list[str]) -> bool:
    """Whether the answer is the one an undisturbed server gives, where no fault was another text."""
    asked = _request(number).messages
    mine = [entry for entry in server.calls if [*entry.body["messages"][:2]] == [dict(message) for message in asked]]
    if any(entry.fault in OTHER_TEXTS for entry in mine):
        return True
    return texts[-1] == honest(Asked(messages=asked, format={})).content


def soak(documents: int, chance: float, seed: int) -> dict[str, Any]:
    from tests.kimi_faults import CHAOS

    names = tuple(name for name in CHAOS if name != "usage_wrong")  # a server that lies about usage cannot be found out
    options = {"chance": chance, "seed": seed, "names": names, "piece_characters": 64}
    with tempfile.TemporaryDirectory() as folder, KimiServer(period=PERIOD, concurrency=200, **options) as server:
        return asyncio.run(_soak(server, Path(folder), documents))


async def _first_token(url: str, home: Path, count: int) -> dict[str, float]:
    """Milliseconds to the first text through our stack, and through a bare client of ours without store and limits."""
    storage = open_storage(database_url="", blobs_url="", home=home)
    settings = _settings(url)
    connection = Connection.open(settings, storage.meter)
    caller = Caller(connection, storage.of(LOCAL), load_catalog(), run="first", currency="USD")
    bare = Client(settings)
    through, direct = [], []
    for number in range(count + 3):
        for times, stream in ((through, caller.ask(_request(number))), (direct, bare.stream(_request(10_000 + number)))):
            started, first = time.perf_counter(), 0.0
            async for piece in stream:
                if not first and isinstance(piece, str) and piece not in ("admitted", "begun"):
                    first = time.perf_counter() - started
            times.append(first * 1000)
    await bare.close()
    await connection.close()
    storage.close()
    ours, theirs = statistics.median(through[3:]), statistics.median(direct[3:])
    return {"through_ms": round(ours, 1), "server_ms": round(theirs, 1), "overhead_ms": round(ours - theirs, 1)}


async def _cpu(url: str) -> dict[str, float]:
    """CPU seconds of reading one long stream: ours, and the SDK's own loop."""
    import openai

    settings, request = _settings(url), Request(model="kimi-k2.6", messages=({"role": "user", "content": "x"},), parameters={})
    client = Client(settings)
    started = time.process_time()
    async for _ in client.stream(request):
        pass
    ours = time.process_time() - started
    sdk = openai.AsyncOpenAI(api_key="sk-test-soak", base_url=url, max_retries=0)
    started = time.process_time()
    text = []
    messages: Any = list(request.messages)
    async for chunk in await sdk.chat.completions.create(model="kimi-k2.6", messages=messages, stream=True):
        text += [choice.delta.content or "" for choice in chunk.choices]
    theirs = time.process_time() - started
    await client.close()
    await sdk.close()
    return {"ours_cpu_seconds": round(ours, 2), "sdk_cpu_seconds": round(theirs, 2), "ratio": round(ours / theirs, 2)}


def overheads(count: int = 50, words: int = 100_000) -> dict[str, Any]:
    """The server in a process of its own, so that its work is not counted as ours."""
    command = [sys.executable, "-m", "tests.kimi_server", "--latency", "0.05", "--brain", "echo"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    url = process.stdout.readline().strip()
    try:
        with tempfile.TemporaryDirectory() as folder:
            first = asyncio.run(_first_token(url, Path(folder), count))
        import urllib.request

        body = json.dumps({"lines": ["word " * words] * 2}).encode()
        urllib.request.urlopen(urllib.request.Request(url.replace("/v1", "/_control/script"), body)).read()
        return {**first, **asyncio.run(_cpu(url))}
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=500)
    parser.add_argument("--chance", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(json.dumps(soak(arguments.documents, arguments.chance, arguments.seed), indent=1, ensure_ascii=False), flush=True)
    print(json.dumps(overheads()))


if __name__ == "__main__":
    main()
