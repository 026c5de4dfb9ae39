"""The documents of the corpus and the samples, read as a user's are → true quotes of them, English and Chinese."""

import hashlib
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from kimi_docs.domain.text import Extraction
from kimi_docs.errors import KimiDocsError
from kimi_docs.extract.formats import reader
from tests.local.samples import extraction

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"
FOLDERS = ("pdf/docling", "pdf/pdfjs", "pdf/pdfminer", "pdf/pdfplumber", "pdf/scisumm", "pdf/icdar2013", "pdf/tika", "pdf/zh-p3c")
FILES = ("docx/unstructured/handbook-872p.docx", "docx/markitdown/test.docx", "md/unstructured", "md/docling", "txt/unstructured")
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"“(])|(?<=[。！？；])\s*|\n\s*\n")
NEGATED = re.compile(
    r"(?:\b(?:not|no|never|without|cannot|nor|neither|non|hardly|unless|lack(?:ed|s)? of|fail(?:s|ed)? to|unable to)|n.t)"
    r"\W+(?:\w+ )?$"
    r"|[不没未无非勿莫否][一-鿿]?$|[禁防]止$|避免$|严禁$",
    re.I,
)
NEGATED_BEHIND = re.compile(r"\s*(?:not\b|never\b|[一-鿿]?[不没未非])")
UNFIT = re.compile(r"^[\W_]*$|\.{4,}")


@dataclass(frozen=True, kw_only=True)
class Truth:
    """A passage that stands in a document, at words' ends, on a page."""

    text: str
    page: int
    document: Extraction


def present() -> bool:
    return CORPUS.is_dir()


@cache
def documents() -> tuple[Extraction, ...]:
    """Texts of at least 1,000 characters. A file the readers refuse is left out."""
    found = list(_chinese_meetings())
    places = [CORPUS / name for name in (*FOLDERS, *FILES)] + [ROOT / "samples"]
    for path in (file for place in places for file in (sorted(place.iterdir()) if place.is_dir() else [place])):
        if path.suffix not in (".pdf", ".docx", ".md", ".txt") or not path.is_file():
            continue
        try:
            read = reader(path.suffix[1:]).read(path, hashlib.sha256(path.read_bytes()).hexdigest())
        except KimiDocsError:
            continue
        if len(read.text) > 1000:
            found.append(read)
    return tuple(found)


def _chinese_meetings() -> Iterator[Extraction]:
    rows = (CORPUS / "sets/vcsum/meetings_dev.jsonl").read_text(encoding="utf-8").splitlines()[:15]
    for number, row in enumerate(rows):
        turns = (turn for segment in json.loads(row)["segments"] for turn in segment["context"])
        text = "\n".join("".join(turn) for turn in turns)
        pages = [text[at : at + 1500] for at in range(0, len(text), 1500)]
        yield extraction(*pages, document=f"{number:064d}")


def true_quotes(document: Extraction, count: int, choose: random.Random) -> Iterator[Truth]:
    """Sentences, and parts of them that begin and end at words' ends and have no "not" cut off."""
    pages = [page for page in document.pages if len(page.span) > 200]
    for _ in range(count * 5 if pages else 0):
        page = choose.choice(pages)
        text = page.span.of(document.text)
        ends = [0, *(m.end() for m in SENTENCE_END.finditer(text)), len(text)]
        sentences = [(a, b) for a, b in pairwise(ends) if 30 < b - a < 400]
        if not sentences:
            continue
        start, end = choose.choice(sentences)
        if choose.random() < 0.5:
            borders = [
                start + m.start() for m in re.finditer(r"(?<=\s)(?=\S)|(?<=[，、])|(?<=[一-鿿])(?=[一-鿿])", text[start:end])
            ]
            if len(borders) > 3:
                start, end = sorted(choose.sample(borders, 2))
        quote = text[start:end].strip()
        inside = start > 0 and end < len(text)  # else a word may go on over the border of the page
        if inside and len(quote) >= 12 and not UNFIT.search(quote) and not _denied(text, start, end):
            yield Truth(text=re.sub(r"\s+", " ", quote), page=page.number, document=document)
            count -= 1
            if not count:
                return


def _denied(text: str, start: int, end: int) -> bool:
    """A "not" stands right before or behind."""
    before = text[max(0, start - 30) : start].replace("\n", " ")
    return bool(NEGATED.search(before) or NEGATED_BEHIND.match(text, end))
