"""The account's limits, kept before every request so that the provider never has to refuse one.

All processes share one book in the store. A process that is alone there holds it for a second at a time and grants at once, from
memory; where there are several, each grant is written in a transaction that sees what the others were granted, many at a time.
Who waits is served by turns: interactive work before batches, then the run that was given least; a request that does not fit yet
is overtaken by smaller ones, but not for long.
"""

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from kimi_docs.domain.calls import Mark
from kimi_docs.domain.ports import Meter
from kimi_docs.errors import KimiDocsError, PlatformError
from kimi_docs.kimi.book import Book
from kimi_docs.kimi.grants import LEAD_SECONDS, Grants
from kimi_docs.kimi.members import alone_until, gone_from_here, new_member, others_at_work
from kimi_docs.kimi.standing import Standing
from kimi_docs.kimi.turns import Turns, Waiter
from kimi_docs.settings import Limits

ALONE_SECONDS = 1.0
"""How long a process that is alone grants without looking; a newcomer waits as long at most."""
RENEW_SECONDS = ALONE_SECONDS / 3
LEASE_SECONDS = 3 * ALONE_SECONDS
LOOK_SECONDS = 0.02
"""How often a process looks whether another one has freed what it waits for."""
WANTING_SECONDS = 0.3
LEARNED_SECONDS = 600.0


@dataclass(eq=False)
class Place:
    """A request's leave to go. `admitted` is said when the provider has taken it, `refused` when it said no without charging."""

    number: int
    limiter: "Limiter"
    at: float = 0.0  # when it may leave, seconds since 1970
    is_refused: bool = False

    async def moment(self) -> None:
        """Wait for the moment to leave. Places are given a little before, so that what is to be written first is written then."""
        if (left := self.at - self.limiter.clock()) > 0:
            await asyncio.sleep(left)

    def admitted(self) -> None:
        self.limiter._admitted(self.number)

    def refused(self) -> None:
        self.is_refused = True


@dataclass(eq=False)
class Limiter:
    """Lets requests out so that no window of one period holds more than allowed, whoever sends them. One event loop only.

    Tokens are charged up front (prompt and the room for the answer), as the provider does. Without a meter it is alone.
    """

    limits: Limits
    meter: Meter | None = None
    account: str = ""
    clock: Callable[[], float] = time.time
    member: str = field(default_factory=new_member)

    def __post_init__(self) -> None:
        self._book = Book(limits=self.limits)
        self._turns = Turns(patience_seconds=self.limits.period_seconds / 4)
        self._grants = Grants(self._book, self._turns)
        self._lock = threading.Lock()  # all three are also used in the thread that writes to the store
        self._wake = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._alone_until = 0.0
        self._written_at = -math.inf
        self._changed = False  # something that others must know at once
        self._untold = False  # something they may be told at the next renewal

    # ---- For who sends ----

    @asynccontextmanager
    async def slot(self, tokens: int, *, run: str = "", interactive: bool = True, since: float = math.inf) -> AsyncIterator[Place]:
        """Wait until a request of so many tokens may leave; hold its place until it has ended.

        `since` is when somebody asked for it: what was asked before the account was stopped is not tried.
        Raises: QuotaExhausted (the account was stopped), TryLater (the tokens of the day are used up), Misconfigured (the store
        that holds the book is away).
        """
        waiter = Waiter(tokens=tokens, run=run, interactive=interactive, since=since, asked_at=self.clock())
        with self._lock:
            self._turns.add(waiter)
        self._start()
        try:
            number = await waiter.granted
        except asyncio.CancelledError:
            with self._lock:
                self._turns.remove(waiter)
            if waiter.granted.done() and not waiter.granted.cancelled() and not waiter.granted.exception():
                self._end(waiter.granted.result(), refused=True)
            raise
        place = Place(number, self, waiter.at)
        try:
            yield place
        finally:
            self._end(number, refused=place.is_refused)

    def follow(self, limits: Limits) -> None:
        """Other limits hold from now on."""
        with self._lock:
            self.limits = self._book.limits = limits
        self._wake.set()

    def pause(self, seconds: float) -> None:
        """The provider said no all the same (somebody else uses the account): nothing leaves for so long."""
        with self._lock:
            self._book.paused_until = max(self._book.paused_until, self.clock() + seconds)
        self._tell()

    def learn(self, limits: Mapping[str, int]) -> None:
        """The provider said what the account's limits are: they hold for ten minutes, for all processes."""
        with self._lock:
            self._book.learn(limits, self.clock(), LEARNED_SECONDS)
        self._tell()

    def slower(self) -> None:
        """The provider is overloaded: half as many at once, for a minute."""
        with self._lock:
            half = max(1, (self._book.held + 1) // 2)
            self._book.learn({"concurrency": half}, self.clock(), self.limits.period_seconds)
        self._tell()

    def stop(self, error: PlatformError) -> None:
        """Nothing is left in the purse: what was asked for before now is not sent any more."""
        self._grants.standing.stopped = (self.clock(), error)
        self._tell()

    def park(self, until: float, error: PlatformError) -> None:
        """The tokens of the day are used up: nothing leaves until then (seconds since 1970)."""
        self._grants.standing.parked = (until, error)
        self._tell()

    def resume(self) -> None:
        """Somebody topped up: go on."""
        self._grants.standing = Standing()
        self._tell()

    def alive(self, member: str) -> bool:
        """Whether that process is there and at work. May read the store."""
        if member == self.member or gone_from_here(member):
            return member == self.member
        now = self.clock()
        marks = self.meter.read(self.account) if self.meter else []
        return any(mark.member == member and mark.kind == "member" and mark.until > now for mark in marks)

    async def close(self) -> None:
        """End the look-outs, and take our lines out of the book."""
        if self._pump:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        if self.meter and self._written_at > -math.inf:
            await asyncio.to_thread(self._write, False)
            self._alone_until = 0.0

    # ---- The book ----

    def _admitted(self, number: int) -> None:
        with self._lock:
            self._book.admit(number, self.clock())
            self._untold = True  # the others suppose that it counts for longer
        self._wake.set()

    def _end(self, number: int, *, refused: bool) -> None:
        with self._lock:
            self._book.end(number, self.clock(), refused=refused)
            self._untold = True
        self._wake.set()

    def _tell(self) -> None:
        self._changed = True
        self._start()

    def _start(self) -> None:
        self._wake.set()
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._attend())

    async def _attend(self) -> None:
        """While anybody waits or is under way: grant what may leave, and keep our part of the shared book fresh."""
        while len(self._turns) or self._book.held or self._changed or (self._untold and self.meter):
            self._wake.clear()
            try:
                wait = await self._turn()
            except KimiDocsError as error:  # the store is away for longer than it is waited for
                self._turn_away(error)
                wait = RENEW_SECONDS
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _turn(self) -> float | None:
        """One look: gives the seconds until the next is needed at the latest."""
        now = self.clock()
        self._refuse(now)
        if self.meter is None:
            self._changed = False
            granted, wait = self._choose(now)
            self._let_go(granted)
            return None if math.isinf(wait) else max(wait - LEAD_SECONDS, 0.001)
        if now < self._alone_until - 0.1 and not self._changed:
            granted, wait = self._choose(now)
            self._let_go(granted)
            if now - self._written_at < RENEW_SECONDS:
                return max(0.001, min(wait - LEAD_SECONDS, self._written_at + RENEW_SECONDS - now))
        return await self._shared_turn()

    async def _shared_turn(self) -> float:
        """A look in the book that others write to as well. Only what may be granted, or must be renewed, is worth a write."""
        now = self.clock()
        next_write = self._written_at + RENEW_SECONDS - now
        due = self._changed or next_write <= 0
        if not due and not len(self._turns):
            return max(0.001, next_write)
        if not due and not self._hopeful(await asyncio.to_thread(self._read)):
            return LOOK_SECONDS
        self._changed = False
        granted, wait = await asyncio.to_thread(self._write, True)
        self._refuse(self.clock())
        self._let_go(granted)
        return max(0.001, min(wait - LEAD_SECONDS, RENEW_SECONDS if self._alone_until > now else LOOK_SECONDS))

    def _read(self) -> Sequence[Mark]:
        assert self.meter  # noqa: S101 — only called where there is one
        return [mark for mark in self.meter.read(self.account) if mark.member != self.member]

    def _hopeful(self, others: Sequence[Mark]) -> bool:
        now = self.clock()
        with self._lock:
            self._book.others = others
            if not len(self._turns) or alone_until(others, now) > now:
                return False
            return self._grants.hopeful(now)

    def _write(self, at_work: bool) -> tuple[list[Waiter], float]:
        """Exchange marks with the others, granting in the same transaction. Runs in a thread."""
        assert self.meter  # noqa: S101 — only called where there is one
        granted: list[Waiter] = []
        wait = math.inf

        def decide(others: Sequence[Mark]) -> Sequence[Mark]:
            nonlocal wait
            now = self.clock()
            with self._lock:
                self._book.others = others
                held_elsewhere = alone_until(others, now) > now
                self._alone_until = 0.0 if others_at_work(others) or not at_work else now + ALONE_SECONDS
                if at_work and not held_elsewhere:
                    chosen, wait = self._grants.pick(now)
                    granted.extend(chosen)
                self._untold = False
                return self._marks(now) if at_work else self._book.marks(self.member, now, 0.0)

        try:
            self.meter.exchange(self.account, self.member, self.clock(), decide)
        except BaseException:
            self._take_back(granted)
            raise
        self._written_at = self.clock()
        return granted, wait

    def _marks(self, now: float) -> list[Mark]:
        marks = self._book.marks(self.member, now, LEASE_SECONDS)
        marks.append(Mark(member=self.member, kind="member", until=now + LEASE_SECONDS, tokens=int(self._grants.last_at * 1000)))
        if self._alone_until > now:
            marks.append(Mark(member=self.member, kind="alone", until=self._alone_until))
        if waiting := len(self._turns):
            urgent = any(waiter.interactive for waiter in self._turns.order())
            until = now + WANTING_SECONDS
            marks.append(Mark(member=self.member, kind="wants", until=until, requests=waiting, tokens=int(urgent)))
        marks.extend(self._grants.standing.marks(self.member, now))
        return marks

    def _choose(self, now: float) -> tuple[list[Waiter], float]:
        with self._lock:
            granted, wait = self._grants.pick(now)
            self._untold = self._untold or bool(granted)
        return granted, wait

    def _let_go(self, granted: Sequence[Waiter]) -> None:
        for waiter in granted:
            if waiter.granted.done():  # it was cancelled meanwhile
                self._end(waiter.number, refused=True)
            else:
                waiter.granted.set_result(waiter.number)

    def _take_back(self, granted: Sequence[Waiter]) -> None:
        with self._lock:
            for waiter in granted:
                self._book.end(waiter.number, self.clock(), refused=True)
                self._turns.add(waiter)

    def _refuse(self, now: float) -> None:
        """Turn away those that need not wait."""
        if not self._grants.standing.closed(self._book, self._turns.most_tokens, now):
            return
        with self._lock:
            standing = self._grants.standing
            judged = [(waiter, standing.denial(waiter, self._book, now)) for waiter in self._turns.order(everybody=True)]
        self._deny([(waiter, error) for waiter, error in judged if error])

    def _turn_away(self, error: KimiDocsError) -> None:
        """Without the book nothing may leave: who waits hears why. What is under way is told to the others as soon as can be."""
        self._untold = True
        with self._lock:
            waiting = list(self._turns.order(everybody=True))
        self._deny([(waiter, error) for waiter in waiting])

    def _deny(self, denied: Sequence[tuple[Waiter, KimiDocsError]]) -> None:
        with self._lock:
            for waiter, _ in denied:
                self._turns.remove(waiter)
        for waiter, error in denied:
            if not waiter.granted.done():
                waiter.granted.set_exception(_again(error))


def _again(error: KimiDocsError) -> KimiDocsError:
    """The same for one more who hears it: an exception is raised once."""
    return type(error)(error.message, error.advice, request_id=error.request_id)
