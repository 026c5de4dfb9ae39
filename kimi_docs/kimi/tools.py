"""Request + tools → completion, with as many turns between as the model asks for: each call of a turn answered, none for ever."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from kimi_docs.domain.calls import Completion, Request, ToolCall
from kimi_docs.errors import BadResponse, KimiDocsError
from kimi_docs.kimi.caller import Caller
from kimi_docs.kimi.client import Client
from kimi_docs.language import say

TURNS = 12
"""More turns than this and the model is told to answer with what it has."""
SAME_CALL = 3
"""A call made so often with the same arguments is not carried out again."""
STOPPED = "This call was made before with the same arguments; its result is above. Do not repeat it: answer with what you have."
ENOUGH = "That is enough: answer now with what you have, without calling anything."
WEB_SEARCH = "moonshot/web-search:latest"
WEB_SEARCH_COST = {"USD": Decimal("0.005"), "CNY": Decimal("0.03")}
"""Money for one search, the higher of the figures published."""

Work = Callable[[Mapping[str, Any]], Awaitable[str]]


@dataclass(frozen=True, kw_only=True)
class Tool:
    """What a model may have done. `work` gets the arguments and gives text for the model to read. Raises: KimiDocsError."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    work: Work

    @property
    def definition(self) -> dict[str, Any]:
        function = {"name": self.name, "description": self.description, "parameters": dict(self.parameters)}
        return {"type": "function", "function": function}


@dataclass(frozen=True, kw_only=True)
class Toolbox:
    """Tools by name, in the order they are offered: a fixed one, since they stand at the head of the prompt."""

    tools: tuple[Tool, ...] = ()

    def __post_init__(self) -> None:
        names = [tool.name for tool in self.tools]
        if len(set(names)) < len(names):
            raise ValueError(f"two tools of one name: {names}")

    def find(self, name: str) -> Tool | None:
        return next((tool for tool in self.tools if tool.name == name), None)

    def offered(self, request: Request) -> Request:
        """The request with the tools beside its messages."""
        definitions = [tool.definition for tool in self.tools]
        return replace(request, parameters={**request.parameters, "tools": definitions})


@dataclass(eq=False)
class Loop:
    """One conversation with tools. `used` counts what was carried out, by tool; `turns` are the messages they took, which stay
    when the same is asked again for a better form."""

    caller: Caller
    toolbox: Toolbox
    used: Counter[str] = field(default_factory=Counter)
    turns: list[Mapping[str, Any]] = field(default_factory=list)
    _asked: tuple[Mapping[str, Any], ...] = ()
    _made: Counter[tuple[str, str]] = field(default_factory=Counter)
    _answered: dict[str, Request] = field(default_factory=dict)  # by what was asked: what was sent last

    async def misshapen(self, request: Request) -> None:
        """What was answered to it could not be used."""
        await self.caller.misshapen(self._answered[request.id])

    async def ask(self, request: Request, *, document: str | None = None) -> AsyncGenerator[str | Completion]:
        """The text so far as it grows, last the completion that calls nothing. Raises: what `Caller.ask` raises, BadResponse."""
        self._asked = self._asked or request.messages
        begun, rest = request.messages[: len(self._asked)], request.messages[len(self._asked) :]
        if begun != self._asked:
            self.turns.clear()
            begun = self._asked = request.messages
            rest = ()
        asked = self.toolbox.offered(replace(request, messages=(*begun, *self.turns, *rest)))
        for turn in range(TURNS + 1):
            if turn == TURNS:
                closing = {"role": "user", "content": ENOUGH}
                asked = replace(asked, messages=(*asked.messages, closing), parameters={**asked.parameters, "tool_choice": "none"})
            async with aclosing(self.caller.ask(asked, document=document)) as answer:
                async for piece in answer:
                    if isinstance(piece, Completion):
                        completion = piece
                    else:
                        yield piece
            if not completion.tool_calls:
                self._answered[request.id] = asked
                yield completion
                return
            results = await asyncio.gather(*(self._result(call) for call in completion.tool_calls))
            exchange = (_spoken(completion), *results)
            self.turns += exchange
            asked = replace(asked, messages=(*asked.messages, *exchange))
        message = say("The model went on calling tools and gave no answer.")
        raise BadResponse(message, say("Ask again, more narrowly."), request_id=completion.request_id)

    async def _result(self, call: ToolCall) -> dict[str, Any]:
        """The message that answers one call: every call of a turn needs one, under its own id."""
        return {"role": "tool", "tool_call_id": call.id, "name": call.name, "content": await self._carried_out(call) or "(nothing)"}

    async def _carried_out(self, call: ToolCall) -> str:
        tool = self.toolbox.find(call.name)
        if tool is None:
            return f"There is no tool named {call.name}. There are: {', '.join(tool.name for tool in self.toolbox.tools)}."
        try:
            arguments = json.loads(call.arguments or "{}")
        except (ValueError, RecursionError) as error:
            return f"The arguments are no JSON: {error}. Call it again with JSON."
        if not isinstance(arguments, dict):
            return "The arguments must be a JSON object."
        same = (call.name, json.dumps(arguments, sort_keys=True))
        self._made[same] += 1
        if self._made[same] >= SAME_CALL:
            return STOPPED
        self.used[call.name] += 1
        try:
            return await tool.work(arguments)
        except KimiDocsError as error:
            return f"It failed: {error}"


def _spoken(completion: Completion) -> dict[str, Any]:
    """The model's turn as it must go back: whole, with its reasoning, which the platform demands beside tool calls."""
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in completion.tool_calls
    ]
    spoken: dict[str, Any] = {"role": "assistant", "content": completion.text, "tool_calls": calls}
    if completion.reasoning:
        spoken["reasoning_content"] = completion.reasoning
    return spoken


async def web_search(client: Client) -> Sequence[Tool]:
    """The platform's own search as tools. Off unless somebody asks for it: the question leaves for the web, and each costs money.

    Empty where the provider has none. Raises: what the SDK raises.
    """
    if client.profile.name != "moonshot":
        return ()
    found = await client.get(f"/formulas/{WEB_SEARCH}/tools")
    return [_formula(client, definition["function"]) for definition in found.get("tools", ()) if "function" in definition]


def _formula(client: Client, function: Mapping[str, Any]) -> Tool:
    async def work(arguments: Mapping[str, Any]) -> str:
        body = {"name": function["name"], "arguments": json.dumps(arguments, ensure_ascii=False)}
        fiber = await client.post(f"/formulas/{WEB_SEARCH}/fibers", body)
        context = fiber.get("context") or {}
        return str(context.get("output") or context.get("encrypted_output") or fiber.get("error") or "")

    return Tool(
        name=function["name"], description=function.get("description", ""), parameters=function.get("parameters", {}), work=work
    )
