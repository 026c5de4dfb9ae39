"""search: words and phrases in all documents, summaries and answers."""

from datetime import datetime
from typing import Annotated

import typer

from kimi_docs.cli.documents import Json, _console
from kimi_docs.domain.search import Hit, HitKind, SearchFilter
from kimi_docs.errors import WrongUse
from kimi_docs.language import mark, say, translate

Query = Annotated[str, typer.Argument(help=translate('Words; "a phrase" in quotation marks.'), metavar="QUERY")]
Kinds = Annotated[list[HitKind] | None, typer.Option("--kind", help=translate("Only these: document, summary or answer."))]
Formats = Annotated[list[str] | None, typer.Option("--format", help=translate("Only documents of these formats, such as pdf."))]
Languages = Annotated[list[str] | None, typer.Option("--language", "-l", help=translate("Only these languages, such as en or zh."))]
Since = Annotated[str, typer.Option("--since", help=translate("Only what was added or made on this day or later: 2026-01-31."))]
Until = Annotated[str, typer.Option("--until", help=translate("Only what was added or made before this day."))]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help=translate("At most so many hits."))]


def register(app: typer.Typer) -> None:
    app.command(
        help=translate(
            "Words and phrases in all documents, summaries and answers.\n\nExample: kimi-docs search 'heat \"street trees\"'"
        )
    )(search)


def search(
    context: typer.Context,
    query: Query,
    kind: Kinds = None,
    format: Formats = None,
    language: Languages = None,
    since: Since = "",
    until: Until = "",
    limit: Limit = 20,
    json: Json = False,
) -> None:
    from kimi_docs.export import shapes

    wanted = SearchFilter(
        kinds=tuple(kind or ()),
        formats=tuple(format or ()),
        languages=tuple(language or ()),
        since=_day(since),
        until=_day(until),
    )
    console = _console(context, json)
    with console.desk() as desk:
        desk.library.storage.reindex(limit=100_000)
        found = desk.library.search(console.actor, query, filter=wanted, limit=limit)
    console.result(shapes.search(found), lambda: "\n".join(map(_line, found.hits)))
    if found.some and found.total:
        console.say("No place has all of these words; these have some of them.")
    console.say("{shown} of {total} hits", shown=len(found.hits), total=found.total)


def _day(text: str) -> datetime | None:
    """The beginning of that day here."""
    try:
        return datetime.fromisoformat(text).astimezone() if text else None
    except ValueError as error:
        raise WrongUse(say("{text} is not a day.", text=text), say("Write it so: 2026-01-31")) from error


def _line(hit: Hit) -> str:
    place = translate("p. {label}", label=hit.page) if hit.page else translate(_KINDS[hit.kind])
    return f"{hit.name}, {place}: {' '.join(hit.snippet.split())}"


_KINDS = {HitKind.DOCUMENT: mark("document"), HitKind.SUMMARY: mark("summary"), HitKind.ANSWER: mark("answer")}
