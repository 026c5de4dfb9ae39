"""Summary | session → a report (`volume` and `table` make the others)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from kimi_docs.domain.calls import Usage
from kimi_docs.domain.claims import Answer, Completeness, Session, Summary
from kimi_docs.domain.document import Document
from kimi_docs.domain.text import Extraction
from kimi_docs.export import bibliography, shapes, words
from kimi_docs.export.nouns import Fact, Report
from kimi_docs.export.parts import Sources, cautions, origin, page_rows, receipt, verified
from kimi_docs.language import translate

__all__ = ["Report", "of_session", "of_summary"]


def of_summary(summary: Summary, document: Document, extraction: Extraction | None, language: str) -> Report:
    """The report of a summary; with the extraction, pages go by the name printed on them."""
    texts = {document.id: extraction} if extraction else {}
    sources = Sources(names={document.id: document.shown_name}, texts=texts, language=language)
    facts = (
        Fact(label=translate("Document", language), value=document.name),
        *origin(summary, language),
        Fact(label=translate("Template", language), value=summary.template),
        Fact(label=translate("Coverage", language), value=words.coverage(summary.coverage, language)),
        verified(summary.draft.claims, language),
    )
    part_only = summary.state == Completeness.PARTIAL or not summary.coverage.whole
    return Report(
        name=document.name,
        title=summary.draft.title or document.shown_name,
        language=language,
        facts=facts,
        cautions=cautions(part_only, summary.notices, extraction, language),
        parts=tuple(sources.part(section.title, section.claims) for section in summary.draft.sections),
        receipt=receipt(summary.usage, language),
        pages=page_rows(summary.coverage, extraction, language),
        data=shapes.summary(summary, document, language),
        usage=summary.usage,
        references=(replace(bibliography.reference(document, extraction), abstract=_abstract(summary, language)),),
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
    sources = Sources(names=names, texts=extractions or {}, language=language)
    usage = sum((answer.usage for answer in answers), Usage())
    title = session.title or translate("Questions and answers", language)
    facts = [Fact(label=translate("Document", language), value=sources.name(id)) for id in session.documents]
    facts += origin(answers[-1], language) if answers else []
    facts.append(verified(chain.from_iterable(answer.draft.claims for answer in answers), language))
    return Report(
        name=title,
        title=title,
        language=language,
        facts=tuple(facts),
        cautions=tuple(dict.fromkeys(caution for answer in answers for caution in cautions(False, answer.notices, None, language))),
        parts=tuple(sources.part(answer.question, answer.draft.claims, _remark(answer, language)) for answer in answers),
        receipt=receipt(usage, language),
        data=shapes.session(session, answers, known.values(), language),
        usage=usage,
        references=tuple(bibliography.reference(each, (extractions or {}).get(id)) for id, each in known.items()),
    )


def _abstract(summary: Summary, language: str) -> str:
    """The claims as one text, those that are not verified with their mark."""
    claims = summary.draft.claims
    return " ".join(
        " ".join([claim.text, *shapes.claim_mark(words.standing_of(claim), language, claim.unquoted)]) for claim in claims
    )


def _remark(answer: Answer, language: str) -> str:
    remarks = [] if answer.found else [shapes.not_found(language)]
    if answer.state == Completeness.PARTIAL:
        remarks.append(translate("This answer is not complete.", language))
    remarks += [shapes.computed_text(each, language) for each in answer.draft.computed]
    return " ".join(remarks)
