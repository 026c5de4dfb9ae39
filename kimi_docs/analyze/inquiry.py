"""Question + documents + what was asked before → what is sent: the documents whole where they fit, else pages found and tools."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kimi_docs.analyze import prompts
from kimi_docs.analyze.consult import Consultation, Search, has_sheets
from kimi_docs.analyze.plan import LEAST_TOKENS, PROMPT_MARGIN_TOKENS, choose_model
from kimi_docs.domain.claims import Answer
from kimi_docs.domain.text import Extraction, Notice
from kimi_docs.errors import TooLong
from kimi_docs.kimi.catalog import Catalog, Model
from kimi_docs.kimi.tokens import count, count_messages
from kimi_docs.kimi.tools import Toolbox
from kimi_docs.language import say
from kimi_docs.settings import Settings

PART_TOKENS = 48_000
"""Pages of documents that do not fit: what is found first, and as much again to be looked up."""
HISTORY_TOKENS = 6_000


@dataclass(frozen=True, kw_only=True)
class Inquiry:
    """`documents` are shown whole, or looked up through the consultation's tools."""

    model: Model
    messages: tuple[prompts.Message, ...]
    consultation: Consultation
    whole: bool = True
    toolbox: Toolbox = field(default_factory=Toolbox)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What stands before the messages in what the model reads, without leave to call anything any more."""
        return {"tools": [tool.definition for tool in self.toolbox.tools], "tool_choice": "none"} if self.toolbox.tools else {}

    @property
    def notices(self) -> tuple[Notice, ...]:
        if self.whole:
            return ()
        pages = self.consultation.read_from()
        message = say("The documents are too long to be read whole; this answer was made of these pages: {pages}.", pages=pages)
        return (Notice(code="part_read", message=message),)


def inquire(
    question: str,
    extractions: Sequence[Extraction],
    history: Sequence[Answer],
    settings: Settings,
    catalog: Catalog,
    *,
    wanted: str,
    search: Search,
) -> Inquiry:
    """Raises: TooLong when not even a few pages fit, ModelUnavailable."""
    past = recent(history, HISTORY_TOKENS)
    rules = (prompts.COMPUTE,) if has_sheets(extractions) else ()
    messages = prompts.answer_messages(question, extractions, past, "", rules=rules)
    tokens = count_messages(messages)
    model = choose_model(lambda one: tokens + one.overhead_tokens, settings, catalog, wanted)
    consultation = Consultation(extractions=extractions, search=search, room=PART_TOKENS)
    if tokens + model.overhead_tokens + model.output_tokens <= min(model.window_tokens, settings.limits.tpm):
        toolbox = consultation.toolbox(whole=True)
        return Inquiry(model=model, messages=messages, consultation=consultation, toolbox=toolbox)
    model = choose_model(lambda _one: PART_TOKENS + HISTORY_TOKENS + PROMPT_MARGIN_TOKENS, settings, catalog, wanted)
    limit = min(model.window_tokens, settings.limits.tpm) - model.output_tokens - model.overhead_tokens - PROMPT_MARGIN_TOKENS
    past = recent(past, max(0, limit) // 8)
    consultation.room = min(PART_TOKENS, limit - _tokens(past) - count(question))
    if consultation.room < LEAST_TOKENS:
        raise TooLong(
            say("The documents of this session are together longer than the model's window."),
            say("Ask about fewer documents at once, or choose a model with a larger window. Nothing was sent."),
        )
    shown = consultation.opening(question, consultation.room // 2)
    rules = (prompts.PART, *rules)
    messages = prompts.answer_messages(question, extractions, past, "", shown=shown, rules=rules)
    toolbox = consultation.toolbox(whole=False)
    return Inquiry(model=model, messages=messages, consultation=consultation, whole=False, toolbox=toolbox)


def recent(history: Sequence[Answer], tokens: int) -> Sequence[Answer]:
    """The last of the answers, as many as fit."""
    for start in range(len(history)):
        if _tokens(history[start:]) <= tokens:
            return history[start:]
    return ()


def _tokens(history: Sequence[Answer]) -> int:
    return count_messages(prompts.past_messages(history))
