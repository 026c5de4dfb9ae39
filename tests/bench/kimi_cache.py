"""Ten questions over twenty documents of 30k tokens: what the input costs with one call warming each prefix, and without.

python -m tests.bench.kimi_cache [--model kimi-k3.1-pro] [--documents 20] [--questions 10] [--tokens 30000]
"""

import argparse
import asyncio
import json
import random
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from kimi_docs.domain.calls import Completion, Request
from kimi_docs.domain.scope import LOCAL
from kimi_docs.kimi.caller import Caller
from kimi_docs.kimi.catalog import load_catalog
from kimi_docs.kimi.connection import Connection
from kimi_docs.kimi.foresight import input_cost
from kimi_docs.settings import load_settings
from storage.open import open_storage
from tests.kimi_platform import count_tokens
from tests.kimi_server import KimiServer

QUESTION = "Answer in one sentence, from the document alone: what does it say about point {number}?"


def text_of(number: int, tokens: int) -> str:
    dice, words = (
        random.Random(number),
        ["river", "bridge", "council", "1998", "rose", "agreed", "metres", "report", "under", "water", "level", "season"],
    )
    line = [" ".join(dice.choices(words, k=14)) + "." for _ in range(40)]
    block = "\n".join(line)
    return f"Document {number}\n" + (block + "\n") * max(1, tokens // count_tokens(block))


def requests(model: str, documents: int, questions: int, tokens: int) -> list[Request]:
    steering = {"reasoning_effort": "low"} if "k3" in model else {"thinking": {"type": "disabled"}}
    texts = [text_of(number, tokens) for number in range(documents)]
    return [
        Request(
            model=model,
            messages=({"role": "system", "content": text}, {"role": "user", "content": QUESTION.format(number=number)}),
            parameters={**steering, "max_completion_tokens": 2_000},
        )
        for number in range(questions)
        for text in texts
    ]


async def _ask(server: KimiServer, home: Path, asked: list[Request]) -> dict[str, Any]:
    storage = open_storage(database_url="", blobs_url="", home=home)
    settings = load_settings(base_url=server.url, api_key="sk-test-cache", tier=5, tpm=10**12, provider="moonshot")
    connection = Connection.open(settings, storage.meter)
    caller = Caller(connection, storage.of(LOCAL), load_catalog(), run="table", currency="USD", interactive=False)
    model = load_catalog().get(asked[0].model)
    first = [one async for one in caller.ask(asked[0]) if isinstance(one, Completion)]
    assert first
    estimate = input_cost(asked, model, connection.counting, "USD")

    async def one(request: Request) -> None:
        async for _ in caller.ask(request):
            pass

    await asyncio.gather(*(one(request) for request in asked[1:]))
    await connection.close()
    storage.close()
    hit, fresh = model.prices["USD"].cached, model.prices["USD"].input
    billed = server.billed
    paid = sum((e.cached_tokens * hit + (e.prompt_tokens - e.cached_tokens) * fresh for e in billed), Decimal(0)) / 10**6
    whole = sum((e.prompt_tokens * fresh for e in billed), Decimal(0)) / 10**6
    return {
        "model": model.id,
        "calls": len(billed),
        "prompt_tokens": sum(e.prompt_tokens for e in billed),
        "cached_tokens": sum(e.cached_tokens for e in billed),
        "paid_for_input_usd": float(round(paid, 4)),
        "without_order_usd": float(round(whole, 4)),
        "ratio": float(round(paid / whole, 3)),
        "estimate_usd": float(round(estimate or 0, 4)),
        "estimate_of_receipt": float(round((estimate or 0) / paid, 3)),
    }


def measure(model: str, documents: int = 20, questions: int = 10, tokens: int = 30_000) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, KimiServer(piece_characters=400, latency=0.05) as server:
        return asyncio.run(_ask(server, Path(folder), requests(model, documents, questions, tokens)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", nargs="+", default=["kimi-k3.1-pro", "kimi-k2.6"])
    parser.add_argument("--documents", type=int, default=20)
    parser.add_argument("--questions", type=int, default=10)
    parser.add_argument("--tokens", type=int, default=30_000)
    arguments = parser.parse_args()
    for model in arguments.model:
        print(json.dumps(measure(model, arguments.documents, arguments.questions, arguments.tokens)), flush=True)


if __name__ == "__main__":
    main()
