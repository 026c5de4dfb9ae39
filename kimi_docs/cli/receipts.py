"""usage: tokens and money, and the ledger of what left this machine."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import typer

from kimi_docs.cli.documents import Json, _console
from kimi_docs.domain.calls import Call, CallState, Departure
from kimi_docs.language import translate


def register(app: typer.Typer) -> None:
    app.command(help=translate("Tokens and money; and what left this machine.\n\nExample: kimi-docs usage --json"))(usage)


def usage(context: typer.Context, json: Json = False) -> None:
    console = _console(context, json)
    with console.desk() as desk:
        calls = [call for call in desk.library.calls(console.actor) if call.state is CallState.ANSWERED]
        departures = desk.library.departures(console.actor)
    shape = {
        "total": _sum(calls),
        "by_day": _by(calls, lambda call: f"{call.answered_at:%Y-%m-%d}"),
        "by_model": _by(calls, lambda call: call.model),
        "by_run": _by(calls, lambda call: call.run),
        "ledger": [_departure(departure) for departure in departures],
    }
    console.result(shape, lambda: _text(shape))


def _by(calls: Sequence[Call], key: Callable[[Call], str]) -> list[dict[str, Any]]:
    groups: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        groups[key(call)].append(call)
    return [{"key": name, **_sum(group)} for name, group in groups.items()]


def _sum(calls: Sequence[Call]) -> dict[str, Any]:
    done = [call.completion for call in calls if call.completion]
    costs = [call.cost for call in calls]
    return {
        "calls": len(calls),
        "input_tokens": sum(completion.input_tokens for completion in done),
        "cached_tokens": sum(completion.cached_tokens for completion in done),
        "output_tokens": sum(completion.output_tokens for completion in done),
        "cost": float(sum((cost for cost in costs if cost is not None), Decimal(0))),
        "unpriced_calls": sum(cost is None for cost in costs),
        "currency": next((call.currency for call in calls if call.currency), None),
        "possible_duplicates": sum(call.possible_duplicates for call in calls),
    }


def _departure(d: Departure) -> dict[str, Any]:
    return {
        "at": d.at.isoformat(),
        "host": d.host,
        "purpose": d.purpose,
        "document": d.document,
        "pages": d.pages,
        "characters": d.characters,
        "bytes": d.bytes,
        "remote_id": d.remote_id or None,
        "deleted_at": d.deleted_at.isoformat() if d.deleted_at else None,
    }


def _text(shape: dict[str, Any]) -> str:
    if not shape["total"]["calls"] and not shape["ledger"]:
        return translate("Nothing was sent and nothing was paid.")
    lines = [_line(translate("Total"), shape["total"])]
    lines += [_line(row["key"], row) for row in (*shape["by_day"], *shape["by_model"])]
    sent = sum(row["bytes"] for row in shape["ledger"])
    hosts = ", ".join(sorted({row["host"] for row in shape["ledger"]}))
    count = len(shape["ledger"])
    lines.append(
        translate("{bytes} bytes left this machine in {count} requests, to {hosts}.", bytes=sent, count=count, hosts=hosts)
    )
    return "\n".join(lines)


def _line(name: str, row: dict[str, Any]) -> str:
    return translate(
        "{name}: {calls} calls, {input} tokens in ({cached} cached), {output} out, {cost} {currency}",
        name=name,
        calls=row["calls"],
        input=row["input_tokens"],
        cached=row["cached_tokens"],
        output=row["output_tokens"],
        cost=f"{row['cost']:.4f}",
        currency=row["currency"] or "",
    )
