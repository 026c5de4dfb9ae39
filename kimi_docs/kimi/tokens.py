"""Text → tokens, counted on this machine and never below what the provider counts."""

import json
import re
import string
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from kimi_docs.domain.calls import Request

_HAN = re.compile(r"[⺀-鿿가-힯豈-﫿\U00020000-\U0003ffff]+")
_WORDLIKE = (string.ascii_letters + string.digits).encode()
_SPACES = b" \t\n\v\f\r\x1c\x1d\x1e\x1f"
_SPACE = re.compile(r"\s")
_PLAIN = re.compile(r"[\x00-\x7f]+")
PER_MESSAGE_TOKENS = 4


class Signs(NamedTuple):
    """How many characters of each kind a text has."""

    han: int
    wordlike: int
    other: int
    space: int

    def plus(self, more: "Signs") -> "Signs":
        return Signs(*(mine + theirs for mine, theirs in zip(self, more, strict=True)))


class Cost(NamedTuple):
    """Tokens a character of each kind costs at most, and a message beside its text."""

    han: float = 0.8
    wordlike: float = 0.25
    other: float = 0.8
    space: float = 0.05
    message: float = PER_MESSAGE_TOKENS


SAFE = Cost()
"""A bound, measured against the vocabulary of K2.6 (the typical formula is −26 %…+6 %, this one never below)."""


def signs(text: str) -> Signs:
    """Count the characters by kind: Han, kana and hangul; Latin letters and digits; everything else; white space."""
    plain = text.encode("ascii", "ignore")  # bytes are counted fifty times as fast as characters
    wordlike, space = (len(plain) - len(plain.translate(None, kind)) for kind in (_WORDLIKE, _SPACES))
    rest = _PLAIN.sub("", text) if len(plain) < len(text) else ""
    han = sum(map(len, _HAN.findall(rest)))
    space += len(_SPACE.findall(rest))
    return Signs(han, wordlike, len(text) - han - wordlike - space, space)


def count(text: str) -> int:
    """A safe upper bound of the tokens of `text`."""
    if not text:
        return 0
    found = signs(text)
    total = SAFE.han * found.han + SAFE.wordlike * found.wordlike + SAFE.other * found.other + SAFE.space * found.space
    return int(total) + 1


def count_messages(messages: Iterable[Mapping[str, Any]]) -> int:
    """Tokens of a whole prompt; parts that are not text count as their JSON."""
    return sum(count(_text(message.get("content"))) + PER_MESSAGE_TOKENS for message in messages)


def count_request(request: Request) -> int:
    """Tokens of a request's prompt: messages, and what the provider adds for tools and a schema."""
    return count_messages(request.messages) + sum(count(extra) for extra in _extras(request))


def request_signs(request: Request) -> Signs:
    """The characters of all that a request makes the model read."""
    total = Signs(0, 0, 0, 0)
    for text in (*(_text(message.get("content")) for message in request.messages), *_extras(request)):
        total = total.plus(signs(text))
    return total


def _extras(request: Request) -> list[str]:
    """Tools and schema as the provider writes them into the prompt."""
    shape = request.parameters.get("response_format") or {}
    schema = shape.get("json_schema", {}).get("schema", shape) if isinstance(shape, Mapping) else shape
    return [json.dumps(one, ensure_ascii=False) for one in (request.parameters.get("tools"), schema) if one]


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text") or "") for part in content if isinstance(part, Mapping))
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False) if content else ""
