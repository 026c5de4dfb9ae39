"""One request to a model, what came back, and what it cost."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

_AND = " + "


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """Tokens and money. `cost` is None when the price of the model is unknown: that is said, never shown as zero.

    Amounts in two currencies have no sum: it is None too, and `currency` names both (`CNY + USD`).
    """

    calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal | None = Decimal(0)
    currency: str = "USD"
    estimated_cost: Decimal | None = Decimal(0)
    possible_duplicates: int = 0

    @property
    def mixed(self) -> bool:
        """It was paid in more than one currency."""
        return _AND in self.currency

    def __add__(self, other: "Usage") -> "Usage":
        currencies = {name for of in (self, other) if of.calls for name in of.currency.split(_AND) if name} or {self.currency}
        one = len(currencies) == 1
        return Usage(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost=_sum(self.cost, other.cost) if one else None,
            currency=_AND.join(sorted(currencies)),
            estimated_cost=_sum(self.estimated_cost, other.estimated_cost) if one else None,
            possible_duplicates=self.possible_duplicates + other.possible_duplicates,
        )


def _sum(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    return None if left is None or right is None else left + right


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What is sent to a model: the model's id, the messages, and the parameters beside them.

    `attempt` and `retry` are not sent. They tell a call from the one on record: one that somebody wants made anew, and one whose
    earlier answers nobody could use.
    """

    model: str
    messages: tuple[Mapping[str, Any], ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 0
    retry: int = 0

    @property
    def id(self) -> str:
        """The name of the call: SHA-256 of model, parameters, messages, attempt and retry in canonical JSON."""
        content: list[Any] = [self.model, dict(self.parameters), [dict(message) for message in self.messages]]
        content += [self.attempt] if self.attempt else []
        content += [{"retry": self.retry}] if self.retry else []
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolCall:
    """What a model wants done: `id` is opaque and goes back with the result, `arguments` are JSON as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Completion:
    """What a model returned. `finish` is the provider's reason for ending; `reasoning` is never shown as answer."""

    text: str
    finish: str
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning: str = ""
    request_id: str = ""
    reported: bool = True  # False: the provider gave no usage and the tokens are our own count
    tool_calls: tuple[ToolCall, ...] = ()


class CallState(StrEnum):
    SENT = "sent"
    ANSWERED = "answered"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """The record of a request. Written as `sent` before it leaves, as `answered` once its completion is kept.

    A call found `sent` by a later process may have been billed: sending it again adds one to `possible_duplicates`.
    `holder` is the process that awaits the answer, so that another one waits for it and does not send it too.
    `owner` is the person it was first sent for, as the store knows them; the call is the same whoever that was.
    """

    id: str
    model: str
    state: CallState
    run: str = ""
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    sendings: int = 0
    possible_duplicates: int = 0
    completion: Completion | None = None
    cost: Decimal | None = None
    currency: str = ""
    request_id: str = ""
    holder: str = ""
    owner: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A line in the account's book that all processes share: what one of them has sent, holds or knows, and until when it counts.

    `member` is the process, `slot` tells lines of one kind apart, `until` is in seconds since 1970.
    """

    member: str
    kind: str
    slot: int = 0
    until: float
    requests: int = 0
    tokens: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Departure:
    """A line of the ledger of what left this machine. `remote_id` names a file kept there until `deleted_at`."""

    id: str
    at: datetime
    host: str
    purpose: str
    bytes: int
    characters: int = 0
    document: str | None = None
    pages: str = ""
    remote_id: str = ""
    deleted_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sending:
    """A call about to leave. `instead_of` is a process that held it and is gone."""

    call: Call
    departure: Departure
    instead_of: str = ""

    def may_leave(self, here: Call) -> bool:
        """Whether it may be sent, given the call as it is kept: not when it was answered, nor when another process awaits it."""
        awaited = here.state == CallState.SENT and here.holder not in ("", self.call.holder, self.instead_of)
        return here.state != CallState.ANSWERED and not awaited


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """What a piece of work will take, before anything is sent."""

    document: str
    engine: str
    model: str
    calls: int
    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    currency: str
    minutes: float
    known: bool = False  # it was done before and costs nothing
