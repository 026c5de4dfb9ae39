"""Extraction + settings → the calls a summary takes: which model, and which part of the document goes into each."""

from dataclasses import dataclass

from kimi_docs.analyze.chunk import split
from kimi_docs.domain.text import Extraction, Span
from kimi_docs.kimi.catalog import Catalog, Model
from kimi_docs.kimi.tokens import count
from kimi_docs.settings import Settings

PROMPT_MARGIN_TOKENS = 1_500
"""Rules, task, schema and page marks beside a document's text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The calls a summary takes: the model, and the spans of the document that go into one call each."""

    model: Model
    spans: tuple[Span, ...]

    @property
    def calls(self) -> int:
        return len(self.spans) + (len(self.spans) > 1)


def plan(extraction: Extraction, settings: Settings, catalog: Catalog, wanted: str = "") -> Plan:
    """Whole documents in one call where window, tokens a minute and `chunk_tokens` allow it; else the fewest parts."""
    tokens = count(extraction.text) + len(extraction.pages) * 6 + PROMPT_MARGIN_TOKENS
    model = choose_model(tokens, settings, catalog, wanted)
    room = min(model.window_tokens, settings.limits.tpm) - model.output_tokens - model.overhead_tokens - PROMPT_MARGIN_TOKENS
    if settings.chunk_tokens:
        room = min(room, settings.chunk_tokens)
    whole = Span(start=0, end=len(extraction.text))
    spans = (whole,) if tokens - PROMPT_MARGIN_TOKENS <= room else split(extraction, room, _count_with_marks)
    return Plan(model=model, spans=spans)


def _count_with_marks(text: str) -> int:
    return int(count(text) * 1.02) + 20


def choose_model(prompt_tokens: int, settings: Settings, catalog: Catalog, wanted: str = "") -> Model:
    """The model named, or for `auto` the cheapest that takes the prompt whole, else the one with the largest window."""
    name = wanted or settings.model
    if name and name != "auto":
        return catalog.get(name)
    return catalog.cheapest(prompt_tokens, tpm=settings.limits.tpm) or catalog.widest
