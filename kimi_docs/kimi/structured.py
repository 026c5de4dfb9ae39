"""Request → an answer of a given shape: growing JSON as it comes, checked here, repaired once."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any, TypeVar

import jiter
from pydantic import BaseModel, ValidationError

from kimi_docs.domain.calls import Completion, Request
from kimi_docs.errors import BadResponse
from kimi_docs.kimi.caller import Caller
from kimi_docs.language import say

Shape = TypeVar("Shape", bound=BaseModel)


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


async def ask_structured(
    caller: Caller, request: Request, shape: type[Shape], *, name: str, document: str | None = None
) -> AsyncGenerator[tuple[Shape, Completion | None]]:
    """The answer so far as the shape (every field has a default), again and again; last the whole with its completion.

    Raises: BadResponse when it does not have the shape after one repair; what `Caller.ask` raises.
    """
    wanted = {"type": "json_schema", "json_schema": {"name": name, "schema": schema(shape), "strict": True}}
    shaped = replace(request, parameters={**request.parameters, "response_format": wanted})
    for repair in (False, True):
        async with aclosing(caller.ask(shaped, document=document)) as answer:
            async for piece in answer:
                if isinstance(piece, Completion):
                    completion = piece
                elif so_far := growing(piece, shape):
                    yield so_far, None
        try:
            yield whole(completion, shape), completion
            return
        except ValidationError as error:
            if repair:
                message = say("The model's answer did not have the form that was asked for, twice.")
                raise BadResponse(message, say("Try again, or choose another model."), request_id=completion.request_id) from error
            shaped = _repaired(shaped, completion.text, error)


def growing(text: str, shape: type[Shape]) -> Shape | None:
    """As much of an unfinished JSON text as has the shape; None when nothing has yet."""
    try:
        return shape.model_validate(jiter.from_json(_bare(text).encode(), partial_mode="trailing-strings"))
    except (ValueError, ValidationError):
        return None


def whole(completion: Completion, shape: type[Shape]) -> Shape:
    """The finished answer. One cut at its length limit gives what came before the cut. Raises: ValidationError."""
    if completion.finish == "length" and (cut := growing(completion.text, shape)):
        return cut
    return shape.model_validate_json(_bare(completion.text))


def _bare(text: str) -> str:
    """Without a code fence around it, which some models add in spite of the schema."""
    bare = text.strip()
    if bare.startswith("```"):
        bare = bare.split("\n", 1)[-1].removesuffix("```").strip()
    return bare


def _repaired(request: Request, said: str, error: ValidationError) -> Request:
    faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()[:5])
    again = f"That answer did not have the form asked for ({faults}). Give the same answer again as JSON of exactly that form."
    spoken = ({"role": "assistant", "content": said}, {"role": "user", "content": again})
    return replace(request, messages=(*request.messages, *spoken))
