"""Answers → what they cost, call by call and for the run; and the line of the ledger for what leaves."""

import json
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from kimi_docs.domain.calls import Call, CallState, Completion, Departure, Request, Sending, Usage
from kimi_docs.kimi.catalog import Catalog


@dataclass(eq=False)
class Receipt:
    """What a run has paid for, from the provider's own figures where it gave any."""

    catalog: Catalog
    currency: str
    run: str

    def __post_init__(self) -> None:
        self.usage = Usage(currency=self.currency)

    def answered(self, call: Call, completion: Completion) -> Call:
        """The call with its answer and price; None where the price is not known."""
        model = self.catalog.find(call.model)
        return replace(
            call,
            state=CallState.ANSWERED,
            answered_at=datetime.now(UTC),
            completion=completion,
            cost=model.cost(completion, self.currency) if model else None,
            currency=self.currency,
            request_id=completion.request_id,
            holder="",
        )

    def spoiled(self, call: Call, so_far: Completion) -> Call:
        """An answer that was paid for and is none, as a call of its own: the call itself will be sent again."""
        empty = replace(so_far, text="", reasoning="", tool_calls=(), finish=so_far.finish or "cut")
        lost = self.answered(replace(call, id=f"{call.id}:{uuid.uuid4().hex[:8]}", possible_duplicates=0), empty)
        self.count(lost)
        return lost

    def count(self, call: Call) -> None:
        """Add a call to the run's receipt."""
        if not call.completion:
            return
        self.usage += Usage(
            calls=1,
            input_tokens=call.completion.input_tokens,
            cached_tokens=call.completion.cached_tokens,
            output_tokens=call.completion.output_tokens,
            cost=call.cost,
            currency=self.currency,
            possible_duplicates=call.possible_duplicates,
        )


def sending_of(call: Call, request: Request, document: str | None, base_url: str, instead_of: str = "") -> Sending:
    """The call with its line for the ledger of what left this machine."""
    content = json.dumps([dict(message) for message in request.messages], ensure_ascii=False)
    departure = Departure(
        id=uuid.uuid4().hex,
        at=datetime.now(UTC),
        host=urlsplit(base_url).hostname or "",
        purpose="chat",
        bytes=len(content.encode("utf-8", "replace")),
        characters=len(content),
        document=document,
    )
    return Sending(call=call, departure=departure, instead_of=instead_of)
