"""Tables of the ICDAR 2013 competition → how many of their neighbouring cells were found neighbouring (adjacency relations).

As in Göbel et al. 2012: a relation is two filled cells beside or below each other with nothing but blank cells between.
"""

import re
import unicodedata
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pypdfium2 as pdfium

from kimi_docs.extract.pdf_rules import areas
from kimi_docs.extract.pdf_tables import tables
from kimi_docs.extract.pdf_words import words

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
NAMES = ("us-001", "us-007", "us-010", "us-018", "us-021", "us-030")

Grid = Mapping[tuple[int, int], tuple[int, int, str]]
"""Row and column → the row and column its cell begins at, and the cell's text."""

Score = tuple[int, int, int]
"""Relations matched, predicted, true."""


def _key(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()


def truth(name: str) -> Iterable[Grid]:
    """The tables somebody wrote down by hand."""
    path = CORPUS / "gt" / "icdar2013" / f"{name}-str.xml"
    for table in ElementTree.parse(path).getroot().iter("table"):
        grid: dict[tuple[int, int], tuple[int, int, str]] = {}
        for region in table.iter("region"):
            down, across = int(region.get("row-increment") or 0), int(region.get("col-increment") or 0)
            for cell in region.iter("cell"):
                top, left = int(cell.get("start-row", 0)) + down, int(cell.get("start-col", 0)) + across
                bottom = int(cell.get("end-row") or cell.get("start-row", 0)) + down
                right = int(cell.get("end-col") or cell.get("start-col", 0)) + across
                for row in range(top, bottom + 1):
                    for column in range(left, right + 1):
                        grid[row, column] = (top, left, cell.findtext("content") or "")
        yield grid


def relations(grid: Grid) -> Counter[tuple[str, str, str]]:
    if not grid:
        return Counter()
    rows, columns = max(row for row, _ in grid) + 1, max(column for _, column in grid) + 1
    found = set()
    for (row, column), (top, left, text) in grid.items():
        for down, across, way in ((0, 1, "right"), (1, 0, "down")) if _key(text) else ():
            y, x = row + down, column + across
            while y < rows and x < columns:
                other = grid.get((y, x))
                if other and _key(other[2]):
                    if other[:2] != (top, left):
                        found.add(((top, left), other[:2], _key(text), _key(other[2]), way))
                    break
                y, x = y + down, x + across
    return Counter(one[2:] for one in found)


def score(name: str, predicted: Iterable[Grid]) -> Score:
    expected: Counter[tuple[str, str, str]] = Counter()
    for grid in truth(name):
        expected += relations(grid)
    found: Counter[tuple[str, str, str]] = Counter()
    for grid in predicted:
        found += relations(grid)
    return sum((expected & found).values()), sum(found.values()), sum(expected.values())


def score_ours(name: str) -> Score:
    return score(name, _ours(CORPUS / "pdf" / "icdar2013" / f"{name}.pdf"))


def _ours(path: Path) -> Iterable[Grid]:
    document = pdfium.PdfDocument(path)
    try:
        for page in document:
            text_page = page.get_textpage()
            raw = text_page.get_text_range()
            found = areas(page)
            for table in tables(found, words(page, text_page, raw, found)):
                grid: dict[tuple[int, int], tuple[int, int, str]] = {}
                for cell in table.cells:
                    text = "".join(raw[start:stop] for start, stop in cell.parts)
                    for column in range(cell.left, cell.right + 1):
                        grid[cell.row, column] = (cell.row, cell.left, text)
                yield grid
            text_page.close()
            page.close()
    finally:
        document.close()


def score_pdfplumber(name: str) -> Score:
    """`extract_tables` as it comes."""
    import pdfplumber

    with pdfplumber.open(CORPUS / "pdf" / "icdar2013" / f"{name}.pdf") as opened:
        grids = [_grid(table) for page in opened.pages for table in page.extract_tables()]
    return score(name, grids)


def score_markdown(name: str, text: str) -> Score:
    """The tables of a Markdown text."""
    return score(name, [_grid(rows) for rows in markdown_tables(text)])


def markdown_tables(text: str) -> Iterable[list[list[str]]]:
    """Rows of cells, without the line that parts the head from the body."""
    rows: list[list[str]] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])]
            rows += [] if all(re.fullmatch(":?-+:?", cell) for cell in cells) else [cells]
        elif rows:
            yield rows
            rows = []


def _grid(rows: Iterable[Iterable[str | None]]) -> Grid:
    return {(row, column): (row, column, text or "") for row, texts in enumerate(rows) for column, text in enumerate(texts)}
