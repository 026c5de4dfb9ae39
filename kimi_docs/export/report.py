"""Summary | session → a report: what every exporter writes, its words already in the reader's language."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain, count
from typing import Any

from kimi_docs.domain.calls import Usage
from kimi_docs.domain.claims import Answer, Citation, Claim, Completeness, Session, Summary, Verdict
from kimi_docs.domain.document import Document
from kimi_docs.domain.text import Coverage, Extraction, Notice
from kimi_docs.export import shapes, words
from kimi_docs.export.words import Standing, Value
from kimi_docs.language import translate


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """A line of the head or of the receipt. The value stays a number or a date where the format has them."""

    label: str
    value: Value


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A citation as a reader sees it. Numbers run through the whole report from 1."""

    number: int
    quote: str
    place: str
    verdict: Verdict
    document: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """A claim with its sources and how far they bear it."""

    text: str
    standing: Standing
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    title: str
    statements: tuple[Statement, ...] = ()
    remark: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PageRow:
    place: str
    state: str
    characters: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """`name` is what a downloaded file is named after, `data` the JSON shape of the same result."""

    name: str
    title: str
    language: str
    facts: tuple[Fact, ...] = ()
    cautions: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    receipt: tuple[Fact, ...] = ()
    pages: tuple[PageRow, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def statements(self) -> Iterator[Statement]:
        return (statement for part in self.parts for statement in part.statements)

    @property
    def sources(self) -> Iterator[Source]:
        return (source for statement in self.statements for source in statement.sources)


def of_summary(summary: Summary, document: Document, extraction: Extraction | None, language: str) -> Report:
    """The report of a summary; with the extraction, pages go by the name printed on them."""
    texts = {document.id: extraction} if extraction else {}
    sources = _Sources(names={document.id: document.shown_name}, texts=texts, language=language)
    facts = (
        Fact(label=translate("Document", language), value=document.name),
        *_origin(summary, language),
        Fact(label=translate("Template", language), value=summary.template),
        Fact(label=translate("Coverage", language), value=words.coverage(summary.coverage, language)),
        _verified(summary.draft.claims, language),
    )
    part_only = summary.state == Completeness.PARTIAL or not summary.coverage.whole
    return Report(
        name=document.name,
        title=summary.draft.title or document.shown_name,
        language=language,
        facts=facts,
        cautions=_cautions(part_only, summary.notices, extraction, language),
        parts=tuple(sources.part(section.title, section.claims) for section in summary.draft.sections),
        receipt=_receipt(summary.usage, language),
        pages=_pages(summary.coverage, extraction, language),
        data=shapes.summary(summary, document, language),
    )


def of_session(
    session: Session,
    answers: Sequence[Answer],
    documents: Iterable[Document],
    language: str,
    extractions: Mapping[str, Extraction] | None = None,
) -> Report:
    """The report of a session: a part for each question, in the order they were asked."""
    known = {document.id: document for document in documents}
    names = {id: document.shown_name for id, document in known.items()}
    sources = _Sources(names=names, texts=extractions or {}, language=language)
    title = session.title or translate("Questions and answers", language)
    facts = [Fact(label=translate("Document", language), value=sources.name(id)) for id in session.documents]
    facts += _origin(answers[-1], language) if answers else []
    facts.append(_verified(chain.from_iterable(answer.draft.claims for answer in answers), language))
    return Report(
        name=title,
        title=title,
        language=language,
        facts=tuple(facts),
        cautions=tuple(
            dict.fromkeys(caution for answer in answers for caution in _cautions(False, answer.notices, None, language))
        ),
        parts=tuple(sources.part(answer.question, answer.draft.claims, _remark(answer, language)) for answer in answers),
        receipt=_receipt(sum((answer.usage for answer in answers), Usage()), language),
        data=shapes.session(session, answers, known.values(), language),
    )


class _Sources:
    """Claims → statements whose sources are numbered through the report."""

    def __init__(self, *, names: Mapping[str, str], texts: Mapping[str, Extraction], language: str) -> None:
        self._names, self._texts, self._language = names, texts, language
        self._numbers = count(1)

    def name(self, document: str) -> str:
        return self._names.get(document, document[:12])

    def part(self, title: str, claims: Iterable[Claim], remark: str = "") -> Part:
        return Part(title=title, statements=tuple(self._statement(claim) for claim in claims), remark=remark)

    def _statement(self, claim: Claim) -> Statement:
        sources = tuple(self._source(citation) for citation in claim.citations)
        return Statement(text=claim.text, standing=words.standing_of(claim), sources=sources)

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


def _origin(result: Summary | Answer, language: str) -> list[Fact]:
    facts = [Fact(label=translate("Engine", language), value=words.engine(result.engine, language))]
    facts += [Fact(label=translate("Model", language), value=result.model)] if result.model else []
    facts += [Fact(label=translate("Date", language), value=result.created_at)] if result.created_at else []
    return facts


def _verified(claims: Iterable[Claim], language: str) -> Fact:
    known = list(claims)
    value = translate(
        "{verified} of {total} claims verified", language, verified=sum(claim.verified for claim in known), total=len(known)
    )
    return Fact(label=translate("Verification", language), value=value)


def _cautions(part_only: bool, notices: Iterable[Notice], extraction: Extraction | None, language: str) -> tuple[str, ...]:
    first = [translate("This covers only a part of the document.", language)] if part_only else []
    return (*first, *(_caution(notice, extraction, language) for notice in notices))


def _caution(notice: Notice, extraction: Extraction | None, language: str) -> str:
    text = notice.message.text(language)
    return text if notice.page is None else f"{_place(notice.page, extraction, language)}: {text}"


def _remark(answer: Answer, language: str) -> str:
    remarks = [] if answer.found else [shapes.not_found(language)]
    if answer.state == Completeness.PARTIAL:
        remarks.append(translate("This answer is not complete.", language))
    return " ".join(remarks)


def _receipt(usage: Usage, language: str) -> tuple[Fact, ...]:
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


def _pages(coverage: Coverage, extraction: Extraction | None, language: str) -> tuple[PageRow, ...]:
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
