"""The limiter: never more than allowed, hardly less, fair, and shared by all processes."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from kimi_docs.domain.calls import Mark
from kimi_docs.errors import Misconfigured, QuotaExhausted, TryLater
from kimi_docs.kimi.book import Book
from kimi_docs.kimi.limits import Limiter
from kimi_docs.language import say
from kimi_docs.settings import Limits
from tests.fakes import MemoryMeter
from tests.kimi.conftest import Desk, ask, ask_all, request
from tests.kimi_platform import Limits as ServerLimits
from tests.kimi_platform import Refused, Tier

PERIOD = 0.5


def limits(**given: Any) -> Limits:
    return Limits(**{"concurrency": 50, "rpm": 1000, "tpm": 10**9, "tpd": None, "period_seconds": PERIOD, **given})


class Provider:
    """Admits requests by the platform's rules, and keeps who came and when."""

    def __init__(self, given: Limits) -> None:
        tier = Tier(concurrency=given.concurrency, rpm=given.rpm, tpm=given.tpm, tpd=given.tpd)
        self.rules = ServerLimits(tier, given.period_seconds, 1e9)
        self.came: list[tuple[float, str, int]] = []
        self.refused = 0

    async def serve(self, limiter: Limiter, tokens: int, run: str = "", *, interactive: bool = True, seconds: float = 0.0) -> None:
        async with limiter.slot(tokens, run=run, interactive=interactive) as place:
            await place.moment()
            try:
                self.rules.admit(tokens)
            except Refused:
                self.refused += 1
                return
            self.came.append((time.monotonic(), run, tokens))
            place.admitted()
            await asyncio.sleep(seconds)
            self.rules.release()

    @property
    def seconds(self) -> float:
        return self.came[-1][0] - self.came[0][0]


async def served(given: Limits, work: Sequence[tuple[str, int]], limiters: Sequence[Limiter], seconds: float = 0.0) -> Provider:
    provider = Provider(given)
    jobs = [
        provider.serve(limiters[number % len(limiters)], tokens, run, seconds=seconds) for number, (run, tokens) in enumerate(work)
    ]
    await asyncio.gather(*jobs)
    for limiter in limiters:
        await limiter.close()
    return provider


@pytest.mark.parametrize("members", [1, 2, 3])
async def test_no_window_holds_more_than_allowed_and_the_pipe_is_full(members: int) -> None:
    given, meter = limits(rpm=20), MemoryMeter()
    limiters = [Limiter(given, meter, "account") for _ in range(members)]
    provider = await served(given, [("run", 10)] * 100, limiters)
    assert provider.refused == 0
    assert len(provider.came) == 100
    assert 4 * PERIOD <= provider.seconds <= 4 * PERIOD * 1.15 + (1.5 if members > 1 else 0)


@pytest.mark.parametrize("members", [1, 2])
async def test_tokens_are_charged_up_front_and_small_requests_fill_what_large_ones_leave(members: int) -> None:
    given, meter = limits(tpm=100_000), MemoryMeter()
    sizes = [12_000, 2_000, 9_000, 14_000, 20_000, 1_000] * 10
    limiters = [Limiter(given, meter, "account") for _ in range(members)]
    provider = await served(given, [("run", size) for size in sizes], limiters)
    assert provider.refused == 0
    assert len(provider.came) == len(sizes)
    ideal = (sum(sizes) / 100_000 - 1) * PERIOD
    assert provider.seconds <= ideal * 1.25 + (1.5 if members > 1 else 0)


async def test_the_others_are_told_what_was_admitted_also_by_who_has_nothing_more_to_send() -> None:
    meter = MemoryMeter()
    limiter = Limiter(limits(tpm=100), meter, "account")
    async with limiter.slot(100) as place:
        place.admitted()
        admitted = time.time()
    assert limiter._pump
    await asyncio.wait_for(limiter._pump, 5)
    assert max(mark.until for mark in meter.read("account") if mark.kind == "window") <= admitted + 1.5 * PERIOD
    await limiter.close()


class Away(MemoryMeter):
    """A store that cannot be reached while `away`."""

    away = True

    def exchange(self, account: str, member: str, now: float, decide: Any) -> None:
        if self.away:
            raise Misconfigured(say("The database is away."))
        super().exchange(account, member, now, decide)


async def test_who_waits_hears_that_the_store_is_away_and_the_next_goes_when_it_is_back() -> None:
    meter = Away()
    limiter = Limiter(limits(), meter, "account")
    with pytest.raises(Misconfigured):
        async with asyncio.timeout(5), limiter.slot(10):
            pass
    meter.away = False
    async with asyncio.timeout(5), limiter.slot(10):
        pass
    await limiter.close()


@pytest.mark.parametrize("members", [1, 2])
async def test_never_more_at_once_than_allowed(members: int) -> None:
    given, meter = limits(concurrency=4), MemoryMeter()
    limiters = [Limiter(given, meter, "account") for _ in range(members)]
    provider = await served(given, [("run", 10)] * 40, limiters, seconds=0.05)
    assert provider.refused == 0
    assert provider.rules.admitted_peak == 4


async def test_two_processes_take_turns_at_a_single_place() -> None:
    given, meter = limits(concurrency=1), MemoryMeter()
    limiters = [Limiter(given, meter, "account") for _ in range(2)]
    provider = await served(given, [(str(number % 2), 10) for number in range(16)], limiters, seconds=0.02)
    assert provider.refused == 0
    half = [run for _, run, _ in provider.came[4:12]]
    assert 2 <= half.count("0") <= 6


async def test_one_request_above_the_limit_of_tokens_leaves_alone() -> None:
    given = limits(tpm=1_000)
    limiter = Limiter(given)
    started = time.monotonic()
    async with limiter.slot(900):
        pass
    async with limiter.slot(5_000) as place:
        await place.moment()
        assert time.monotonic() - started >= PERIOD
    await limiter.close()


async def test_runs_are_served_by_turns_however_many_requests_one_has() -> None:
    given, provider = limits(concurrency=1), Provider(limits(concurrency=1))
    limiter = Limiter(given)
    jobs = [provider.serve(limiter, 10, "large", interactive=False, seconds=0.01) for _ in range(20)]
    jobs += [provider.serve(limiter, 10, "small", interactive=False, seconds=0.01) for _ in range(4)]
    await asyncio.gather(*jobs)
    runs = [run for _, run, _ in provider.came]
    assert runs[:9].count("small") == 4
    await limiter.close()


async def test_somebody_who_waits_at_the_screen_goes_before_a_batch() -> None:
    given, provider = limits(concurrency=1), Provider(limits(concurrency=1))
    limiter = Limiter(given)
    batch = [asyncio.create_task(provider.serve(limiter, 10, "batch", interactive=False, seconds=0.02)) for _ in range(10)]
    await asyncio.sleep(0.05)
    await provider.serve(limiter, 10, "person", interactive=True)
    assert len(provider.came) <= 5
    await asyncio.gather(*batch)
    await limiter.close()


async def test_a_cancelled_request_gives_its_place_back() -> None:
    limiter = Limiter(limits(concurrency=1))
    async with limiter.slot(10):
        waiting = asyncio.create_task(_hold(limiter))
        await asyncio.sleep(0.02)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(1), limiter.slot(10):
        pass
    await limiter.close()


async def _hold(limiter: Limiter) -> None:
    async with limiter.slot(10):
        await asyncio.sleep(10)


async def test_what_a_killed_process_held_is_free_when_its_lease_ends() -> None:
    meter, now = MemoryMeter(), time.time()
    held = [Mark(member="dead", kind="held", until=now + 0.4, requests=1), Mark(member="dead", kind="member", until=now + 0.4)]
    meter.exchange("account", "dead", now, lambda _: held)
    limiter = Limiter(limits(concurrency=1), meter, "account")
    started = time.monotonic()
    async with limiter.slot(10):
        assert 0.3 <= time.monotonic() - started < 5
    await limiter.close()


async def test_the_tokens_of_the_day_are_kept_without_asking_the_provider() -> None:
    limiter = Limiter(limits(tpd=1_000))
    async with limiter.slot(900):
        pass
    with pytest.raises(TryLater, match="today"):
        async with limiter.slot(200):
            pass
    async with limiter.slot(100):
        pass
    await limiter.close()


async def test_a_stop_holds_for_what_was_asked_before_and_in_every_process() -> None:
    meter = MemoryMeter()
    one, two = Limiter(limits(), meter, "account"), Limiter(limits(), meter, "account")
    before = time.time()
    one.stop(QuotaExhausted(_message()))
    await asyncio.sleep(0.05)
    for limiter in (one, two):
        with pytest.raises(QuotaExhausted):
            async with limiter.slot(1, since=before):
                pass
    async with one.slot(1, since=time.time() + 1):
        pass
    one.resume()
    async with one.slot(1, since=before):
        pass
    await one.close()
    await two.close()


def _message() -> Any:
    from kimi_docs.language import say

    return say("The account has no balance or quota left.")


def test_a_limit_the_provider_tells_counts_for_all() -> None:
    book = Book(limits=limits(rpm=100))
    book.learn({"rpm": 3}, 1000.0, 60)
    assert book.limit("rpm", 1001.0) == 3
    assert book.limit("rpm", 1061.0) == 100
    other = Book(limits=limits(rpm=100), others=book.marks("a", 1001.0, 3.0))
    assert other.limit("rpm", 1001.0) == 3


@pytest.mark.parametrize("tier", [0, 1])
async def test_through_http_no_request_is_refused_and_the_limit_is_used(desk: Callable[..., Desk], tier: int) -> None:
    at = desk(tier=tier, period=0.6)
    connection = at.connect(tier=tier)
    count = 12 if tier == 0 else 120
    started = time.monotonic()
    await ask_all(at.caller(connection), [request(f"Question {number}", max_completion_tokens=500) for number in range(count)])
    seconds = time.monotonic() - started
    rpm = connection.limiter.limits.rpm
    assert [call.status for call in at.server.calls] == [200] * count
    assert at.server.limits.admitted_peak <= connection.limiter.limits.concurrency
    if tier == 0:
        assert seconds <= (count / rpm - 1) * 0.6 * 1.3 + 0.5


async def test_an_interactive_question_is_not_behind_a_batch(desk: Callable[..., Desk]) -> None:
    at = desk(concurrency=1, latency=0.05)
    connection = at.connect(concurrency=1)
    batch = at.caller(connection, run="batch", interactive=False)
    working = [asyncio.create_task(ask(batch, request(f"Batch {number}"))) for number in range(10)]
    await asyncio.sleep(0.1)
    await ask(at.caller(connection, run="person"), request("Now"))
    assert len(at.server.calls) <= 6
    await asyncio.gather(*working)
