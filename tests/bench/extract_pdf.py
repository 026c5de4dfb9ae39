"""The shared corpus → how well, fast and safely PDFs are read, beside pypdf, pdfplumber and markitdown in the same run.

.venv/bin/python -m tests.bench.extract_pdf [--only sentences,ratios,tables,speed,child,files,hostile]
"""

import argparse
import html
import logging
import re
import statistics
import subprocess
import sys
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel

from kimi_docs.domain.document import Document
from kimi_docs.domain.text import BlockKind
from kimi_docs.errors import DocumentError
from kimi_docs.extract import pdf
from kimi_docs.extract.formats import reader
from kimi_docs.extract.sandbox import Pool
from kimi_docs.intake import take
from tests.bench.apart import markdown
from tests.bench.icdar2013 import CORPUS, NAMES, Score, score_markdown, score_ours, score_pdfplumber
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


NEAR = 95.0
"""Letters in a hundred that a passage shares with a sentence: what a wrong ligature or a lost accent in the truth still leaves."""
PUBLISHED = """published, on 200 PDFs that are not here (README of opendataloader-bench):
  docling     reading order 0.898  tables 0.887  0.762 s a page
  markitdown  reading order 0.844  tables 0.273  0.114 s a page"""


def sentences() -> None:
    """Sentences of scisumm. Its text was itself taken out of these PDFs by a program: a sentence in which a column, a footnote
    or a table got mixed is in no reader's text. So the share among those that another reader has is given beside the plain one."""
    folders = sorted((CORPUS / "gt" / "scisumm").iterdir())
    paths = {folder: CORPUS / "pdf" / "scisumm" / f"{folder.name}.pdf" for folder in folders}
    beside = markdown(paths.values())
    found: Counter[tuple[str, str]] = Counter()
    for folder, path in paths.items():
        texts = {name: read(path) for name, read in READERS.items()} | ({"markitdown": beside[path]} if beside else {})
        _count_sentences(
            found, folder / f"{folder.name}.xml", {name: (_exact(text), _letters(text)) for name, text in texts.items()}
        )
    total, elsewhere = found["", "total"], found["", "elsewhere"]
    print(f"scisumm: {total} sentences, {elsewhere} of them letter for letter in the text of another reader")
    for name in (*READERS, *(["markitdown"] if beside else [])):
        exact, letters, near = (found[name, kind] / total for kind in ("exact", "letters", "near"))
        shared = found[name, "elsewhere"] / elsewhere
        print(f"  {name:12} exact {exact:.3f}  letters {letters:.3f}  near {near:.3f}  of those elsewhere {shared:.3f}")


def _count_sentences(found: Counter[tuple[str, str]], truth: Path, texts: Mapping[str, tuple[str, str]]) -> None:
    said = re.findall(r"<S sid[^>]*>(.*?)</S>", truth.read_text("utf-8", errors="replace"), re.DOTALL)
    for sentence in map(html.unescape, said):
        exact, letters = _exact(sentence), _letters(sentence)
        here = {name for name, (_, text) in texts.items() if letters in text}
        found["", "total"] += 1
        found["", "elsewhere"] += bool(here - {"ours"})
        for name, (text, bare) in texts.items():
            found[name, "exact"] += exact in text
            found[name, "letters"] += name in here
            found[name, "near"] += name in here or fuzz.partial_ratio(letters, bare) >= NEAR
            found[name, "elsewhere"] += name in here and bool(here - {"ours"})


def ratios() -> None:
    """Levenshtein's ratio of whole texts: the two documents of the py-pdf benchmark where they are, and, as a reference only, what
    docling made of PDFs that are here, whose authors reviewed it."""
    pdfs = {path.stem: path for path in (CORPUS / "pdf").rglob("*.pdf")}
    for folder, ending in (("pypdf-benchmarks", ".txt"), ("docling-pdf", ".md")):
        truths = {pdfs[path.stem]: path for path in sorted((CORPUS / "gt" / folder).glob(f"*{ending}")) if path.stem in pdfs}
        if not truths:
            print(f"{folder}: its documents are not on this machine")
            continue
        beside = markdown(truths)
        for path, truth in truths.items():
            texts = {name: read(path) for name, read in READERS.items()} | ({"markitdown": beside[path]} if beside else {})
            expected = _compared(truth.read_text("utf-8"))
            scores = {name: Indel.normalized_similarity(_compared(text), expected) for name, text in texts.items()}
            print(f"{folder} {path.stem}: " + "  ".join(f"{name} {score:.3f}" for name, score in scores.items()))


def _compared(text: str) -> str:
    """Without what only Markdown has."""
    return re.sub(r"[|#*\\`]|-{3,}", "", _exact(re.sub("<!--.*?-->", "", text, flags=re.DOTALL)))


def tables() -> None:
    beside = markdown(CORPUS / "pdf" / "icdar2013" / f"{name}.pdf" for name in NAMES)
    systems = {"ours": score_ours, "pdfplumber extract_tables": score_pdfplumber}
    if beside:
        by_name = {path.stem: text for path, text in beside.items()}
        systems["markitdown"] = lambda name: score_markdown(name, by_name[name])
    for label, score in systems.items():
        scores: list[Score] = [score(name) for name in NAMES]
        each = [2 * matched / max(1, predicted + true) for matched, predicted, true in scores]
        matched, predicted, true = (sum(values) for values in zip(*scores, strict=True))
        detail = " ".join(f"{name} {value:.2f}" for name, value in zip(NAMES, each, strict=True))
        f1 = 2 * matched / (predicted + true)
        print(f"icdar2013 {label}: F1 {f1:.3f}, mean of documents {sum(each) / len(each):.3f} ({detail})")
    print(PUBLISHED)


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


def child() -> None:
    """What reading in a process of its own adds to small files: the median and the worst of 120, with a warm pool."""
    small = []
    for path in (path for folder in ("md", "txt", "docx") for path in sorted((CORPUS / folder).rglob("*"))):
        with suppress(DocumentError, IsADirectoryError):
            one = take(path, max_bytes=50_000)
            small.append((path, Document(id=one.id, name=one.name, format=one.format, bytes=one.bytes)))
    added = []
    with Pool(1) as pool:
        pool.extract(*small[0])
        for path, document in small[:120]:
            bare = _seconds(partial(reader(document.format).read, path, document.id, password=""))
            added.append(_seconds(partial(pool.extract, path, document)) - bare)
    median, worst = statistics.median(added) * 1000, max(added) * 1000
    print(f"a process of its own for each of {len(added)} small files adds {median:.0f} ms, at most {worst:.0f} ms (asked < 150)")


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    with suppress(DocumentError):
        work()
    return time.perf_counter() - begun


def files() -> None:
    _read_all("pdf")


def hostile() -> None:
    _read_all("hostile")


PARTS = {
    "sentences": sentences,
    "ratios": ratios,
    "tables": tables,
    "speed": speed,
    "child": child,
    "files": files,
    "hostile": hostile,
}


def main(only: str = "sentences,ratios,tables,speed,child,hostile") -> None:
    if not CORPUS.exists():
        print("the shared corpus is not on this machine")
        return
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)
    for name in only.split(","):
        PARTS[name]()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="sentences,ratios,tables,speed,child,hostile")
    main(parser.parse_args().only)
