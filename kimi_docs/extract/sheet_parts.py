"""XML parts of a workbook (xlsx, xlsm) → what calamine does not tell: error cells, hidden rows and columns, formulas."""

import io
import posixpath
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kimi_docs.errors import Damaged
from kimi_docs.extract.package import Package, attribute

MAX_BYTES = 30 * 1024**2
"""A larger sheet is looked through only where the workbook lists formulas: error cells come from them."""
_HEAD_BYTES = 65_536
_CELL = re.compile(rb"<(?:\w+:)?c\s[^<>]*?\br=\"([A-Z]{1,3})(\d{1,7})\"")
_CELL_END = re.compile(rb"</(?:\w+:)?c>")
_ERROR = re.compile(rb"<(?:\w+:)?v>(#[A-Z/0!?_]{2,14})<")
_OLD_ERRORS = frozenset(("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"))
"""Those calamine knows: one newer (`#SPILL!`) makes it refuse the sheet."""
_HIDDEN_ROW = re.compile(rb"<(?:\w+:)?row\s(?=[^<>]*\bhidden=\"(?:1|true)\")[^<>]*?\br=\"(\d{1,7})\"")
_HIDDEN_COLUMNS = re.compile(rb"<(?:\w+:)?col\s(?=[^<>]*\bhidden=\"(?:1|true)\")([^<>]*)>")
_LIMITS = re.compile(rb"\b(min|max)=\"(\d{1,5})\"")
_FORMULA = re.compile(rb"<(?:\w+:)?f(?:\s[^<>]*)?>([^<]+)<")
_MARK: Final = b't="e"'


@dataclass(frozen=True, kw_only=True, slots=True)
class Extras:
    """Of one sheet, rows and columns counted from 0."""

    errors: Mapping[int, Mapping[int, str]] = field(default_factory=dict)
    hidden_rows: tuple[int, ...] = ()
    hidden_columns: tuple[int, ...] = ()


def extras(path: Path) -> Mapping[str, Extras]:
    """By the names of the sheets; none for files that are no packages of XML."""
    if not zipfile.is_zipfile(path):
        return {}
    try:
        with Package(path) as package:
            computed = any(name.endswith("calcchain.xml") for name in package.names())
            return {name: _extras(package, part, whole=computed) for name, part in sheets(package)}
    except Damaged:
        return {}


def formulas(path: Path) -> Mapping[str, Mapping[str, str]]:
    """Sheet → cell (`B7`) → formula, for who asks for them. Formulas that others share are given where they are written."""
    with Package(path) as package:
        return {name: dict(_formulas(package.content(part) or b"")) for name, part in sheets(package)}


def sheets(package: Package) -> Iterator[tuple[str, str]]:
    """Name and part of each sheet."""
    main = package.main_part("xl/workbook.xml")
    root, relations = package.optional(main), package.relations(main)
    for sheet in root.iter("{*}sheet") if root is not None else ():
        id = next((str(value) for key, value in sheet.attrib.items() if key.endswith("}id")), "")
        if id in relations and posixpath.splitext(relations[id].target)[1] == ".xml":
            yield attribute(sheet, "name"), relations[id].target


def _extras(package: Package, part: str, *, whole: bool) -> Extras:
    head = package.head(part, _HEAD_BYTES)
    content = head if package.size(part) > MAX_BYTES and not whole else package.content(part) or b""
    return Extras(
        errors=_errors(content),
        hidden_rows=tuple(int(row) - 1 for row in _HIDDEN_ROW.findall(content)) if b"hidden=" in content else (),
        hidden_columns=tuple(_columns(head)),
    )


def _errors(content: bytes) -> dict[int, dict[int, str]]:
    found: dict[int, dict[int, str]] = {}
    place = content.find(_MARK)
    while place >= 0:
        following = content.find(_MARK, place + 1)
        cell = _CELL.match(content, content.rfind(b"<", 0, place), place)
        end = _CELL_END.search(content, place, following if following >= 0 else len(content))
        value = _ERROR.search(content, place, end.start()) if end else None
        if cell and value:
            found.setdefault(int(cell[2]) - 1, {})[_number(cell[1]) - 1] = value[1].decode()
        place = following
    return found


def has_new_errors(sheets: Iterable[Extras]) -> bool:
    return any(error not in _OLD_ERRORS for sheet in sheets for row in sheet.errors.values() for error in row.values())


def without_new_errors(path: Path) -> io.BytesIO:
    """The same workbook with an old error in the place of each new one; `Extras.errors` still says what it was."""
    copy = io.BytesIO()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(copy, "w") as target:
        for entry in archive.infolist():
            content = archive.read(entry)
            if "worksheets/" in entry.filename.replace("\\", "/").lower():
                content = _ERROR.sub(_as_old, content)
            target.writestr(entry.filename, content)
    copy.seek(0)
    return copy


def _as_old(found: re.Match[bytes]) -> bytes:
    return found[0] if found[1].decode() in _OLD_ERRORS else found[0].replace(found[1], b"#N/A")


def _columns(head: bytes) -> Iterator[int]:
    for column in _HIDDEN_COLUMNS.findall(head):
        limits = {name: int(value) for name, value in _LIMITS.findall(column)}
        yield from range(limits.get(b"min", 1) - 1, min(limits.get(b"max", 0), 16_384))


def _formulas(content: bytes) -> Iterator[tuple[str, str]]:
    for found in _FORMULA.finditer(content):
        start = content.rfind(b"<c ", 0, found.start())
        cell = _CELL.match(content, start) if start >= 0 else None
        if cell:
            text = found[1].decode("utf-8", "replace")
            for mark, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
                text = text.replace(mark, sign)
            yield (cell[1] + cell[2]).decode(), f"={text}"


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
