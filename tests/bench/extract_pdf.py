"""The shared corpus → how well, fast and safely PDFs are read, beside pypdf and pdfplumber on the same files in the same run.

.venv/bin/python -m tests.bench.extract_pdf [--only sentences,tables,speed,files,hostile]
"""

import argparse
import html
import logging
import re
import subprocess
import sys
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

from kimi_docs.domain.document import Document
from kimi_docs.domain.text import BlockKind
from kimi_docs.errors import DocumentError
from kimi_docs.extract import pdf
from kimi_docs.extract.sandbox import Pool
from kimi_docs.intake import take
from tests.bench.icdar2013 import CORPUS, NAMES, Score, score_ours, score_pdfplumber
from tests.bench.pdf_speed import pages_of

SPEED = (
    "scisumm/N04-1038.pdf",
    "scisumm/W08-2222.pdf",
    "pdfjs/pdkids.pdf",
    "docling/multi_page.pdf",
    "pdfjs/basicapi.pdf",
)
"""Born digital."""


def ours(path: Path) -> str:
    return pdf.read(path, "id").text


@cache
def by_pdfium(path: Path) -> str:
    return "\n".join(pages_of(path))


@cache
def by_pypdf(path: Path) -> str:
    import pypdf

    return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)


@cache
def by_pdfplumber(path: Path) -> str:
    import pdfplumber

    with pdfplumber.open(path) as opened:
        return "\n".join(page.extract_text() for page in opened.pages)


READERS: dict[str, Callable[[Path], str]] = {"ours": ours, "pypdfium2": by_pdfium, "pypdf": by_pypdf, "pdfplumber": by_pdfplumber}


def _exact(text: str) -> str:
    """After NFKC, without white space and soft hyphens."""
    return re.sub(r"[\s\u00ad\ufffe]+", "", unicodedata.normalize("NFKC", text))


def _letters(text: str) -> str:
    """Letters and figures alone: the truth has lost its hyphens and ends its headings with full stops of its own."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text))


def sentences() -> None:
    """Sentences of scisumm. Its text was itself taken out of these PDFs by a program: a sentence in which a column, a footnote
    or a table got mixed is in no reader's text, so the share among those that any reader has is given beside the plain one."""
    found: Counter[str] = Counter()
    total = attainable = 0
    for folder in sorted((CORPUS / "gt" / "scisumm").iterdir()):
        path = CORPUS / "pdf" / "scisumm" / f"{folder.name}.pdf"
        truth = (folder / f"{folder.name}.xml").read_text("utf-8", errors="replace")
        said = [html.unescape(one) for one in re.findall(r"<S sid[^>]*>(.*?)</S>", truth, re.DOTALL)]
        texts = {name: (_exact(text := read(path)), _letters(text)) for name, read in READERS.items()}
        for sentence in said:
            exact, letters = _exact(sentence), _letters(sentence)
            here = {name for name, (_, text) in texts.items() if letters in text}
            total, attainable = total + 1, attainable + bool(here)
            for name, (text, _) in texts.items():
                found[name, "exact"] += exact in text
                found[name, "letters"] += name in here
    print(f"scisumm: {total} sentences, {attainable} of them in the text of at least one reader")
    for name in READERS:
        exact, letters = found[name, "exact"], found[name, "letters"]
        print(
            f"  {name:12} exact {exact / total:.3f}  letters {letters / total:.3f}  of those attainable {letters / attainable:.3f}"
        )


def tables() -> None:
    for label, score in (("ours", score_ours), ("pdfplumber extract_tables", score_pdfplumber)):
        scores: list[Score] = [score(name) for name in NAMES]
        each = [2 * matched / max(1, predicted + true) for matched, predicted, true in scores]
        matched, predicted, true = (sum(values) for values in zip(*scores, strict=True))
        detail = " ".join(f"{name} {value:.2f}" for name, value in zip(NAMES, each, strict=True))
        f1 = 2 * matched / (predicted + true)
        print(f"icdar2013 {label}: F1 {f1:.3f}, mean of documents {sum(each) / len(each):.3f} ({detail})")


def speed() -> None:
    """In a process that holds nothing else, as the program's own do: a large one takes longer to copy."""
    subprocess.run([sys.executable, "-m", "tests.bench.pdf_speed"], check=True)


class _Memory:
    """The highest memory of any child, asked for twenty times a second."""

    def __init__(self, pool: Pool) -> None:
        self.most = 0
        self._pool = pool
        self._done = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            for child in list(self._pool._all):
                try:
                    status = Path(f"/proc/{child._process.pid}/status").read_text()
                except OSError:
                    continue
                peak = re.search(r"VmHWM:\s+(\d+)", status)
                self.most = max(self.most, int(peak[1]) // 1024 if peak else 0)

    def stop(self) -> int:
        self._done.set()
        return self.most


def _read_all(folder: str) -> None:
    count: Counter[str] = Counter()
    seconds: list[float] = []
    with Pool(1) as pool:
        memory = _Memory(pool)
        for path in sorted((CORPUS / folder).rglob("*.pdf")):
            start = time.perf_counter()
            try:
                found = take(path, max_bytes=100 * 1024**2)
                document = Document(id=found.id, name=found.name, format=found.format, bytes=found.bytes)
                extraction = pool.extract(path, document)
                states = Counter(page.state.value for page in extraction.pages)
                tables = sum(block.kind is BlockKind.TABLE for block in extraction.blocks)
                said = " ".join(f"{state}:{number}" for state, number in states.items())
                codes = sorted({notice.code for notice in extraction.notices})
                said += f" tables:{tables} hidden:{len(extraction.hidden)} {' '.join(codes)}"
                count["read"] += 1
            except DocumentError as error:
                said = f"{error.code}: {error.message.text('en')}"
                count[error.code] += 1
            seconds.append(time.perf_counter() - start)
            print(f"  {seconds[-1]:6.2f} s  {path.relative_to(CORPUS / folder)}  {said}")
        most = memory.stop()
    total = ", ".join(f"{number} {code}" for code, number in count.most_common())
    print(f"{folder}: {sum(count.values())} files: {total}; longest {max(seconds):.1f} s; most memory of a child {most} MB")


def files() -> None:
    _read_all("pdf")


def hostile() -> None:
    _read_all("hostile")


PARTS = {"sentences": sentences, "tables": tables, "speed": speed, "files": files, "hostile": hostile}


def main(only: str = "sentences,tables,speed,hostile") -> None:
    if not CORPUS.exists():
        print("the shared corpus is not on this machine")
        return
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)
    for name in only.split(","):
        PARTS[name]()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="sentences,tables,speed,hostile")
    main(parser.parse_args().only)
