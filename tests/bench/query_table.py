"""Sums that our SQL over sheets gives beside those DuckDB itself gives over the CSV that Excel wrote of the same sheets.

Columns are compared whose cells Excel shows as plain numbers; each may differ by the half digit that Excel does not show.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from kimi_docs.analyze.query_table import Column, Sheets, SheetTable
from kimi_docs.errors import DocumentError
from kimi_docs.extract import sheet
from kimi_docs.extract.encoding import decode
from kimi_docs.extract.rows import grid
from tests.bench.extract_office import CORPUS, used

_PLAIN = r"-?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?"
Figures = tuple[int, float, float, float]
"""How many, sum, least, most."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A column of both: our figures, DuckDB's own, and by how much the sum may differ."""

    name: str
    ours: Figures
    theirs: Figures
    slack: float

    @property
    def equal(self) -> bool:
        return self.ours[0] == self.theirs[0] and all(
            abs(one - two) <= self.slack + 1e-9 * abs(two) for one, two in zip(self.ours[1:], self.theirs[1:], strict=True)
        )


def pairs() -> Iterator[Pair]:
    workbooks = {path.name: path for path in (CORPUS / "sheet").rglob("*") if path.is_file()}
    for twin in sorted([*(CORPUS / "gt/sheetjs").glob("*.csv"), *(CORPUS / "gt/sheetjs-poi").glob("*.csv")]):
        name, number = re.fullmatch(r"(.+)\.(\d+)\.csv", twin.name).groups()  # type: ignore[union-attr]
        if name in workbooks:
            yield from _compare(workbooks[name], int(number), twin)


def _compare(workbook: Path, number: int, twin: Path) -> Iterator[Pair]:
    try:
        name, rows = (list(sheet.sheets(workbook, fill=False))[number][place] for place in (0, 2))
        extraction = sheet.read(workbook, "a" * 64)
    except (DocumentError, IndexError):
        return
    shown = used(list(csv.reader(decode(twin.read_bytes())[0].splitlines(keepends=True))))
    whole = [list(row) for row in grid(rows)]
    if not shown or not used(whole):
        return
    above = next(place for place, row in enumerate(whole) if any(cell.strip() for cell in row))
    beside = len(whole[above]) - len(used(whole)[0])
    sheets = Sheets([extraction])
    try:
        for table in sheets.tables:
            if table.sheet == name:
                for place, column in enumerate(table.columns):
                    lines = shown[table.first_row - 1 - above : table.last_row - above]
                    said = [line[place - beside].strip() if 0 <= place - beside < len(line) else "" for line in lines]
                    yield from _pair(f"{twin.name} {column.letters}", sheets, table, column, said)
    finally:
        sheets.close()


def _pair(name: str, sheets: Sheets, table: SheetTable, column: Column, said: list[str]) -> Iterator[Pair]:
    filled = [cell for cell in said if cell]
    if column.type not in ("BIGINT", "DOUBLE") or not filled or not all(re.fullmatch(_PLAIN, cell) for cell in filled):
        return
    quoted = '"' + column.name.replace('"', '""') + '"'
    (ours,) = sheets.query(f"SELECT count({quoted}), sum({quoted}), min({quoted}), max({quoted}) FROM {table.name}").rows
    own = duckdb.connect(":memory:")
    own.execute("CREATE TABLE t AS SELECT unnest(?) AS cell", [filled])
    number = "CAST(replace(cell, ',', '') AS DOUBLE)"
    theirs = own.execute(f"SELECT count(*), sum({number}), min({number}), max({number}) FROM t").fetchone()
    assert theirs
    digits = min(len(cell.partition(".")[2]) for cell in filled)
    yield Pair(name=name, ours=tuple(ours), theirs=tuple(theirs), slack=0.5 * 10**-digits * len(filled))


def main() -> None:
    found = list(pairs())
    equal = sum(pair.equal for pair in found)
    rows = sum(pair.theirs[0] for pair in found)
    print(f"query_table: {len(found)} columns of numbers ({rows} cells), {equal} equal to DuckDB's own over Excel's CSV")
    for pair in found:
        if not pair.equal:
            print(f"  {pair.name}: ours {pair.ours}, DuckDB {pair.theirs}, may differ by {pair.slack:g}")


if __name__ == "__main__":
    main()
