"""Calls → what they took, in all and by day, model, run, person or currency."""

from collections.abc import Callable, Iterable
from datetime import UTC, tzinfo

from kimi_docs.domain.calls import Call, Usage


def usage_of(calls: Iterable[Call]) -> Usage:
    """Tokens and money of the answered calls among these; the cost is None as soon as one price is unknown."""
    total = Usage()
    for call in calls:
        if call.completion:
            total += Usage(
                calls=1,
                input_tokens=call.completion.input_tokens,
                cached_tokens=call.completion.cached_tokens,
                output_tokens=call.completion.output_tokens,
                cost=call.cost,
                currency=call.currency,
                possible_duplicates=call.possible_duplicates,
            )
    return total


def grouped(calls: Iterable[Call], key: Callable[[Call], str]) -> dict[str, Usage]:
    """The same by whatever `key` names, in the order the calls come."""
    groups: dict[str, list[Call]] = {}
    for call in calls:
        if call.completion:
            groups.setdefault(key(call), []).append(call)
    return {name: usage_of(group) for name, group in groups.items()}


def by_day(calls: Iterable[Call], zone: tzinfo | None = UTC) -> dict[str, Usage]:
    """Days of that zone; None is this machine's."""
    return grouped(calls, lambda call: f"{call.answered_at.astimezone(zone):%Y-%m-%d}" if call.answered_at else "")


def by_model(calls: Iterable[Call]) -> dict[str, Usage]:
    return grouped(calls, lambda call: call.model)


def by_run(calls: Iterable[Call]) -> dict[str, Usage]:
    return grouped(calls, lambda call: call.run)


def by_person(calls: Iterable[Call]) -> dict[str, Usage]:
    return grouped(calls, lambda call: call.owner)


def by_currency(calls: Iterable[Call]) -> dict[str, Usage]:
    return grouped(calls, lambda call: call.currency)
