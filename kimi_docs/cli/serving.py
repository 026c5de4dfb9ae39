"""mcp: the library for another program."""

import signal
import sys
from typing import Annotated

import typer

from kimi_docs.cli.documents import _console, _money
from kimi_docs.language import translate

Allowed = Annotated[
    bool,
    typer.Option("--allow-work", help=translate("Also offer summaries and answers: they are kept and may cost money.")),
]
Budget = Annotated[
    str | None,
    typer.Option("--budget", help=translate("A cap for all it spends until it ends, in the provider's currency.")),
]


def register(app: typer.Typer) -> None:
    app.command(
        help=translate("Let another program search and read the library (MCP, stdin and stdout).\n\nExample: kimi-docs mcp")
    )(mcp)


def mcp(context: typer.Context, allow_work: Allowed = False, budget: Budget = None) -> None:
    from kimi_docs.mcp.server import serve

    console = _console(context, False)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a thread waits for stdin and would hold up an orderly end
    if sys.stdin.isatty():
        console.say("Another program starts this and talks to it; end it with Ctrl-C.")
    with console.desk(budget=_money(budget)) as desk:
        serve(desk, console.actor, allow_work=allow_work)
