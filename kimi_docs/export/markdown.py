"""Report → Markdown that renders its text as text, whatever the text is."""

from collections.abc import Iterator
from typing import BinaryIO

from kimi_docs.export import words
from kimi_docs.export.nouns import Fact, Part, Report, Source, Statement
from kimi_docs.export.plain import markdown as escaped
from kimi_docs.export.shapes import claim_mark
from kimi_docs.language import translate


def write(report: Report, out: BinaryIO) -> None:
    out.write(("\n\n".join(_blocks(report)) + "\n").encode())


def _blocks(report: Report, level: int = 1) -> Iterator[str]:
    """A chapter stands a level below the report it is part of."""
    yield f"{'#' * level} {escaped(report.title)}"
    yield from (f"> **{words.CAUTION} {escaped(caution)}**" for caution in report.cautions)
    yield from _facts(report.facts)
    for part in report.parts:
        yield from _part(part, report.language, level + 1)
    for chapter in report.chapters:
        yield from _blocks(chapter, level + 1)
    sources = list(report.sources)
    if sources:
        yield f"{'#' * (level + 1)} {escaped(translate('Sources', report.language))}"
        yield "\n".join(_source(source, report.language) for source in sources)
    yield f"{'#' * (level + 1)} {escaped(translate('Receipt', report.language))}"
    yield from _facts(report.receipt)


def _facts(facts: tuple[Fact, ...]) -> Iterator[str]:
    if facts:
        yield "\n".join(f"- **{escaped(fact.label)}:** {escaped(words.shown(fact.value))}" for fact in facts)


def _part(part: Part, language: str, level: int) -> Iterator[str]:
    if part.title:
        yield f"{'#' * level} {escaped(part.title)}"
    if part.remark:
        yield f"*{escaped(part.remark)}*"
    if part.statements:
        yield "\n".join(f"- {_statement(statement, language)}" for statement in part.statements)


def _statement(statement: Statement, language: str) -> str:
    marks = [f"[{source.number}]" for source in statement.sources]
    standing = [f"**{escaped(mark)}**" for mark in claim_mark(statement.standing, language, statement.unquoted)]
    return " ".join([escaped(statement.text), *marks, *standing])


def _source(source: Source, language: str) -> str:
    quote = words.quoted(escaped(source.quote))
    rest = [source.place, source.document, words.verdict(source.verdict, language)]
    return f"{source.number}. {quote} — " + " · ".join(escaped(text) for text in rest if text)
