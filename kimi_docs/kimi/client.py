"""Request → streamed answer over HTTP. The only module that makes openai clients; it retries nothing by itself."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import openai

from kimi_docs.domain.calls import Completion, Request
from kimi_docs.errors import BadResponse, Withheld
from kimi_docs.kimi.classify import FAILURES
from kimi_docs.kimi.events import END, read_events
from kimi_docs.kimi.profile import MOONSHOT, Profile, own_host, profile_of, recognize
from kimi_docs.kimi.stream import Gathered, Interrupted, Sign
from kimi_docs.kimi.tokens import count, count_request
from kimi_docs.language import say
from kimi_docs.settings import Settings

Leave = Callable[[], Awaitable[None]]
"""Waits until a request may go."""

_LEAVE: ContextVar[Leave | None] = ContextVar("leave", default=None)
SHOWN_EVERY_SECONDS = 0.05
CLOSE_SECONDS = 1.0
FINISH_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadlines:
    """Seconds. A ping between tokens is no token, so these are not socket time-outs."""

    connect: float = 10.0
    first_token: float = 90.0
    first_token_thinking: float = 300.0
    between_tokens: float = 60.0
    total: float = 1200.0

    def first(self, request: Request) -> float:
        """How long the first token may take: a model that thinks at length, or reads a long prompt, takes longer."""
        thinks = "reasoning_effort" in request.parameters or request.parameters.get("thinking", {}).get("type") == "enabled"
        return max(self.first_token, self.first_token_thinking) if thinks else self.first_token


async def _wait_for_leave(_: object) -> None:
    if leave := _LEAVE.get():
        await leave()


class Client:
    """The provider's HTTP interface. Raises what openai and httpx2 raise: `classify` judges it."""

    def __init__(self, settings: Settings, deadlines: Deadlines | None = None) -> None:
        self.base_url = settings.base_url
        self.deadlines = deadlines or Deadlines()
        self.profile = profile_of(settings)
        self.refused_parameters: set[tuple[str, str]] = set()  # (model, name) that the provider does not take
        self._entries: list[dict[str, Any]] = []
        self._recognized = settings.provider != "auto" or own_host(settings.base_url)
        key = settings.api_key.get_secret_value() if settings.api_key else "none"
        timeout = openai.Timeout(self.deadlines.total, connect=self.deadlines.connect)
        http = openai.DefaultAsyncHttpxClient(timeout=timeout, event_hooks={"request": [_wait_for_leave]})
        self._openai = openai.AsyncOpenAI(
            api_key=key, base_url=settings.base_url, max_retries=0, timeout=timeout, organization="", http_client=http
        )

    async def close(self) -> None:
        await self._openai.close()

    async def recognized(self) -> Profile:
        """The profile in force. With `provider=auto` and a foreign address the server's own list of models decides, once."""
        if not self._recognized:
            entries = await self.listed()
            if not entries:
                return MOONSHOT  # the call itself will meet the same failure, and say so
            self.profile, self._recognized = recognize(entries), True
        return self.profile

    async def listed(self) -> list[dict[str, Any]]:
        """The provider's list of models, asked for once; empty while it cannot be had."""
        if not self._entries:
            try:
                self._entries = await self.models()
            except FAILURES:
                return []
        return self._entries

    async def stream(
        self, request: Request, *, may_be_empty: bool = False, leave: Leave | None = None
    ) -> AsyncGenerator[Sign | str | Completion]:
        """`ADMITTED`, `BEGUN`, the answer's text so far again and again as it grows, and last its `Completion`.

        `leave` is waited for when everything is made ready and nothing has gone yet.

        Raises: Interrupted, whatever goes wrong; it carries what had come.
        """
        gathered, request_id = Gathered(), ""
        try:
            async with asyncio.timeout(self.deadlines.first(request)):
                response = await self._open(request, leave)
            request_id = response.headers.get("msh-request-id", "")
            try:
                yield Sign.ADMITTED
                async for sign in self._read(response, gathered, request):
                    yield sign
            finally:
                await _close(response)
        except (*FAILURES, Interrupted) as failure:
            if not (gathered.finish and (gathered.text or gathered.tools)):
                raise Interrupted(_so_far(gathered, request, request_id), failure) from failure
        yield _whole(gathered, request, request_id, may_be_empty)

    async def _read(self, response: Any, gathered: Gathered, request: Request) -> AsyncGenerator[Sign | str]:
        """Each event has its own alarm: one around the whole would ring while somebody else has the floor."""
        now, deadlines = asyncio.get_running_loop().time, self.deadlines
        last = now() + deadlines.total
        alarm, shown, pieces = min(now() + deadlines.first(request), last), 0.0, 0
        content = response.aiter_bytes()
        events = read_events(content)
        while True:
            try:
                async with asyncio.timeout_at(alarm):
                    event = await anext(events)
            except StopAsyncIteration:
                return
            if event == END:
                await _finish(content)
                return
            if not isinstance(event, Mapping):
                gathered.damaged = True  # read on: what was used is told at the end
                continue
            if error := event.get("error"):
                raise _error_event(error, response)
            added = gathered.take(event)
            if gathered.pieces > pieces:
                if not pieces:
                    yield Sign.BEGUN
                pieces = gathered.pieces
                alarm = min(now() + deadlines.between_tokens, last)
            if added and time.monotonic() - shown >= SHOWN_EVERY_SECONDS:
                yield "".join(gathered.text)
                shown = time.monotonic()

    async def _open(self, request: Request, leave: Leave | None) -> Any:
        """The response once its head is here. Raises: what the SDK raises for a status; BadResponse for what is no event stream."""
        body = {name: value for name, value in self.profile.body(request).items() if self._takes(request.model, name)}
        if "max_completion_tokens" in request.parameters and not self._takes(request.model, "max_completion_tokens"):
            body["max_tokens"] = request.parameters["max_completion_tokens"]
        completions: Any = self._openai.chat.completions  # the parameters are the catalog's, not the SDK's types
        told = _LEAVE.set(leave)
        try:
            raw = await completions.with_raw_response.create(
                model=request.model,
                messages=(),
                stream=True,
                stream_options={"include_usage": True},
                extra_body={**body, "messages": self.profile.messages(request)},  # as they are: the SDK would rebuild each of them
            )
        finally:
            _LEAVE.reset(told)
        response = raw.http_response
        kind = response.headers.get("content-type", "")
        if "html" in kind or "json" in kind:
            await _close(response)
            raise _unreadable()
        return response

    def _takes(self, model: str, name: str) -> bool:
        return (model, name) not in self.refused_parameters

    async def models(self) -> list[dict[str, Any]]:
        """What `/v1/models` lists for this key: a hint, never a gate."""
        return (await self.models_with_headers())[0]

    async def models_with_headers(self) -> tuple[list[dict[str, Any]], Mapping[str, str]]:
        """The same, and what the provider says beside it: the time, perhaps limits."""
        raw = await self._openai.models.with_raw_response.list()
        return [model.model_dump() for model in raw.parse().data], raw.headers

    async def balance(self) -> dict[str, Any]:
        """`available_balance`, `voucher_balance`, `cash_balance` in the region's currency; empty where there is no purse."""
        if not self.profile.balance:
            return {}
        body: Any = await self._openai.get("/users/me/balance", cast_to=object)
        return dict(body["data"])

    async def estimate(self, request: Request) -> int:
        """The provider's own count of the prompt's tokens."""
        body = {"model": request.model, "messages": self.profile.messages(request)}
        if self.profile.counter == "tokenize":
            root = self.base_url.rsplit("/v", 1)[0]
            counted: Any = await self._openai.post(f"{root}/tokenize", body=body, cast_to=object)
            return int(counted["count"])
        answer: Any = await self._openai.post("/tokenizers/estimate-token-count", body=body, cast_to=object)
        return int(answer["data"]["total_tokens"])

    async def get(self, path: str) -> Mapping[str, Any]:
        """Any other JSON of the provider, `/formulas/…` for one."""
        found: Any = await self._openai.get(path, cast_to=object)
        return dict(found)

    async def post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The same, asked with a body."""
        found: Any = await self._openai.post(path, body=dict(body), cast_to=object)
        return dict(found)


async def _finish(content: AsyncIterator[bytes]) -> None:
    """Read past the end mark, so that the connection can carry the next call; what does not end there is closed instead."""
    with suppress(*FAILURES):
        async with asyncio.timeout(FINISH_SECONDS):
            async for _ in content:
                pass


async def _close(response: Any) -> None:
    """Close the connection, also when the task is being cancelled, and never wait long for it."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await response.aclose()
    except FAILURES:
        return


def _unreadable() -> BadResponse:
    return BadResponse(say("The provider's answer could not be read."))


def _error_event(error: Any, response: Any) -> openai.APIError:
    """An error that comes as an event, as the SDK would raise it."""
    said = error if isinstance(error, Mapping) else {"message": str(error)}
    return openai.APIError(str(said.get("message") or ""), request=response.request, body=dict(said))


def _so_far(gathered: Gathered, request: Request, request_id: str) -> Completion:
    text = "".join(gathered.text)
    return gathered.completion(
        request_id=request_id,
        counted_input=count_request(request) if gathered.pieces or gathered.usage else 0,
        counted_output=count(text) + count("".join(gathered.reasoning)),
    )


def _whole(gathered: Gathered, request: Request, request_id: str, may_be_empty: bool) -> Completion:
    """The completion of a stream that ended without a failure. Raises: Interrupted where it is none all the same."""
    completion = _so_far(gathered, request, request_id)
    if gathered.finish == "content_filter":
        raise Interrupted(completion, Withheld(say("The provider refused this text as high risk."), request_id=request_id))
    if not gathered.finish:
        message = say("The provider's answer ended before it was complete.")
        raise Interrupted(completion, BadResponse(message, request_id=request_id))
    if not completion.text.strip() and not completion.tool_calls and not may_be_empty:
        message = say("The provider's answer was empty.")
        if gathered.finish == "length":
            message = say("The model used all its room for thinking and said nothing.")
        raise Interrupted(completion, BadResponse(message, request_id=request_id))
    return completion
