"""Workbooks → their cells against the CSV Excel itself wrote of them; and the time of a long one beside bare calamine.

Excel writes what a cell shows (`$1.50`, `3-Mar-99`, `1 3/4`), we write its value: numbers are equal within 0.1 % or within what the
shown digits can say, dates are equal when they are the same moment.
"""

import argparse
import csv
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kimi_docs.errors import DocumentError
from kimi_docs.extract import sheet
from kimi_docs.extract.encoding import decode
from kimi_docs.extract.rows import grid
from tests.bench.apart import markdown
from tests.bench.icdar2013 import markdown_tables

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
ASKED_CELLS, ASKED_RATIO = 0.99, 1.3
ROWS, COLUMNS = 200_000, 10
_DATES = (
    *("%m/%d/%y", "%m/%d/%Y", "%d-%b-%y", "%d-%b", "%b-%y", "%Y-%m-%d", "%m/%d/%y %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%Y", "%d/%m/%y"),
    *("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p", "%M:%S", "%A, %B %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%m/%d", "%b %d, %Y"),
    *(
        "%m/%d/%y %I:%M %p",
        "%B-%y",
        "%d.%m.%Y",
        "%Y/%m/%d",
        "%d %B, %Y",
        "%d %B %Y",
        "%Y-%m-%d %H:%M:%S",
        "%m/%d/%Y %H:%M:%S",
        "%d-%b-%Y %H:%M:%S",
    ),
)
_BLANK = re.compile(r"NaN|NaT|Unnamed: \d+")
_MOMENTS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%H:%M:%S", "%H:%M:%S.%f")


@dataclass(frozen=True, kw_only=True)
class Score:
    name: str
    cells: int
    equal: int
    odd: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Twin:
    """A sheet of a workbook and what Excel wrote of it."""

    workbook: Path
    number: int
    csv: Path

    @property
    def name(self) -> str:
        return self.csv.name


def twins() -> Iterator[Twin]:
    workbooks = {path.name: path for path in (CORPUS / "sheet").rglob("*") if path.is_file()}
    for written in sorted([*(CORPUS / "gt/sheetjs").glob("*.csv"), *(CORPUS / "gt/sheetjs-poi").glob("*.csv")]):
        name, number = re.fullmatch(r"(.+)\.(\d+)\.csv", written.name).groups()  # type: ignore[union-attr]
        if name in workbooks:
            yield Twin(workbook=workbooks[name], number=int(number), csv=written)


def compare(twin: Twin) -> Score:
    expected = cells_of(twin)
    try:
        found = [list(row) for row in grid(list(sheet.sheets(twin.workbook, fill=False))[twin.number][2])]
    except (DocumentError, IndexError) as error:
        return Score(name=twin.name, cells=filled(expected), equal=0, odd=(("", type(error).__name__, ""),))
    return scored(twin, expected, found)


def beside() -> tuple[int, int]:
    """(cells, equal) of what markitdown makes of the same sheets, its words for an empty cell taken for one; (0, 0) without it."""
    texts, cells, equal = markdown({twin.workbook for twin in twins()}), 0, 0
    for twin in twins() if texts else ():
        sections = re.split(r"(?m)^## .*\n", texts[twin.workbook])[1:]
        rows = next(iter(markdown_tables(sections[twin.number])), []) if twin.number < len(sections) else []
        score = scored(twin, cells_of(twin), [["" if _BLANK.fullmatch(cell) else cell for cell in row] for row in rows])
        cells, equal = cells + score.cells, equal + score.equal
    return cells, equal


def cells_of(twin: Twin) -> list[list[str]]:
    return list(csv.reader(decode(twin.csv.read_bytes())[0].splitlines(keepends=True)))


def filled(rows: list[list[str]]) -> int:
    return sum(bool(cell.strip()) for row in rows for cell in row)


def scored(twin: Twin, expected: list[list[str]], found: list[list[str]]) -> Score:
    expected, found = used(expected), used(found)
    cells, odd = 0, list[tuple[str, str, str]]()
    for row in range(max(len(expected), len(found))):
        wanted, given = (source[row] if row < len(source) else [] for source in (expected, found))
        for column in range(max(len(wanted), len(given))):
            want, got = (" ".join(line[column].split()) if column < len(line) else "" for line in (wanted, given))
            if want or got:
                cells += 1
                if not same(want, got):
                    odd.append((f"R{row + 1}C{column + 1}", want, got))
    return Score(name=twin.name, cells=cells, equal=cells - len(odd), odd=tuple(odd))


def used(rows: list[list[str]]) -> list[list[str]]:
    """From the first cell that says anything, as Excel's CSV begins."""
    said = [row for row in rows if any(cell.strip() for cell in row)]
    if not said:
        return []
    left = min(next(place for place, cell in enumerate(row) if cell.strip()) for row in said)
    return [row[left:] for row in rows[rows.index(said[0]) :]]


def same(want: str, got: str) -> bool:
    if want.casefold() == got.casefold() or want.strip("\"' ") == got.strip("\"' "):
        return True
    left, right = number(want), number(got)
    if left is not None and right is not None:
        digits = len(re.sub(r"\D", "", want.partition(".")[2])) + 2 * ("%" in want) - {"K": 3, "M": 6}.get(want[-1:], 0)
        return abs(left - right) <= max(0.001 * abs(left), 0.5000001 * 10**-digits) or abs(abs(left) - abs(right)) < 1e-9
    return bool(moments(re.sub(r"\.0+$", "", want), _DATES) & moments(got, _MOMENTS))


def number(text: str) -> float | None:
    bare = re.sub(r"[$€£¥,\s]", "", text)
    negative = bare.startswith("(") and bare.endswith(")")
    bare, percent = bare.strip("()").rstrip("%"), "%" in bare
    scale = {"K": 1e3, "M": 1e6}.get(bare[-1:], 1)  # a format of one workbook there shows thousands so
    bare = bare.rstrip("KM")
    if fraction := re.fullmatch(r"(-?)(?:(\d+) )?(\d+)/(\d+)", text.strip()):
        return float(f"{fraction[1]}1") * (int(fraction[2] or 0) + int(fraction[3]) / max(1, int(fraction[4])))
    with suppress(ValueError):
        return float(bare) * (-1 if negative else 1) * (0.01 if percent else 1) * scale
    return None


def moments(text: str, forms: tuple[str, ...]) -> set[tuple[int, ...]]:
    """What a text may mean as a date or a time, by the parts it says."""
    found: set[tuple[int, ...]] = set()
    for form in forms:
        with suppress(ValueError):
            moment = datetime.strptime(text, form)
            clock = (moment.hour, moment.minute)
            found |= {(moment.month, moment.day), (moment.year, moment.month)} if moment.year != 1900 or "%d" in form else set()
            found |= {clock} if any(clock) or "%H" in form or "%I" in form else set()
    return found


def long_workbook(folder: Path) -> Path:
    import xlsxwriter

    path = folder / "long.xlsx"
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    page, day = book.add_worksheet("Data"), book.add_format({"num_format": "yyyy-mm-dd"})
    for row in range(ROWS):
        page.write_row(row, 0, (row, row * 10 + 1))
        page.write_datetime(row, 2, datetime(2024, 1 + row % 12, 1 + row % 28), day)
        page.write_row(row, 3, (row / 7, row * 0.37, *(f"text {row % 977} value {column}" for column in range(5, COLUMNS))))
    book.close()
    return path


def ratio(path: Path, times: int = 5) -> tuple[float, float]:
    """CPU seconds of bare calamine and of ours, in turn, the best of so many of each."""
    from python_calamine import CalamineWorkbook

    def bare() -> None:
        workbook = CalamineWorkbook.from_path(str(path))
        for name in workbook.sheet_names:
            for _ in workbook.get_sheet_by_name(name).iter_rows():
                pass

    def ours() -> None:
        sheet.read(path, "id")

    spent: dict[Callable[[], None], list[float]] = {bare: [], ours: []}
    for _ in range(times):
        for work, seconds in spent.items():
            started = time.process_time()
            work()
            seconds.append(time.process_time() - started)
    return min(spent[bare]), min(spent[ours])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--odd", action="store_true", help="list the cells that differ")
    options, _ = parser.parse_known_args()
    found = [compare(twin) for twin in twins()] if CORPUS.exists() else []
    for score in found:
        if options.odd or score.equal < score.cells:
            print(f"{score.name}: {score.equal} of {score.cells}")
        for place, want, got in score.odd[: 10 if options.odd else 0]:
            print(f"    {place}: {want!r} ≠ {got!r}")
    cells, equal = sum(score.cells for score in found), sum(score.equal for score in found)
    if cells:
        share = f"{equal} of {cells} = {equal / cells:.2%} (asked {ASKED_CELLS:.0%})"
        print(f"cells equal to Excel's own CSV: {share}, {len(found)} sheets")
        others = beside()
        print(f"  markitdown: {others[1]} of {others[0]} = {others[1] / max(1, others[0]):.2%}")
    with tempfile.TemporaryDirectory() as folder:
        bare, ours = ratio(long_workbook(Path(folder)))
    print(f"{ROWS:,} rows × {COLUMNS}: calamine {bare:.2f} s, ours {ours:.2f} s CPU = {ours / bare:.2f} (asked ≤ {ASKED_RATIO})")
    print(f"on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
