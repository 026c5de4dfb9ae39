"""A fault → a wait of the right kind, or the error for the person: how long one call is tried."""

import asyncio
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from kimi_docs.errors import KeyRefused, QuotaExhausted, TryLater
from kimi_docs.kimi.classify import Action, Fault
from kimi_docs.kimi.limits import Limiter
from kimi_docs.language import say

BUSY_SECONDS = 1800.0
"""An overloaded provider is waited for so long in all; nothing is held meanwhile but the run itself."""
LONGEST_SECONDS = 60.0
REFUSED_AT_MOST = 60
"""Refusals for the account's rate in a row, each after a longer wait: about an hour."""


@dataclass(eq=False)
class Patience:
    """What one call has met with so far."""

    backoff_seconds: float = 1.0
    failures: int = 0
    refusals: int = 0
    busy_since: float | None = None
    dropped: set[str] = field(default_factory=set)  # parameters the provider did not take

    def tell(self, fault: Fault, limiter: Limiter) -> None:
        """What the fault means for all who use the account. Said while the call still holds its place, so that none slips out."""
        match fault.action:
            case Action.WAIT:
                self.refusals += 1
                limiter.learn(fault.limits)
                limiter.pause(self._refused_seconds(fault, limiter))
            case Action.BUSY:
                self.refusals += 1
                limiter.slower()
                limiter.pause(max(fault.wait_seconds, self._jitter(self.refusals)))
            case Action.PARK:
                limiter.park(tomorrow().timestamp(), fault.error)
            case Action.STOP if isinstance(fault.error, QuotaExhausted | KeyRefused):
                limiter.stop(fault.error)

    async def wait(self, fault: Fault, cause: BaseException) -> None:
        """Return when it may be tried again: the limiter does the rest. Raises: the fault's error when it may not."""
        match fault.action:
            case Action.WAIT if self.refusals < REFUSED_AT_MOST:
                return
            case Action.BUSY:
                self._raise_when_busy_too_long(cause)
            case Action.RETRY if self.failures + 1 < fault.attempts:
                self.failures += 1
                await asyncio.sleep(max(fault.wait_seconds, self._jitter(self.failures)))
            case _:
                raise fault.error from cause

    def _refused_seconds(self, fault: Fault, limiter: Limiter) -> float:
        """What the provider says is too short (one second where its window is a minute): never less than a request's share."""
        share = limiter.limits.period_seconds / fault.limits.get("rpm", limiter.limits.rpm) if "rpm" in fault.limits else 0.0
        again = 0.0 if self.refusals == 1 and fault.limits else self._jitter(self.refusals)
        return max(fault.wait_seconds if self.refusals > 1 or not fault.limits else 0.0, share, again)

    def _jitter(self, times: int) -> float:
        ceiling = min(LONGEST_SECONDS, self.backoff_seconds * 2.0**times)
        return random.uniform(ceiling / 4, ceiling)  # noqa: S311 — jitter, not a secret

    def _raise_when_busy_too_long(self, cause: BaseException) -> None:
        now = time.monotonic()
        self.busy_since = self.busy_since if self.busy_since is not None else now
        if now - self.busy_since >= BUSY_SECONDS:
            advice = say("What is done is kept. Start it again later: it goes on where it was.")
            raise TryLater(say("The provider has been overloaded for half an hour."), advice) from cause


def tomorrow() -> datetime:
    """The next midnight in UTC: when a day begins for the provider is not documented."""
    return (datetime.now(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
