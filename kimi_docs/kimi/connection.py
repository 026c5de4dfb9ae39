"""What all runs of a process share of one account: the client, the limits, what is under way, what was learned."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Self

from kimi_docs.domain.calls import Call, CallState, Request
from kimi_docs.domain.ports import Meter, Store
from kimi_docs.domain.scope import Actor
from kimi_docs.kimi.catalog import Catalog
from kimi_docs.kimi.classify import FAILURES
from kimi_docs.kimi.client import Client, Deadlines
from kimi_docs.kimi.counting import Counting, account_of
from kimi_docs.kimi.flights import Flights, Warmth
from kimi_docs.kimi.limits import Limiter
from kimi_docs.kimi.receipt import sending_of
from kimi_docs.kimi.record import Recorder
from kimi_docs.kimi.scout import Scout
from kimi_docs.settings import Limits, Settings


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One event loop only. `close` it at the end."""

    client: Client
    limiter: Limiter
    counting: Counting
    flights: Flights = field(default_factory=Flights)
    warmth: Warmth = field(default_factory=Warmth)
    scout: Scout = field(init=False)

    own_limits: Limits | None = None  # in force once the server turns out to be one of one's own
    closed: set[str] = field(default_factory=set)  # models that answered 404 to this key
    recorders: dict[Actor, Recorder] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scout", Scout(self.client.balance))

    def recorder(self, store: Store) -> Recorder:
        """Who writes for the store's actor."""
        return self.recorders.setdefault(store.actor, Recorder(store))

    async def catalog(self, known: Catalog) -> Catalog:
        """The catalog as it holds for this provider and account: what is served, or what is known less what is not open."""
        profile = await self.client.recognized()
        if profile.name == "moonshot":
            return known.without(self.closed)
        if not profile.limits and self.own_limits:
            self.limiter.follow(self.own_limits)
        entries = await self.client.listed()
        return known.served({str(entry["id"]): profile.window(entry) for entry in entries if str(entry["id"]) not in self.closed})

    async def tokens_of(self, request: Request, store: Store, document: str | None) -> int | None:
        """The provider's own count of a prompt, asked for once and kept; None where it does not tell.

        The prompt leaves this machine for it, so it has its line in the ledger.
        """
        counting, name = self.counting, f"prompt {request.id}"
        if counting.meter and (kept := await asyncio.to_thread(counting.meter.find_measure, counting.account, name)):
            return int(kept)
        await self.client.recognized()
        call = Call(id=request.id, model=request.model, state=CallState.SENT)
        line = replace(sending_of(call, request, document, self.client.base_url).departure, purpose="count")
        await asyncio.to_thread(store.save_departure, line)
        try:
            told = await self.client.estimate(request)
        except (*FAILURES, KeyError, TypeError, ValueError):
            return None
        counting.learn(request, told)
        if counting.meter:
            await asyncio.to_thread(counting.meter.save_measure, counting.account, name, str(told))
        return told

    @classmethod
    def open(cls, settings: Settings, meter: Meter | None = None, deadlines: Deadlines | None = None) -> Self:
        """Nothing is sent yet."""
        account = account_of(settings)
        return cls(
            client=Client(settings, deadlines),
            limiter=Limiter(settings.limits, meter, account),
            own_limits=None if "tier" in settings.model_fields_set else settings.own_limits,
            counting=Counting(meter, account),
        )

    async def close(self) -> None:
        await self.limiter.close()
        await self.client.close()
