"""Events of a streamed answer → one `Completion`, with nothing lost and nothing counted twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from kimi_docs.domain.calls import Completion, ToolCall


class Sign(StrEnum):
    """What a stream tells beside text."""

    ADMITTED = "admitted"  # the provider has taken the request: status and headers are here
    BEGUN = "begun"  # the first token is here, so the prompt has been read


class Interrupted(Exception):
    """A stream that broke off, or an answer that is none. `so_far` is what came, `cause` why it is not the whole."""

    def __init__(self, so_far: Completion, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.so_far, self.cause = so_far, cause


@dataclass(slots=True)
class Fragments:
    """One tool call as it comes: id and name once, arguments in pieces."""

    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Gathered:
    """What has come so far. Usage may stand in the finish chunk's choice, in a chunk without choices, or at the top: the last one
    seen that is not empty counts, so two copies are one."""

    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    tools: dict[int, Fragments] = field(default_factory=dict)
    finish: str = ""
    usage: Mapping[str, Any] = field(default_factory=dict)
    pieces: int = 0
    damaged: bool = False  # an event could not be read: what comes after it is not the answer's next piece any more

    def take(self, event: Mapping[str, Any]) -> str:
        """Take one event in; gives what it adds to the answer's text. `pieces` grows with everything a model has said."""
        if usage := event.get("usage"):
            self.usage = _better(self.usage, usage)
        added = ""
        for choice in event.get("choices") or ():
            if usage := choice.get("usage"):
                self.usage = _better(self.usage, usage)
            if self.damaged:
                continue
            if finish := choice.get("finish_reason"):
                self.finish = finish
            delta = choice.get("delta") or {}
            if content := delta.get("content"):
                added += content
            elif thought := delta.get("reasoning_content") or delta.get("reasoning"):
                self.reasoning.append(thought)
                self.pieces += 1
            if tools := delta.get("tool_calls"):
                self._take_tools(tools)
        if added:
            self.text.append(added)
            self.pieces += 1
        return added

    def _take_tools(self, pieces: Sequence[Mapping[str, Any]]) -> None:
        for piece in pieces:
            whole = self.tools.setdefault(piece.get("index") or 0, Fragments())
            whole.id = whole.id or piece.get("id") or ""
            function = piece.get("function") or {}
            whole.name = whole.name or function.get("name") or ""
            whole.arguments.append(function.get("arguments") or "")
            self.pieces += 1

    def completion(self, *, request_id: str, counted_input: int, counted_output: int) -> Completion:
        """The answer as it stands. Tokens the provider did not report are our own count, and said to be."""
        reported = bool(self.usage.get("prompt_tokens"))
        details = self.usage.get("prompt_tokens_details") or {}
        return Completion(
            text="".join(self.text),
            reasoning="".join(self.reasoning),
            finish=self.finish,
            input_tokens=int(self.usage["prompt_tokens"]) if reported else counted_input,
            cached_tokens=int(self.usage.get("cached_tokens") or details.get("cached_tokens") or 0),
            output_tokens=int(self.usage.get("completion_tokens") or 0) if reported else counted_output,
            request_id=request_id,
            reported=reported,
            tool_calls=tuple(
                ToolCall(id=whole.id, name=whole.name, arguments="".join(whole.arguments))
                for _, whole in sorted(self.tools.items())
                if whole.name
            ),
        )


def _better(known: Mapping[str, Any], told: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was told last, unless it says nothing."""
    return told if told.get("prompt_tokens") or not known else known
