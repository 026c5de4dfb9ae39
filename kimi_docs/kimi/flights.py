"""What is under way in this process: the same call twice is one call, and the first call on a document warms it for the rest."""

import asyncio
import hashlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from kimi_docs.domain.calls import Request
from kimi_docs.kimi.tokens import count

LIFETIME_SECONDS = 300.0
"""How long the provider keeps a prefix after it was last used (five minutes unless paid for more)."""
WORTH_TOKENS = 1_024
"""A prefix shorter than this is not worth waiting for."""
STEERING = ("reasoning_effort", "thinking", "tools")
"""Parameters that stand before the messages in what the model reads: another value is another prefix."""


@dataclass(eq=False)
class Flights:
    """One lock for each thing under way, kept only as long as somebody needs it."""

    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)
    _users: Counter[str] = field(default_factory=Counter)

    @asynccontextmanager
    async def alone(self, id: str) -> AsyncIterator[None]:
        """Nobody else in this process does the thing of that id meanwhile."""
        self._users[id] += 1
        lock = self._locks.setdefault(id, asyncio.Lock())
        try:
            async with lock:
                yield
        finally:
            self._users[id] -= 1
            if not self._users[id]:
                del self._users[id], self._locks[id]


def prefix_of(request: Request) -> str:
    """The name of what a request shares with others: model, steering and the first message; empty where that is short."""
    content = request.messages[0].get("content") if request.messages else None
    if len(request.messages) < 2 or not isinstance(content, str) or len(content) < WORTH_TOKENS or count(content) < WORTH_TOKENS:
        return ""
    steering = {name: request.parameters[name] for name in STEERING if name in request.parameters}
    return hashlib.sha256(json.dumps([request.model, steering, content], sort_keys=True).encode()).hexdigest()


@dataclass(eq=False)
class Warmth:
    """Which prefixes the provider keeps. The first request on one goes alone until its first token, the rest then go at once."""

    lifetime_seconds: float = LIFETIME_SECONDS
    clock: Callable[[], float] = time.monotonic
    _warm_until: dict[str, float] = field(default_factory=dict)
    _warming: dict[str, asyncio.Event] = field(default_factory=dict)

    @asynccontextmanager
    async def turn(self, prefix: str) -> AsyncIterator[Callable[[], None]]:
        """Wait until the prefix is warm, or be the one that warms it. Call what is given when the first token has come."""
        if not prefix:
            yield lambda: None
            return
        while not self.warm(prefix) and (event := self._warming.get(prefix)):
            await event.wait()
        mine = None if self.warm(prefix) else self._warming.setdefault(prefix, asyncio.Event())

        def warmed() -> None:
            self._warm_until[prefix] = self.clock() + self.lifetime_seconds
            self._over(prefix, mine)

        try:
            yield warmed
        finally:
            self._over(prefix, mine)

    def warm(self, prefix: str) -> bool:
        """Whether the provider keeps it, as far as we know."""
        return self._warm_until.get(prefix, -1.0) > self.clock()

    def _over(self, prefix: str, mine: asyncio.Event | None) -> None:
        """The warming has ended, well or not: those who wait look again."""
        if mine:
            mine.set()
            if self._warming.get(prefix) is mine:
                del self._warming[prefix]
        now = self.clock()
        for old in [name for name, until in self._warm_until.items() if until <= now]:
            del self._warm_until[old]
