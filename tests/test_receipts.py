"""Receipts add up, and an unknown price is said."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from kimi_docs.domain.calls import Call, CallState, Completion, Usage
from kimi_docs.domain.receipts import by_day, by_model, by_person, usage_of


def call(model: str, day: int, cost: str | None, *, answered: bool = True) -> Call:
    completion = Completion(text="x", finish="stop", input_tokens=100, cached_tokens=40, output_tokens=10) if answered else None
    return Call(
        id=f"{model}{day}{cost}",
        model=model,
        state=CallState.ANSWERED if answered else CallState.SENT,
        answered_at=datetime(2026, 11, day, tzinfo=UTC),
        completion=completion,
        cost=Decimal(cost) if cost else None,
        currency="USD",
    )


def test_tokens_and_money_add_up_and_unanswered_calls_do_not_count() -> None:
    total = usage_of([call("a", 1, "0.10"), call("b", 2, "0.25"), call("a", 3, "9", answered=False)])
    assert (total.calls, total.input_tokens, total.cached_tokens, total.output_tokens) == (2, 200, 80, 20)
    assert total.cost == Decimal("0.35")


def test_one_unknown_price_makes_the_sum_unknown() -> None:
    assert usage_of([call("a", 1, "0.10"), call("b", 1, None)]).cost is None


def test_amounts_in_two_currencies_have_no_sum() -> None:
    dollars, yuan = usage_of([call("a", 1, "1")]), usage_of([replace(call("a", 1, "10"), currency="CNY")])
    both = dollars + yuan + dollars
    assert (both.calls, both.cost, both.currency, both.mixed) == (3, None, "CNY + USD", True)
    assert (Usage(currency="CNY") + dollars).currency == "USD"
    assert (Usage(currency="CNY") + Usage()).currency == "CNY"


def test_they_are_grouped_by_day_model_and_person() -> None:
    calls = [call("a", 1, "0.10"), call("a", 2, "0.10"), call("b", 2, "0.20")]
    assert {day: usage.cost for day, usage in by_day(calls).items()} == {
        "2026-11-01": Decimal("0.10"),
        "2026-11-02": Decimal("0.30"),
    }
    assert {model: usage.calls for model, usage in by_model(calls).items()} == {"a": 2, "b": 1}
    calls[0] = replace(calls[0], owner="alice")
    assert {person: usage.cost for person, usage in by_person(calls).items()} == {"alice": Decimal("0.10"), "": Decimal("0.30")}
