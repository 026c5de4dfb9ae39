"""A cap shared by all runs of a batch: a call leaves only when what was spent, what is under way and it together fit.

What is under way is kept in the store with the most it may cost, so other processes count it too. Near the cap calls go one by
one: the cap is never passed by more than the one call that was allowed to because nothing else was under way.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal

from kimi_docs.domain.ports import Store
from kimi_docs.errors import BudgetReached
from kimi_docs.language import say


def reached(budget: Decimal, currency: str) -> BudgetReached:
    """The cap holds at a call's border: none leaves once it is reached, nor one whose prompt alone would pass it."""
    return BudgetReached(
        say("The budget of {budget} {currency} is reached.", budget=str(budget), currency=currency),
        say("What is done is kept. Raise the budget to go on; nothing is paid twice."),
    )


def without_price(model: str) -> BudgetReached:
    """A cap cannot be kept where nobody knows what a call costs."""
    return BudgetReached(
        say("There is a budget, but what {model} costs is not known, so it cannot be kept.", model=model),
        say("Choose a model whose price is known, or take the budget away. What is done is kept; nothing more was sent."),
    )


@dataclass(eq=False)
class Purse:
    """One event loop only. Without a batch there is nobody to share it with."""

    store: Store
    batch: str = ""
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _away: set[str] = field(default_factory=set)
    _back: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def leaving(self, call: str, least: Decimal, most: Decimal, budget: Decimal, currency: str) -> AsyncIterator[None]:
        """Wait until a call that costs between `least` and `most` may leave; record it as sent meanwhile, `most` as its cost.

        Raises: BudgetReached.
        """
        async with self._lock:
            await self._room(call, least, most, budget, currency)
            yield
            self._away.add(call)

    def back(self, call: str) -> None:
        """The call has ended, well or not, and stands so in the store."""
        self._away.discard(call)
        self._back.set()

    async def _room(self, call: str, least: Decimal, most: Decimal, budget: Decimal, currency: str) -> None:
        while True:
            self._back.clear()
            spent = await asyncio.to_thread(self.store.spent, self.batch, besides=call)
            if spent + most <= budget or (not self._away and spent + least <= budget):
                return
            if not self._away:
                raise reached(budget, currency)
            await self._back.wait()
