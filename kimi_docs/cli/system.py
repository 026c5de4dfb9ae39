"""doctor, serve, worker."""

import sys
from typing import Annotated

import typer

from kimi_docs.cli.documents import Json, _console
from kimi_docs.errors import Misconfigured
from kimi_docs.language import current, translate

Port = Annotated[int, typer.Option("--port", envvar="PORT", help=translate("Where the screen answers."))]
Address = Annotated[str, typer.Option("--address", help=translate("Whom it answers; only this machine by default."))]


def register(app: typer.Typer) -> None:
    app.command(help=translate("Find what is wrong, and how to mend it.\n\nExample: kimi-docs doctor"))(doctor)
    app.command(help=translate("Start the screen and a worker.\n\nExample: kimi-docs serve --port 8501"))(serve)
    app.command(help=translate("Start a worker alone (several need PostgreSQL).\n\nExample: kimi-docs worker"))(worker)


def doctor(context: typer.Context, json: Json = False) -> None:
    from kimi_docs.doctor import examine

    console = _console(context, json)
    checks = examine(console.open_desk)
    shape = {"ok": all(check.ok for check in checks), "checks": [check.shape(current.get()) for check in checks]}
    console.result(shape, lambda: "\n".join(check.line(current.get()) for check in checks))
    if not shape["ok"]:
        sys.exit(Misconfigured.exit_code)


def serve(context: typer.Context, port: Port = 8501, address: Address = "127.0.0.1") -> None:
    from kimi_docs import serve as supervisor

    console = _console(context, False)
    console.note(translate("Kimi Docs is at http://{address}:{port} — end it with Ctrl-C.", address=address, port=port))
    sys.exit(supervisor.serve(port=port, address=address))


def worker(context: typer.Context) -> None:
    from kimi_docs import serve as supervisor
    from kimi_docs.jobs.worker import stop_on_signals, work
    from kimi_docs.settings import load_settings

    console = _console(context, False)
    supervisor.end_with_parent()
    supervisor.give_way()
    stop = stop_on_signals()
    with console.desk() as desk:
        workshop = desk.inline.workshop.elsewhere(load_settings)
        work(workshop, desk.library.settings(), stop=stop)
