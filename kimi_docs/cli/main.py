"""The commands and their help. Heavy imports wait until a command needs them."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from kimi_docs import __version__
from kimi_docs.cli import batches, documents, receipts, safekeeping, search, serving, sessions, system, templates
from kimi_docs.cli.console import Console, fail, quiet_pipe
from kimi_docs.errors import KimiDocsError, Misconfigured, WrongUse
from kimi_docs.language import say, translate

_UsageError: type[Exception] = typer.BadParameter.__bases__[0]  # of typer's own click, or of the package, by its version

app = typer.Typer(
    name="kimi-docs",
    help=translate("Summaries and answers of documents, every quote verified in the source."),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (documents, batches, search, receipts, safekeeping, system, serving):
    module.register(app)
app.add_typer(sessions.app, name="sessions")
app.add_typer(templates.app, name="templates")


@app.callback()
def _flags(
    context: typer.Context,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help=translate("No progress on stderr."))] = False,
    version: Annotated[bool, typer.Option("--version", help=translate("Print the version and end."))] = False,
) -> None:
    if version:
        print(f"kimi-docs {__version__}")
        raise typer.Exit
    context.obj = Console(open_desk=context.obj, quiet=quiet)


def run(open_desk: Callable[..., Any], arguments: list[str]) -> None:
    """Run one command. Every foreseen failure ends in a sentence and its exit code, never in a traceback."""
    as_json = "--json" in arguments
    try:
        sys.exit(app(args=arguments, obj=open_desk, standalone_mode=not as_json))
    except _UsageError as error:
        fail(_wrong_use(error), as_json=as_json)
    except KimiDocsError as error:
        fail(error, as_json=as_json)
    except BrokenPipeError:
        quiet_pipe()
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except PermissionError as error:
        name = str(Path(error.filename).name) if error.filename else ""
        fail(Misconfigured(say("{name} may not be opened.", name=name), say("Check its permissions.")), as_json=as_json)


def _wrong_use(error: Any) -> WrongUse:
    """What the parser of arguments found, in the words of the contract; with `--json` it does not say so itself."""
    command = error.ctx.command_path if error.ctx else "kimi-docs"
    message = say("This is not how the command is used: {problem}", problem=error.format_message())
    return WrongUse(message, say("{command} --help shows how it is.", command=command))
