"""batch: files and folders → summaries, in one go that can be stopped and gone on with."""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from kimi_docs.analyze.columns import load_columns
from kimi_docs.cli.console import INTERRUPTED, PARTLY, Console, sentence
from kimi_docs.cli.documents import Budget, Columns, Exports, Json, Language, Model, Template, _console, _money
from kimi_docs.cli.watching import changes
from kimi_docs.domain.batch import Batch, BatchView
from kimi_docs.domain.runs import RunState
from kimi_docs.domain.table import Cell
from kimi_docs.errors import KimiDocsError, WrongUse
from kimi_docs.export import words
from kimi_docs.language import current, say, translate
from kimi_docs.library import Desk

SHOWN_EVERY_SECONDS = 5.0

Paths = Annotated[list[Path] | None, typer.Argument(metavar="PATH...", help=translate("Files, folders, zip archives."))]
Resume = Annotated[str, typer.Option("--resume", metavar="ID", help=translate("Go on with what is not done."))]
Stop = Annotated[str, typer.Option("--stop", metavar="ID", help=translate("Stop it; what is done is kept."))]
Status = Annotated[str, typer.Option("--status", metavar="ID", help=translate("How far it is."))]
Watch = Annotated[bool, typer.Option("--watch", help=translate("Stay, and do the same for what is added, until Ctrl-C."))]
Detach = Annotated[bool, typer.Option("--detach", help=translate("Leave it to the worker and return at once."))]


def register(app: typer.Typer) -> None:
    help_text = translate(
        "Many documents in one go; the same call again goes on with what is missing.\n\n"
        "Example: kimi-docs batch papers/ --template paper --export papers.xlsx"
    )
    app.command(help=help_text)(batch)


def batch(
    context: typer.Context,
    paths: Paths = None,
    template: Template = "",
    language: Language = "",
    model: Model = None,
    budget: Budget = None,
    export: Exports = None,
    columns: Columns = "",
    detach: Detach = False,
    watch: Watch = False,
    resume: Resume = "",
    stop: Stop = "",
    status: Status = "",
    json: Json = False,
) -> None:
    console = _console(context, json)
    if sum(map(bool, (paths, resume, stop, status))) != 1:
        raise WrongUse(say("Give files, or one of --resume, --stop and --status."), say("kimi-docs batch --help shows examples."))
    if watch and (json or detach or not paths):
        raise WrongUse(say("--watch goes with files or folders alone, without --json and --detach."))
    if export:
        from kimi_docs.export import formats

        for out in export:
            formats.exporter(out.suffix)
    with console.desk(model=model) as desk:
        library = desk.library
        if stop or status:
            id = stop or status
            if stop:
                _stopped(console, desk, id)
            _show(console, desk, id, export or [])
            return
        desk = replace(desk, library=replace(library, foreground=not detach))
        order = library.order(template=template, language=language, model=model or "", budget=_money(budget))
        asked = load_columns(columns) if columns else ()
        wanted = replace(order, template="") if asked and not template else order

        def once() -> BatchView:
            """The batch begun or gone on with, and carried out unless it is left to the worker."""
            if resume:
                started = desk.library.resume_batch(console.actor, resume, budget=_money(budget))
            else:
                entries = library.collect(console.actor, paths or [])
                started = desk.library.batch(console.actor, entries, wanted, columns=asked, title=_title(paths or []))
            console.say("Batch: {id}", id=started.id)
            if not detach:
                _carried_out(console, desk, started)
            return _show(console, desk, started.id, export or [])

        view = _watched(console, paths or [], once) if watch else once()
    if not detach:
        _leave(view)


def _watched(console: Console, paths: list[Path], once: Callable[[], BatchView]) -> NoReturn:
    """The same again for whatever is added, until it is interrupted. What goes wrong later than at first is said, and tried again
    with the next change: a folder may be away for a while."""
    try:
        for number, _ in enumerate(changes(paths)):
            try:
                once()
            except KimiDocsError as error:
                if not number:
                    raise
                console.tell(error)
            console.say("Watching for more; Ctrl-C ends it.")
    except KeyboardInterrupt:
        pass
    sys.exit(INTERRUPTED)


def _title(paths: list[Path]) -> str:
    return paths[0].resolve().name if len(paths) == 1 else ""


def _stopped(console: Console, desk: Desk, id: str) -> None:
    """Stopped, and waited for: at most as long as a run needs to notice."""
    desk.library.stop_batch(console.actor, id)
    until = time.monotonic() + 3
    while desk.library.batch_runs(console.actor, id) and time.monotonic() < until:
        time.sleep(0.1)


def _carried_out(console: Console, desk: Desk, started: Batch) -> None:
    try:
        desk.finish_batch(console.actor, started.id, _progress(console, len(started.entries)))
    except KeyboardInterrupt:
        console.say("It was stopped. What is done is kept; the same command goes on with what is missing.")
        sys.exit(INTERRUPTED)


def _progress(console: Console, documents: int) -> Callable[[int], None]:
    """A line every few seconds, where something has changed."""
    told_at, told = time.monotonic(), 0

    def tell(ended: int) -> None:
        nonlocal told_at, told
        if ended != told and time.monotonic() - told_at >= SHOWN_EVERY_SECONDS:
            told_at, told = time.monotonic(), ended
            console.say("{done} of {all} done", done=ended, all=documents)

    return tell


def _show(console: Console, desk: Desk, id: str, exports: list[Path]) -> BatchView:
    from kimi_docs.export import shapes_batch

    view = desk.library.batch_view(console.actor, id)
    view = replace(view, table=desk.library.table(console.actor, id))
    if exports:
        from kimi_docs.export import formats

        report = desk.library.batch_report(console.actor, id, current.get())
        for out in exports:
            formats.export_to(out, report)
            console.note(str(out))
    console.result(shapes_batch.batch(view, current.get()), lambda: _text(view))
    return view


def _text(view: BatchView) -> str:
    from kimi_docs.export.table import shown

    lines = [translate("Batch {id}: {state}", id=view.batch.id, state=translate(words.RUN_STATES[view.state]))]
    for row in view.rows:
        reason = f" — {sentence(row.failure)}" if row.failure else ""
        name = row.document.name if row.document else row.entry.name
        lines.append(f"{name}: {translate(words.RUN_STATES[row.state])}{reason}")
        lines += [f"  {cell.column}: {shown(cell.value, current.get())}" for cell in _cells(view, row.entry.document)]
    return "\n".join(lines)


def _cells(view: BatchView, document: str) -> tuple[Cell, ...]:
    return next((row.cells for row in view.table.rows if row.document == document), ()) if view.table else ()


def _leave(view: BatchView) -> None:
    """0; the pause's own code where it waits for money or a key; 3 where something is lacking; the only reason where nothing is."""
    if view.pause:
        sys.exit(view.pause.exit_code)
    if view.state is RunState.DONE:
        return
    codes = [row.failure.exit_code for row in view.rows if row.failure]
    if view.state is RunState.STOPPED:
        sys.exit(INTERRUPTED)
    sys.exit(PARTLY if view.done or not codes else codes[0])
