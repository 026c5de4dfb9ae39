"""The account's limits, kept before every request so that the provider never has to refuse one."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kimi_docs.settings import Limits


class Limiter:
    """Lets requests out so that no window of one period holds more than allowed. First come, first served.

    Tokens are charged up front (prompt and the room for the answer), as the provider does. One event loop only.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._slots = asyncio.Semaphore(limits.concurrency)
        self._turn = asyncio.Lock()
        self._sent: deque[tuple[float, int]] = deque()
        self._paused_until = 0.0

    @asynccontextmanager
    async def slot(self, tokens: int) -> AsyncIterator[None]:
        """Wait until a request of so many tokens may leave; hold its place until it has ended."""
        async with self._slots:
            async with self._turn:
                while (wait := self._wait_seconds(tokens)) > 0:
                    await asyncio.sleep(wait)
                self._sent.append((self._now(), tokens))
            yield

    def pause(self, seconds: float) -> None:
        """The provider said no all the same (somebody else uses the account): nothing leaves for so long."""
        self._paused_until = max(self._paused_until, self._now() + max(seconds, self.limits.period_seconds / self.limits.rpm))

    def _wait_seconds(self, tokens: int) -> float:
        now, period = self._now(), self.limits.period_seconds
        while self._sent and self._sent[0][0] <= now - period:
            self._sent.popleft()
        wait = self._paused_until - now
        if len(self._sent) >= self.limits.rpm:
            wait = max(wait, self._sent[-self.limits.rpm][0] + period - now)
        return max(wait, self._tokens_wait(tokens, now))

    def _tokens_wait(self, tokens: int, now: float) -> float:
        """Until enough of the window's tokens are too old to count. A request above the limit leaves when the window is empty."""
        excess = sum(charged for _, charged in self._sent) + tokens - self.limits.tpm
        for sent_at, charged in self._sent:
            if excess <= 0:
                return 0.0
            excess -= charged
            if excess <= 0 or (sent_at, charged) == self._sent[-1]:
                return sent_at + self.limits.period_seconds - now
        return 0.0

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
