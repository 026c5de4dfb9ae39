"""Requests to come → what their input will cost, the provider's prefix cache in mind."""

from collections.abc import Sequence
from decimal import Decimal

from kimi_docs.domain.calls import Request
from kimi_docs.kimi.catalog import Model
from kimi_docs.kimi.counting import Counting
from kimi_docs.kimi.flights import prefix_of
from kimi_docs.kimi.tokens import signs

BLOCK_TOKENS = 256
"""The provider keeps whole blocks of a prefix."""


def input_cost(asked: Sequence[Request], model: Model, counting: Counting, currency: str) -> Decimal | None:
    """Money for the input of all: the first request on a prefix reads it fresh, the rest from the cache. None without a price."""
    total, warm = Decimal(0), dict[str, int]()
    for request in asked:
        tokens = counting.count_request(request, model.overhead_tokens)
        prefix = prefix_of(request)
        cached = min(warm.get(prefix, 0), tokens)
        price = model.price(tokens, cached, 0, currency)
        if price is None:
            return None
        total += price
        if prefix and prefix not in warm:
            shared = counting.rates(request.model).tokens(signs(str(request.messages[0]["content"])))
            warm[prefix] = shared // BLOCK_TOKENS * BLOCK_TOKENS
    return total
