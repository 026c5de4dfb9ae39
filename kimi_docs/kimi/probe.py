"""One small call and what comes with it: whether the key works, which model answers, what is left, how right our clock is."""

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime

from openai import OpenAIError

from kimi_docs.domain.calls import Call, CallState, Completion, Request
from kimi_docs.domain.ports import Store
from kimi_docs.errors import KimiDocsError
from kimi_docs.kimi.catalog import Catalog, Model
from kimi_docs.kimi.classify import FAILURES, classify
from kimi_docs.kimi.client import Client, Deadlines
from kimi_docs.kimi.receipt import Receipt, sending_of
from kimi_docs.kimi.stream import Interrupted
from kimi_docs.settings import Settings

DEADLINES = Deadlines(connect=5, first_token=30, first_token_thinking=30, total=40)
_LIMITS = "x-ratelimit-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """What the provider said. `error` is why the small call was not answered, None when it was."""

    models: Sequence[str]
    model: str = ""
    tokens: int = 0
    seconds: float = 0.0
    error: KimiDocsError | None = None
    balance: Decimal | None = None
    limits: Mapping[str, str] = field(default_factory=dict)
    """As the provider's headers call them; hardly ever said."""

    skew_seconds: float | None = None
    """How far our clock is ahead of the provider's, None where it does not say the time."""


async def probe(settings: Settings, store: Store, catalog: Catalog) -> Probe:
    """Ask for the models, the balance and one token, which is recorded as every call. Raises: KimiDocsError for a refused key."""
    client = Client(settings, DEADLINES)
    try:
        models, headers = await client.models_with_headers()
        await client.recognized()
        known = [str(model.get("id")) for model in models]
        model = _smallest(catalog, settings, known)
        answered = await _one_token(client, store, catalog, model, settings)
        return Probe(
            models=known,
            model=model.id,
            tokens=answered.tokens,
            seconds=answered.seconds,
            error=answered.error,
            balance=await _balance_if_said(client),
            limits={name: value for name, value in headers.items() if name.lower().startswith(_LIMITS)},
            skew_seconds=_skew(headers.get("date", "")),
        )
    except FAILURES as failure:
        raise classify(failure, base_url=settings.base_url, model=settings.model).error from failure
    finally:
        await client.close()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answered:
    tokens: int = 0
    seconds: float = 0.0
    error: KimiDocsError | None = None


def _smallest(catalog: Catalog, settings: Settings, known: Sequence[str]) -> Model:
    """The model that is set, else the cheapest that is served. Raises: KimiDocsError for one that is not known."""
    if settings.model != "auto":
        return catalog.get(settings.model)
    open_to_us = [model for id in known if (model := catalog.find(id))]
    if not open_to_us:
        return Model(id=known[0]) if known else catalog.widest
    return min(open_to_us, key=lambda model: model.price(100, 0, 100, settings.currency) or Decimal("Infinity"))


async def _one_token(client: Client, store: Store, catalog: Catalog, model: Model, settings: Settings) -> _Answered:
    words = f"Say OK. {uuid.uuid4().hex[:8]}"  # never the same: a recorded answer would prove nothing
    request = Request(model=model.id, messages=({"role": "user", "content": words},), parameters={"max_completion_tokens": 1})
    call = Call(id=request.id, model=model.id, state=CallState.SENT, run="doctor", sent_at=datetime.now(UTC), sendings=1)
    receipt = Receipt(catalog=catalog, currency=settings.currency, run="doctor")
    store.write_calls([sending_of(call, request, None, client.base_url)], [])
    started = time.monotonic()
    try:
        async for piece in client.stream(request, may_be_empty=True):
            if isinstance(piece, Completion):
                store.write_calls([], [receipt.answered(call, piece)])
                return _Answered(tokens=piece.input_tokens + piece.output_tokens, seconds=time.monotonic() - started)
    except Interrupted as broken:
        return _Answered(error=classify(broken.cause, base_url=client.base_url, model=model.id).error)
    return _Answered()


async def ask_balance(settings: Settings) -> Decimal | None:
    """What is left on the account, in the region's currency; None for a provider without a purse. Raises: KimiDocsError."""
    client = Client(settings, DEADLINES)
    try:
        await client.recognized()
        return await _balance(client)
    except FAILURES as failure:
        raise classify(failure, base_url=settings.base_url, model=settings.model).error from failure
    finally:
        await client.close()


async def _balance_if_said(client: Client) -> Decimal | None:
    try:
        return await _balance(client)
    except OpenAIError:
        return None


async def _balance(client: Client) -> Decimal | None:
    """None for a provider without a purse, or with one that says nothing we know. Raises: what openai raises."""
    try:
        said = (await client.balance()).get("available_balance")
        return None if said is None else Decimal(str(said))
    except (KeyError, TypeError, InvalidOperation):
        return None


def _skew(said: str) -> float | None:
    try:
        return time.time() - parsedate_to_datetime(said).timestamp()
    except (TypeError, ValueError):
        return None
