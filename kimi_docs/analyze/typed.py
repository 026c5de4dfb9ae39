"""Words → a value of a column's type, or the words themselves with the doubt that they are none."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from kimi_docs.domain.table import CellValue, Column, Doubt, ValueType

NUMBER = re.compile(r"(?:(?<![\w)])[-−])?(?:\d{1,3}(?:[, \u00a0\u202f'’]\d{3})+(?!\d)|\d+)(?:\.\d+)?")
SCALES = {"thousand": 3, "million": 6, "mn": 6, "billion": 9, "bn": 9, "trillion": 12, "万": 4, "百万": 6, "亿": 8, "万亿": 12}
SCALE = re.compile(r"\s*(thousand|million|mn|billion|bn|trillion|百万|万亿|万|亿)(?![a-z])", re.IGNORECASE)
ISO = re.compile(r"(\d{4})[-/.年]\s?(\d{1,2})[-/.月]\s?(\d{1,2})")
MONTHS = {name: n for n, name in enumerate(re.findall("...", "janfebmaraprmayjunjulaugsepoctnovdec"), 1)}
DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?\s+([A-Za-z]{3})[a-z]*\.?,?\s+(\d{4})")
MONTH_DAY = re.compile(r"([A-Za-z]{3})[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")
YES, NO = {"yes", "true", "y", "是", "有"}, {"no", "false", "n", "否", "没有", "无"}


def typed(said: str, column: Column) -> tuple[CellValue, tuple[Doubt, ...]]:
    """The value; what is not of the type stays as text and says so."""
    text = said.strip()
    value = _READERS[column.type](text, column)
    return (text, (Doubt.WRONG_TYPE,)) if value is None else (value, ())


def _text(text: str, _column: Column) -> str:
    return text


def _number(text: str, column: Column) -> Decimal | None:
    """The only number in it, or the first where the unit follows it."""
    found = list(NUMBER.finditer(text))
    near = [m for m in found if column.unit and _has_unit(text[m.end() : m.end() + 24], column.unit)]
    match = near[0] if near else found[0] if len(found) == 1 else None
    if match is None:
        return None
    number = Decimal(re.sub(r"[, \u00a0\u202f'’]", "", match[0]).replace("−", "-"))
    scale = SCALE.match(text, match.end())
    scaled_unit = scale and scale[1].casefold() in column.unit.casefold().split()
    return number.scaleb(SCALES[scale[1].casefold()]) if scale and not scaled_unit else number


def _has_unit(tail: str, unit: str) -> bool:
    """The unit follows, and no other number stands before it."""
    before, found, _ = tail.casefold().partition(unit.casefold())
    return bool(found) and not re.search(r"\d", before)


def _date(text: str, _column: Column) -> date | None:
    try:
        if found := ISO.search(text):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if (found := DAY_MONTH.search(text)) and found[2].lower() in MONTHS:
            return date(int(found[3]), MONTHS[found[2].lower()], int(found[1]))
        if (found := MONTH_DAY.search(text)) and found[1].lower() in MONTHS:
            return date(int(found[3]), MONTHS[found[1].lower()], int(found[2]))
    except ValueError:  # the 31st of February
        return None
    return None


def _yes_no(text: str, _column: Column) -> bool | None:
    word = re.split(r"[\s,.;:，。；]", text.casefold(), maxsplit=1)[0]
    return True if word in YES else False if word in NO else None


def _choice(text: str, column: Column) -> str | None:
    """The choice it is, else the only one that is named in it."""
    folded = text.casefold()
    same = [choice for choice in column.choices if choice.casefold() == folded]
    named = same or [choice for choice in column.choices if choice.casefold() in folded]
    return named[0] if len(named) == 1 else None


_READERS: Mapping[ValueType, Callable[[str, Column], CellValue | None]] = {
    ValueType.TEXT: _text,
    ValueType.NUMBER: _number,
    ValueType.DATE: _date,
    ValueType.YES_NO: _yes_no,
    ValueType.CHOICE: _choice,
}
