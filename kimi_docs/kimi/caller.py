"""Request → completion, recorded before and after, limited, retried within bounds, priced: the one way out of this machine."""

import asyncio
import json
import random
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlsplit

from kimi_docs.domain.calls import Call, CallState, Completion, Departure, Request, Usage
from kimi_docs.domain.ports import Store
from kimi_docs.errors import BudgetReached
from kimi_docs.kimi.catalog import Catalog
from kimi_docs.kimi.classify import FAILURES, Action, Fault, classify
from kimi_docs.kimi.client import Client
from kimi_docs.kimi.limits import Limiter
from kimi_docs.kimi.tokens import count_messages
from kimi_docs.language import say

ATTEMPTS = 5
"""How often a call is sent in spite of passing faults. Waiting for the account's own limits is no attempt."""


class Caller:
    """Asks the provider on behalf of one run. `usage` is the run's receipt, and grows with every answer.

    A call answered before, in this run or another, is taken from the record and costs nothing.
    """

    def __init__(
        self,
        client: Client,
        store: Store,
        limiter: Limiter,
        catalog: Catalog,
        *,
        run: str,
        currency: str,
        budget: Decimal | None = None,
        backoff_seconds: float = 1.0,
    ) -> None:
        self._client, self._store, self._limiter, self._catalog = client, store, limiter, catalog
        self._run, self._budget, self._backoff_seconds = run, budget, backoff_seconds
        self.usage = Usage(currency=currency)

    async def ask(self, request: Request, *, document: str | None = None) -> AsyncGenerator[str | Completion]:
        """The text so far as it grows, last the completion. After a retry the text begins anew.

        Raises: PlatformError, BudgetReached.
        """
        known = await asyncio.to_thread(self._store.find_call, request.id)
        if known and known.completion:
            self._count(known, mine=known.run == self._run)
            yield known.completion
            return
        call = known or Call(id=request.id, model=request.model, state=CallState.SENT, run=self._run)
        failures = 0
        while True:
            call = self._about_to_send(call)
            try:
                async with self._limiter.slot(self._tokens(request)):
                    self._check_budget(request)
                    await asyncio.to_thread(self._record_sent, call, request, document)
                    async with aclosing(self._client.stream(request)) as answer:
                        async for piece in answer:
                            if isinstance(piece, Completion):
                                await asyncio.to_thread(self._record_answered, call, piece)
                            yield piece
                return
            except FAILURES as failure:
                fault = classify(failure, base_url=self._client.base_url, model=request.model)
                call = await asyncio.to_thread(self._record_fault, call, fault)
                failures += fault.action is not Action.WAIT
                await self._wait_or_raise(fault, failures, failure)

    def _about_to_send(self, call: Call) -> Call:
        """A call that was sent before and never answered may have been billed: sending it again is counted."""
        again = call.state is CallState.SENT and call.sendings > 0
        return replace(
            call,
            state=CallState.SENT,
            run=self._run,
            sent_at=datetime.now(UTC),
            sendings=call.sendings + 1,
            possible_duplicates=call.possible_duplicates + again,
        )

    def _record_sent(self, call: Call, request: Request, document: str | None) -> None:
        content = json.dumps([dict(message) for message in request.messages], ensure_ascii=False)
        departure = Departure(
            id=uuid.uuid4().hex,
            at=datetime.now(UTC),
            host=urlsplit(self._client.base_url).hostname or "",
            purpose="chat",
            bytes=len(content.encode()),
            characters=len(content),
            document=document,
        )
        self._store.save_departure(departure)
        self._store.save_call(call)

    def _record_answered(self, call: Call, completion: Completion) -> None:
        cost = self._catalog.get(call.model).cost(completion, self.usage.currency)
        answered = replace(
            call,
            state=CallState.ANSWERED,
            answered_at=datetime.now(UTC),
            completion=completion,
            cost=cost,
            currency=self.usage.currency,
            request_id=completion.request_id,
        )
        self._store.save_call(answered)
        self._count(answered, mine=True)

    def _record_fault(self, call: Call, fault: Fault) -> Call:
        """What never reached the provider was not billed, and is not counted as sent."""
        state = CallState.SENT if fault.reached_provider else CallState.REFUSED
        marked = replace(call, state=state, request_id=fault.error.request_id or "")
        self._store.save_call(marked)
        return marked

    def _count(self, call: Call, *, mine: bool) -> None:
        if not mine or not call.completion:
            return
        done = call.completion
        self.usage += Usage(
            calls=1,
            input_tokens=done.input_tokens,
            cached_tokens=done.cached_tokens,
            output_tokens=done.output_tokens,
            cost=call.cost,
            currency=self.usage.currency,
            possible_duplicates=call.possible_duplicates,
        )

    async def _wait_or_raise(self, fault: Fault, failures: int, failure: BaseException) -> None:
        if fault.action is Action.WAIT:
            self._limiter.pause(fault.wait_seconds)
        elif fault.action is Action.RETRY and failures < ATTEMPTS:
            ceiling = min(60.0, self._backoff_seconds * 2**failures)
            await asyncio.sleep(max(fault.wait_seconds, random.uniform(0, ceiling)))  # noqa: S311 — jitter, not a secret
        else:
            raise fault.error from failure

    def _tokens(self, request: Request) -> int:
        return count_messages(request.messages) + int(request.parameters.get("max_completion_tokens", 0))

    def _check_budget(self, request: Request) -> None:
        """The cap holds at a call's border: none leaves once it is reached, nor one whose prompt alone would pass it."""
        if self._budget is None or self.usage.cost is None:
            return
        prompt = self._catalog.get(request.model).price(count_messages(request.messages), 0, 0, self.usage.currency)
        if self.usage.cost + (prompt or 0) > self._budget:
            raise BudgetReached(
                say("The budget of {budget} {currency} is reached.", budget=str(self._budget), currency=self.usage.currency),
                say("What is done is kept. Raise the budget to go on; nothing is paid twice."),
            )
