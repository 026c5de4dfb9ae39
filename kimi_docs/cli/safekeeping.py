"""backup, restore."""

import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from kimi_docs.cli.console import PARTLY
from kimi_docs.cli.documents import Json, _console
from kimi_docs.domain.safekeeping import Backup, previous
from kimi_docs.language import translate

Out = Annotated[Path, typer.Argument(metavar="OUT", help=translate("The file to write, for instance kimi-docs.zip."))]
File = Annotated[Path, typer.Argument(metavar="FILE", help=translate("A file that “kimi-docs backup” wrote."))]
Merge = Annotated[bool, typer.Option("--merge", help=translate("Add what is missing to a library that is not empty."))]


def register(app: typer.Typer) -> None:
    app.command(
        help=translate(
            "Everything kept here in one file, also while others work; the key is not in it.\n\n"
            "Example: kimi-docs backup kimi-docs.zip"
        )
    )(backup)
    app.command(
        help=translate(
            "Take a backup back, also from SQLite to PostgreSQL or the other way.\n\n"
            "Example: KIMI_DOCS_HOME=/new/folder kimi-docs restore kimi-docs.zip"
        )
    )(restore)


def backup(context: typer.Context, out: Out, json: Json = False) -> None:
    console = _console(context, json)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # else a copy of everything would stay behind in OUT's folder
    with console.desk() as desk:
        made = desk.library.backup(out)
    console.result({"file": str(out), **_shape(made)}, lambda: _told(made))
    if made.missing and previous(out).exists():
        console.say("The older backup is kept beside it: {name}", name=previous(out).name)
    _leave(made)


def restore(context: typer.Context, file: File, merge: Merge = False, json: Json = False) -> None:
    console = _console(context, json)
    with console.desk() as desk:
        found = desk.library.restore(file, merge=merge)
    console.result({"file": str(file), **_shape(found)}, lambda: _told(found))
    _leave(found)


def _shape(backup: Backup) -> dict[str, Any]:
    return {"rows": dict(backup.rows), "files": backup.files, "bytes": backup.bytes, "missing": list(backup.missing)}


def _told(backup: Backup) -> str:
    counts = {name: backup.rows.get(name, 0) for name in ("documents", "summaries", "answers", "batches", "cells")}
    lines = [
        translate(
            "In the backup: documents {documents}, summaries {summaries}, answers {answers}, batches {batches}, "
            "cells of tables {cells}; files {files}.",
            **counts,
            files=backup.files,
        )
    ]
    if backup.missing:
        lines.append(translate("Files that were missing or damaged and are not in it: {count}", count=len(backup.missing)))
    return "\n".join(lines)


def _leave(backup: Backup) -> None:
    if backup.missing:
        sys.exit(PARTLY)
