"""Passages made of the corpus' sentences, half of them Chinese → how fast they are taken in and found, beside bare FTS5.

    .venv/bin/python -m tests.bench.search [--passages 500000] [--postgres URL]

The store is the real one (`save_extraction`, `search`); bare FTS5 is one table of the same segments and `ORDER BY rank LIMIT 20`,
without whose they are, count, names or snippets.
"""

import argparse
import hashlib
import json
import random
import re
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from kimi_docs.domain.document import Document
from kimi_docs.domain.ports import Store
from kimi_docs.domain.scope import LOCAL
from kimi_docs.domain.text import Extraction, Page, PageKind, Span
from storage.open import open_storage
from storage.segments import fts_match, parse, segments

SETS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "sets"
PAGES = 200
CHINESE, ENGLISH = 196, 325
"""Characters of a passage, as in the measurements that chose bigrams."""
TWO = re.findall(
    "..",
    "会议项目公司问题工作时间数据技术发展社会学习教育学生经济市场企业国家政府文化历史城市健康医生病人研究方法结果分析系统网络"
    "信息安全环境能源农业农民食品价格产品用户平台内容视频音乐电影艺术设计建筑交通汽车银行投资风险法律合同责任家庭孩子父母朋友",
)


def present() -> bool:
    return SETS.is_dir()


@cache
def sentences(chinese: bool) -> tuple[str, ...]:
    """Of meetings, Chinese and English, and of papers."""
    if chinese:
        rows = (SETS / "vcsum/meetings_dev.jsonl").read_text(encoding="utf-8").splitlines()
        text = "\n".join("".join(turn) for row in rows for part in json.loads(row)["segments"] for turn in part["context"])
        text += "\n" + (SETS / "csl/ts_dev.tsv").read_text(encoding="utf-8")
        parts = re.split(r"(?<=[。！？；，])|\s+", text)
    else:
        rows = (SETS / "qmsum/val.jsonl").read_text(encoding="utf-8").splitlines()
        text = "\n".join(turn["content"] for row in rows for turn in json.loads(row)["meeting_transcripts"])
        text += "\n" + (SETS / "qasper/qasper_sample_small.json").read_text(encoding="utf-8")
        parts = re.split(r"(?<=[.!?])\s+|\n", text.replace("\\n", "\n"))
    return tuple(part for part in parts if part and 8 <= len(part) <= 300)


def passage(choose: random.Random, chinese: bool) -> str:
    """As long as those of the measurements, of sentences in any order."""
    found, wanted = "", CHINESE if chinese else ENGLISH
    while len(found) < wanted:
        found += choose.choice(sentences(chinese)) + ("" if chinese else " ")
    return found[: wanted + 40]


def documents(count: int, seed: int = 1) -> Iterator[Extraction]:
    """So many passages as pages of documents, every second document Chinese."""
    choose = random.Random(seed)
    for number in range(-(-count // PAGES)):
        texts = [passage(choose, number % 2 == 1) for _ in range(min(PAGES, count - number * PAGES))]
        pages, at = [], 0
        for place, text in enumerate(texts, start=1):
            pages.append(Page(number=place, label=str(place), kind=PageKind.PAGE, span=Span(start=at, end=at + len(text))))
            at += len(text)
        id = hashlib.sha256(f"{seed} {number}".encode()).hexdigest()
        yield Extraction(document=id, extractor="bench", text="".join(texts), pages=tuple(pages))


def save(store: Store, extraction: Extraction, number: int) -> None:
    name = f"document {number}.pdf"
    store.save_document(Document(id=extraction.document, name=name, format="pdf", bytes=1, added_at=datetime.now(UTC)))
    store.save_extraction(extraction)


class Bare:
    """FTS5 and nothing else."""

    def __init__(self, file: Path) -> None:
        self.connection = sqlite3.connect(file, isolation_level=None)
        self.connection.execute("CREATE VIRTUAL TABLE words USING fts5(title, text, content='', tokenize='ascii')")

    def add(self, first: int, texts: Sequence[str]) -> None:
        rows = [(first + place, "", " ".join(segments(text))) for place, text in enumerate(texts)]
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.executemany("INSERT INTO words(rowid, title, text) VALUES(?, ?, ?)", rows)
        self.connection.execute("COMMIT")

    def search(self, query: str) -> int:
        asked = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT 20"
        return len(self.connection.execute(asked, (fts_match(parse(query)),)).fetchall())


Times = tuple[float, float]


@dataclass
class Figures:
    passages: int = 0
    characters: int = 0
    seconds: float = 0
    processor_seconds: float = 0
    bare_seconds: float = 0
    holding: Counter[str] = field(default_factory=Counter)
    milliseconds: dict[str, list[tuple[Times, Times]]] = field(default_factory=dict)
    some: list[float] = field(default_factory=list)
    """Milliseconds where no place has all words, so that those with some are looked for."""

    found: int = 0
    wanted: int = 0


def fill(store: Store, bare: Bare | None, count: int) -> Figures:
    """Take everything in, and count which of the two-character words each passage holds."""
    figures = Figures()
    for number, extraction in enumerate(documents(count)):
        texts = [page.span.of(extraction.text) for page in extraction.pages]
        started, busy = time.perf_counter(), time.process_time()
        save(store, extraction, number)
        middle = time.perf_counter()
        figures.processor_seconds += time.process_time() - busy
        if bare:
            bare.add(number * PAGES, texts)
        figures.seconds += middle - started
        figures.bare_seconds += time.perf_counter() - middle
        figures.passages += len(texts)
        figures.characters += len(extraction.text)
        for word in TWO:
            figures.holding[word] += sum(word in text for text in texts)
    return figures


def queries(each: int, seed: int = 2) -> dict[str, list[str]]:
    """What people type: taken from the sentences, so that all of it is there."""
    choose = random.Random(seed)

    def characters(low: int, high: int) -> str:
        run = choose.choice(
            [run for run in re.findall(r"[一-鿿]+", choose.choice(sentences(True))) if len(run) >= high] or ["社会经济发展问题"]
        )
        size, at = choose.randint(low, high), choose.randrange(len(run) - high + 1)
        return run[at : at + size]

    def words(count: int) -> str:
        while True:
            found = re.findall(r"[A-Za-z]{3,}", choose.choice(sentences(False)))
            if len(found) >= count:
                at = choose.randrange(len(found) - count + 1)
                return " ".join(found[at : at + count])

    return {
        "Chinese, 2 characters": [characters(2, 2) for _ in range(each)],
        "Chinese, 3-6 characters": [characters(3, 6) for _ in range(each)],
        "Chinese, 1 character": [characters(1, 1) for _ in range(each // 4)],
        "English word": [words(1) for _ in range(each)],
        "English words": [words(choose.randint(2, 4)) for _ in range(each)],
        "phrase": [f'"{words(3)}"' for _ in range(each)],
        "beginning of a word": [words(1)[: choose.randint(3, 5)] for _ in range(each)],
    }


def ask(store: Store, bare: Bare | None, asked: dict[str, list[str]], figures: Figures) -> None:
    for kind, texts in asked.items():
        figures.milliseconds[kind] = []
        for text in texts:
            ours = timed(lambda text=text: store.search(text))  # type: ignore[misc]
            theirs = timed(lambda text=text: bare.search(text)) if bare else (0.0, 0.0)  # type: ignore[misc]
            figures.milliseconds[kind].append((ours, theirs))
    for text in asked["English words"]:
        figures.some.append(timed(lambda text=text: store.search(f"{text} nowhere-at-all", some=True))[0])  # type: ignore[misc]
    there = [word for word in TWO if figures.holding[word]][:50]
    figures.wanted = len(there)
    figures.found = sum(store.search(word).total == figures.holding[word] for word in there)


def timed(what: Callable[[], object]) -> Times:
    """Milliseconds, and those of this process's processor: the machine does other things beside."""
    started, busy = time.perf_counter(), time.process_time()
    what()
    return (time.perf_counter() - started) * 1000, (time.process_time() - busy) * 1000


def share(values: Sequence[float], part: float) -> float:
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * part))] if ranked else 0.0


def measure(count: int, each: int, postgres: str = "") -> Figures:
    with (
        tempfile.TemporaryDirectory() as folder,
        open_storage(database_url=postgres, blobs_url="", home=Path(folder) / "home") as storage,
    ):
        bare = None if postgres else Bare(Path(folder) / "bare.sqlite3")
        figures = fill(storage.of(LOCAL), bare, count)
        ask(storage.of(LOCAL), bare, queries(each), figures)
        for file in sorted(Path(folder).rglob("*.sqlite3")):
            print(f"{file.name}: {file.stat().st_size / 1e6:.0f} MB")
    return figures


def report(figures: Figures) -> None:
    speed = figures.passages / figures.seconds
    print(f"taken in: {figures.passages} passages, {figures.characters / 1e6:.0f} M characters")
    processor = figures.passages / figures.processor_seconds
    print(f"{speed:.0f} passages/s (wanted ≥ 2,000), {processor:.0f} a second of the processor's time")
    if figures.bare_seconds > 1:
        print(f"bare FTS5 {figures.passages / figures.bare_seconds:.0f} passages/s")
    everything = [pair for pairs in figures.milliseconds.values() for pair in pairs]
    for kind, pairs in {**figures.milliseconds, "all": everything}.items():
        for at, clock in enumerate(("wall", "processor")):
            ours, theirs = [pair[0][at] for pair in pairs], [pair[1][at] for pair in pairs]
            ratio = share(ours, 0.95) / max(0.001, share(theirs, 0.95))
            print(
                f"{kind:24} {clock:9} p50 {share(ours, 0.5):6.1f} p95 {share(ours, 0.95):6.1f} longest {max(ours):6.1f} ms; "
                f"bare p50 {share(theirs, 0.5):6.1f} p95 {share(theirs, 0.95):6.1f} ms; p95 {ratio:.2f} × bare"
            )
    print(f"some of three to five words  p50 {share(figures.some, 0.5):6.1f} p95 {share(figures.some, 0.95):6.1f} ms")
    print(f"two-character Chinese words found everywhere they stand: {figures.found} of {figures.wanted} (wanted all)")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--passages", type=int, default=500_000)
    parser.add_argument("--each", type=int, default=60, help="queries of each kind")
    parser.add_argument("--postgres", default="", help="address of an empty database to measure instead")
    options = parser.parse_args()
    if not present():
        sys.exit("The shared corpus is not here.")
    report(measure(options.passages, options.each, options.postgres))


if __name__ == "__main__":
    main()
