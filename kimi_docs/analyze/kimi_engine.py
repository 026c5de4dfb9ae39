"""The engine that asks Kimi: documents → prompts → structured answers → drafts with quotes still to be looked up."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel

from kimi_docs.analyze import prompts
from kimi_docs.analyze.consult import Search
from kimi_docs.analyze.drafts import answer_draft, citations, joined, looked_up, summary_draft
from kimi_docs.analyze.inquiry import Inquiry, inquire
from kimi_docs.analyze.plan import Plan, halves, plan, room_of
from kimi_docs.analyze.repair import MOST_CALLS, MOST_DOUBTS, Doubt, Key, doubts, key_of, mended
from kimi_docs.analyze.templates import Template, get_template, template_of
from kimi_docs.domain.calls import Completion, Request
from kimi_docs.domain.claims import Answer, Citation, Draft, Length, Section, SummaryOrder
from kimi_docs.domain.ports import Checker
from kimi_docs.domain.runs import Progress, Stage
from kimi_docs.domain.search import Found
from kimi_docs.domain.text import Extraction, Notice, Span
from kimi_docs.errors import BadResponse, BudgetReached, ModelUnavailable, PlatformError, TooLong, Withheld
from kimi_docs.kimi.caller import Caller
from kimi_docs.kimi.catalog import Model
from kimi_docs.kimi.structured import Asks, ask_structured
from kimi_docs.kimi.tokens import count
from kimi_docs.kimi.tools import Loop
from kimi_docs.language import Message, say
from kimi_docs.settings import Settings

MOST_CLAIMS = {Length.SHORT: 8, Length.MEDIUM: 24, Length.LONG: 40}
"""Of the parts of a long document together; more are reduced."""
MOST_ABOVE = 1.5
"""So many times the true count our own may be."""
Shape = TypeVar("Shape", bound=BaseModel)


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """What a model had before it when it made claims: all but the task, byte for byte, so that the provider's cache holds it."""

    model: Model
    messages: tuple[prompts.Message, ...]
    extractions: tuple[Extraction, ...]
    made: frozenset[Key]
    parameters: Mapping[str, Any]


class KimiEngine:
    """Fits `Engine`. Every call goes through the caller: recorded, limited, priced."""

    name = "kimi"

    def __init__(
        self,
        caller: Caller,
        settings: Settings,
        *,
        model: str = "",
        search: Search = lambda _: Found(query=""),
        attempt: int = 0,
    ) -> None:
        self._caller, self._settings, self._wanted, self._search, self._attempt = caller, settings, model, search, attempt
        self.model = model
        self._heads: list[Head] = []

    async def summarize(self, extraction: Extraction, order: SummaryOrder) -> AsyncGenerator[Progress]:
        """One call for a document that fits, else one a part and one that chooses among their claims.

        Raises: PlatformError, BudgetReached, Withheld when nothing at all was let through.
        """
        template, language = template_of(order), order.language or extraction.language or "en"
        planned = await self._plan(extraction, order.model)
        progress = Progress(draft=Draft(), stage=Stage.SENDING, total=planned.calls)
        whole = len(planned.spans) == 1
        drafts: list[Draft] = []
        waiting = list(planned.spans)
        while waiting:
            span, number = waiting.pop(0), len(drafts)
            messages = prompts.summary_messages(extraction, None if whole else span, template, language, order)
            yield replace(progress, stage=Stage.SENDING, done=number)
            asked = self._ask(planned.model, messages, prompts.SaidSummary, "summary", extraction.document)
            try:
                async with aclosing(asked) as answer:
                    async for said, completion in answer:  # noqa: B007 — the last one is used below
                        draft = summary_draft(said, [extraction])
                        whole_draft = joined([*drafts, draft], template, language)
                        progress = replace(progress, draft=whole_draft, done=number, stage=Stage.WRITING)
                        yield progress
                drafts.append(draft)
                self._remember(planned.model, messages, [extraction], draft)
                progress = _checked(replace(progress, sent=(*progress.sent, span)), completion)
            except TooLong:
                if not (parts := halves(extraction, span)):
                    raise
                waiting[:0], whole = parts, False
                progress = replace(progress, total=len(drafts) + len(waiting) + 1)
            except ModelUnavailable as closed:
                await self._caller.rule_out(planned.model.id, closed, order.model or self._settings.model)
                planned = await self._plan(extraction, order.model)
                waiting = list(planned.spans) if whole or not drafts else [span, *waiting]
                whole = whole and len(planned.spans) == 1
            except Withheld as refusal:
                if whole or not (drafts or waiting):
                    raise
                progress = _withheld(progress, span, refusal)
        if len(drafts) > 1:
            try:
                reduced = await self._reduced(progress.draft, planned.model, template, language, order.length)
                progress = replace(progress, draft=reduced)
            except (Withheld, BadResponse) as error:
                progress = replace(progress, notices=(*progress.notices, *_not_reduced(error)))
        yield replace(progress, done=progress.total)

    async def _plan(self, extraction: Extraction, wanted: str) -> Plan:
        """The calls, for the models this provider has. May ask the provider what it serves."""
        catalog = await self._caller.prepare()
        planned = plan(extraction, self._settings, catalog, wanted)  # by a count that never changes: a restart must split alike
        self.model = planned.model.id
        if len(planned.spans) > 1 and await self._fits(planned.model, extraction):
            return replace(planned, spans=(Span(start=0, end=len(extraction.text)),))
        return planned

    async def _fits(self, model: Model, extraction: Extraction) -> bool:
        """Near the window our count, which is never below, may part a document that fits: the provider is asked for its own."""
        room = room_of(model, self._settings)
        if self._settings.chunk_tokens or count(extraction.text) > MOST_ABOVE * room:
            return False
        messages = prompts.summary_messages(extraction, None, get_template("general"), "en")
        told = await self._caller.told_tokens(Request(model=model.id, messages=messages, parameters={}), extraction.document)
        return told is not None and told <= room

    async def answer(self, question: str, extractions: Sequence[Extraction], history: Sequence[Answer]) -> AsyncGenerator[Progress]:
        """One call with the documents whole; else with pages found in them, and as many more as the model looks things up.

        Raises: PlatformError, BudgetReached, TooLong when not even a few pages fit.
        """
        sent = (Span(start=0, end=len(extractions[0].text)),) if extractions else ()
        yield Progress(draft=Draft(), stage=Stage.SENDING)
        document = extractions[0].document if len(extractions) == 1 else None
        while True:
            asked = await self._inquiry(question, extractions, history)
            loop = Loop(self._caller, asked.toolbox) if asked.toolbox.tools else None
            try:
                pieces = self._ask(asked.model, asked.messages, prompts.SaidAnswer, "answer", document, through=loop)
                async with aclosing(pieces) as answer:
                    async for said, completion in answer:  # noqa: B007 — the last one is used below
                        draft = answer_draft(said, extractions, asked.consultation.computed)
                        yield Progress(draft=draft, sent=sent)
            except ModelUnavailable as closed:
                await self._caller.rule_out(asked.model.id, closed, self._wanted or self._settings.model)
            else:
                break
            finally:
                asked.consultation.close()
        messages = (*asked.messages, *loop.turns, {}) if loop else asked.messages
        self._remember(asked.model, messages, extractions, draft, asked.parameters)
        yield _checked(Progress(draft=draft, sent=sent, done=1, notices=asked.notices), completion)

    async def _inquiry(self, question: str, extractions: Sequence[Extraction], history: Sequence[Answer]) -> Inquiry:
        catalog = await self._caller.prepare()
        wanted, search = self._wanted, self._search
        asked = await asyncio.to_thread(
            inquire, question, extractions, history, self._settings, catalog, wanted=wanted, search=search
        )
        self.model = asked.model.id
        return asked

    async def repair(self, draft: Draft, checker: Checker) -> tuple[Draft, Sequence[Notice]]:
        """One call for each prompt whose claims are in doubt; where one fails, what was mended before is kept."""
        doubtful = await asyncio.to_thread(doubts, draft, checker.near)
        asked = [(head, [doubt for doubt in doubtful if doubt.key in head.made][:MOST_DOUBTS]) for head in self._heads]
        for head, mine in [(head, mine) for head, mine in asked if mine][:MOST_CALLS]:
            try:
                quotes = await self._better_quotes(head, mine)
            except (PlatformError, BudgetReached) as error:
                message = say("Some quotes were not found, and the model could not be asked for better ones.")
                return draft, (Notice(code="not_repaired", message=message), Notice(code=error.code, message=error.message))
            draft = mended(draft, await asyncio.to_thread(looked_up, quotes, checker))
        return draft, ()

    def _remember(
        self,
        model: Model,
        messages: Sequence[prompts.Message],
        extractions: Sequence[Extraction],
        draft: Draft,
        parameters: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        made = frozenset(map(key_of, draft.claims))
        documents = tuple(extractions)
        self._heads.append(
            Head(model=model, messages=tuple(messages[:-1]), extractions=documents, made=made, parameters=parameters)
        )

    async def _better_quotes(self, head: "Head", doubtful: Sequence[Doubt]) -> dict[Key, tuple[Citation, ...]]:
        listed = [(doubt.claim.text, [citation.quote for citation in doubt.missing]) for doubt in doubtful]
        messages = (*head.messages, prompts.repair_message(listed))
        document = head.extractions[0].document if len(head.extractions) == 1 else None
        asked = self._ask(head.model, messages, prompts.SaidRepairs, "repair", document, parameters=head.parameters)
        async with aclosing(asked) as answer:
            async for said, _ in answer:
                last = said
        quotes = {one.claim: citations(one.quotes, head.extractions) for one in last.claims}
        return {doubt.key: quotes.get(number, ()) for number, doubt in enumerate(doubtful, 1)}

    async def _ask(
        self,
        model: Model,
        messages: Sequence[prompts.Message],
        shape: type[Shape],
        name: str,
        document: str | None = None,
        *,
        parameters: Mapping[str, Any] = MappingProxyType({}),
        through: Asks | None = None,
    ) -> AsyncGenerator[tuple[Shape, Completion | None]]:
        parameters = {**model.parameters, "max_completion_tokens": model.output_tokens, **parameters}
        request = Request(model=model.id, messages=tuple(messages), parameters=parameters, attempt=self._attempt)
        async with aclosing(ask_structured(through or self._caller, request, shape, name=name, document=document)) as answer:
            async for said in answer:
                yield said

    async def _reduced(self, draft: Draft, model: Model, template: Template, language: str, length: Length) -> Draft:
        """The draft of all parts cut to what matters for the whole: claims are chosen by number, so quotes travel unchanged."""
        claims = list(draft.claims)
        if len(claims) <= MOST_CLAIMS[length]:
            return draft
        titles = template.titles(language)
        messages = prompts.reduction_messages([claim.text for claim in claims], titles, language, length)
        async with aclosing(self._ask(model, messages, prompts.SaidReduction, "reduction")) as answer:
            async for said, _ in answer:
                chosen = said
        used: set[int] = set()
        sections = []
        for kept in chosen.sections:
            numbers = [n for n in dict.fromkeys(kept.claims) if 1 <= n <= len(claims) and n not in used]
            used.update(numbers)
            if numbers:
                sections.append(Section(title=kept.title, claims=tuple(claims[n - 1] for n in numbers)))
        return Draft(title=chosen.title or draft.title, sections=tuple(sections)) if sections else draft


def _checked(progress: Progress, completion: Completion | None) -> Progress:
    """The progress, not complete where the answer hit its length limit."""
    if completion is None or completion.finish != "length":
        return progress
    notice = Notice(code="cut", message=say("The model's answer was cut at its length limit; what came before is kept."))
    return replace(progress, notices=(*progress.notices, notice), complete=False)


def _not_reduced(error: PlatformError) -> tuple[Notice, Notice]:
    message = say("Choosing among the claims of the parts failed, so all of them are kept.")
    return Notice(code="not_reduced", message=message), Notice(code=error.code, message=error.message)


def _withheld(progress: Progress, span: Span, refusal: Withheld) -> Progress:
    notice = Notice(code="withheld", message=Message(id=refusal.message.id, values=refusal.message.values))
    return replace(progress, withheld=(*progress.withheld, span), notices=(*progress.notices, notice), complete=False)
