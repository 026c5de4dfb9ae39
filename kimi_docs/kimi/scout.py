"""Whether the purse at the provider still pays for a call: near its end the calls of batches leave one after the other.

As long as the balance covers the dearest they can become, they leave side by side. After that each waits until the one before was
taken: so an empty purse costs one refusal, and those that wait behind it are not sent.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from openai import OpenAIError

from kimi_docs.errors import PlatformError

UNKNOWN_COVERS = 16
"""Calls that leave before the balance is asked for again where it could not be told."""
MOST_COVERED = 500


@dataclass(eq=False)
class Scout:
    """One event loop only."""

    balance: Callable[[], Awaitable[Mapping[str, Any]]]
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _covered: int = 0  # calls that may leave before anybody need look
    _away: int = 0
    _denials: int = 0
    _denial: PlatformError | None = None

    @asynccontextmanager
    async def turn(self, most: Decimal | None) -> AsyncIterator[Callable[[], None]]:
        """For a call that costs `most` at most; what is given is to be called when the provider has taken it.

        Raises: the error of a call before, which says that none will be taken.
        """
        if not most or self._covered > 0:
            self._covered -= 1
            async with self._counted():
                yield lambda: None
            return
        heard = self._denials
        await self._lock.acquire()
        holding = True

        def taken() -> None:
            nonlocal holding
            if holding:
                self._lock.release()
            holding = False

        try:
            if self._denials != heard and self._denial:
                raise type(self._denial)(self._denial.message, self._denial.advice)
            await self._look(most)
            if self._covered > 0:
                self._covered -= 1
                taken()
            async with self._counted():
                yield taken
        finally:
            taken()

    def denied(self, error: PlatformError) -> None:
        """The provider took none: those that wait now need not try."""
        self._denials += 1
        self._denial, self._covered = error, 0

    async def _look(self, most: Decimal) -> None:
        if self._covered > 0:
            return
        try:
            available = (await self.balance()).get("available_balance")
        except OpenAIError:
            available = None
        covered = UNKNOWN_COVERS if available is None else int(Decimal(str(available)) / most) - self._away
        self._covered = min(MOST_COVERED, covered)

    @asynccontextmanager
    async def _counted(self) -> AsyncIterator[None]:
        self._away += 1
        try:
            yield
        finally:
            self._away -= 1
