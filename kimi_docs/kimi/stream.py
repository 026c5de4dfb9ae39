"""Events of a streamed answer → one `Completion`, with nothing lost and nothing counted twice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from openai.types.chat import ChatCompletionChunk

from kimi_docs.domain.calls import Completion


@dataclass(slots=True)
class Gathered:
    """What has come so far. Usage may stand in the finish chunk's choice, in a chunk without choices, or at the top: the last one
    seen that is not empty counts, so two copies are one."""

    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    finish: str = ""
    usage: Mapping[str, Any] = field(default_factory=dict)

    def take(self, chunk: ChatCompletionChunk) -> str:
        """Take one event in; gives what it adds to the answer's text."""
        if chunk.usage:
            self.usage = chunk.usage.model_dump()
        added = ""
        for choice in chunk.choices or ():
            extra = choice.model_extra or {}
            if isinstance(extra.get("usage"), Mapping):
                self.usage = self.usage or extra["usage"]
            if choice.finish_reason:
                self.finish = choice.finish_reason
            delta = choice.delta
            if delta is None:
                continue
            thought = getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None)
            if thought:
                self.reasoning.append(thought)
            if delta.content:
                added += delta.content
        if added:
            self.text.append(added)
        return added

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
        )
