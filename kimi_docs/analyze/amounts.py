"""Text → the amounts in it: sign, thousands, decimals and what multiplies them, in the ways of English, German and Chinese."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

NUMBER = re.compile(
    r"\d{1,3}(?:\.\d{3})+,\d+"  # 1.234,50
    r"|(?:\d{1,3}(?:[, \u00a0\u202f'’]\d{3})+(?!\d)|\d+)(?:\.\d+)?"
)
CURRENCY = r"(?:[$€£¥]|USD|EUR|GBP|CNY|RMB|CHF)"
SCALES = {
    **dict.fromkeys(("thousand", "thousands", "k", "千"), 3),
    **dict.fromkeys(("million", "millions", "mn", "mio", "百万"), 6),
    **dict.fromkeys(("billion", "billions", "bn", "mrd", "十亿"), 9),
    **dict.fromkeys(("trillion", "trillions"), 12),
    **{"lakh": 5, "crore": 7, "百": 2, "万": 4, "十万": 5, "千万": 7, "亿": 8, "百亿": 10, "千亿": 11, "万亿": 12},
}
_WORDS = "|".join(sorted((re.escape(word) for word in SCALES if word != "k"), key=len, reverse=True))
SCALE = re.compile(rf"\s*({_WORDS})(?![a-z])|(k)(?![a-z])", re.IGNORECASE)
MONEY_MILLION = re.compile(r"(M|B)(?![A-Za-z])")
"""Behind an amount of money; elsewhere it may be metres or bytes."""
NEGATIVE = re.compile(rf"(?:(?<![\w)])[-−–]\s?{CURRENCY}?\s?|\b(?:minus|negative)\s+{CURRENCY}?\s?|负)$", re.IGNORECASE)
BRACKETED = re.compile(rf"\(\s?{CURRENCY}?\s?$", re.IGNORECASE)
JOINED_BEHIND = re.compile(r"[.,]\d|\s?(?:[-–—~+/×]|to\b|bis\b|or\b|至|到|或)\s?\d|\s?\d", re.IGNORECASE)
UNCLEAR = re.compile(r"[MBGTK](?![A-Za-z])|[十百千万亿兆]|\s?(?:dozen|score|Tsd|Mill)\b")
_ENGLISH = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
SMALL = {word: Decimal(n) for n, word in enumerate(_ENGLISH)}
SMALL |= {word: Decimal(n) for n, word in enumerate("零一二三四五六七八九十")} | {"两": Decimal(2)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Amount:
    """`end` is behind the scale; `bare` is the number without it; `joined` says that it is part of a range, a list or another."""

    value: Decimal
    bare: Decimal
    start: int
    end: int
    joined: bool = False


def amounts(text: str, unit: str = "") -> list[Amount]:
    """All of them in their order. A scale that the unit itself names ("million USD", 万元) does not multiply."""
    found = list(_found(text, unit))
    behind = {amount.end for amount in found if amount.joined}
    joined_to = [any(end <= amount.start <= end + 4 for end in behind) for amount in found]
    return [
        Amount(value=one.value, bare=one.bare, start=one.start, end=one.end, joined=one.joined or joined)
        for one, joined in zip(found, joined_to, strict=True)
    ]


def _found(text: str, unit: str) -> Iterator[Amount]:
    for match in NUMBER.finditer(text):
        bare, end = _plain(match[0]), match.end()
        before = text[max(0, match.start() - 16) : match.start()]
        scale = SCALE.match(text, end)
        money = re.search(rf"{CURRENCY}\s?$", before) and MONEY_MILLION.match(text, end)
        power = SCALES[(scale[1] or scale[2]).casefold()] if scale else ({"M": 6, "B": 9}[money[1]] if money else 0)
        whole = (scale or money or match).end()
        if scale and _named(scale[0].strip().casefold(), unit.casefold()):
            power, whole = 0, end
        if NEGATIVE.search(before) or (BRACKETED.search(before) and text[whole : whole + 1] == ")"):
            bare = -bare
        unclear = not power and not (unit and text[end:].lstrip().startswith(unit)) and bool(UNCLEAR.match(text, end))
        joined = unclear or bool(JOINED_BEHIND.match(text, whole))
        yield Amount(value=bare.scaleb(power), bare=bare, start=match.start(), end=whole, joined=joined)


def _plain(written: str) -> Decimal:
    if "," in written and "." in written and written.rindex(",") > written.rindex("."):
        written = written.replace(".", "").replace(",", ".")
    return Decimal(re.sub(r"[, \u00a0\u202f'’]", "", written))


def _named(scale: str, unit: str) -> bool:
    return scale in unit.split() or (not scale.isascii() and unit.startswith(scale))


def named_amounts(text: str) -> set[Decimal]:
    """Every amount a text may be said to name: with its scale and without, as a share where a percent sign follows, small ones in
    words."""
    found: set[Decimal] = set()
    for amount in amounts(text):
        found |= {amount.value, amount.bare, abs(amount.value), abs(amount.bare)}
        if re.match(r"\s?%", text[amount.end :]):
            found.add(amount.bare / 100)
    words = re.findall(r"[a-z]+|[零一二三四五六七八九十两]", text.casefold())
    return found | {SMALL[word] for word in words if word in SMALL}
