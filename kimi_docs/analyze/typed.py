"""Words → a value of a column's type, or the words themselves with the doubt that they are none."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from kimi_docs.analyze.amounts import amounts
from kimi_docs.analyze.border import joins
from kimi_docs.domain.table import CellValue, Column, Doubt, ValueType

ISO = re.compile(r"(\d{4})[-/.年]\s?(\d{1,2})[-/.月]\s?(\d{1,2})")
MONTHS = {name: n for n, name in enumerate(re.findall("...", "janfebmaraprmayjunjulaugsepoctnovdec"), 1)}
DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?\s+([A-Za-z]{3})[a-z]*\.?,?\s+(\d{4})")
MONTH_DAY = re.compile(r"([A-Za-z]{3})[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")
DENIED = re.compile(r"(?:\b(?:not|no|never|non|nicht|kein\w*)[\s-]+(?:yet |been |a |an |the )?|[不未非没无])$")
YES, NO = {"yes", "true", "y", "是", "有"}, {"no", "false", "n", "否", "没有", "无"}


def typed(said: str, column: Column) -> tuple[CellValue, tuple[Doubt, ...]]:
    """The value; what is not of the type stays as text and says so."""
    text = said.strip()
    value = _READERS[column.type](text, column)
    return (text, (Doubt.WRONG_TYPE,)) if value is None else (value, ())


def _text(text: str, _column: Column) -> str:
    return text


def _number(text: str, column: Column) -> Decimal | None:
    """The only amount in it, or the one the unit follows; none of a range, a list or a sum of two."""
    found = amounts(text, column.unit)
    near = [amount for amount in found if column.unit and _has_unit(text[amount.end : amount.end + 24], column.unit)]
    chosen = near or found
    if len({amount.value for amount in chosen}) != 1 or any(amount.joined for amount in chosen):
        return None
    return chosen[0].value


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
    """The choice it is, else the only one that is named in it and not denied."""
    folded = text.casefold()
    same = [choice for choice in column.choices if choice.casefold() == folded]
    named = same or [choice for choice in column.choices if choice and _names(folded, choice.casefold())]
    longest = [one for one in named if not any(one != other and one.casefold() in other.casefold() for other in named)]
    return longest[0] if len(longest) == 1 else None


def _names(text: str, choice: str) -> bool:
    """The words stand there, whole and without a "not" before them."""
    return any(
        not (joins(text[found.start() - 1 : found.start()], choice[0]) or joins(choice[-1], text[found.end() : found.end() + 1]))
        and not DENIED.search(text[: found.start()])
        for found in re.finditer(re.escape(choice), text)
    )


_READERS: Mapping[ValueType, Callable[[str, Column], CellValue | None]] = {
    ValueType.TEXT: _text,
    ValueType.NUMBER: _number,
    ValueType.DATE: _date,
    ValueType.YES_NO: _yes_no,
    ValueType.CHOICE: _choice,
}
