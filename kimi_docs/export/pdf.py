"""Report → a PDF: searchable, tagged, its fonts embedded, Chinese set by its own rules (`typeset` makes the pages)."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, TypeVar

from kimi_docs.export import words
from kimi_docs.export.nouns import Fact, Part, Report, Source, Statement
from kimi_docs.export.plain import one_line
from kimi_docs.export.shapes import Shape, claim_mark
from kimi_docs.export.typeset import told, typeset
from kimi_docs.language import translate

_Row = TypeVar("_Row")
_LONG = 1500  # characters; a shorter text is not parted by the end of a page
_ROWS = 500  # of one block, so that a long list can be set in several parts


def write(report: Report, out: BinaryIO) -> None:
    """Raises: KimiDocsError."""
    typeset(_blocks(report, 1), out, title=one_line(report.title) or "Kimi Docs", language=report.language)


def _blocks(report: Report, level: int) -> Iterator[Shape]:
    tongue = report.language
    yield _heading(report.title or "—", level)
    yield from ({"kind": "caution", "text": told(f"{words.CAUTION} {caution}")} for caution in report.cautions)
    yield from _facts(report.facts)
    for part in report.parts:
        yield from _part(part, tongue, level + 1)
    for chapter in report.chapters:
        yield from _blocks(chapter, level + 1)
    sources = list(report.sources)
    if sources:
        yield _heading(translate("Sources", tongue), level + 1)
        for some in _some(sources):
            yield {"kind": "sources", "rows": [_source(source, tongue) for source in some]}
    if report.pages and level == 1:
        yield _heading(translate("Coverage", tongue), level + 1)
        head = [translate("Page", tongue), translate("State", tongue), translate("Characters", tongue)]
        rows = [[told(page.place), page.state, f"{page.characters:,}"] for page in report.pages]
        yield from ({"kind": "pages", "head": head, "rows": some} for some in _some(rows))
    yield _heading(translate("Receipt", tongue), level + 1)
    yield from _facts(report.receipt)


def _heading(text: str, level: int) -> Shape:
    return {"kind": "heading", "level": level, "text": told(text)}


def _facts(facts: tuple[Fact, ...]) -> Iterator[Shape]:
    if facts:
        yield {"kind": "facts", "rows": [[told(fact.label), told(words.shown(fact.value))] for fact in facts]}


def _part(part: Part, language: str, level: int) -> Iterator[Shape]:
    if part.title:
        yield _heading(part.title, level)
    if part.remark:
        yield {"kind": "remark", "text": told(part.remark), "long": len(part.remark) > _LONG}
    yield from (_claim(statement, language) for statement in part.statements)


def _claim(statement: Statement, language: str) -> Shape:
    return {
        "kind": "claim",
        "text": told(statement.text),
        "long": len(statement.text) > _LONG,
        "numbers": [source.number for source in statement.sources],
        "mark": " ".join(claim_mark(statement.standing, language, statement.unquoted)),
        "standing": statement.standing.value,
    }


def _source(source: Source, language: str) -> Shape:
    rest = [source.place, source.document, words.verdict(source.verdict, language)]
    text = one_line(f"{words.quoted(source.quote)} — " + " · ".join(text for text in rest if text))
    standing = words.TRUST[source.verdict].value
    return {"number": source.number, "text": told(text), "long": len(text) > _LONG, "standing": standing}


def _some(rows: Sequence[_Row]) -> Iterator[Sequence[_Row]]:
    return (rows[start : start + _ROWS] for start in range(0, len(rows), _ROWS))
