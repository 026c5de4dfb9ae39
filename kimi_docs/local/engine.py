"""The local engine: extraction or question → drafts that grow, made of the documents' own sentences."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from kimi_docs.domain.claims import Answer, Draft, Section, SummaryOrder
from kimi_docs.domain.ports import Checker
from kimi_docs.domain.runs import Progress, Stage
from kimi_docs.domain.text import Extraction, Notice, Span
from kimi_docs.local.answer import answer
from kimi_docs.local.summarize import summarize
from kimi_docs.local.titles import TEMPLATES


class LocalEngine:
    """Fits `Engine`. It raises nothing of its own: a document it can say nothing about gives an empty draft.

    The work is done in threads, a section at a time, so that a run can be stopped between two.
    """

    name = "local"
    model = "local-extractive-1"

    async def summarize(self, extraction: Extraction, order: SummaryOrder) -> AsyncGenerator[Progress]:
        """A draft after each section, the last one complete. The whole text is considered."""
        if order.sections and (own := await asyncio.to_thread(_own_sections, extraction, order.sections)):
            yield _progress(extraction, Draft(title=extraction.title, sections=own), 1, 1)
            return
        total = len(TEMPLATES.get(order.template, TEMPLATES["general"])) + 1
        sections: list[Section] = []
        coming = summarize(extraction, template=order.template, wanted=order.language, length=order.length)
        while section := await asyncio.to_thread(next, coming, None):
            sections.append(section)
            yield _progress(
                extraction, Draft(title=extraction.title, sections=tuple(sections)), len(sections), max(total, len(sections) + 1)
            )
        draft = Draft(title=extraction.title, sections=tuple(sections), found=bool(sections))
        yield _progress(extraction, draft, total, total)

    async def answer(self, question: str, extractions: Sequence[Extraction], history: Sequence[Answer]) -> AsyncGenerator[Progress]:
        """The claims one after the other, then the answer."""
        draft = await asyncio.to_thread(answer, question, extractions, history)
        claims = tuple(draft.claims)
        first = extractions[0] if extractions else None
        for number in range(1, len(claims)):
            part = Draft(title=draft.title, sections=(Section(title="", claims=claims[:number]),))
            yield _progress(first, part, number, len(claims))
        yield _progress(first, draft, max(1, len(claims)), max(1, len(claims)))

    async def repair(self, draft: Draft, checker: Checker) -> tuple[Draft, Sequence[Notice]]:  # noqa: ARG002
        """Its quotes are the documents' own sentences: there is nothing to mend."""
        return draft, ()


def _own_sections(extraction: Extraction, wanted: Sequence[tuple[str, str]]) -> tuple[Section, ...]:
    """For each section of a person's own template the sentences that answer its instruction, none twice."""
    seen: set[str] = set()
    sections = []
    for title, asked in wanted:
        claims = tuple(claim for claim in answer(f"{title}: {asked}", [extraction]).claims if claim.text not in seen)
        seen |= {claim.text for claim in claims}
        sections += [Section(title=title, claims=claims)] if claims else []
    return tuple(sections)


def _progress(extraction: Extraction | None, draft: Draft, done: int, total: int) -> Progress:
    sent = (Span(start=0, end=len(extraction.text)),) if extraction else ()
    return Progress(draft=draft, stage=Stage.WRITING, done=done, total=total, sent=sent)
