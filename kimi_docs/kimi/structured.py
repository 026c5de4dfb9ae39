"""Request → an answer of a given shape: growing JSON as it comes, checked here, repaired once, then asked for in plain words."""

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Protocol, TypeVar

import jiter
from pydantic import BaseModel, ValidationError

from kimi_docs.domain.calls import Completion, Request
from kimi_docs.errors import BadResponse
from kimi_docs.language import say

Shape = TypeVar("Shape", bound=BaseModel)
MOST_FAULTS = 5
MOST_ASKED = 3
MOST_SAID = 20_000
"""Characters of a bad answer that go back with the request to mend it."""


class Asks(Protocol):
    """A caller, or a loop of tool calls around one."""

    def ask(self, request: Request, *, document: str | None = None) -> AsyncGenerator[str | Completion]: ...

    async def misshapen(self, request: Request) -> None:
        """What was answered to it could not be used: it is to be asked anew when somebody tries again."""


class Misshapen(Exception):
    """An answer that does not have the form asked for; the text says what is wrong, for the model to read."""


def schema(shape: type[BaseModel]) -> dict[str, Any]:
    """The shape as JSON schema in the platform's flavour: flat (no references), every property typed and required."""
    whole = shape.model_json_schema()
    flat: dict[str, Any] = _flat(whole, whole.get("$defs", {}))
    return flat


def _flat(node: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_flat(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _flat(definitions[node["$ref"].rsplit("/", 1)[-1]], definitions)
    flat = {key: _flat(value, definitions) for key, value in node.items() if key not in ("$defs", "default") and key != "title"}
    if "properties" in node:
        flat["properties"] = {name: _flat(value, definitions) for name, value in node["properties"].items()}
        flat["required"] = list(node["properties"])
        flat["additionalProperties"] = False
    return flat


def _no_fault(_said: Any) -> str:
    return ""


async def ask_structured(
    caller: Asks,
    request: Request,
    shape: type[Shape],
    *,
    name: str,
    document: str | None = None,
    lacking: Callable[[Shape], str] = _no_fault,
) -> AsyncGenerator[tuple[Shape, Completion | None]]:
    """The answer so far as the shape (every field has a default), again and again; last the whole with its completion.

    `lacking` says, for the model to read, what a well-formed answer lacks; empty when nothing does.
    Raises: BadResponse when it has not the shape after one repair and once more in plain words; what `Caller.ask` raises.
    """
    wanted = {"type": "json_schema", "json_schema": {"name": name, "schema": schema(shape), "strict": True}}
    shaped = replace(request, parameters={**request.parameters, "response_format": wanted})
    asked: list[Request] = []
    while True:
        asked.append(shaped)
        async with aclosing(caller.ask(shaped, document=document)) as answer:
            async for piece in answer:
                if isinstance(piece, Completion):
                    completion = piece
                elif so_far := growing(piece, shape):
                    yield so_far, None
        try:
            said = whole(completion, shape)
            if fault := lacking(said):
                raise Misshapen(fault)
        except Misshapen as fault:
            if len(asked) == MOST_ASKED:
                for one in asked:
                    await caller.misshapen(one)
                message = say("The model's answer did not have the form that was asked for, three times.")
                raise BadResponse(message, say("Try again, or choose another model."), request_id=completion.request_id) from fault
            shaped = _repaired(shaped, completion.text, fault) if len(asked) == 1 else _in_plain_words(request, shape)
        else:
            yield said, completion
            return


def growing(text: str, shape: type[Shape]) -> Shape | None:
    """As much of an unfinished JSON text as has the shape; None when nothing has yet."""
    try:
        return shape.model_validate(jiter.from_json(_bare(text).encode(), partial_mode="trailing-strings"))
    except (ValueError, ValidationError):
        return None


def whole(completion: Completion, shape: type[Shape]) -> Shape:
    """The finished answer. One cut at its length limit gives what came before the cut. Raises: Misshapen."""
    if completion.finish == "length" and (cut := growing(completion.text, shape)):
        return cut
    try:
        value = jiter.from_json(_bare(completion.text).encode())
    except ValueError as error:
        raise Misshapen(f"it is no JSON: {error}") from error
    if isinstance(value, dict) and (missing := shape.model_fields.keys() - value.keys()):
        raise Misshapen(f"these fields are missing: {', '.join(sorted(missing))}")
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()[:MOST_FAULTS])
        raise Misshapen("; ".join(faults)) from error


def _bare(text: str) -> str:
    """Without a code fence or words around it, which some models add in spite of the schema."""
    start = text.find("{")
    if start < 0:
        return text
    bare = text[start:]
    if "```" in text[:start]:
        bare = bare.rsplit("\n```", 1)[0]
    end = bare.rfind("}")
    tail = bare[end + 1 :].strip() if end >= 0 else ""
    return bare[: end + 1] if tail and '"' not in tail else bare


def _repaired(request: Request, said: str, fault: Misshapen) -> Request:
    again = f"That answer did not have the form asked for ({fault}). Give the same answer again as JSON of exactly that form."
    spoken = ({"role": "assistant", "content": said[:MOST_SAID]}, {"role": "user", "content": again})
    return replace(request, messages=(*request.messages, *spoken))


def _in_plain_words(request: Request, shape: type[BaseModel]) -> Request:
    """The same asked without a schema beside it, for servers and moments that do not keep to one: the form stands in the words."""
    form = json.dumps(schema(shape), ensure_ascii=False)
    words = f"Answer with one JSON object and nothing else, no code fence. It must fit this JSON schema:\n{form}"
    last = dict(request.messages[-1])
    last["content"] = f"{last['content']}\n\n{words}"
    return replace(request, messages=(*request.messages[:-1], last))
