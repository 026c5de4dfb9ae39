"""Nouns → the JSON shapes of the contract, each function named by its noun. Keys are added, never renamed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from kimi_docs.domain.calls import Estimate, Usage
from kimi_docs.domain.claims import Answer, Citation, Claim, Computation, Section, Session, Summary
from kimi_docs.domain.document import Document
from kimi_docs.domain.runs import Failure
from kimi_docs.domain.search import Found, Hit
from kimi_docs.domain.text import Coverage, Extraction, Notice, Page, PageState
from kimi_docs.errors import KimiDocsError
from kimi_docs.export import plain, words
from kimi_docs.language import translate

Shape = dict[str, Any]
ROWS_TOLD = 10


def document(d: Document) -> Shape:
    return {"id": d.id, "name": d.name, "format": d.format, "bytes": d.bytes, "title": d.title, "language": d.language}


def coverage(c: Coverage) -> Shape:
    return {
        "pages": len(c.by_page),
        **{state.value: c.count(state) for state in PageState},
        "characters": c.characters,
        "characters_sent": c.characters_sent,
        "calls": c.calls,
        "whole": c.whole,
        "by_page": [{"page": p.page, "state": p.state.value, "characters": p.characters} for p in c.by_page],
    }


def extraction(e: Extraction, of: Document, language: str | None = None) -> Shape:
    """The shape of `extract`."""
    return {
        "document": document(of),
        "extractor": e.extractor,
        "pages": [page(p, e) for p in e.pages],
        "coverage": coverage(Coverage.of(e)),
        "warnings": warnings(e.notices, language),
    }


def page(p: Page, of: Extraction) -> Shape:
    return {
        "number": p.number,
        "label": p.label,
        "kind": p.kind.value,
        "state": p.state.value,
        "text": p.span.of(of.text),
    }


def warnings(notices: Iterable[Notice], language: str | None = None) -> list[Shape]:
    return [{"code": n.code, "page": n.page, "message": n.message.text(language)} for n in notices]


def citation(c: Citation) -> Shape:
    return {
        "quote": c.quote,
        "page": c.page,
        "page_said": c.page_said,
        "verdict": c.verdict.value,
        "start": c.start,
        "end": c.end,
        "document": c.document,
        "cells": c.cells or None,
    }


def computation(c: Computation) -> Shape:
    rows = [list(row) for row in c.rows]
    return {"sql": c.sql, "columns": list(c.columns), "rows": rows, "cells": list(c.cells), "document": c.document, "page": c.page}


def claim(c: Claim) -> Shape:
    cited = [citation(each) for each in c.citations]
    return {"text": c.text, "verified": c.verified, "citations": cited, "unquoted": list(c.unquoted)}


def section(s: Section) -> Shape:
    return {"title": s.title, "claims": [claim(each) for each in s.claims]}


def usage(u: Usage) -> Shape:
    """Unknown amounts are null, never zero."""
    return {
        "calls": u.calls,
        "input_tokens": u.input_tokens,
        "cached_tokens": u.cached_tokens,
        "output_tokens": u.output_tokens,
        "cost": _number(u.cost),
        "currency": u.currency,
        "estimated_cost": _number(u.estimated_cost),
        "possible_duplicates": u.possible_duplicates,
    }


def summary(s: Summary, of: Document, language: str | None = None) -> Shape:
    """The shape of `summarize`."""
    return {
        "id": s.id,
        "document": document(of),
        "engine": s.engine,
        "model": s.model,
        "template": s.template,
        "language": s.language,
        "title": s.draft.title or of.shown_name,
        "sections": [section(each) for each in s.draft.sections],
        **_counts(s.draft.claims),
        "coverage": coverage(s.coverage),
        "usage": usage(s.usage),
        "state": s.state.value,
        "warnings": warnings(s.notices, language),
        "created_at": _time(s.created_at),
    }


def answer(a: Answer, documents: Iterable[Document], language: str | None = None) -> Shape:
    """The shape of `ask`. `documents` may hold more than the answer's own."""
    known = {d.id: d for d in documents}
    return {
        "id": a.id,
        "session": a.session,
        "question": a.question,
        "engine": a.engine,
        "model": a.model,
        "answer": answer_markdown(a, language),
        "claims": [claim(each) for each in a.draft.claims],
        **_counts(a.draft.claims),
        "computed": [computation(each) for each in a.draft.computed],
        "found": a.found,
        "documents": [document(known[id]) for id in a.documents if id in known],
        "usage": usage(a.usage),
        "state": a.state.value,
        "warnings": warnings(a.notices, language),
        "created_at": _time(a.created_at),
    }


def answer_markdown(a: Answer, language: str | None = None) -> str:
    """The answer as Markdown. The mark [n] stands for the n-th citation of all the claims, counted from 1."""
    lines = [] if a.found else [plain.markdown(not_found(language))]
    number = 0
    for part in a.draft.sections:
        lines += [f"### {plain.markdown(part.title)}"] if part.title else []
        for each in part.claims:
            marks = [f"[{number + place}]" for place in range(1, len(each.citations) + 1)]
            number += len(marks)
            lines.append(
                " ".join([plain.markdown(each.text), *marks, *claim_mark(words.standing_of(each), language, each.unquoted)])
            )
    lines += [plain.markdown(computed_text(each, language)) for each in a.draft.computed]
    return "\n\n".join(lines)


def computed_text(c: Computation, language: str | None) -> str:
    """The query, the cells it was computed from, and the first rows of its result, in a line."""
    rows = "; ".join(", ".join(row) for row in c.rows[:ROWS_TOLD])
    result = f"{rows}; …" if len(c.rows) > ROWS_TOLD else rows
    sql = " ".join(c.sql.split())
    return translate("Computed from {cells}: {sql} → {result}", language, cells=", ".join(c.cells), sql=sql, result=result)


def claim_mark(standing: words.Standing, language: str | None, unquoted: Sequence[str] = ()) -> list[str]:
    """The visible marks of a claim that is not verified word for word, or whose numbers no quote says; none for one that is."""
    weak = [] if standing in (words.Standing.VERIFIED, words.Standing.SILENT) else [words.standing(standing, language)]
    return [f"({mark})" for mark in (*weak, *words.not_quoted(unquoted, language))]


def not_found(language: str | None) -> str:
    return translate("The documents do not hold an answer to this question.", language)


def estimate(e: Estimate) -> Shape:
    return {
        "document": e.document,
        "engine": e.engine,
        "model": e.model,
        "calls": e.calls,
        "input_tokens": e.input_tokens,
        "output_tokens": e.output_tokens,
        "cost": _number(e.cost),
        "currency": e.currency,
        "minutes": e.minutes,
        "known": e.known,
    }


def estimate_total(estimates: Sequence[Estimate]) -> Shape:
    """Several estimates as one; money is null as soon as one price is unknown. What is known already costs nothing."""
    new = [e for e in estimates if not e.known]
    costs = [e.cost for e in new]
    return {
        "documents": len(estimates),
        "known": len(estimates) - len(new),
        "calls": sum(e.calls for e in new),
        "input_tokens": sum(e.input_tokens for e in new),
        "output_tokens": sum(e.output_tokens for e in new),
        "cost": None if any(cost is None for cost in costs) else float(sum(cost for cost in costs if cost is not None)),
        "currency": estimates[0].currency if estimates else None,
        "minutes": sum(e.minutes for e in new),
    }


def session(s: Session, answers: Sequence[Answer] = (), documents: Iterable[Document] = (), language: str | None = None) -> Shape:
    known = {d.id: d for d in documents}
    return {
        "id": s.id,
        "title": s.title,
        "documents": [document(known[id]) for id in s.documents if id in known],
        "answers": [answer(each, known.values(), language) for each in answers],
        "usage": usage(sum((each.usage for each in answers), Usage())),
        "created_at": _time(s.created_at),
        "updated_at": _time(s.updated_at),
    }


def search(f: Found) -> Shape:
    """The shape of `search`. `start` and `end` count characters of the page's text; `marks` those of the snippet. `some`: no place
    has all of the words, these have some."""
    return {"query": f.query, "hits": [hit(each) for each in f.hits], "total": f.total, "some": f.some and f.total > 0}


def hit(h: Hit) -> Shape:
    return {
        "kind": h.kind.value,
        "id": h.id,
        "document": h.document,
        "session": h.session or None,
        "name": h.name,
        "page": h.page,
        "snippet": h.snippet,
        "start": h.start,
        "end": h.end,
        "marks": [{"start": span.start, "end": span.end} for span in h.marks],
    }


def error(e: KimiDocsError | Failure, language: str | None = None) -> Shape:
    return {
        "error": {
            "code": e.code,
            "message": e.message.text(language),
            "advice": e.advice.text(language),
            "document": e.document,
            "request_id": e.request_id,
        }
    }


def _counts(claims: Iterable[Claim]) -> Shape:
    known = list(claims)
    return {"claims_verified": sum(each.verified for each in known), "claims_total": len(known)}


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _time(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()
