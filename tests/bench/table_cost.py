"""What a table costs against what was said before: documents × ten columns, then an eleventh; only the eleventh may cost then.

Run: python -m tests.bench.table_cost [documents]
"""

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.kimi_server import KimiServer
from tests.test_cli import run
from tests.test_table import columns_file

QUESTIONS = [
    ("Rise", "By how many centimetres did the river rise in night {n}?", "number"),
    ("Bridge", "Which bridge is the report about in night {n}?", "text"),
    ("Closed", "Was the bridge closed in night {n}?", "yes-no"),
    ("Cause", "What caused the flood in night {n}?", "text"),
    ("Tax", "What is the capital gains tax rate of country {n}?", "text"),
]


def reports(folder: Path, count: int) -> list[Path]:
    """Reports of 2 to 20 pages' worth of words, no two alike."""
    folder.mkdir(exist_ok=True)
    made = []
    for number in range(count):
        nights = (
            f"## Night {night}\n\nThe river rose by {number + night} centimetres in night {night} at bridge {number}. Rain in the "
            f"hills above valley {night * 7 % 13} caused it, and the bridge was closed for {night % 5} hours. The watch of that "
            f"night measured every {night % 3 + 1} hours and wrote down what it saw of trees, boats and cellars."
            for night in range(15 + 7 * number)
        )
        made.append(folder / f"report-{number:03}.md")
        made[-1].write_text(f"# Report {number}\n\n" + "\n\n".join(nights), encoding="utf-8")
    return made


def lines(count: int) -> Sequence[str]:
    asked = (QUESTIONS[n % len(QUESTIONS)] for n in range(count))
    return [f"- {{name: {name}{n}, question: '{q.format(n=n)}', type: {kind}}}" for n, (name, q, kind) in enumerate(asked)]


def main(arguments: list[str] | None = None) -> None:
    count = int(arguments[0]) if arguments else 20
    with tempfile.TemporaryDirectory() as made, KimiServer() as server:
        folder = Path(made)
        environment = {
            "KIMI_DOCS_HOME": str(folder / "home"),
            "MOONSHOT_BASE_URL": server.url,
            "MOONSHOT_API_KEY": "sk-test-0123456789",
            "KIMI_DOCS_TIER": "3",
        }
        files = reports(folder / "reports", count)
        for number in (10, 11):
            asked, before = columns_file(folder, *lines(number)), sum(call.cost for call in server.calls)
            told = run("estimate", *files, "--columns", asked, "--json", **environment)
            estimated = json.loads(told.stdout)["total"]
            shown = json.loads(run("batch", *files, "--columns", asked, "--json", **environment).stdout)
            paid = float(sum(call.cost for call in server.calls) - before)
            print(f"{count} documents x {number} columns: {shown['state']}, estimated {estimated['cost']:.5f} USD", end="")
            print(f" ({estimated['calls']} calls), paid {paid:.5f}: {paid / estimated['cost']:.1%} of the estimate", flush=True)
        output = sum(call.completion_tokens for call in server.calls) / (11 * count)
        cached = sum(call.cached_tokens for call in server.calls) / sum(call.prompt_tokens for call in server.calls)
        print(f"  {len(server.calls)} calls, {output:.0f} tokens answered a cell, {cached:.0%} of the input from the cache")


if __name__ == "__main__":
    os.environ.pop("FAULT_AT", None)
    main(sys.argv[1:])
