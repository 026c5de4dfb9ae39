"""usage: tokens and money, and the ledger of what left this machine."""

from collections.abc import Mapping, Sequence
from typing import Any

import typer

from kimi_docs.cli.documents import Json, _console
from kimi_docs.domain import receipts
from kimi_docs.domain.calls import Departure, Usage
from kimi_docs.language import translate


def register(app: typer.Typer) -> None:
    app.command(help=translate("Tokens and money; and what left this machine.\n\nExample: kimi-docs usage --json"))(usage)


def usage(context: typer.Context, json: Json = False) -> None:
    from kimi_docs.export import shapes

    console = _console(context, json)
    with console.desk() as desk:
        calls, departures = desk.library.calls(console.actor), desk.library.departures(console.actor)
    groups = {
        "by_day": receipts.by_day(calls),
        "by_model": receipts.by_model(calls),
        "by_person": receipts.by_person(calls),
        "by_run": receipts.by_run(calls),
    }
    total = receipts.usage_of(calls)
    shape = {
        "total": shapes.usage(total),
        **{name: [{"key": key, **shapes.usage(of)} for key, of in group.items()] for name, group in groups.items()},
        "ledger": [_departure(departure) for departure in departures],
    }
    console.result(shape, lambda: _text(total, {**groups["by_day"], **groups["by_model"]}, departures))


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


def _text(total: Usage, groups: Mapping[str, Usage], departures: Sequence[Departure]) -> str:
    if not total.calls and not departures:
        return translate("Nothing was sent and nothing was paid.")
    lines = [_line(translate("Total"), total), *(_line(name, of) for name, of in groups.items())]
    hosts = ", ".join(sorted({departure.host for departure in departures}))
    sent = sum(departure.bytes for departure in departures)
    left = translate(
        "Left this machine: {bytes} bytes, requests: {count}, to {hosts}.", bytes=sent, count=len(departures), hosts=hosts
    )
    return "\n".join([*lines, left])


def _line(name: str, of: Usage) -> str:
    return translate(
        "{name} · calls: {calls} · tokens: {input} in ({cached} cached), {output} out · {cost}",
        name=name,
        calls=of.calls,
        input=of.input_tokens,
        cached=of.cached_tokens,
        output=of.output_tokens,
        cost=translate("price unknown") if of.cost is None else f"{of.cost:.4f} {of.currency}",
    )
