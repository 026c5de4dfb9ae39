"""Sheets → a claim for each: its header row and how many rows it has, then its notable rows, quoted as they stand."""

import re
from collections.abc import Iterator, Mapping

from kimi_docs.domain.claims import Citation, Claim, Section
from kimi_docs.domain.text import Extraction, Page, PageKind, Span

NOTABLE = re.compile(
    r"\b(?:total|sum|subtotal|average|mean|balance|net|grand|error|n/a)\b|#(?:REF|DIV/0|VALUE|NAME|N/A)|合计|总计|小计|平均|共计|错误",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?%?")
_SEPARATORS = (re.compile(r"\t"), re.compile(r"\|"), re.compile(r"\s{2,}"), re.compile(r"[,;]"))
LONGEST_QUOTE = 300
MOST_SHEETS, MOST_ROWS = 60, 3


def workbook(extraction: Extraction, said: Mapping[str, str]) -> Iterator[Section]:
    """A section for every sheet that has something on it."""
    for page in extraction.pages[:MOST_SHEETS]:
        rows = list(_rows(extraction.text, page.span))
        if rows:
            claims = (
                _about(extraction, page, rows, said),
                *(_claim(extraction, page, row) for row in _notable(extraction.text, rows)),
            )
            yield Section(title=page.label or said["summary"], claims=claims)


def _rows(text: str, span: Span) -> Iterator[Span]:
    """The lines with something on them; the rule under a Markdown header is none."""
    start = span.start
    for line in span.of(text).splitlines(keepends=True):
        content = line.strip()
        if any(c.isalnum() for c in content):
            at = start + line.index(content)
            yield Span(start=at, end=at + len(content))
        start += len(line)


def cells(row: str) -> list[str]:
    """The filled cells of a row: set apart by tabs, else by bars, else by wide gaps, else by commas."""
    separator = next((found for found in _SEPARATORS if found.search(row)), _SEPARATORS[0])
    return [cell.strip() for cell in separator.split(row) if cell.strip()]


def sheet_rows(extraction: Extraction) -> Iterator[tuple[Page, Span | None, Span]]:
    """(sheet, header row, row) for every row; those above the header and itself have none."""
    for page in extraction.pages:
        if page.kind == PageKind.SHEET and (rows := list(_rows(extraction.text, page.span))):
            header = _header(extraction.text, rows)
            yield from ((page, rows[header] if number > header else None, row) for number, row in enumerate(rows))


def _header(text: str, rows: list[Span]) -> int:
    """The first of the first rows with at least two cells of which most are words."""
    for number, row in enumerate(rows[:10]):
        names = cells(row.of(text))
        if len(names) >= 2 and sum(not _NUMBER.fullmatch(name) for name in names) >= 0.7 * len(names):
            return number
    return 0


def _about(extraction: Extraction, page: Page, rows: list[Span], said: Mapping[str, str]) -> Claim:
    header = _header(extraction.text, rows)
    quote = rows[header].of(extraction.text)[:LONGEST_QUOTE]
    text = said["sheet"].format(name=page.label, rows=len(rows) - header - 1, header=", ".join(cells(quote)))
    return Claim(text=text, citations=(_citation(extraction, page, quote),))


def _notable(text: str, rows: list[Span]) -> list[Span]:
    """Totals and oddities; without one, the row with the largest number."""
    body = rows[_header(text, rows) + 1 :]
    named = [row for row in body if NOTABLE.search(row.of(text))]
    if named:
        return named[:MOST_ROWS]
    return [max(body, key=lambda row: _largest(row.of(text)))] if body else []


def _largest(row: str) -> float:
    return max((float(found.rstrip("%").replace(",", "")) for found in _NUMBER.findall(row)[:100]), default=0.0)


def _claim(extraction: Extraction, page: Page, row: Span) -> Claim:
    quote = row.of(extraction.text)[:LONGEST_QUOTE]
    return Claim(text=" · ".join(cells(quote)), citations=(_citation(extraction, page, quote),))


def _citation(extraction: Extraction, page: Page, quote: str) -> Citation:
    return Citation(quote=quote, document=extraction.document, page_said=page.number)
