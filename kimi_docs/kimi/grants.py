"""Book, turns and standing → who may leave now, and when the next may. No waiting, and nothing that others see."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kimi_docs.domain.calls import Mark
from kimi_docs.kimi.book import Book
from kimi_docs.kimi.standing import Standing
from kimi_docs.kimi.turns import Turns, Waiter

LEAD_SECONDS = 0.08
"""A place is given so long before its moment: about as long as recording a call takes on a slow disk."""
YIELD_SECONDS = 0.15


@dataclass(eq=False)
class Grants:
    """What one process grants of the account's limits. Times are in seconds since 1970."""

    book: Book
    turns: Turns
    standing: Standing = field(default_factory=Standing)
    last_at: float = 0.0  # when the last was given
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def pick(self, now: float) -> tuple[list[Waiter], float]:
        """Those that may leave now, already on the book; and the seconds until the next may."""
        granted: list[Waiter] = []
        while True:
            found, soonest = self._first(now)
            if found is None:
                return granted, soonest
            self.turns.take(found)
            found.number = next(self._numbers)
            found.at = now + max(0.0, self.wait(found, now))
            self.book.leave(found.number, found.tokens, found.at)
            self.last_at = now
            granted.append(found)

    def _first(self, now: float) -> tuple[Waiter | None, float]:
        """The next that may leave, or how long until one may. What does not fit is overtaken, but not for ever."""
        soonest = math.inf
        for position, waiter in enumerate(self.turns.order()):
            if self.standing.denial(waiter, self.book, now):
                continue
            wait = self.wait(waiter, now)
            if wait <= LEAD_SECONDS:
                return waiter, wait
            soonest = min(soonest, wait)
            if math.isinf(wait) or (position == 0 and self.turns.overtaken(waiter, now)):
                break
        return None, soonest

    def hopeful(self, now: float) -> bool:
        """Whether anybody may leave, as far as is known."""
        return any(self.wait(waiter, now) <= LEAD_SECONDS for waiter in self.turns.order())

    def wait(self, waiter: Waiter, now: float) -> float:
        """Seconds until it may leave, others' claims in mind; infinity for when something ends first."""
        wanting = [mark for mark in self.book.others if mark.kind == "wants" and mark.until > now]
        if not wanting:
            return self.book.wait(waiter.tokens, now)
        if self._should_yield(waiter, wanting, now):
            return 2 * LEAD_SECONDS
        wanted = sum(mark.requests for mark in wanting)
        held, sent = self.book.others_sum("held", now)[0], self.book.others_sum("window", now)[0]
        share = len(wanting) + 1
        reserved = (
            max(0, min(wanted, self.book.limit("concurrency", now) // share) - held),
            max(0, min(wanted, self.book.limit("rpm", now) // share) - sent),
        )
        return self.book.wait(waiter.tokens, now, reserved=reserved)

    def _should_yield(self, waiter: Waiter, wanting: Sequence[Mark], now: float) -> bool:
        """Let another process go first for a moment, where it waits with something more urgent or went longer ago than we did."""
        names = {mark.member for mark in wanting}
        if any(mark.tokens for mark in wanting) and not waiter.interactive:
            return now - waiter.blocked_at(now) < YIELD_SECONDS
        theirs = [mark.tokens / 1000 for mark in self.book.others if mark.kind == "member" and mark.member in names]
        scarce = self.book.limit("concurrency", now) <= len(names) + 1
        return scarce and bool(theirs) and min(theirs) < self.last_at and now - waiter.blocked_at(now) < YIELD_SECONDS
