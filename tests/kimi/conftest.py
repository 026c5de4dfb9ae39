"""What the tests of the platform share: the stand-in, a caller on it, and ways to ask."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from kimi_docs.domain.calls import Call, CallState, Completion, Request
from kimi_docs.domain.scope import LOCAL
from kimi_docs.kimi.caller import Caller
from kimi_docs.kimi.catalog import load_catalog
from kimi_docs.kimi.client import Deadlines
from kimi_docs.kimi.connection import Connection
from kimi_docs.settings import Settings, load_settings
from tests.fakes import MemoryStorage
from tests.kimi_server import KimiServer

KEY = "sk-test-0123456789abcdef"
QUICK = Deadlines(connect=2, first_token=1.0, first_token_thinking=1.0, between_tokens=1.0, total=6.0)


def request(text: str = "Say it.", *, model: str = "kimi-k2.6", **parameters: Any) -> Request:
    """One question; `parameters` beside the usual ones."""
    usual = {"thinking": {"type": "disabled"}} if model == "kimi-k2.6" else {}
    parameters = {**usual, "max_completion_tokens": 4_000, **parameters}
    return Request(model=model, messages=({"role": "user", "content": text},), parameters=parameters)


@dataclass
class Desk:
    """A server, a store, and connections to ask through."""

    server: KimiServer
    storage: MemoryStorage = field(default_factory=MemoryStorage)
    connections: list[Connection] = field(default_factory=list)

    def settings(self, **more: Any) -> Settings:
        flags = {"base_url": self.server.url, "api_key": KEY, "tier": 3, "rate_period_seconds": self.server.settings.period}
        return load_settings(**{**flags, **more})

    def connect(self, deadlines: Deadlines = QUICK, **more: Any) -> Connection:
        connection = Connection.open(self.settings(**more), self.storage.meter, deadlines)
        self.connections.append(connection)
        return connection

    def caller(self, connection: Connection | None = None, *, run: str = "run", **more: Any) -> Caller:
        """A caller whose back-off is short."""
        more = {"backoff_seconds": 0.01, **more}
        return Caller(connection or self.connect(), self.storage.of(LOCAL), load_catalog(), run=run, currency="USD", **more)

    @property
    def calls(self) -> Sequence[Call]:
        return self.storage.of(LOCAL).list_calls()

    def reported(self) -> tuple[int, int, int]:
        """Prompt, cached and completion tokens of our record, where the provider told them."""
        told = [call.completion for call in self.calls if call.completion and call.completion.reported]
        return (
            sum(one.input_tokens for one in told),
            sum(one.cached_tokens for one in told),
            sum(one.output_tokens for one in told),
        )

    def ledger(self) -> tuple[int, int, int]:
        """The same of the server's, where it told them to us."""
        told = [entry for entry in self.server.billed if entry.told]
        return (
            sum(entry.prompt_tokens for entry in told),
            sum(entry.cached_tokens for entry in told),
            sum(entry.completion_tokens for entry in told),
        )

    def sent(self) -> int:
        """Records that a call left and was not answered."""
        return sum(call.state is CallState.SENT for call in self.calls)


@pytest.fixture
def standins() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
async def desk(home: object, standins: ExitStack) -> AsyncIterator[Any]:
    """Makes desks on a stand-in with the options given."""
    made: list[Desk] = []

    def make(**options: Any) -> Desk:
        server = standins.enter_context(KimiServer(**{"piece_characters": 8, **options}))
        made.append(Desk(server))
        return made[-1]

    yield make
    for one in made:
        for connection in one.connections:
            await connection.close()


async def ask(caller: Caller, asked: Request, *, document: str | None = None) -> Completion:
    """The completion."""
    last: object = None
    async for piece in caller.ask(asked, document=document):
        last = piece
    assert isinstance(last, Completion)
    return last


async def ask_all(caller: Caller, asked: Sequence[Request]) -> list[Completion]:
    return list(await asyncio.gather(*(ask(caller, one) for one in asked)))


def money(text: str) -> Decimal:
    return Decimal(text)
