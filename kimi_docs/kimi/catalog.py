"""Model id → window, prices and how its thinking is steered. The table is `catalog.toml`, dated and editable."""

import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from kimi_docs.domain.calls import Completion
from kimi_docs.errors import ModelUnavailable
from kimi_docs.language import say
from kimi_docs.settings import Settings

MILLION = Decimal(1_000_000)
UNKNOWN_WINDOW_TOKENS = 131_072


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """Money per million tokens."""

    cached: Decimal
    input: Decimal
    output: Decimal
    cache_write: Decimal | None = None

    def of(self, *, input_tokens: int, cached_tokens: int, output_tokens: int) -> Decimal:
        """What a call costs; `input_tokens` includes the cached ones. Where writing the cache is billed, that replaces it."""
        fresh = self.cache_write if self.cache_write is not None else self.input
        return ((input_tokens - cached_tokens) * fresh + cached_tokens * self.cached + output_tokens * self.output) / MILLION


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A model of the provider. `thinking` is none, switch, effort or always; `prices` go by currency and may lack one."""

    id: str
    window_tokens: int = UNKNOWN_WINDOW_TOKENS
    thinking: str = "none"
    prices: Mapping[str, Price] = field(default_factory=dict)
    overhead_tokens: int = 90
    for_documents: bool = True
    inputs: tuple[str, ...] = ("text",)
    batch: bool = False
    json_schema: bool = True
    ends: str = ""  # the day it is planned to be retired
    successor: str = ""

    @property
    def output_tokens(self) -> int:
        """Room asked for an answer. It counts against the account's tokens a minute, and reasoning is taken from it."""
        wanted = 32_768 if self.thinking in ("effort", "always") else 16_384
        return min(wanted, self.window_tokens // 4)

    @property
    def parameters(self) -> dict[str, Any]:
        """How thinking is kept short. No sampling field is ever sent: newer models refuse every value but their own."""
        if self.thinking == "switch":
            return {"thinking": {"type": "disabled"}}
        return {"reasoning_effort": "low"} if self.thinking == "effort" else {}

    def cost(self, completion: Completion, currency: str) -> Decimal | None:
        """The price of an answer, None when no price is known in that currency."""
        return self.price(completion.input_tokens, completion.cached_tokens, completion.output_tokens, currency)

    def price(self, input_tokens: int, cached_tokens: int, output_tokens: int, currency: str) -> Decimal | None:
        price = self.prices.get(currency)
        if not price:
            return None
        return price.of(input_tokens=input_tokens, cached_tokens=cached_tokens, output_tokens=output_tokens)


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalog:
    """All that is known of the models, cheapest first as they stand in the table."""

    as_of: str
    models: tuple[Model, ...]
    retired: Mapping[str, tuple[str, str]]  # id → (when, successor)

    def without(self, closed: Collection[str]) -> "Catalog":
        """The catalog without the models that are not open to this account."""
        return replace(self, models=tuple(model for model in self.models if model.id not in closed)) if closed else self

    def served(self, windows: Mapping[str, int | None]) -> "Catalog":
        """What somebody else serves, by id with the window in tokens: nothing of it is retired, and no price is known."""
        models = (Model(id=id, window_tokens=window or UNKNOWN_WINDOW_TOKENS) for id, window in windows.items())
        return replace(self, models=tuple(models), retired={})

    def hinted(self, windows: Mapping[str, int | None]) -> "Catalog":
        """The catalog with models the provider lists and we do not know: used when named, never by `auto`."""
        unknown = [
            Model(id=id, window_tokens=window, for_documents=False)
            for id, window in windows.items()
            if window and not self.find(id) and id not in self.retired
        ]
        return replace(self, models=(*self.models, *unknown))

    def find(self, id: str) -> Model | None:
        return next((model for model in self.models if model.id == id), None)

    def get(self, id: str) -> Model:
        """The model of that id; any id may be used, an unknown one with a careful window and no price.

        Raises: ModelUnavailable for a retired one, naming what replaced it.
        """
        if id in self.retired:
            when, successor = self.retired[id]
            raise ModelUnavailable(
                say("The model {model} was retired on {date}.", model=id, date=when),
                say("Use {successor}, or “auto” for the cheapest that fits. Nothing was sent.", successor=successor),
            )
        return self.find(id) or Model(id=id)

    def cheapest(self, tokens_for: Callable[[Model], int], *, tpm: int | None = None) -> Model | None:
        """The cheapest model whose window, and whose share of the account's tokens a minute, fits the prompt and its answer.

        `tokens_for` counts the prompt as that model does.
        """
        for model in self.models:
            needed = tokens_for(model) + model.overhead_tokens + model.output_tokens
            if model.for_documents and needed <= model.window_tokens and (tpm is None or needed <= tpm):
                return model
        return None

    @property
    def widest(self) -> Model:
        """The cheapest of the models with the largest window: what is split is split for this one. Raises: ModelUnavailable."""
        fit = [model for model in self.models if model.for_documents]
        if not fit:
            raise ModelUnavailable(
                say("No model of the catalog is open to this account."),
                say("Name one in the settings, or add it to catalog.toml in the home folder. Nothing was sent."),
            )
        return max(fit, key=lambda model: model.window_tokens)

    def roomiest(self, tpm: int) -> Model:
        """The cheapest of those that leave most room beside their answer, in the window and in a minute of the account.

        Raises: ModelUnavailable.
        """
        fit = [model for model in self.models if model.for_documents] or [self.widest]
        return max(fit, key=lambda model: min(model.window_tokens, tpm) - model.output_tokens - model.overhead_tokens)


def catalog_for(settings: Settings) -> Catalog:
    """What is known of a provider's models before it has been asked anything."""
    known = load_catalog(settings.home)
    return known.served({settings.model: None}) if settings.chosen_provider == "openai-compatible" else known


@cache
def load_catalog(home: Path | None = None) -> Catalog:
    """The shipped table, or the user's own `catalog.toml` in the home folder."""
    own = home / "catalog.toml" if home else None
    source = own if own and own.exists() else Path(__file__).with_name("catalog.toml")
    table = tomllib.loads(source.read_text(encoding="utf-8"))
    retired = {id: (row["on"], row["successor"]) for row in table.get("retired", []) for id in row["ids"]}
    return Catalog(as_of=table["as_of"], models=tuple(_model(row) for row in table["models"]), retired=retired)


def _model(row: Mapping[str, Any]) -> Model:
    prices = {
        currency.upper(): Price(**{kind: Decimal(amount) for kind, amount in row[currency].items()})
        for currency in ("usd", "cny")
        if currency in row
    }
    return Model(
        id=row["id"],
        window_tokens=row["window"],
        thinking=row.get("thinking", "none"),
        prices=prices,
        overhead_tokens=row.get("overhead_tokens", 90),
        for_documents=row.get("for_documents", True),
        inputs=tuple(row.get("inputs", ("text",))),
        batch=row.get("batch", False),
        json_schema=row.get("json_schema", True),
        ends=row.get("ends", ""),
        successor=row.get("successor", ""),
    )
