"""Workbook (xlsx, xlsm, xlsb, xls, ods) → one page per sheet: the values, as `rows.py` writes them."""

import re
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from kimi_docs.domain.text import Extraction, Notice, PageKind
from kimi_docs.errors import Damaged, EmptyDocument, PasswordNeeded, TooLarge
from kimi_docs.extract.build import Builder
from kimi_docs.extract.rows import sheet_text
from kimi_docs.language import say

EXTRACTOR = "calamine-1"
MAX_CELLS = 30_000_000
"""Of the rectangle a sheet spans, empty cells too: the parser holds them all."""

_DIMENSION = re.compile(rb'<dimension ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')


def read(path: Path, document_id: str, *, password: str = "") -> Extraction:  # noqa: ARG001 - calamine takes no password
    """Raises: Damaged, PasswordNeeded, EmptyDocument, NoText, TooLarge."""
    builder = Builder(document_id, EXTRACTOR)
    wide = _is_too_wide(path)
    workbook = _open(path)
    sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ in (SheetTypeEnum.WorkSheet, SheetTypeEnum.MacroSheet)]
    if not sheets:
        raise EmptyDocument(say("This workbook has no sheets."))
    for sheet in sheets:
        if sheet.visible is not SheetVisibleEnum.Visible:
            message = say("The sheet “{name}” is hidden in the workbook.", name=sheet.name)
            builder.notice(Notice(code="hidden_sheet", message=message, page=sheets.index(sheet) + 1))
    texts = _sparse_texts(path) if wide else (_text(workbook, sheet.name) for sheet in sheets)
    for sheet, text in zip(sheets, texts, strict=False):
        builder.add(text if text.strip() else "", kind=PageKind.SHEET, label=sheet.name)
    return builder.finish()


def _open(path: Path) -> Any:
    try:
        return CalamineWorkbook.from_path(str(path))
    except PasswordError as error:
        raise PasswordNeeded(say("This workbook is protected with a password."), _unprotect()) from error
    except (CalamineError, OSError, ValueError) as error:
        raise _damaged() from error


def _text(workbook: Any, name: str) -> str:
    try:
        sheet: CalamineSheet = workbook.get_sheet_by_name(name)
    except PasswordError as error:
        raise PasswordNeeded(say("This workbook is protected with a password."), _unprotect()) from error
    except (CalamineError, OSError, ValueError) as error:
        raise _damaged() from error
    if sheet.start is None:
        return ""
    if sheet.total_height * sheet.total_width > MAX_CELLS:
        raise too_many_cells()
    rows: Iterable[Sequence[Any]] = sheet.iter_rows()
    return sheet_text(rows, skip=sheet.start[1])


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


def _sparse_texts(path: Path) -> Iterable[str]:
    """The same through openpyxl, which holds one row at a time: slower, but the rectangle costs nothing."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        workbook = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise _damaged() from error
    for sheet in workbook.worksheets:
        sheet.reset_dimensions()
        yield sheet_text(sheet.iter_rows(values_only=True))
    workbook.close()


def _damaged() -> Damaged:
    return Damaged(
        say("This workbook is damaged and cannot be read."),
        say("Open it in a spreadsheet program, save it again, and add that file."),
    )


def _unprotect() -> Any:
    return say("Save a copy without a password and add that.")


def too_many_cells() -> TooLarge:
    return TooLarge(
        say("A sheet of this workbook spans more than {count} million cells.", count=MAX_CELLS // 1_000_000),
        say("Keep the rows you need in a smaller workbook and add that."),
    )
