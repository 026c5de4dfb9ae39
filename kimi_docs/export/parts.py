"""Nouns → the pieces every report is made of: numbered sources, facts, cautions, receipt, pages."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import count

from kimi_docs.domain.calls import Usage
from kimi_docs.domain.claims import Answer, Citation, Claim, Summary
from kimi_docs.domain.table import Table
from kimi_docs.domain.text import Coverage, Extraction, Notice
from kimi_docs.export import words
from kimi_docs.export.nouns import Fact, PageRow, Part, Source, Statement
from kimi_docs.export.words import Value
from kimi_docs.language import translate


class Sources:
    """Claims → statements whose sources are numbered through the report."""

    def __init__(self, *, names: Mapping[str, str], texts: Mapping[str, Extraction], language: str) -> None:
        self._names, self._texts, self._language = names, texts, language
        self._numbers = count(1)

    def name(self, document: str) -> str:
        return self._names.get(document, document[:12])

    def part(self, title: str, claims: Iterable[Claim], remark: str = "") -> Part:
        return Part(title=title, statements=tuple(self._statement(claim) for claim in claims), remark=remark)

    def _statement(self, claim: Claim) -> Statement:
        sources = self.sources(claim.citations)
        return Statement(text=claim.text, standing=words.standing_of(claim), sources=sources, unquoted=claim.unquoted)

    def sources(self, citations: Iterable[Citation]) -> tuple[Source, ...]:
        return tuple(self._source(citation) for citation in citations)

    def _source(self, citation: Citation) -> Source:
        text = self._texts.get(citation.document)
        page = text.page(citation.page) if text and citation.page else None
        return Source(
            number=next(self._numbers),
            quote=citation.quote,
            place=words.place(citation, page, self._language),
            verdict=citation.verdict,
            document=self.name(citation.document),
        )


def origin(result: Summary | Answer | Table, language: str) -> list[Fact]:
    facts = [Fact(label=translate("Engine", language), value=words.engine(result.engine, language))]
    facts += [Fact(label=translate("Model", language), value=result.model)] if result.model else []
    facts += [Fact(label=translate("Date", language), value=result.created_at)] if result.created_at else []
    return facts


def verified(claims: Iterable[Claim], language: str) -> Fact:
    known = list(claims)
    value = translate(
        "{verified} of {total} claims verified", language, verified=sum(claim.verified for claim in known), total=len(known)
    )
    return Fact(label=translate("Verification", language), value=value)


def cautions(part_only: bool, notices: Iterable[Notice], extraction: Extraction | None, language: str) -> tuple[str, ...]:
    first = [translate("This covers only a part of the document.", language)] if part_only else []
    return (*first, *(_caution(notice, extraction, language) for notice in notices))


def _caution(notice: Notice, extraction: Extraction | None, language: str) -> str:
    text = notice.message.text(language)
    return text if notice.page is None else f"{_place(notice.page, extraction, language)}: {text}"


def receipt(usage: Usage, language: str) -> tuple[Fact, ...]:
    cost = translate("Cost ({currency})", language, currency=usage.currency)
    estimated = translate("Estimated cost ({currency})", language, currency=usage.currency)
    return (
        Fact(label=translate("Calls", language), value=usage.calls),
        Fact(label=translate("Input tokens", language), value=usage.input_tokens),
        Fact(label=translate("Cached tokens", language), value=usage.cached_tokens),
        Fact(label=translate("Output tokens", language), value=usage.output_tokens),
        Fact(label=cost, value=_money(usage.cost, language)),
        Fact(label=estimated, value=_money(usage.estimated_cost, language)),
        Fact(label=translate("Possible duplicates", language), value=usage.possible_duplicates),
    )


def _money(value: Decimal | None, language: str) -> Value:
    return translate("unknown", language) if value is None else value


def page_rows(coverage: Coverage, extraction: Extraction | None, language: str) -> tuple[PageRow, ...]:
    return tuple(
        PageRow(
            place=_place(page.page, extraction, language),
            state=translate(words.STATES[page.state], language),
            characters=page.characters,
        )
        for page in coverage.by_page
    )


def _place(number: int, extraction: Extraction | None, language: str) -> str:
    page = extraction.page(number) if extraction else None
    return words.page_name(page, language) if page else translate("p. {label}", language, label=number)
