"""Workbook (xlsx, xlsm, xlsb, xls, ods) → one page per sheet: the values, as `rows.py` writes them.

What is hidden in the workbook is said: hidden sheets are listed and left out, hidden rows and columns are read (a filter
hides rows too) and named.
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from kimi_docs.domain.text import Extraction, HiddenKind, HiddenText, Notice, PageKind
from kimi_docs.errors import Damaged, EmptyDocument, PasswordNeeded, TooLarge
from kimi_docs.extract import biff, ole
from kimi_docs.extract.build import Builder, is_blank
from kimi_docs.extract.fill import completed
from kimi_docs.extract.hidden import MOST_CHARACTERS
from kimi_docs.extract.rows import column_letters, sheet_text
from kimi_docs.extract.sheet_parts import Extras, extras, has_new_errors, without_new_errors
from kimi_docs.language import say

EXTRACTOR = "calamine-2"
MAX_CELLS = 30_000_000
"""Of the rectangle a sheet spans, empty cells too: the parser holds them all."""
_MOST_NAMED = 20

_DIMENSION = re.compile(rb'<dimension ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_Result = TypeVar("_Result")


def read(path: Path, document_id: str, *, password: str = "") -> Extraction:  # noqa: ARG001 - calamine takes no password
    """Raises: Damaged, PasswordNeeded, EmptyDocument, NoText, TooLarge."""
    builder = Builder(document_id, EXTRACTOR)
    words: set[str] = set()
    for number, (name, visible, text, about) in enumerate(sheets(path, words=words), 1):
        text = "" if is_blank(text) else text
        if not visible:
            message = say("The sheet “{name}” is hidden in the workbook and was left out.", name=name)
            builder.notice(Notice(code="hidden_sheet", message=message, page=number))
            if text:
                builder.hidden.append(HiddenText(page=number, kind=HiddenKind.MARKED, text=text[:MOST_CHARACTERS]))
        _note_hidden(builder, about, number)
        builder.add(text if visible else "", kind=PageKind.SHEET, label=name, words=words)
        words.clear()
    return builder.finish()


def sheets(path: Path, *, fill: bool = True, words: set[str] | None = None) -> Iterator[tuple[str, bool, str, Extras]]:
    """Name of each sheet, whether it is shown, its text, and what else is to be said of it."""
    with path.open("rb") as opened:
        head = opened.read(8)
    if biff.is_bare(head):
        yield "", True, sheet_text(biff.old_sheet(path.read_bytes()).rows(), words=words), Extras()
        return
    wide = _is_too_wide(path)
    workbook = _open(path)
    found = [sheet for sheet in workbook.sheets_metadata if sheet.typ in (SheetTypeEnum.WorkSheet, SheetTypeEnum.MacroSheet)]
    if not found:
        raise EmptyDocument(say("This workbook has no sheets."))
    known = biff.extras(path.read_bytes()) if head == ole.MAGIC else extras(path)
    if has_new_errors(known.values()):
        workbook = _guarded(lambda: CalamineWorkbook.from_filelike(without_new_errors(path)))
    if wide:
        texts = _sparse_texts(path, words)
    else:
        texts = (_text(workbook, sheet.name, known.get(sheet.name, Extras()), fill=fill, words=words) for sheet in found)
    for sheet, text in zip(found, texts, strict=False):
        yield sheet.name, sheet.visible is SheetVisibleEnum.Visible, text, known.get(sheet.name, Extras())


def _note_hidden(builder: Builder, about: Extras, number: int) -> None:
    if about.hidden_rows:
        rows = ", ".join(_ranges(about.hidden_rows, lambda row: str(row + 1)))
        message = say("Hidden in the workbook, but read: rows {rows}.", rows=rows)
        builder.notice(Notice(code="hidden_rows", message=message, page=number))
    if about.hidden_columns:
        columns = ", ".join(_ranges(about.hidden_columns, lambda column: column_letters(column + 1)))
        message = say("Hidden in the workbook, but read: columns {columns}.", columns=columns)
        builder.notice(Notice(code="hidden_columns", message=message, page=number))


def _ranges(numbers: Sequence[int], name: Callable[[int], str]) -> list[str]:
    """`3–7, 9` of the numbers, at most so many."""
    groups = (list(group) for _, group in groupby(enumerate(sorted(set(numbers))), key=lambda entry: entry[1] - entry[0]))
    named = [name(group[0][1]) if len(group) == 1 else f"{name(group[0][1])}–{name(group[-1][1])}" for group in groups]
    return named if len(named) <= _MOST_NAMED else [*named[:_MOST_NAMED], "…"]


def _open(path: Path) -> Any:
    try:
        return _guarded(lambda: CalamineWorkbook.from_path(str(path)))
    except Damaged as error:
        if biff.is_locked(path.read_bytes()):  # in Excel's oldest way, which calamine takes for damage
            raise _locked() from error
        raise


def _guarded(work: Callable[[], _Result]) -> _Result:
    """What calamine does, its errors and panics as ours."""
    try:
        return work()
    except PasswordError as error:
        raise _locked() from error
    except (CalamineError, zipfile.BadZipFile, zlib.error, OSError, ValueError) as error:
        raise _damaged() from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # its class cannot be imported, and it is no Exception
            raise _damaged() from error
        raise


def _text(workbook: Any, name: str, about: Extras, *, fill: bool, words: set[str] | None) -> str:
    sheet: CalamineSheet = _guarded(lambda: workbook.get_sheet_by_name(name))
    if sheet.start is None:
        return ""
    if sheet.total_height * sheet.total_width > MAX_CELLS:
        raise too_many_cells()
    rows: Iterable[Sequence[Any]] = sheet.iter_rows()
    merged = (sheet.merged_cell_ranges or ()) if fill else ()
    if merged or about.errors:
        rows = completed(rows, (0, sheet.start[1]), about.errors, merged)
    return sheet_text(rows, skip=sheet.start[1], words=words)


def _is_too_wide(path: Path) -> bool:
    """A sheet says it spans more than the parser could hold (two cells in opposite corners are enough)."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                with archive.open(name) as part:
                    found = _DIMENSION.search(part.read(4000))
                if found and _column(found[3]) * int(found[4]) > MAX_CELLS:
                    return True
    return False


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _sparse_texts(path: Path, words: set[str] | None) -> Iterable[str]:
    """The same through openpyxl, which holds one row at a time: slower, but the rectangle costs nothing."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    with path.open("rb") as opened:  # by its name it would be judged, and a stored file's name has no ending
        try:
            workbook = load_workbook(opened, read_only=True, data_only=True)
        except (InvalidFileException, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise _damaged() from error
        for sheet in workbook.worksheets:
            sheet.reset_dimensions()
            yield sheet_text(sheet.iter_rows(values_only=True), words=words)
        workbook.close()


def _damaged() -> Damaged:
    return Damaged(
        say("This workbook is damaged and cannot be read."),
        say("Open it in a spreadsheet program, save it again, and add that file."),
    )


def _locked() -> PasswordNeeded:
    return PasswordNeeded(say("This workbook is protected with a password."), say("Enter the password, or add a copy without one."))


def too_many_cells() -> TooLarge:
    return TooLarge(
        say("A sheet of this workbook spans more than {count} million cells.", count=MAX_CELLS // 1_000_000),
        say("Keep the rows you need in a smaller workbook and add that."),
    )
