"""A claim that says the result of a query → whether the result, as it was computed here, holds what the claim says."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from kimi_docs.analyze.agree import numbers, unquoted
from kimi_docs.analyze.fold import fold
from kimi_docs.domain.claims import Citation, Computation, Verdict

SHORTEST_WORD = 2


def recomputed(citation: Citation, claim: str, done: Computation | None, quotes: Sequence[str]) -> Citation:
    """The citation with its verdict. Exact: each number of the claim stands in the result, the query, or the claim's other quotes,
    and at least one value of the result, that the query did not bring itself, in the claim. Close: so when rounded."""
    if done is None or not done.cells:
        return replace(citation, verdict=Verdict.MISSING, page=None)
    values = [value for row in done.rows for value in row if value]
    left = [number for number in unquoted(claim, quotes) if unquoted(number, [done.sql])]
    exact = [number for number in left if any(_same(number, value) for value in values)]
    rounded = [number for number in left if any(_rounds_to(value, number) for value in values)]
    told = any(_said(value, claim) for value in values if value not in done.sql) or any(
        number in rounded and number not in exact for number in left
    )
    if not told or any(number not in exact and number not in rounded for number in left):
        return replace(citation, verdict=Verdict.MISSING, page=None)
    return replace(citation, verdict=Verdict.EXACT if len(exact) == len(left) else Verdict.CLOSE, page=done.page)


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
