"""extract, estimate, summarize, ask."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from kimi_docs.analyze.columns import load_columns
from kimi_docs.cli.console import Console, sentence
from kimi_docs.domain.batch import BatchEntry
from kimi_docs.domain.claims import Completeness, Length, Summary, SummaryOrder
from kimi_docs.domain.document import Document
from kimi_docs.domain.runs import Run, RunKind, RunState
from kimi_docs.domain.text import Extraction
from kimi_docs.errors import KimiDocsError, PasswordNeeded, Stopped, WrongUse
from kimi_docs.gather import content_of, told
from kimi_docs.language import current, say, translate
from kimi_docs.library import Desk

Files = Annotated[list[str], typer.Argument(help=translate("Paths, or ids of documents added before."), metavar="FILE...")]
One = Annotated[str, typer.Argument(help=translate("A path, or the id of a document added before."), metavar="FILE")]
Json = Annotated[bool, typer.Option("--json", help=translate("Print one JSON object and nothing else."))]
Reader = StrEnum("Reader", ["auto", "local", "kimi"])
Via = Annotated[
    Reader | None,
    typer.Option("--via", help=translate("Who reads it: this machine, Kimi's file service, or this machine first.")),
]
Password = Annotated[
    str | None,
    typer.Option("--password", help=translate("Opens a locked document; KIMI_DOCS_PASSWORD does so for every command.")),
]
_ASKED = 3
Template = Annotated[
    str,
    typer.Option("--template", "-t", help=translate("general, paper, contract, report, meeting, workbook or your own.")),
]
Columns = Annotated[
    str,
    typer.Option("--columns", "-c", help=translate("Fill a table: a YAML file, or literature, contracts, financials.")),
]
Model = Annotated[str | None, typer.Option("--model", "-m", help=translate("A model id, or auto."))]
Language = Annotated[str, typer.Option("--language", "-l", help=translate("en or zh-CN; default: the document's."))]
SummaryLength = Annotated[Length, typer.Option("--length", help=translate("How much it says."))]
Audience = Annotated[str, typer.Option("--audience", help=translate("For whom it is, in your words; Kimi only."))]
Budget = Annotated[str | None, typer.Option("--budget", help=translate("A cap in the provider's currency."))]
Again = Annotated[bool, typer.Option("--again", help=translate("Make it anew, by a new call, even if there is one."))]
Exports = Annotated[list[Path] | None, typer.Option("--export", "-o", help=translate("Also write it to this file."))]


def register(app: typer.Typer) -> None:
    for function, help_text in (
        (extract, translate("Text of a document, page by page.\n\nExample: kimi-docs extract paper.pdf --json")),
        (estimate, translate("Tokens, calls, money and minutes; sends nothing.\n\nExample: kimi-docs estimate *.pdf")),
        (
            summarize,
            translate("One summary a document, its quotes looked up.\n\nExample: kimi-docs summarize *.pdf --export out.docx"),
        ),
        (ask, translate('An answer with citations.\n\nExample: kimi-docs ask paper.pdf -Q "What was measured?"')),
    ):
        app.command(help=help_text)(function)


def extract(context: typer.Context, file: One, via: Via = None, password: Password = None, json: Json = False) -> None:
    from kimi_docs.export import shapes

    console = _console(context, json)
    with console.desk(extraction=via, password=password) as desk:
        document, extraction = _read(console, desk, file, again=via is not None)
        console.result(
            shapes.extraction(extraction, document, current.get()),
            lambda: "\n".join(f"── {page.label} ──\n{extraction.page_text(page.number).rstrip()}\n" for page in extraction.pages),
        )


def estimate(
    context: typer.Context,
    files: Files,
    template: Template = "",
    columns: Columns = "",
    model: Model = None,
    json: Json = False,
) -> None:
    from kimi_docs.export import shapes

    console, rows = _console(context, json), []
    with console.desk(model=model) as desk:
        order = desk.library.order(template=template, model=model or "")
        asked = load_columns(columns) if columns else ()
        for file in files:
            with _each(console, file, files):
                document, _ = _read(console, desk, file)
                if template or not columns:
                    rows.append((document, desk.library.estimate(console.actor, document.id, order)))
                entry = BatchEntry(name=document.name, document=document.id)
                cells = desk.library.table_estimate(console.actor, [entry], asked, order) if asked else []
                rows += [(document, each) for each in cells]
    shape = {
        "estimates": [{**shapes.estimate(e), "name": d.name} for d, e in rows],
        "total": shapes.estimate_total([e for _, e in rows]),
    }
    console.result(shape, lambda: "\n".join(f"{d.name}: {estimate_line(e)}" for d, e in rows))
    console.leave(len(rows))


def estimate_line(e: Any) -> str:
    if e.known:
        return translate("known already, costs nothing")
    if e.engine == "local":
        return translate("on this machine, free")
    cost = translate("price unknown") if e.cost is None else f"{e.cost:.4f} {e.currency}"
    return translate(
        "{model} · calls: {calls} · tokens: {input} in, about {output} out · {cost} · about {minutes} min",
        model=e.model,
        calls=e.calls,
        input=e.input_tokens,
        output=e.output_tokens,
        cost=cost,
        minutes=f"{e.minutes:.1f}",
    )


def summarize(
    context: typer.Context,
    files: Files,
    template: Template = "general",
    language: Language = "",
    model: Model = None,
    budget: Budget = None,
    export: Exports = None,
    again: Again = False,
    length: SummaryLength = Length.MEDIUM,
    audience: Audience = "",
    json: Json = False,
) -> None:
    from kimi_docs.export import formats, report, shapes

    for out in export or []:
        formats.exporter(out.suffix)
    console, done = _console(context, json), []
    with console.desk(model=model) as desk:
        order = desk.library.order(
            template=template, language=language, model=model or "", budget=_money(budget), length=length, audience=audience
        )
        for file in files:
            with _each(console, file, files):
                done.append(_summary(console, desk, file, order, again=again))
        shown = current.get()
        reports = [report.of_summary(summary, document, extraction, shown) for document, extraction, summary in done]
    for out in (export or []) if reports else []:
        formats.export_many(out, reports) if len(reports) > 1 else formats.export_to(out, reports[0])
        console.note(str(out))
    rows = [shapes.summary(summary, document, shown) for document, _, summary in done]
    console.result(rows[0] if len(files) == 1 else {"summaries": rows}, lambda: "\n\n".join(_as_text(each) for each in reports))
    console.leave(len(done), cut_short=any(summary.state is Completeness.PARTIAL for _, _, summary in done))


def ask(
    context: typer.Context,
    files: Annotated[list[str] | None, typer.Argument(metavar="FILE...", help=translate("Paths or document ids."))] = None,
    question: Annotated[str, typer.Option("--question", "-Q", help=translate("What you want to know."))] = "",
    session: Annotated[str, typer.Option("--session", "-s", help=translate("Go on with this session."))] = "",
    model: Model = None,
    again: Again = False,
    json: Json = False,
) -> None:
    from kimi_docs.export import shapes

    console = _console(context, json)
    if not question.strip():
        raise WrongUse(say("There is no question."), say("Give it with --question."))
    with console.desk(model=model) as desk:
        library, actor = desk.library, console.actor
        documents = [_read(console, desk, file)[0].id for file in files or []]
        if session:
            sitting = library.session(actor, session)
            if documents:
                sitting = library.choose_documents(actor, session, [*sitting.documents, *documents])
        else:
            sitting = library.open_session(actor, documents)
        run = _finished(desk.finish(library.ask(actor, sitting.id, question, again=again)))
        answer = library.answer(actor, run.result)
        if answer is None:
            raise RuntimeError("a finished answer is in the store")
        of = [library.document(actor, id) for id in answer.documents]
        console.result(shapes.answer(answer, of, current.get()), lambda: shapes.answer_markdown(answer, current.get()))
        console.say("Session: {id}", id=sitting.id)
    console.leave(1, cut_short=answer.state is Completeness.PARTIAL)


def _console(context: typer.Context, as_json: bool) -> Console:
    base: Console = context.obj
    return Console(open_desk=base.open_desk, as_json=as_json, quiet=base.quiet)


def _money(amount: str | None) -> Decimal | None:
    try:
        return Decimal(amount) if amount else None
    except ArithmeticError:
        raise WrongUse(say("{amount} is no amount of money.", amount=str(amount)), say("Give a number such as 0.50.")) from None


@contextmanager
def _each(console: Console, file: str, files: Sequence[str]) -> Iterator[None]:
    """One file of several: its problem is told and the others go on. The only one's problem is the command's."""
    try:
        yield
    except KimiDocsError as error:
        if len(files) == 1:
            raise
        console.note(f"{Path(file).name}:")
        console.tell(error)


def _document(console: Console, desk: Desk, file: str) -> Document:
    path = Path(file)
    if told(path.is_dir, False):
        raise WrongUse(say("{name} is a folder.", name=path.name), say("Give files: kimi-docs summarize folder/*.pdf"))
    if told(path.is_file, True):
        content = content_of(path, desk.library.settings().max_upload_bytes)
        return desk.library.add(console.actor, content, path.name).document
    if all(character in "0123456789abcdef" for character in file):
        return desk.library.document(console.actor, file)
    raise WrongUse(say("There is no file {name}.", name=file), say("Check the path, or give the id of a document added before."))


def _read(console: Console, desk: Desk, file: str, *, again: bool = False) -> tuple[Document, Extraction]:
    """The document and its text; `again` looks whether the text was made as the settings ask, and makes it so."""
    document = _document(console, desk, file)
    extraction = desk.library.extraction(console.actor, document.id)
    if again or not extraction:
        runs = desk.library.runs(console.actor, document=document.id, active=True)
        begun = next((run for run in runs if run.kind is RunKind.EXTRACT), None)
        run = begun or desk.library.read(console.actor, document.id)
        try:
            _finished(desk.finish(run))
        except _Failed as problem:
            if problem.code != PasswordNeeded.code:
                raise
            _unlock(console, desk, document, problem)
        extraction = desk.library.extraction(console.actor, document.id)
    if not extraction:
        raise RuntimeError("a finished reading is in the store")
    return desk.library.document(console.actor, document.id), extraction


def _unlock(console: Console, desk: Desk, document: Document, problem: KimiDocsError) -> None:
    """Ask for the password where somebody sits at a terminal. Raises: the problem, where nobody does or none of three opens it."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise problem
    for _ in range(_ASKED):
        console.note(sentence(problem))
        try:
            desk.library.unlock(console.actor, document.id, typer.prompt(translate("Password"), hide_input=True, err=True))
        except PasswordNeeded as error:
            problem = error
        else:
            return
    raise problem


def _summary(console: Console, desk: Desk, file: str, order: SummaryOrder, *, again: bool) -> tuple[Document, Extraction, Summary]:
    document, extraction = _read(console, desk, file)
    made = desk.library.summarize(console.actor, document.id, order, again=again)
    if isinstance(made, Run):
        run = _finished(desk.finish(made))
        made = desk.library.summary(console.actor, run.result)
    return document, extraction, made


def _finished(run: Run) -> Run:
    """The run if it came to a result. Raises: KimiDocsError with the run's own failure."""
    if run.state is RunState.STOPPED:
        raise Stopped(say("It was stopped."), say("What is done is kept; the same command goes on with what is missing."))
    if run.failure:
        raise _Failed(run)
    return run


class _Failed(KimiDocsError):
    """A run's failure, told as it was written down."""

    def __init__(self, run: Run) -> None:
        failure = run.failure
        if failure is None:
            raise ValueError("the run did not fail")
        super().__init__(failure.message, failure.advice, document=failure.document, request_id=failure.request_id)
        self.code = failure.code  # type: ignore[misc]
        self.exit_code = failure.exit_code  # type: ignore[misc]


def _as_text(each: Any) -> str:
    from kimi_docs.export import formats

    return formats.to_bytes(each, ".md").decode()
