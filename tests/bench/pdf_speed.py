"""Seconds that our reader takes for born-digital PDFs beside bare pypdfium2, in one process that holds nothing else.

python -m tests.bench.pdf_speed
"""

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pypdfium2 as pdfium

from kimi_docs.errors import DocumentError
from kimi_docs.extract import pdf, twin

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"


def pages_of(path: Path) -> Iterator[str]:
    document = pdfium.PdfDocument(path)
    for page in document:
        text_page = page.get_textpage()
        yield str(text_page.get_text_range())
        text_page.close()
        page.close()
    document.close()


def born_digital() -> Iterator[Path]:
    """PDFs of the corpus with a text layer worth the name that can be read without a password."""
    for path in sorted((CORPUS / "pdf").rglob("*.pdf")):
        try:
            enough = sum(map(len, pages_of(path))) > 2000
            if enough and pdf.draft(path, "id"):
                yield path
        except (pdfium.PdfiumError, DocumentError):
            continue


def main() -> None:
    """Seconds by the clock, the best of five of each, in turn. As in the program, a long document is read by two processes."""
    twin.start()
    twin.settle()
    readers: dict[str, Callable[[Path], object]] = {
        "bare": lambda path: sum(1 for _ in pages_of(path)),
        "text": lambda path: pdf.draft(path, "id", tabled=False),
        "tables": lambda path: pdf.draft(path, "id"),
    }
    paths = list(born_digital())
    best = dict.fromkeys(itertools.product(paths, readers), float("inf"))
    for path, _ in itertools.product(paths, range(5)):
        for name, read in readers.items():
            start = time.perf_counter()
            read(path)
            best[path, name] = min(best[path, name], time.perf_counter() - start)
    pages = sum(1 for path in paths for _ in pages_of(path))
    bare, text, tables = (sum(best[path, name] for path in paths) for name in readers)
    print(f"speed: {len(paths)} born-digital PDFs, {pages} pages, bare pypdfium2 page by page {bare:.2f} s")
    print(f"  with KIMI_DOCS_TABLES=off {text:.2f} s, ratio {bare / text:.2f} (wanted >= 0.70)")
    print(f"  with tables {tables:.2f} s, ratio {bare / tables:.2f}")


if __name__ == "__main__":
    main()
