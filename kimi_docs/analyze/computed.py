"""A claim that says the result of a query → whether the result, as it was computed here, holds what the claim says."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from kimi_docs.analyze.agree import numbers, unquoted
from kimi_docs.analyze.fold import fold
from kimi_docs.domain.claims import Citation, Computation, Verdict

SHORTEST_WORD = 2
_MULTIPLIERS = {
    2: "hundred hundreds 百",
    3: "thousand thousands tausend tsd k 千",
    4: "万 萬",
    5: "lakh",
    6: "million millions mio mln mn m 百万 百萬",
    7: "crore 千万 千萬",
    8: "亿 億",
    9: "billion billions milliard milliards mrd bn b 十亿 十億",
    12: "trillion trillions tn 万亿 萬億 兆",
}
_POWERS = {word: power for power, words in _MULTIPLIERS.items() for word in words.split()}
"""What multiplies the number before it, and by which power of ten."""
_SCALE = re.compile(r"[十百千万萬亿億兆]+|(?<![^\W\d_])[A-Za-z]+(?![^\W\d_])")
_BEHIND = re.compile(rf"\d ?({_SCALE.pattern})")
_SHORT = 3
"""Shorter words multiply only just behind a number: an m is anything."""
_BROUGHT = re.compile(r"""'(?:[^']|'')*'|\bas\s+(?:"(?:[^"]|"")*"|\w+)""", re.IGNORECASE)
"""Words of a query that come from who wrote it: texts and new names."""


def recomputed(citation: Citation, claim: str, done: Computation | None, quotes: Sequence[str]) -> Citation:
    """The citation with its verdict. Exact: each number of the claim stands in the result, the query, or the claim's other quotes,
    and at least one value of the result, that the query did not bring itself, in the claim; what multiplies a number ("million")
    is said by the sheet too. Close: so when rounded."""
    if done is None or not done.cells:
        return replace(citation, verdict=Verdict.MISSING, page=None)
    values = [value for row in done.rows for value in row if value]
    left = [number for number in unquoted(claim, quotes) if unquoted(number, [done.sql])]
    exact = [number for number in left if any(_same(number, value) for value in values)]
    rounded = [number for number in left if any(_rounds_to(value, number) for value in values)]
    told = any(_said(value, claim) for value in values if value not in done.sql) or any(
        number in rounded and number not in exact for number in left
    )
    if (
        not told
        or not _powers(claim, _BEHIND) <= _known_powers(done, quotes)
        or any(number not in exact and number not in rounded for number in left)
    ):
        return replace(citation, verdict=Verdict.MISSING, page=None)
    return replace(citation, verdict=Verdict.EXACT if len(exact) == len(left) else Verdict.CLOSE, page=done.page)


def _known_powers(done: Computation, quotes: Sequence[str]) -> set[int]:
    new = {name.split(maxsplit=1)[1].strip('"') for name in _BROUGHT.findall(done.sql) if not name.startswith("'")}
    heads = [name for name in done.columns if name not in new]
    values = [value for row in done.rows for value in row if value not in done.sql]
    return set().union(*(_powers(text, _SCALE) for text in (_BROUGHT.sub(" ", done.sql), *heads, *values, *quotes)))


def _powers(text: str, pattern: re.Pattern[str]) -> set[int]:
    """By which powers of ten words of the text multiply."""
    folded = fold(text)
    found = [word.lower() for word in pattern.findall(folded)]
    found += [word.lower() for word in _SCALE.findall(folded) if len(word) > _SHORT]
    return {_POWERS[word] for word in found if word in _POWERS}


def _said(value: str, claim: str) -> bool:
    if _decimal(value) is not None:
        return any(_same(number, value) for number, _unit in numbers(fold(claim)))
    return len(value) >= SHORTEST_WORD and fold(value).lower() in fold(claim).lower()


def _same(number: str, value: str) -> bool:
    one, other = _decimal(number), _decimal(value)
    return one is not None and other is not None and one == other


def _rounds_to(value: str, number: str) -> bool:
    """The number is the value with fewer decimals."""
    exact, said = _decimal(value), _decimal(number)
    if exact is None or said is None:
        return False
    exponent = said.as_tuple().exponent
    return isinstance(exponent, int) and abs(exact - said) * 2 <= Decimal(1).scaleb(exponent)


def _decimal(text: str) -> Decimal | None:
    try:
        found = Decimal(text.replace(",", "").strip("()"))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
