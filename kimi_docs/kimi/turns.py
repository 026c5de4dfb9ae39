"""Who waits → whose turn it is: interactive work first, then the run that was given least, each run in its own order."""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

OVERTAKERS = 24
"""How many waiting requests are looked at when the first does not fit."""


@dataclass(eq=False, slots=True)
class Waiter:
    """One request that waits for leave to go."""

    tokens: int
    run: str
    interactive: bool
    since: float
    asked_at: float
    granted: "asyncio.Future[int]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    number: int = -1
    at: float = 0.0
    blocked: float | None = None

    def blocked_at(self, now: float) -> float:
        """Since when it is first in its line and cannot go."""
        if self.blocked is None:
            self.blocked = now
        return self.blocked


@dataclass(slots=True)
class Turns:
    """The lines of all runs. A run that comes later starts where the least served one stands, so nobody has to be caught up."""

    patience_seconds: float
    _lines: dict[tuple[bool, str], deque[Waiter]] = field(default_factory=dict)  # (batch?, run) → its requests
    _served: dict[str, int] = field(default_factory=dict)
    _count: int = 0
    most_tokens: int = 0  # of any that waited since the lines were empty

    def __len__(self) -> int:
        return self._count

    def add(self, waiter: Waiter) -> None:
        least = min((self._served[run] for _, run in self._lines), default=0)
        self._served[waiter.run] = max(self._served.get(waiter.run, 0), least)
        self._lines.setdefault((not waiter.interactive, waiter.run), deque()).append(waiter)
        self._count += 1
        self.most_tokens = max(self.most_tokens, waiter.tokens)

    def take(self, waiter: Waiter) -> None:
        """It goes: what it takes counts as served to its run."""
        self.remove(waiter)
        self._served[waiter.run] = self._served.get(waiter.run, 0) + max(1, waiter.tokens)

    def remove(self, waiter: Waiter) -> None:
        key = (not waiter.interactive, waiter.run)
        line = self._lines.get(key)
        if line is None or waiter not in line:
            return
        line.remove(waiter)
        self._count -= 1
        if not line:
            del self._lines[key]
            if not self._lines:
                self._served.clear()
                self.most_tokens = 0

    def order(self, *, everybody: bool = False) -> Iterator[Waiter]:
        """The first of every run in turn, then those behind them that might fit where the first do not."""
        keys = sorted(self._lines, key=lambda key: (key[0], self._served.get(key[1], 0)))
        lines = [list(self._lines[key])[: None if everybody else OVERTAKERS] for key in keys]
        heads = [line[0] for line in lines]
        behind = [waiter for line in lines for waiter in line[1:]]
        return iter([*heads, *behind] if everybody else [*heads, *behind][: len(heads) + OVERTAKERS])

    def overtaken(self, waiter: Waiter, now: float) -> bool:
        """Whether smaller ones have gone before it for long enough: then nobody does until it has gone."""
        return now - waiter.blocked_at(now) > self.patience_seconds
