"""Extraction + order → what it will take: tokens, calls, money, minutes. Sends nothing."""

from decimal import Decimal

from kimi_docs.analyze.plan import PROMPT_MARGIN_TOKENS, Counter, plan, safe_count
from kimi_docs.domain.calls import Estimate
from kimi_docs.domain.claims import SummaryOrder
from kimi_docs.domain.text import Extraction
from kimi_docs.kimi.catalog import Catalog
from kimi_docs.settings import Settings

SUMMARY_OUTPUT_TOKENS = 1_800
REASONING_TOKENS = 2_200
"""What a summary takes on average: a dozen claims with their quotes, and the thinking of a model that cannot be told not to."""
OUTPUT_TOKENS_PER_SECOND = 50
LOCAL_CHARACTERS_PER_SECOND = 200_000


def estimate(
    extraction: Extraction, order: SummaryOrder, settings: Settings, catalog: Catalog, counted: Counter = safe_count
) -> Estimate:
    """The estimate of one summary. `cost` is None when the model's price is unknown."""
    if order.engine == "local":
        minutes = len(extraction.text) / LOCAL_CHARACTERS_PER_SECOND / 60
        return Estimate(
            document=extraction.document,
            engine="local",
            model="",
            calls=0,
            input_tokens=0,
            output_tokens=0,
            cost=Decimal(0),
            currency=settings.currency,
            minutes=minutes,
        )
    planned = plan(extraction, settings, catalog, order.model)
    model, calls = planned.model, planned.calls
    each = SUMMARY_OUTPUT_TOKENS + (REASONING_TOKENS if model.thinking in ("effort", "always") else 0)
    input_tokens = counted(extraction.text, model.id) + calls * (model.overhead_tokens + PROMPT_MARGIN_TOKENS // 2)
    output_tokens = calls * each
    return Estimate(
        document=extraction.document,
        engine="kimi",
        model=model.id,
        calls=calls,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cost=model.price(input_tokens, 0, output_tokens, settings.currency),
        currency=settings.currency,
        minutes=_minutes(calls, input_tokens + calls * model.output_tokens, each, settings),
    )


def _minutes(calls: int, charged_tokens: int, output_tokens_each: int, settings: Settings) -> float:
    """The longest of what the answers take to write and what the account's limits allow."""
    limits = settings.limits
    writing = calls * (output_tokens_each / OUTPUT_TOKENS_PER_SECOND) / 60 / min(calls, limits.concurrency)
    period_minutes = limits.period_seconds / 60
    waiting = max((calls - 1) / limits.rpm, max(0, charged_tokens - limits.tpm) / limits.tpm) * period_minutes
    return writing + waiting
