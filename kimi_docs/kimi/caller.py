"""Request → completion, recorded before and after, limited, retried within bounds, priced: the one way out of this machine."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from kimi_docs import faults
from kimi_docs.domain.calls import Call, CallState, Completion, Request, Usage
from kimi_docs.domain.ports import Store
from kimi_docs.errors import BudgetReached, KeyRefused, ModelUnavailable, PlatformError, QuotaExhausted, TryLater
from kimi_docs.kimi.catalog import Catalog, Model
from kimi_docs.kimi.classify import Action, Fault, classify
from kimi_docs.kimi.connection import Connection
from kimi_docs.kimi.flights import prefix_of
from kimi_docs.kimi.limits import Place
from kimi_docs.kimi.partial import AT_LENGTH, CUT, MISSHAPEN, ROUNDS, UNFINISHED, going_on, joined, joined_text
from kimi_docs.kimi.patience import Patience
from kimi_docs.kimi.purse import Purse, reached, without_price
from kimi_docs.kimi.receipt import Receipt, sending_of
from kimi_docs.kimi.stream import Interrupted, Sign
from kimi_docs.language import say

ELSEWHERE_SECONDS = 0.2
PATIENT_SECONDS = 1.0
"""A wait for the account's limits that is shorter is not worth a word."""


class Elsewhere(Exception):
    """Another process awaits the answer to this call, or has it."""

    def __init__(self, call: Call) -> None:
        super().__init__(call.id)
        self.call = call


class Caller:
    """Asks the provider on behalf of one run. `usage` is the run's receipt, and grows with every answer.

    A call answered before, in this run or another, is taken from the record and costs nothing; one that is under way, in this
    process or another, is waited for. `asked_at` is when somebody asked for the run.
    """

    def __init__(
        self,
        connection: Connection,
        store: Store,
        catalog: Catalog,
        *,
        run: str,
        currency: str,
        budget: Decimal | None = None,
        interactive: bool = True,
        asked_at: datetime | None = None,
        backoff_seconds: float = 1.0,
        purse: Purse | None = None,
    ) -> None:
        self.connection = connection
        self._store, self._catalog, self._run, self._budget = store, catalog, run, budget
        self._known_models, self._purse = catalog, purse or Purse(store)
        self._interactive, self._backoff_seconds = interactive, backoff_seconds
        self._since = asked_at.timestamp() if asked_at else math.inf
        self._recorder = connection.recorder(store)
        self._receipt = Receipt(catalog=catalog, currency=currency, run=run)
        self.waits: Callable[[bool], None] = lambda _: None
        """Told True when a request has to wait for the account's limits, False when it goes."""

    @property
    def usage(self) -> Usage:
        return self._receipt.usage

    async def prepare(self) -> Catalog:
        """The catalog that holds for this provider and account; it may have to be asked what it serves, once."""
        self._catalog = self._receipt.catalog = await self.connection.catalog(self._known_models)
        return self._catalog

    async def rule_out(self, model: str, closed: ModelUnavailable, named: str) -> None:
        """A model that is not open to this account is not chosen again. Raises: ModelUnavailable where somebody named it."""
        if named not in ("", "auto"):
            names = ", ".join(str(entry["id"]) for entry in await self.connection.client.listed()) or "–"
            advice = say("Open to this key: {names}. Choose one, or “auto”.", names=names)
            raise ModelUnavailable(closed.message, advice, request_id=closed.request_id) from closed
        self.connection.closed.add(model)

    async def told_tokens(self, request: Request, document: str | None) -> int | None:
        """The provider's own count of a prompt, None where it does not tell."""
        return await self.connection.tokens_of(request, self._store, document)

    async def ask(self, request: Request, *, document: str | None = None) -> AsyncGenerator[str | Completion]:
        """The text so far as it grows, last the completion. After a retry the text begins anew.

        An answer cut short is gone on with, at most three times. Raises: PlatformError, BudgetReached.
        """
        await self.prepare()
        async with self.connection.flights.alone(request.id):
            call = await asyncio.to_thread(self._store.find_call, request.id)
            if call and self._of_no_use(call):
                async with aclosing(self.ask(replace(request, retry=request.retry + 1), document=document)) as anew:
                    async for piece in anew:
                        yield piece
                return
            whole, before, rounds = self._known(call), 0, 0
            while whole is None or (whole.finish in UNFINISHED and rounds < ROUNDS):
                said, goes_on = whole.text if whole else "", whole is not None
                asked = going_on(request, said) if whole else request
                if goes_on:
                    call = await asyncio.to_thread(self._store.find_call, asked.id)
                    if whole and (kept := self._known(call)) and kept.text:  # an earlier run went on with it
                        whole, before = joined(whole, kept), before + 1
                        continue
                    rounds += 1
                async with aclosing(self._once(asked, document, call, goes_on=goes_on)) as answer:
                    async for piece in answer:
                        if isinstance(piece, Completion):
                            whole = joined(whole, piece) if whole else piece
                        else:
                            yield joined_text(said, piece)
            yield await self._finished(request, whole) if rounds or before else whole

    async def _finished(self, request: Request, whole: Completion) -> Completion:
        """The joined answer, kept under the name of the request so that it is never asked for again."""
        if whole.finish == CUT:
            message = say("The provider's answer ended before it was complete.")
            advice = say("What came is kept as a draft. Start it again: it goes on from there.")
            raise TryLater(message, advice, request_id=whole.request_id or None)
        whole = replace(whole, finish="length") if whole.finish == AT_LENGTH else whole
        call = await asyncio.to_thread(self._store.find_call, request.id)
        if call:
            await self._recorder.save(replace(call, completion=whole))
        return whole

    async def misshapen(self, request: Request) -> None:
        """The answer had not the form that was asked for. It stays on the receipt; another run that wants it asks anew."""
        while (call := await asyncio.to_thread(self._store.find_call, request.id)) and call.completion:
            if call.completion.finish != MISSHAPEN:
                await self._recorder.save(replace(call, completion=replace(call.completion, finish=MISSHAPEN)))
                return
            request = replace(request, retry=request.retry + 1)

    def _of_no_use(self, call: Call) -> bool:
        """An earlier run could do nothing with its answer."""
        return call.completion is not None and call.completion.finish == MISSHAPEN and call.run != self._run

    def _known(self, call: Call | None) -> Completion | None:
        """The answer given before; this run's own is on its receipt."""
        if call is None or call.completion is None:
            return None
        if call.run == self._run:
            self._receipt.count(call)
        return call.completion

    async def _once(
        self, request: Request, document: str | None, call: Call | None, *, goes_on: bool
    ) -> AsyncGenerator[str | Completion]:
        """One request until it is answered, or cut where it can be gone on with. The last piece is its completion."""
        call = call or Call(id=request.id, model=request.model, state=CallState.SENT, run=self._run)
        patience, gone = Patience(backoff_seconds=self._backoff_seconds), ""
        while True:
            call = self._about_to_send(call)
            try:
                async with aclosing(self._send(call, request, document, patience, goes_on=goes_on, instead_of=gone)) as answer:
                    async for piece in answer:
                        yield piece
                return
            except Elsewhere as elsewhere:
                call, gone = await self._wait_for(elsewhere.call)
                if call.completion:
                    yield call.completion
                    return
            except Interrupted as broken:
                call, cut = await self._after(call, request, broken, patience, document)
                if cut:
                    yield cut
                    return
            finally:
                self._purse.back(call.id)

    async def _send(
        self, call: Call, request: Request, document: str | None, patience: Patience, *, goes_on: bool, instead_of: str
    ) -> AsyncGenerator[str | Completion]:
        """Wait for our turn, record it as sent, send it, record the answer. Raises: Interrupted, Elsewhere, BudgetReached, …"""
        limiter, client = self.connection.limiter, self.connection.client
        prefix = "" if goes_on else prefix_of(request)
        completion = None
        async with (
            self.connection.warmth.turn(prefix) as warmed,
            self._slot(request) as place,
            self._scouted(request, place) as taken,
        ):
            try:
                kept = await self._recorded(call, request, document, instead_of)
                if kept.completion or kept.holder != call.holder:
                    raise Elsewhere(kept)
                async with aclosing(client.stream(request, may_be_empty=goes_on, leave=place.moment)) as answer:
                    async for piece in answer:
                        if piece is Sign.ADMITTED:
                            place.admitted()
                            taken()
                        elif piece is Sign.BEGUN:
                            warmed()
                        elif isinstance(piece, Completion):
                            completion = piece
                        else:
                            yield piece
            except (Elsewhere, BudgetReached):
                place.refused()
                raise
            except Interrupted as broken:
                fault = self._judge(broken, request)
                if not fault.reached_provider:
                    place.refused()
                patience.tell(fault, limiter)
                if fault.action is Action.STOP and isinstance(fault.error, PlatformError):
                    self.connection.scout.denied(fault.error)
                raise
        if completion:
            faults.point("answer_received")
            yield await self._record_answered(call, request, completion)

    @asynccontextmanager
    async def _slot(self, request: Request) -> AsyncGenerator[Place]:
        """A place within the account's limits. Raises: QuotaExhausted, TryLater."""
        late = asyncio.get_running_loop().call_later(PATIENT_SECONDS, self.waits, True)
        waited_from = time.monotonic()
        try:
            slot = self.connection.limiter.slot(
                self._tokens(request), run=self._run, interactive=self._interactive, since=self._since
            )
            async with slot as place:
                late.cancel()
                if time.monotonic() - waited_from >= PATIENT_SECONDS:
                    self.waits(False)
                yield place
        finally:
            late.cancel()

    @asynccontextmanager
    async def _scouted(self, request: Request, place: Place) -> AsyncGenerator[Callable[[], None]]:
        """The calls of batches leave one by one where the purse may not hold the next. Raises: QuotaExhausted, KeyRefused."""
        if self._interactive:
            yield lambda: None
            return
        most = self._price(request, int(request.parameters.get("max_completion_tokens", 0)))
        try:
            async with self.connection.scout.turn(most) as taken:
                yield taken
        except (QuotaExhausted, KeyRefused):
            place.refused()
            raise

    async def _recorded(self, call: Call, request: Request, document: str | None, instead_of: str) -> Call:
        """The call as it is kept, recorded as about to leave where the budget has room for it. Raises: BudgetReached."""
        if self._budget is None:
            return await self._record_sent(call, request, document, instead_of)
        least, most = self._price(request, 0), self._price(request, int(request.parameters.get("max_completion_tokens", 0)))
        if least is None or most is None or self.usage.cost is None:
            raise without_price(request.model)
        if not self._purse.batch:
            if self.usage.cost + least > self._budget:
                raise reached(self._budget, self.usage.currency)
            return await self._record_sent(call, request, document, instead_of)
        async with self._purse.leaving(call.id, least, most, self._budget, self.usage.currency):
            return await self._record_sent(replace(call, cost=most), request, document, instead_of)

    async def _record_sent(self, call: Call, request: Request, document: str | None, instead_of: str) -> Call:
        faults.point("call_recording")
        kept = await self._recorder.send(sending_of(call, request, document, self.connection.client.base_url, instead_of))
        faults.point("call_sending")
        return kept

    def _price(self, request: Request, output_tokens: int) -> Decimal | None:
        """What the request costs with so many tokens answered; None where the price is not known."""
        model = self._catalog.find(request.model) or Model(id=request.model)
        return model.price(self._prompt_tokens(request), 0, output_tokens, self.usage.currency)

    async def _wait_for(self, call: Call) -> tuple[Call, str]:
        """Another process has sent the call: the call once it is answered or free, and the name of a holder that is gone."""
        while call.state is CallState.SENT and call.holder:
            if not await asyncio.to_thread(self.connection.limiter.alive, call.holder):
                return call, call.holder
            await asyncio.sleep(ELSEWHERE_SECONDS)
            found = await asyncio.to_thread(self._store.find_call, call.id)
            call = found or replace(call, holder="")
        return call, ""

    async def _after(
        self, call: Call, request: Request, broken: Interrupted, patience: Patience, document: str | None
    ) -> tuple[Call, Completion | None]:
        """A failure judged and recorded; what had come, where it can be gone on with. Raises: PlatformError."""
        fault, so_far = self._judge(broken, request), broken.so_far
        fault.error.document = fault.error.document or document
        fault.error.request_id = fault.error.request_id or so_far.request_id or None
        if fault.action is Action.RETRY and so_far.text.strip() and self.connection.client.profile.partial != "none":
            return call, await self._record_answered(call, request, replace(so_far, finish=CUT, tool_calls=()))
        spoiled = so_far.reported or bool(so_far.output_tokens)
        if spoiled:
            await self._recorder.save(self._receipt.spoiled(call, so_far))
        state = CallState.SENT if fault.reached_provider and not spoiled else CallState.REFUSED
        call = replace(call, state=state, request_id=fault.error.request_id or "", holder="")
        await self._recorder.save(call)
        if fault.action is Action.DROP and fault.parameter not in patience.dropped:
            patience.dropped.add(fault.parameter)
            self.connection.client.refused_parameters.add((request.model, fault.parameter))
            return call, None
        await patience.wait(fault, broken.cause)
        return call, None

    def _judge(self, broken: Interrupted, request: Request) -> Fault:
        client = self.connection.client
        return classify(broken.cause, base_url=client.base_url, model=request.model, parameters=request.parameters)

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
            holder=self.connection.limiter.member,
        )

    async def _record_answered(self, call: Call, request: Request, completion: Completion) -> Completion:
        """The answer is kept before anybody sees it whole. One at its length limit is marked as to be gone on with."""
        profile = self.connection.client.profile
        if completion.finish == "length" and completion.text.strip() and profile.partial != "none":
            completion = replace(completion, finish=AT_LENGTH)
        answered = self._receipt.answered(call, completion)
        self._receipt.count(answered)
        await self._recorder.save(answered)
        faults.point("answer_stored")
        if completion.reported:
            await asyncio.to_thread(self.connection.counting.learn, request, completion.input_tokens)
        return completion

    def _prompt_tokens(self, request: Request) -> int:
        model = self._catalog.find(request.model)
        return self.connection.counting.count_request(request, model.overhead_tokens if model else 90)

    def _tokens(self, request: Request) -> int:
        return self._prompt_tokens(request) + int(request.parameters.get("max_completion_tokens", 0))
