"""sessions list | show | export | delete."""

from pathlib import Path
from typing import Annotated

import typer

from kimi_docs.cli.documents import Json, _console
from kimi_docs.domain.claims import Session
from kimi_docs.domain.document import Document
from kimi_docs.domain.scope import Actor
from kimi_docs.language import current, translate
from kimi_docs.library import Library

app = typer.Typer(help=translate("Questions and answers kept."), no_args_is_help=True, rich_markup_mode=None)

Find = Annotated[str, typer.Option("--find", help=translate("In titles, questions, answers."))]
Out = Annotated[Path, typer.Option("--export", "-o", help=translate("The ending chooses the format."))]
Id = Annotated[str, typer.Argument(metavar="ID", help=translate("The session's id."))]


@app.command("list", help=translate("Sessions, last used first.\n\nExample: kimi-docs sessions list"))
def list_(context: typer.Context, search: Find = "", json: Json = False) -> None:
    from kimi_docs.export import shapes

    console = _console(context, json)
    with console.desk() as desk:
        found = desk.library.sessions(console.actor, search=search)
    console.result(
        {"sessions": [shapes.session(session) for session in found]},
        lambda: "\n".join(f"{s.id}  {s.updated_at:%Y-%m-%d %H:%M}  {s.title}" for s in found),
    )


@app.command(help=translate("A session's questions and answers.\n\nExample: kimi-docs sessions show ID"))
def show(context: typer.Context, id: Id, json: Json = False) -> None:
    from kimi_docs.export import formats, report, shapes

    console = _console(context, json)
    with console.desk() as desk:
        session = desk.library.session(console.actor, id)
        answers = desk.library.answers(console.actor, id)
        documents = _documents(desk.library, console.actor, session)
        texts = desk.library.heads(console.actor, session.documents)
    whole = report.of_session(session, answers, documents, current.get(), texts)
    console.result(shapes.session(session, answers, documents, current.get()), lambda: formats.to_bytes(whole, ".md").decode())


@app.command(help=translate("Write a session to a file.\n\nExample: kimi-docs sessions export ID --export session.docx"))
def export(context: typer.Context, id: Id, out: Out) -> None:
    from kimi_docs.export import formats, report

    console = _console(context, False)
    formats.exporter(out.suffix)
    with console.desk() as desk:
        session = desk.library.session(console.actor, id)
        answers = desk.library.answers(console.actor, id)
        documents = _documents(desk.library, console.actor, session)
        texts = desk.library.heads(console.actor, session.documents)
    formats.export_to(out, report.of_session(session, answers, documents, current.get(), texts))
    console.note(str(out))


@app.command(help=translate("Put a session into the trash.\n\nExample: kimi-docs sessions delete ID"))
def delete(context: typer.Context, id: Id) -> None:
    console = _console(context, False)
    with console.desk() as desk:
        desk.library.delete_session(console.actor, id)
    console.say("The session is in the trash; it can be taken back on the Sessions page for 30 days.")


def _documents(library: Library, actor: Actor, session: Session) -> list[Document]:
    return [library.document(actor, id) for id in session.documents]
