"""Many reports → one, a chapter for each; batch → the same with what failed and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count

from kimi_docs.domain.calls import Usage
from kimi_docs.domain.document import Document
from kimi_docs.domain.runs import Failure, RunState
from kimi_docs.export import shapes
from kimi_docs.export.nouns import Fact, Grid, Part, Report, Source, Statement
from kimi_docs.export.parts import receipt
from kimi_docs.export.shapes import Shape
from kimi_docs.export.words import Standing
from kimi_docs.language import translate


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One document of a batch: how far it came, its report if there is one, its failure if it failed."""

    document: Document
    state: RunState
    report: Report | None = None
    failure: Failure | None = None


def volume(reports: Sequence[Report], title: str = "", language: str | None = None) -> Report:
    """Several reports as one; a single one stays as it is. Raises: ValueError (none)."""
    if not reports:
        raise ValueError("a volume needs a report")
    if len(reports) == 1:
        return reports[0]
    tongue = language or reports[0].language
    name = title or translate("Summaries", tongue)
    chapters, usage = _numbered(reports), sum((each.usage for each in reports), Usage())
    return Report(
        name=name,
        title=name,
        language=tongue,
        facts=_facts(reports, tongue),
        receipt=receipt(usage, tongue),
        data={"summaries": [dict(each.data) for each in reports]},
        usage=usage,
        chapters=chapters,
    )


def of_batch(
    id: str,
    entries: Sequence[Entry],
    language: str,
    *,
    usage: Usage,
    title: str = "",
    state: RunState | None = None,
    table: Report | None = None,
) -> Report:
    """The report of a batch: the table first where there is one, then every summary; each failed document with its reason.

    `usage` is what all of it took: its parts may have calls in common.
    """
    done = [entry.report for entry in entries if entry.report]
    name = title or translate("Batch", language)
    reports = [*([table] if table else []), *done]
    facts = [Fact(label=translate("Documents", language), value=len(entries)), *_facts(done, language)[1:]]
    return Report(
        name=name,
        title=name,
        language=language,
        facts=tuple(facts),
        cautions=tuple(_failure(entry, language) for entry in entries if entry.failure),
        receipt=receipt(usage, language),
        data={
            "id": id,
            "state": (state or _state(entries)).value,
            "documents": [_shape(entry, language) for entry in entries],
            "table": dict(table.data) if table else None,
            "summaries": [dict(each.data) for each in done],
            "usage": shapes.usage(usage),
        },
        usage=usage,
        chapters=_numbered(reports),
    )


def _facts(reports: Sequence[Report], language: str) -> tuple[Fact, ...]:
    known = [statement for each in reports for statement in each.statements if statement.standing is not Standing.SILENT]
    found = sum(statement.standing is not Standing.UNVERIFIED for statement in known)
    value = translate("{verified} of {total} claims verified", language, verified=found, total=len(known))
    return (
        Fact(label=translate("Documents", language), value=len(reports)),
        Fact(label=translate("Verification", language), value=value),
    )


def _failure(entry: Entry, language: str) -> str:
    failure = entry.failure
    return f"{entry.document.name}: {failure.message.text(language)} {failure.advice.text(language)}".strip() if failure else ""


def _state(entries: Sequence[Entry]) -> RunState:
    if any(entry.failure for entry in entries):
        return RunState.PARTIAL if any(entry.report for entry in entries) else RunState.FAILED
    return RunState.DONE if all(entry.state is RunState.DONE for entry in entries) else RunState.PARTIAL


def _shape(entry: Entry, language: str) -> Shape:
    error = shapes.error(entry.failure, language)["error"] if entry.failure else None
    return {
        "document": shapes.document(entry.document),
        "state": entry.state.value,
        "error": error and {"code": error["code"], "message": error["message"], "advice": error["advice"]},
        "summary": entry.report.data.get("id") if entry.report else None,
    }


def _numbered(reports: Iterable[Report]) -> tuple[Report, ...]:
    """The same reports, the numbers of their sources running through all of them."""
    numbers = count(1)
    return tuple(_renumbered(report, numbers) for report in reports)


def _renumbered(report: Report, numbers: "count[int]") -> Report:
    new: dict[int, Source] = {}

    def sources(old: tuple[Source, ...]) -> tuple[Source, ...]:
        for source in old:
            if source.number not in new:
                new[source.number] = replace(source, number=next(numbers))
        return tuple(new[source.number] for source in old)

    def part(old: Part) -> Part:
        return replace(old, statements=tuple(statement(each) for each in old.statements))

    def statement(old: Statement) -> Statement:
        return replace(old, sources=sources(old.sources))

    def grid(old: Grid) -> Grid:
        rows = (replace(row, cells=tuple(replace(cell, sources=sources(cell.sources)) for cell in row.cells)) for row in old.rows)
        return replace(old, rows=tuple(rows))

    parts = tuple(part(each) for each in report.parts)
    chapters = tuple(_renumbered(each, numbers) for each in report.chapters)
    return replace(report, parts=parts, grid=grid(report.grid) if report.grid else None, chapters=chapters)
