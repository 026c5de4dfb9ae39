"""The public sets → ROUGE of the local engine beside lead and sumy's LexRank, TextRank and LSA; evidence F1 beside BM25.

    .venv/bin/python -m tests.bench.local_quality [--sumy /tmp/sumyenv/bin/python] [--only scisummnet,qmsum,vcsum,expmrc]

All systems get the same sentences and give a text of the same length: sentences in the order of their rank until the length is
reached, put in the order of the document, cut at the length. sumy runs in an interpreter of its own (it needs no data: it gets
our sentences and words), as `python -m tests.bench.sumy_baselines`.
"""

import argparse
import html
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kimi_docs.local.answer import best_passages
from kimi_docs.local.rank import rank
from kimi_docs.local.sentences import sentences
from kimi_docs.local.summarize import choose_within
from kimi_docs.local.tokens import words
from tests.bench.rouge import rouge, token_f1

SETS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "sets"


@dataclass(frozen=True, kw_only=True)
class Case:
    title: str
    text: str
    reference: str


@dataclass(frozen=True, kw_only=True)
class Set:
    name: str
    cases: Callable[[], Iterator[Case]]
    limit: int
    chinese: bool


def _rows(name: str) -> list[dict]:
    return [json.loads(line) for line in (SETS / name).read_text(encoding="utf-8").splitlines()]


def scisummnet() -> Iterator[Case]:
    """Papers without their abstract; the title is the first line of the reference and is taken off."""
    for row in _rows("scisummnet/dev.jsonl"):
        body = [section for section in row["sections"] if "abstract" not in section["title"].lower()]
        text = "\n\n".join(section["title"] + "\n\n" + " ".join(section["sentences"]) for section in body)
        reference = row["human_summary"].split("\n", 1)[-1].replace("\n", " ")
        yield Case(title=row["title"], text=html.unescape(text), reference=reference)


def qmsum() -> Iterator[Case]:
    for row in _rows("qmsum/val.jsonl"):
        text = "\n\n".join(turn["content"] for turn in row["meeting_transcripts"])
        yield Case(title="", text=text, reference=row["general_query_list"][0]["answer"])


def vcsum() -> Iterator[Case]:
    for row in _rows("vcsum/meetings_dev.jsonl"):
        turns = ("".join(turn) for segment in row["segments"] for turn in segment["context"])
        yield Case(title="", text="\n\n".join(turns), reference=row["summary"])


SUMMARIES = (
    Set(name="scisummnet", cases=scisummnet, limit=150, chinese=False),
    Set(name="qmsum", cases=qmsum, limit=120, chinese=False),
    Set(name="vcsum", cases=vcsum, limit=300, chinese=True),
)


def cut(texts: Sequence[str], limit: int, chinese: bool) -> str:
    return "".join(texts)[:limit] if chinese else " ".join(" ".join(texts).split()[:limit])


def within(order: Sequence[int], texts: Sequence[str], limit: int, chinese: bool) -> str:
    """The sentences in the order of their rank until the length is reached, then in the order of the document."""
    taken: list[int] = []
    used = 0
    for number in order:
        if used >= limit:
            break
        taken.append(number)
        used += len(texts[number]) if chinese else len(texts[number].split())
    return cut([texts[number] for number in sorted(taken)], limit, chinese)


def sumy_orders(python: str, cases: Sequence[list[str]], chinese: bool) -> dict[str, list[list[int]]]:
    """Each system's order of the sentences of each case, best first."""
    payload = json.dumps({"chinese": chinese, "cases": [[[text, words(text)] for text in case] for case in cases]})
    command = [python, "-m", "tests.bench.sumy_baselines"]
    done = subprocess.run(command, input=payload, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    return json.loads(done.stdout)


def summaries(chosen: Set, sumy: str) -> dict[str, np.ndarray]:
    cases = list(chosen.cases())
    found = [sentences(case.text) for case in cases]
    texts = [[sentence.text for sentence in each] for each in found]
    said: dict[str, list[str]] = {"ours": [], "lead": []}
    for case, each, plain in zip(cases, found, texts, strict=True):
        for sentence in each:
            if sentence.span.of(case.text).split()[0] not in case.text:
                raise AssertionError("a quote is not verbatim")
        picked = choose_within(rank(each, title=case.title), chosen.limit, characters=chosen.chinese)
        said["ours"].append(cut([plain[i] for i in sorted(picked)], chosen.limit, chosen.chinese))
        said["lead"].append(within(range(len(plain)), plain, chosen.limit, chosen.chinese))
    if sumy:
        for system, orders in sumy_orders(sumy, texts, chosen.chinese).items():
            said[system] = [within(o, t, chosen.limit, chosen.chinese) for o, t in zip(orders, texts, strict=True)]
    return {
        system: np.array([rouge(s, case.reference, chinese=chosen.chinese) for s, case in zip(out, cases, strict=True)])
        for system, out in said.items()
    }


def questions() -> Iterator[tuple[str, str, str, list[str], bool]]:
    """(set, question, article, evidences, chinese) of ExpMRC."""
    for name, chinese in (("c3", True), ("cmrc2018", True), ("race", False), ("squad", False)):
        for row in json.loads((SETS / "expmrc" / f"{name}_public.json").read_text(encoding="utf-8"))["data"]:
            if "article" in row:
                for question, evidences in zip(row["questions"], row["evidences"], strict=True):
                    yield name, question, row["article"], evidences, chinese
            for paragraph in row.get("paragraphs", ()):
                for qa in paragraph["qas"]:
                    yield name, qa["question"], paragraph["context"], qa["evidences"], chinese
