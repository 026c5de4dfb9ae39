"""What a model said → drafts whose quotes are still to be looked up."""

import re
from collections.abc import Mapping, Sequence

from kimi_docs.analyze import prompts
from kimi_docs.analyze.repair import Key
from kimi_docs.analyze.templates import Template
from kimi_docs.domain.claims import Citation, Claim, Computation, Draft, Section
from kimi_docs.domain.ports import Checker
from kimi_docs.domain.text import Extraction

QUERY = re.compile(r"\W*query[ #]*(\d{1,3})\b", re.IGNORECASE)


def summary_draft(said: prompts.SaidSummary, extractions: Sequence[Extraction]) -> Draft:
    sections = tuple(
        Section(title=section.title, claims=_claims(section.claims, extractions)) for section in said.sections if section.claims
    )
    return Draft(title=said.title.strip(), sections=sections)


def answer_draft(said: prompts.SaidAnswer, extractions: Sequence[Extraction], computed: Sequence[Computation]) -> Draft:
    claims = _claims(said.claims, extractions, computed)
    cited = {citation.quote for claim in claims for citation in claim.citations if citation.cells}
    shown = tuple(done for done in computed if done.sql in cited)
    sections = (Section(title="", claims=claims),) if claims else ()
    return Draft(sections=sections, found=said.found and bool(claims), computed=shown)


def _claims(
    said: Sequence[prompts.SaidClaim], extractions: Sequence[Extraction], computed: Sequence[Computation] = ()
) -> tuple[Claim, ...]:
    return tuple(
        Claim(text=claim.text.strip(), citations=citations(claim.quotes, extractions, computed))
        for claim in said
        if claim.text.strip()
    )


def citations(
    said: Sequence[prompts.SaidQuote], extractions: Sequence[Extraction], computed: Sequence[Computation] = ()
) -> tuple[Citation, ...]:
    return tuple(_computed(quote, computed) or _citation(quote, extractions) for quote in said if quote.text.strip())


def _computed(quote: prompts.SaidQuote, computed: Sequence[Computation]) -> Citation | None:
    """What is quoted as "query 2" is cited with the query and the cells it was computed from."""
    named = QUERY.match(quote.text)
    number = int(named[1]) if named else 0
    if not 1 <= number <= len(computed):
        return None
    done = computed[number - 1]
    return Citation(quote=done.sql, document=done.document, cells=", ".join(done.cells)) if done.cells else None


def _citation(quote: prompts.SaidQuote, extractions: Sequence[Extraction]) -> Citation:
    named = extractions[quote.document - 1] if 1 <= quote.document <= len(extractions) else extractions[0]
    return Citation(quote=quote.text.strip(), document=named.document, page_said=quote.page or None)


def looked_up(quotes: Mapping[Key, tuple[Citation, ...]], checker: Checker) -> dict[Key, Sequence[Citation]]:
    claims = tuple(Claim(text=text, citations=citations) for (text, _), citations in quotes.items())
    found = checker.look_up(Draft(sections=(Section(title="", claims=claims),)))
    return {key: claim.citations for key, claim in zip(quotes, found.claims, strict=True)}


def joined(drafts: Sequence[Draft], template: Template, language: str) -> Draft:
    """Drafts of several parts as one: claims under the same section title come together, in the template's order."""
    titles = list(dict.fromkeys([*template.titles(language), *(s.title for draft in drafts for s in draft.sections)]))
    sections = []
    for title in titles:
        claims = tuple(claim for draft in drafts for s in draft.sections if s.title == title for claim in s.claims)
        if claims:
            sections.append(Section(title=title, claims=claims))
    return Draft(title=next((draft.title for draft in drafts if draft.title), ""), sections=tuple(sections))
