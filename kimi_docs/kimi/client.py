"""Request → streamed answer over HTTP. The only module that makes openai clients; it retries nothing by itself."""

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import openai
from openai.types.chat import ChatCompletionChunk

from kimi_docs.domain.calls import Completion, Request
from kimi_docs.errors import BadResponse, Withheld
from kimi_docs.kimi.stream import Gathered
from kimi_docs.kimi.tokens import count, count_messages
from kimi_docs.language import say
from kimi_docs.settings import Settings

SHOWN_EVERY_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadlines:
    """Seconds. A ping between tokens is no token, so these are not socket time-outs."""

    connect: float = 10.0
    first_token: float = 300.0
    between_tokens: float = 60.0
    total: float = 1200.0


class Client:
    """The provider's HTTP interface. Raises what openai and httpx2 raise: `classify` judges it."""

    def __init__(self, settings: Settings, deadlines: Deadlines | None = None) -> None:
        self.base_url = settings.base_url
        self.deadlines = deadlines or Deadlines()
        key = settings.api_key.get_secret_value() if settings.api_key else "none"
        timeout = openai.Timeout(self.deadlines.total, connect=self.deadlines.connect)
        self._openai = openai.AsyncOpenAI(api_key=key, base_url=settings.base_url, max_retries=0, timeout=timeout, organization="")

    async def close(self) -> None:
        await self._openai.close()

    async def stream(self, request: Request) -> AsyncGenerator[str | Completion]:
        """The answer's text so far, again and again as it grows, and last its `Completion`.

        Raises: BadResponse for an answer that ended without saying so or is empty, Withheld when the filter cut it.
        """
        gathered, deadlines = Gathered(), self.deadlines
        clock = asyncio.get_running_loop().time
        started = clock()
        async with asyncio.timeout(deadlines.first_token) as alarm:
            async with await self._open(request) as events:
                request_id = events.response.headers.get("msh-request-id", "")
                shown = 0.0
                async for event in events:
                    if not isinstance(event, ChatCompletionChunk):
                        raise BadResponse(say("The provider's answer could not be read."), request_id=request_id)
                    added = gathered.take(event)
                    if added or gathered.reasoning:
                        alarm.reschedule(min(clock() + deadlines.between_tokens, started + deadlines.total))
                    if added and time.monotonic() - shown >= SHOWN_EVERY_SECONDS:
                        yield "".join(gathered.text)
                        shown = time.monotonic()
        yield _ended(gathered, request, request_id)

    async def _open(self, request: Request) -> "openai.AsyncStream[ChatCompletionChunk]":
        create: Any = self._openai.chat.completions.create  # the parameters are the catalog's, not the SDK's types
        stream = await create(
            model=request.model,
            messages=list(request.messages),
            stream=True,
            stream_options={"include_usage": True},
            extra_body=dict(request.parameters),
        )
        if not isinstance(stream, openai.AsyncStream):
            raise BadResponse(say("The provider's answer could not be read."))
        return stream

    async def models(self) -> list[dict[str, Any]]:
        """What `/v1/models` lists for this key: a hint, never a gate."""
        page = await self._openai.models.list()
        return [model.model_dump() for model in page.data]

    async def balance(self) -> dict[str, Any]:
        """`available_balance`, `voucher_balance`, `cash_balance` in the region's currency."""
        body: Any = await self._openai.get("/users/me/balance", cast_to=object)
        return dict(body["data"])

    async def estimate(self, request: Request) -> int:
        """The provider's own count of the prompt's tokens."""
        body = {"model": request.model, "messages": list(request.messages)}
        answer: Any = await self._openai.post("/tokenizers/estimate-token-count", body=body, cast_to=object)
        return int(answer["data"]["total_tokens"])


def _ended(gathered: Gathered, request: Request, request_id: str) -> Completion:
    text = "".join(gathered.text)
    completion = gathered.completion(
        request_id=request_id,
        counted_input=count_messages(request.messages),
        counted_output=count(text) + count("".join(gathered.reasoning)),
    )
    if gathered.finish == "content_filter":
        raise Withheld(say("The provider refused this text as high risk."), request_id=request_id)
    if not gathered.finish:
        raise BadResponse(say("The provider's answer ended before it was complete."), request_id=request_id)
    if not text.strip():
        raise BadResponse(say("The provider's answer was empty."), request_id=request_id)
    return completion
