"""The shared corpus → a table of what was read, by format, in `docs/extraction.md`.

Every file goes the way a user's file goes: intake, then a child process with its limits. What could not be read is tried
with another reader; only what that one gets text from counts against us.
"""

import argparse
import datetime
import os
import platform
import re
import resource
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from kimi_docs.domain.document import Document
from kimi_docs.errors import DocumentError
from kimi_docs.extract.sandbox import Pool
from kimi_docs.intake import take

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT.parent / "shared" / "corpus"
PAGE = ROOT / "docs" / "extraction.md"
BEGIN, END = "<!-- measured: scripts/extraction_table.py -->", "<!-- end -->"
MAX_BYTES = 100 * 1024**2


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one file."""

    path: Path
    format: str
    seconds: float
    states: Counter[str] = field(default_factory=Counter)
    characters: int = 0
    error: str = ""
    other: bool = False
    """Another reader gets text from what we could not read."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=CORPUS)
    parser.add_argument("--print", action="store_true", help="only print the table")
    options = parser.parse_args()
    started = time.perf_counter()
    results = list(measure(options.folder))
    text = "\n".join(report(results, time.perf_counter() - started))
    print(text)
    if not options.print:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def measure(folder: Path) -> Iterator[Result]:
    passwords = known_passwords(folder)
    skipped = {folder / "README.md", folder / "MANIFEST.tsv"}
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path not in skipped)
    paths = [path for path in paths if path.relative_to(folder).parts[0] != "hostile"]
    size = os.cpu_count() or 1
    with Pool(size) as pool, ThreadPoolExecutor(size) as threads:
        yield from threads.map(lambda path: read(pool, path, passwords.get(str(path.relative_to(folder)), "")), paths)


def known_passwords(folder: Path) -> dict[str, str]:
    lines = (folder / "MANIFEST.tsv").read_text(encoding="utf-8").splitlines() if (folder / "MANIFEST.tsv").exists() else []
    rows = [line.split("\t") for line in lines]
    column = rows[0].index("password") if rows else 0
    return {row[0]: row[column] for row in rows if row[column] and " " not in row[column]}


def read(pool: Pool, path: Path, password: str) -> Result:
    started = time.perf_counter()
    format = path.suffix.lstrip(".").lower()
    try:
        intake = take(path, max_bytes=MAX_BYTES)
        format = intake.format
        document = Document(id=intake.id, name=intake.name, format=intake.format, bytes=intake.bytes)
        extraction = pool.extract(path, document, password)
    except DocumentError as error:
        seconds = time.perf_counter() - started
        return Result(path=path, format=format, seconds=seconds, error=error.code, other=another_reader(path, password))
    return Result(
        path=path,
        format=format,
        seconds=time.perf_counter() - started,
        states=Counter(page.state.value for page in extraction.pages),
        characters=len(extraction.text),
    )


def another_reader(path: Path, password: str) -> bool:
    """Whether a reader that is not ours gets a word out of the file; for formats where there is none here, yes."""
    readers = {".pdf": _pypdf, ".docx": _docx, ".xlsx": _openpyxl, ".xlsm": _openpyxl, ".pptx": _drawn}
    readers |= dict.fromkeys((".xls", ".xlsb", ".ods"), _calamine)
    reader = readers.get(path.suffix.lower())
    if reader is None:
        return bool(path.read_bytes().strip(b"\0\t\n\r \xef\xbb\xbf\xff\xfe"))
    try:
        return reader(path, password)
    except BaseException as error:  # whatever it throws, it could not read it; calamine's panics are no Exceptions
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return False


def _pypdf(path: Path, password: str) -> bool:
    from pypdf import PdfReader

    return any(page.extract_text().strip() for page in PdfReader(path, password=password or None).pages)


def _docx(path: Path, _: str) -> bool:
    import docx

    document = docx.Document(str(path))
    cells = (cell.text for table in document.tables for row in table.rows for cell in row.cells)
    return any(text.strip() for text in (*(paragraph.text for paragraph in document.paragraphs), *cells))


def _openpyxl(path: Path, _: str) -> bool:
    from openpyxl import load_workbook

    if not zipfile.is_zipfile(path):
        return False
    sheets = load_workbook(path, read_only=True, data_only=True).worksheets
    return any(cell is not None for sheet in sheets for row in sheet.iter_rows(values_only=True) for cell in row)


def _calamine(path: Path, _: str) -> bool:
    from python_calamine import CalamineWorkbook

    workbook = CalamineWorkbook.from_path(str(path))
    return any(cell != "" for name in workbook.sheet_names for row in workbook.get_sheet_by_name(name).to_python() for cell in row)


def _drawn(path: Path, _: str) -> bool:
    """Any run of letters in the slides' XML: there is no second reader of presentations here."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if re.fullmatch(r"ppt/slides/[^/]+\.xml", name)]
        return any(re.search(rb"<a:t>\s*[^<\s]", archive.read(name)) for name in names)


def report(results: Sequence[Result], seconds: float) -> Iterator[str]:
    formats: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        formats[result.format or "?"].append(result)
    yield f"Measured {datetime.date.today():%Y-%m-%d} on {machine()}, {os.cpu_count()} files side by side."
    yield ""
    yield "| format | files | read | not read | pages | read | recognized | empty | garbled | failed | median s | slowest s |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    for name, group in sorted(formats.items(), key=lambda entry: -len(entry[1])):
        yield _row(name, group)
    yield _row("**all**", results)
    yield ""
    failed = [result for result in results if result.error]
    missed = [result for result in failed if result.other and result.error != "password_needed"]
    readable = len(results) - len(failed) + len(missed)
    slowest = max(results, key=lambda result: result.seconds)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    yield f"- Read of the files another reader gets text from: {readable - len(missed)} of {readable}"
    yield f"  ({(readable - len(missed)) / max(1, readable):.1%}; asked for is 99 %)."
    yield f"- Slowest file: {slowest.path.name}, {slowest.seconds:.1f} s. All files: {seconds:.0f} s."
    yield f"- Peak memory of a child: {peak:.0f} MB."
    codes = ", ".join(f"{count} {code}" for code, count in Counter(result.error for result in failed).most_common())
    yield f"- Not read: {codes or 'none'}. Another reader gets text from these of them, or there is none here to ask:"
    yield f"  {', '.join(f'{result.path.name} ({result.error})' for result in missed) or 'none'}."


def _row(name: str, group: Sequence[Result]) -> str:
    states = sum((result.states for result in group), Counter[str]())
    seconds = [result.seconds for result in group]
    failed = sum(bool(result.error) for result in group)
    cells = [len(group), len(group) - failed, failed, states.total()]
    cells += [states[state] for state in ("read", "recognized", "empty", "garbled", "failed")]
    return f"| {name} | {' | '.join(map(str, cells))} | {median(seconds):.2f} | {max(seconds):.1f} |"


def machine() -> str:
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        names = (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines())
        model = next((name for name in names if "CPU" in name or "Processor" in name or "EPYC" in name or "Xeon" in name), model)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return f"{model} ({os.cpu_count()} cores, {memory:.0f} GB), Python {platform.python_version()}"


if __name__ == "__main__":
    main()
