"""1,000 summaries → one file of each format: seconds, megabytes of the file, memory; each in a process of its own."""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from kimi_docs.domain.claims import Citation, Claim, Draft, Section, Summary, Verdict
from kimi_docs.domain.document import Document
from kimi_docs.domain.text import Coverage, Extraction, Page, PageKind, Span
from kimi_docs.export import formats, report
from kimi_docs.export.nouns import Report
from tests.export.examples import summary

SUMMARIES = 1_000
CLAIMS = 20
PAGES = 20
XLSX_SECONDS, XLSX_MEGABYTES = 20, 500
FORMATS = (".xlsx", ".docx", ".pdf", ".csv", ".md", ".json", ".bib", ".ris", ".zip", ".docx.zip")
_SENTENCES = (
    "Shade trees lower the temperature of streets by 2.1 degrees on summer afternoons (p < 0.05), most under plane trees.",
    "城市树荫使街道表面温度平均降低2.1摄氏度（p < 0.05），其中“梧桐”效果最为显著，测量方法见表3。",
)


def made(number: int) -> Report:
    """A summary of twenty claims with a quote each, every fifth of them not found."""
    document = Document(id=f"{number:064x}", name=f"paper {number}.pdf", format="pdf", bytes=1, title=f"Paper {number}")
    claims = tuple(_claim(document.id, number, place) for place in range(CLAIMS))
    sections = tuple(Section(title=f"Part {part + 1}", claims=claims[part * 5 : part * 5 + 5]) for part in range(CLAIMS // 5))
    return report.of_summary(_summary(document, sections), document, _extraction(document), "en")


def _claim(document: str, number: int, place: int) -> Claim:
    text = f"{_SENTENCES[(number + place) % 2]} ({number}.{place})"
    found = place % 5 != 4
    verdict = Verdict.EXACT if found else Verdict.MISSING
    quote = Citation(quote=text, document=document, page_said=1, verdict=verdict, page=place + 1 if found else None)
    return Claim(text=text, citations=(quote,))


def _summary(document: Document, sections: tuple[Section, ...]) -> Summary:
    coverage = Coverage.of(_extraction(document), calls=1)
    draft = Draft(title=f"Summary of {document.title}", sections=sections)
    return summary(id=document.id, document=document.id, draft=draft, coverage=coverage, notices=())


def _extraction(document: Document) -> Extraction:
    text = "x" * PAGES
    pages = tuple(Page(number=n + 1, label=str(n + 1), kind=PageKind.PAGE, span=Span(start=n, end=n + 1)) for n in range(PAGES))
    return Extraction(document=document.id, extractor="bench", text=text, pages=pages)


def one(ending: str, count: int) -> None:
    """In a process of its own: the figures of one format."""
    reports: Sequence[Report] = [made(number) for number in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"all{ending}")
        started, worked = time.perf_counter(), time.process_time()
        formats.export_many(path, reports)
        cpu = time.process_time() - worked
        seconds, size = time.perf_counter() - started, path.stat().st_size / 1024 / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wanted = f"  (wanted: < {XLSX_SECONDS} s, < {XLSX_MEGABYTES} MB)" if ending == ".xlsx" else ""
    line = f"{ending:>10}: {seconds:6.1f} s ({cpu:5.1f} s of CPU), file {size:6.1f} MB, memory at most {peak:5.0f} MB"
    print(line + wanted, flush=True)


def main(wanted: Sequence[str] = FORMATS) -> None:
    print(f"{SUMMARIES} summaries of {CLAIMS} claims, {PAGES} pages of coverage each, into one file:")
    for ending in wanted:
        subprocess.run([sys.executable, "-m", "tests.bench.export", ending, str(SUMMARIES)], check=True)


if __name__ == "__main__":
    one(sys.argv[1], int(sys.argv[2])) if len(sys.argv) > 2 else main(sys.argv[1:] or FORMATS)
