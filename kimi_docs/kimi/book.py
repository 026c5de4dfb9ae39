"""What was sent lately → whether another request may leave now, and if not, when. Pure arithmetic, no clock and no waiting."""

import heapq
import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kimi_docs.domain.calls import Mark
from kimi_docs.settings import Limits

TRAVEL_SECONDS = 2.0
"""A request is counted by the provider when it arrives. We know of that by its answer's head, or suppose it after this time."""
GRAINS = 500
"""Slots a period is told to others in: what falls out of the window is told a five-hundredth of a period late at most."""
DAY_PERIODS = 24 * 60
FIRST_UNADMITTED = 8
"""Requests that may be under way to the provider at first: so a limit lower than the settings say costs a few refusals only."""
CLOCK_SECONDS = 0.004
"""Our clock and the provider's are not the same one."""


@dataclass(slots=True)
class Book:
    """One process's part of the account's book, and what it last saw of the others'. Times are in seconds since 1970."""

    limits: Limits
    others: Sequence[Mark] = ()
    held: int = 0  # requests that have left and not ended
    admitted: int = 0  # how many the provider has let in since the start
    window: deque[tuple[float, int]] = field(default_factory=deque)  # (when it stops to count, tokens), by time
    travelling: dict[int, tuple[float, int]] = field(default_factory=dict)  # place → (when it left, tokens)
    day: deque[tuple[float, int]] = field(default_factory=deque)
    paused_until: float = 0.0
    learned: dict[str, tuple[float, int]] = field(default_factory=dict)  # limit → (until, what the provider said it is)
    _tokens: int = 0  # of the window
    _today: int = 0

    # ---- What happens ----

    def leave(self, place: int, tokens: int, now: float) -> None:
        self.held += 1
        self.travelling[place] = (now, tokens)
        self.day.append((now + self.limits.period_seconds * DAY_PERIODS, tokens))
        self._today += tokens

    def admit(self, place: int, now: float) -> None:
        """The provider has let it in: from now on it counts for one period."""
        if place in self.travelling:
            left, tokens = self.travelling.pop(place)
            self.admitted += 1
            self._count(max(left, min(now, left + TRAVEL_SECONDS)), tokens)

    def end(self, place: int, now: float, *, refused: bool = False) -> None:
        """It has ended; one that was refused counts for nothing."""
        self.held -= 1
        if refused and place in self.travelling:
            _, tokens = self.travelling.pop(place)
            self.day.append((self.day[-1][0] if self.day else now, -tokens))
            self._today -= tokens
        else:
            self.admit(place, now)

    def _count(self, at: float, tokens: int) -> None:
        until = at + self.limits.period_seconds + CLOCK_SECONDS
        if self.window and until < self.window[-1][0]:
            until = self.window[-1][0]  # keeps the order; a moment too long is no harm
        self.window.append((until, tokens))
        self._tokens += tokens

    def learn(self, limits: Mapping[str, int], now: float, seconds: float) -> None:
        """The provider said what a limit of the account is."""
        for name, value in limits.items():
            self.learned[name] = (now + seconds, max(1, value))

    # ---- What may be ----

    def limit(self, name: str, now: float) -> int:
        """The limit in force: what the settings say, or less where the provider said so, to us or to another process."""
        told = [value for mark in self.others if mark.kind == f"limit {name}" and mark.until > now for value in (mark.tokens,)]
        if name in self.learned and self.learned[name][0] > now:
            told.append(self.learned[name][1])
        configured: int | None = getattr(self.limits, name)
        return min([*told, *([configured] if configured else [])], default=1 << 60)

    def others_sum(self, kind: str, now: float) -> tuple[int, int]:
        """(requests, tokens) of the others' marks of a kind."""
        marks = [mark for mark in self.others if mark.kind == kind and mark.until > now]
        return sum(mark.requests for mark in marks), sum(mark.tokens for mark in marks)

    def spent_today(self, now: float) -> int:
        while self.day and self.day[0][0] <= now:
            self._today -= self.day.popleft()[1]
        return self._today + self.others_sum("day", now)[1]

    def wait(self, tokens: int, now: float, *, reserved: tuple[int, int] = (0, 0)) -> float:
        """Seconds until a request of so many tokens may leave: 0 for now, infinity for when something ends first.

        `reserved` are places (requests at once, requests a period) that others wait for and have a claim to.
        """
        self._forget(now)
        pause = max([self.paused_until, *(mark.until for mark in self.others if mark.kind == "pause")]) - now
        if self.held + self.others_sum("held", now)[0] + reserved[0] >= self.limit("concurrency", now):
            return math.inf
        if len(self.travelling) >= FIRST_UNADMITTED + self.admitted // 4:
            return math.inf
        return max(pause, self._window_wait(tokens, now, reserved[1]), 0.0)

    def _window_wait(self, tokens: int, now: float, reserved: int) -> float:
        others = [mark for mark in self.others if mark.kind == "window" and mark.until > now]
        requests = len(self.window) + len(self.travelling) + sum(mark.requests for mark in others)
        charged = self._tokens + sum(t for _, t in self.travelling.values()) + sum(mark.tokens for mark in others)
        surplus_requests = requests + 1 + reserved - self.limit("rpm", now)
        surplus_tokens = min(charged + tokens - self.limit("tpm", now), charged)  # one above the limit leaves in an empty window
        if surplus_requests <= 0 and surplus_tokens <= 0:
            return 0.0
        for until, ended, freed in self._endings(others):
            surplus_requests -= ended
            surplus_tokens -= freed
            if surplus_requests <= 0 and surplus_tokens <= 0:
                return until - now
        return math.inf

    def _endings(self, others: Sequence[Mark]) -> Iterator[tuple[float, int, int]]:
        """(when, requests, tokens) that leave the window, the next first."""
        period = self.limits.period_seconds
        mine = ((until, 1, tokens) for until, tokens in self.window)
        theirs = sorted((mark.until, mark.requests, mark.tokens) for mark in others)
        under_way = sorted((left + TRAVEL_SECONDS + period, 1, tokens) for left, tokens in self.travelling.values())
        return heapq.merge(mine, theirs, under_way)

    def _forget(self, now: float) -> None:
        while self.window and self.window[0][0] <= now:
            self._tokens -= self.window.popleft()[1]

    # ---- What the others are told ----

    def marks(self, member: str, now: float, lease_seconds: float) -> list[Mark]:
        """Our part, for the shared book. What we hold counts as long as the lease is renewed."""
        self._forget(now)
        period, grain = self.limits.period_seconds, self.limits.period_seconds / GRAINS
        slots: dict[int, Mark] = {}
        under_way = [(now + TRAVEL_SECONDS + period, tokens) for _, tokens in self.travelling.values()]
        for until, tokens in (*self.window, *under_way):
            slot = math.ceil(until / grain)
            mark = slots.get(slot) or Mark(member=member, kind="window", slot=slot, until=slot * grain)
            slots[slot] = replace(mark, requests=mark.requests + 1, tokens=mark.tokens + tokens)
        told = [*slots.values(), *self._day_marks(member, now)]
        if self.held:
            told.append(Mark(member=member, kind="held", until=now + lease_seconds, requests=self.held))
        if self.paused_until > now:
            told.append(Mark(member=member, kind="pause", until=self.paused_until))
        for name, (until, value) in self.learned.items():
            if until > now:
                told.append(Mark(member=member, kind=f"limit {name}", until=until, tokens=value))
        return told

    def _day_marks(self, member: str, now: float) -> Iterator[Mark]:
        if self.limits.tpd is None or not self.day:
            return
        grain = self.limits.period_seconds * DAY_PERIODS / 24
        hours: dict[int, int] = {}
        for until, tokens in self.day:
            if until > now:
                hours[math.ceil(until / grain)] = hours.get(math.ceil(until / grain), 0) + tokens
        for hour, tokens in hours.items():
            yield Mark(member=member, kind="day", slot=hour, until=hour * grain, tokens=tokens)
