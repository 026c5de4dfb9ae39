"""What the model said → the steps that bring it to the client: one JSON body, or a stream of events."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.kimi_platform import count_tokens, cut_to_tokens
from tests.kimi_wire import Head, Pause, Send, Step

EVENT_STREAM = "text/event-stream; charset=utf-8"
JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """Anything that is no answer of a model."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()

    def steps(self, headers: Sequence[tuple[str, str]]) -> list[Step]:
        head = Head(self.status, (("Content-Type", self.content_type), *headers, *self.headers))
        return [head, Send(self.body, last=True)]


def json_response(value: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    return Response(status=status, body=_json(value), headers=headers)


def error_response(status: int, type: str, message: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """The platform's shape of an error: no code and no param."""
    return json_response({"error": {"message": message, "type": type}}, status, headers)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How fast the model speaks. `tokens_per_second` 0 is all at once."""

    first_token_seconds: float = 0.0
    tokens_per_second: float = 0.0
    piece_characters: int = 16

    def pause(self, tokens: int) -> list[Step]:
        return [Pause(tokens / self.tokens_per_second)] if self.tokens_per_second and tokens else []


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A reply with its account. `usage` says where it is told: usual, missing, zero, choice, top or wrong."""

    id: str
    model: str
    created: int
    content: str
    reasoning: str = ""
    tool_calls: tuple[Mapping[str, str], ...] = ()
    finish: str | None = "stop"
    prompt_tokens: int = 0
    cached_tokens: int = 0
    spent_tokens: int | None = None  # where a limit was reached: exactly that
    stream: bool = False
    include_usage: bool = False
    self_hosted: bool = False
    usage: str = "usual"
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reasoning_tokens(self) -> int:
        return min(count_tokens(self.reasoning), self.completion_tokens)

    @property
    def completion_tokens(self) -> int:
        if self.spent_tokens is not None:
            return self.spent_tokens
        calls = sum(count_tokens(call["name"] + call["arguments"]) for call in self.tool_calls)
        return count_tokens(self.reasoning) + count_tokens(self.content) + calls

    def limited(self, tokens: int) -> "Answer":
        """Cut where the limit of output falls: reasoning comes first and counts."""
        if self.completion_tokens <= tokens:
            return self
        reasoning = cut_to_tokens(self.reasoning, tokens)
        rest = max(0, tokens - count_tokens(self.reasoning))
        content = cut_to_tokens(self.content, rest) if reasoning == self.reasoning else ""
        return replace(self, reasoning=reasoning, content=content, tool_calls=(), finish="length", spent_tokens=tokens)

    def told_usage(self) -> dict[str, Any] | None:
        """The usage object as the client sees it; the true one is in the ledger."""
        if self.usage == "missing":
            return None
        factor = {"zero": 0, "wrong": 3}.get(self.usage, 1)
        prompt, completion = self.prompt_tokens * factor, self.completion_tokens * factor
        told: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
        if self.reasoning and not self.self_hosted:
            told["completion_tokens_details"] = {"reasoning_tokens": self.reasoning_tokens * factor}
        if self.cached_tokens and not self.self_hosted:
            told |= {"cached_tokens": self.cached_tokens, "prompt_tokens_details": {"cached_tokens": self.cached_tokens}}
        return told

    @property
    def tells(self) -> bool:
        """Whether the client can know what it was charged."""
        return self.usage not in ("missing", "zero", "wrong")

    def steps(self, headers: Sequence[tuple[str, str]], pace: Pace) -> list[Step]:
        return _stream_steps(self, headers, pace) if self.stream else _body_steps(self, headers, pace)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def event(value: Any) -> bytes:
    """One SSE event."""
    return b"data: " + _json(value) + b"\n\n"


def _calls(answer: Answer) -> list[dict[str, Any]]:
    return [
        {"id": f"{call['name']}:{index}", "type": "function", "function": {"name": call["name"], "arguments": call["arguments"]}}
        for index, call in enumerate(answer.tool_calls)
    ]


def _body_steps(answer: Answer, headers: Sequence[tuple[str, str]], pace: Pace) -> list[Step]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.content}
    if answer.reasoning:
        message["reasoning_content"] = answer.reasoning
    if answer.tool_calls:
        message["tool_calls"] = _calls(answer)
    usage = answer.told_usage()
    choice: dict[str, Any] = {"index": 0, "message": {**message, **answer.extra}, "finish_reason": answer.finish}
    body = {"id": answer.id, "object": "chat.completion", "created": answer.created, "model": answer.model, "choices": [choice]}
    if usage and answer.usage == "choice":
        choice["usage"] = usage
    elif usage:
        body["usage"] = usage
    sent = Send(_json({**body, **answer.extra}), "answer", answer.completion_tokens, told=answer.tells, last=True)
    waits: list[Step] = [Pause(pace.first_token_seconds)] if pace.first_token_seconds else []
    return [*waits, *pace.pause(answer.completion_tokens), Head(200, (("Content-Type", JSON), *headers)), sent]


def _stream_steps(answer: Answer, headers: Sequence[tuple[str, str]], pace: Pace) -> list[Step]:
    steps: list[Step] = [Head(200, (("Content-Type", EVENT_STREAM), ("Cache-Control", "no-cache"), *headers), None)]
    if pace.first_token_seconds:
        steps.append(Pause(pace.first_token_seconds))
    steps.append(Send(_chunk(answer, {"role": "assistant", "content": ""}), "role"))
    spoken = 0
    for kind, delta, tokens in _pieces(answer, pace.piece_characters):
        spoken += tokens
        steps += [*pace.pause(tokens), Send(_chunk(answer, delta), kind, tokens)]
    return [*steps, *_closing(answer, answer.completion_tokens - spoken)]


def _closing(answer: Answer, tokens: int) -> list[Step]:
    usage = answer.told_usage()
    at_choice = usage is not None and answer.usage != "top" and not answer.self_hosted
    at_top = usage is not None and answer.usage != "choice" and (answer.include_usage or answer.usage == "top")
    steps: list[Step] = [
        Send(_chunk(answer, {}, answer.finish, usage if at_choice else None), "finish", tokens, told=at_choice and answer.tells)
    ]
    if at_top:
        steps.append(Send(event({**_frame(answer), "choices": [], "usage": usage}), "usage", told=answer.tells))
    return [*steps, Send(b"data: [DONE]\n\n", "done", last=True)]


def _frame(answer: Answer) -> dict[str, Any]:
    return {"id": answer.id, "object": "chat.completion.chunk", "created": answer.created, "model": answer.model}


def _chunk(answer: Answer, delta: Mapping[str, Any], finish: str | None = None, usage: Any = None) -> bytes:
    choice: dict[str, Any] = {"index": 0, "delta": {**delta, **answer.extra}, "finish_reason": finish}
    if usage is not None:
        choice["usage"] = usage
    frame = {**_frame(answer), "choices": [choice], **answer.extra}
    if finish and not answer.self_hosted:
        frame["system_fingerprint"] = "fpv0_a9b1c5d0"
    return event(frame | {"usage": None} if answer.include_usage else frame)


def _pieces(answer: Answer, size: int) -> Iterator[tuple[str, dict[str, Any], int]]:
    """(kind, delta, tokens) of every piece, the tokens adding up to what the parts count."""
    for kind, text in (("reasoning", answer.reasoning), ("content", answer.content)):
        name, total, spoken = f"{kind}_content" if kind == "reasoning" else "content", count_tokens(text), 0
        for start in range(0, len(text), size):
            piece = text[start : start + size]
            upto = total * (start + len(piece)) // len(text)
            yield kind, {name: piece}, upto - spoken
            spoken = upto
    for index, call in enumerate(_calls(answer)):
        arguments = call["function"]["arguments"]
        first = {"index": index, **call, "function": {**call["function"], "arguments": ""}}
        yield "tool", {"tool_calls": [first]}, count_tokens(call["function"]["name"] + arguments)
        for start in range(0, len(arguments), size):
            fragment = {"index": index, "function": {"arguments": arguments[start : start + size]}}
            yield "tool", {"tool_calls": [fragment]}, 0
