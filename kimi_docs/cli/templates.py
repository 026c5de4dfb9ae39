"""templates list | show | import | export | delete."""

from pathlib import Path
from typing import Annotated

import typer

from kimi_docs.analyze.own_templates import MOST_BYTES, as_yaml
from kimi_docs.cli.documents import Json, _console
from kimi_docs.errors import WrongUse
from kimi_docs.language import say, translate

app = typer.Typer(help=translate("What a summary consists of: ours, and your own."), no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME", help=translate("The template's name."))]
Out = Annotated[Path, typer.Option("--export", "-o", help=translate("The YAML file to write."))]
File = Annotated[Path, typer.Argument(metavar="FILE", help=translate("A YAML file with a name and sections."))]


@app.command("list", help=translate("All templates with their sections.\n\nExample: kimi-docs templates list"))
def list_(context: typer.Context, json: Json = False) -> None:
    console = _console(context, json)
    with console.desk() as desk:
        found, own = desk.library.templates(), desk.library.own_templates()
    rows = [{"name": id, "own": id in own, "sections": [title for title, _, _ in each.sections]} for id, each in found.items()]
    console.result({"templates": rows}, lambda: "\n".join(f"{row['name']}: {', '.join(row['sections'])}" for row in rows))  # type: ignore[arg-type]


@app.command(help=translate("A template as YAML, to begin one of your own with.\n\nExample: kimi-docs templates show report"))
def show(context: typer.Context, name: Name, json: Json = False) -> None:
    console = _console(context, json)
    with console.desk() as desk:
        template = desk.library.template(name)
    sections = [{"title": title, "instruction": asked} for title, _, asked in template.sections]
    console.result({"name": name, "sections": sections}, lambda: as_yaml(template))


@app.command("import", help=translate("Take a template in.\n\nExample: kimi-docs templates import due-diligence.yaml"))
def import_(context: typer.Context, file: File) -> None:
    console = _console(context, False)
    if not file.is_file():
        raise WrongUse(say("There is no file {name}.", name=str(file)), say("Check the path."))
    with file.open("rb") as opened:
        content = opened.read(MOST_BYTES + 1).decode("utf-8-sig", "replace")
    with console.desk() as desk:
        template = desk.library.import_template(content)
    console.say("Kept. Use it with --template {name}", name=f'"{template.id}"')


@app.command(help=translate("Write a template to a file.\n\nExample: kimi-docs templates export mine --export mine.yaml"))
def export(context: typer.Context, name: Name, out: Out) -> None:
    console = _console(context, False)
    with console.desk() as desk:
        template = desk.library.template(name)
    out.write_text(as_yaml(template), encoding="utf-8")
    console.note(str(out))


@app.command(help=translate("Delete a template of your own; its summaries stay.\n\nExample: kimi-docs templates delete mine"))
def delete(context: typer.Context, name: Name) -> None:
    console = _console(context, False)
    with console.desk() as desk:
        desk.library.remove_template(name)
    console.say("It is deleted. What was made with it stays.")
