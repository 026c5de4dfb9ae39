"""Extraction + settings → the calls a summary takes: which model, and which part of the document goes into each."""

from collections.abc import Callable
from dataclasses import dataclass

from kimi_docs.analyze.chunk import split
from kimi_docs.domain.text import Extraction, Span
from kimi_docs.errors import TooLong
from kimi_docs.kimi.catalog import Catalog, Model
from kimi_docs.kimi.tokens import count
from kimi_docs.language import say
from kimi_docs.settings import Settings

PROMPT_MARGIN_TOKENS = 1_500
"""Rules, task, schema and page marks beside a document's text."""
SHORTEST_CHARACTERS = 2_000
LEAST_TOKENS = 1_500
"""With less room a document would fall into hundreds of calls."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The calls a summary takes: the model, and the spans of the document that go into one call each."""

    model: Model
    spans: tuple[Span, ...]

    @property
    def calls(self) -> int:
        return len(self.spans) + (len(self.spans) > 1)


Counter = Callable[[str, str], int]
"""Text and model → tokens."""


def safe_count(text: str, _model: str) -> int:
    """The count that nothing was learned for yet."""
    return count(text)


def plan(extraction: Extraction, settings: Settings, catalog: Catalog, wanted: str = "", counted: Counter = safe_count) -> Plan:
    """Whole documents in one call where window, tokens a minute and `chunk_tokens` allow it; else the fewest parts.

    Raises: TooLong where hardly anything fits beside the answer, ModelUnavailable.
    """

    def tokens_for(model: Model) -> int:
        return counted(extraction.text, model.id) + len(extraction.pages) * 6 + PROMPT_MARGIN_TOKENS

    model = choose_model(tokens_for, settings, catalog, wanted)
    tokens = tokens_for(model)
    room = room_of(model, settings)
    whole = Span(start=0, end=len(extraction.text))

    def with_marks(text: str) -> int:
        return int(counted(text, model.id) * 1.02) + 20

    if tokens - PROMPT_MARGIN_TOKENS <= room:
        return Plan(model=model, spans=(whole,))
    if room < min(LEAST_TOKENS, settings.chunk_tokens or LEAST_TOKENS):
        raise _no_room(model, settings)
    return Plan(model=model, spans=split(extraction, room, with_marks))


def _no_room(model: Model, settings: Settings) -> TooLong:
    if settings.limits.tpm < model.window_tokens:
        return TooLong(
            say(
                "The account's {tpm} tokens a minute leave no room for a document beside the answer of {model}.",
                tpm=settings.limits.tpm,
                model=model.id,
            ),
            say("Set KIMI_DOCS_TPM or KIMI_DOCS_TIER to what the account really has, or choose another model. Nothing was sent."),
        )
    return TooLong(
        say("The window of {model} leaves no room for a document beside the answer.", model=model.id),
        say("Choose a model with a larger window. Nothing was sent."),
    )


def room_of(model: Model, settings: Settings) -> int:
    """Tokens of a document that go into one call."""
    room = min(model.window_tokens, settings.limits.tpm) - model.output_tokens - model.overhead_tokens - PROMPT_MARGIN_TOKENS
    return min(room, settings.chunk_tokens) if settings.chunk_tokens else room


def halves(extraction: Extraction, span: Span) -> tuple[Span, ...]:
    """A part that the provider found too long as two: at a page's start near the middle, else at a line's. None if it is short."""
    if span.end - span.start < SHORTEST_CHARACTERS:
        return ()
    middle, quarter = (span.start + span.end) // 2, (span.end - span.start) // 4
    starts = [page.span.start for page in extraction.pages if abs(page.span.start - middle) < quarter]
    line = extraction.text.rfind("\n", middle - quarter, middle) + 1
    at = min(starts, key=lambda start: abs(start - middle), default=line or middle)
    return Span(start=span.start, end=at), Span(start=at, end=span.end)


def choose_model(tokens_for: Callable[[Model], int], settings: Settings, catalog: Catalog, wanted: str = "") -> Model:
    """The model named, or for `auto` the cheapest that takes the prompt whole, else the one with most room."""
    name = wanted or settings.model
    if name and name != "auto":
        return catalog.get(name)
    return catalog.cheapest(tokens_for, tpm=settings.limits.tpm) or catalog.roomiest(settings.limits.tpm)
