"""Whether an account may be used at all: stopped for want of money or a good key, or parked until its next day."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from kimi_docs.domain.calls import Mark
from kimi_docs.errors import KeyRefused, PlatformError, QuotaExhausted, TryLater
from kimi_docs.kimi.book import Book
from kimi_docs.kimi.turns import Waiter
from kimi_docs.language import say

STOPPED_SECONDS = 900.0
"""After so long what was asked before the stop is tried again, once."""


@dataclass(eq=False)
class Standing:
    """What this process knows; what others know is in the marks of the book. Times are in seconds since 1970."""

    stopped: tuple[float, PlatformError] | None = None  # (when, why)
    parked: tuple[float, PlatformError] | None = None  # (until, why)

    def denial(self, waiter: Waiter, book: Book, now: float) -> PlatformError | None:
        """Why it is not to wait: the account was stopped after it was asked for, or the day's tokens are used up."""
        if waiter.since <= self._stopped_at(book, now):
            return self.stopped[1] if self.stopped else _told_stop(book)
        if self._parked_until(book, now) > now:
            return self.parked[1] if self.parked else _day_used_up()
        if book.spent_today(now) + waiter.tokens > book.limit("tpd", now):
            return _day_used_up()
        return None

    def closed(self, book: Book, most_tokens: int, now: float) -> bool:
        """Whether anybody at all may have to be turned away."""
        left = book.limit("tpd", now) - book.spent_today(now)
        return not math.isinf(self._stopped_at(book, now)) or self._parked_until(book, now) > now or left < most_tokens

    def marks(self, member: str, now: float) -> Iterator[Mark]:
        """What the other processes are told."""
        if self.stopped:
            since, error = self.stopped
            key = int(isinstance(error, KeyRefused))
            yield Mark(member=member, kind="stop", slot=int(since * 1e6) + 1, until=since + STOPPED_SECONDS, tokens=key)
        if self.parked and self.parked[0] > now:
            yield Mark(member=member, kind="park", until=self.parked[0])

    def _stopped_at(self, book: Book, now: float) -> float:
        told = [mark.slot / 1e6 for mark in book.others if mark.kind == "stop" and mark.until > now]
        mine = [self.stopped[0]] if self.stopped and self.stopped[0] + STOPPED_SECONDS > now else []
        return max([*told, *mine], default=-math.inf)

    def _parked_until(self, book: Book, now: float) -> float:
        told = [mark.until for mark in book.others if mark.kind == "park"]
        return max([*told, self.parked[0] if self.parked else now])


def _told_stop(book: Book) -> PlatformError:
    """Why another process stopped the account."""
    if any(mark.kind == "stop" and mark.tokens for mark in book.others):
        return KeyRefused(say("The provider refused the key."))
    advice = say("Top up the account in the provider's console, then go on: what is done is kept and is not paid again.")
    return QuotaExhausted(say("The account has no balance or quota left."), advice)


def _day_used_up() -> PlatformError:
    advice = say("It goes on tomorrow, or sooner with a higher tier. What is done is kept.")
    return TryLater(say("The account's tokens for today are used up."), advice)
