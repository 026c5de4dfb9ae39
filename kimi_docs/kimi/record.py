"""Calls about to leave and calls answered → the store, many in one transaction: a write to disk takes long."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from kimi_docs.domain.calls import Call, Sending
from kimi_docs.domain.ports import Store


@dataclass(eq=False)
class Recorder:
    """Writes for one actor, whatever has come up since the last write at once. One event loop only."""

    store: Store
    _sending: list[tuple[Sending, "asyncio.Future[Call]"]] = field(default_factory=list)
    _saving: list[tuple[Call, "asyncio.Future[Call]"]] = field(default_factory=list)
    _writer: "asyncio.Task[None] | None" = None

    async def send(self, sending: Sending) -> Call:
        """The call as it is kept now: send it only if it is the one given. Raises: what the store raises."""
        kept: asyncio.Future[Call] = asyncio.get_running_loop().create_future()
        self._sending.append((sending, kept))
        self._start()
        return await asyncio.shield(kept)

    async def save(self, call: Call) -> None:
        """Keep it as it is now. Raises: what the store raises."""
        kept: asyncio.Future[Call] = asyncio.get_running_loop().create_future()
        self._saving.append((call, kept))
        self._start()
        await asyncio.shield(kept)

    def _start(self) -> None:
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._sending or self._saving:
            sending, self._sending = self._sending, []
            saving, self._saving = self._saving, []
            writing = asyncio.to_thread(self.store.write_calls, [one for one, _ in sending], [one for one, _ in saving])
            (result,) = await asyncio.gather(writing, return_exceptions=True)
            if isinstance(result, BaseException):
                _fail([*(kept for _, kept in sending), *(kept for _, kept in saving)], result)
                continue
            for (_, kept), call in zip((*sending, *saving), (*result, *(call for call, _ in saving)), strict=True):
                if not kept.done():
                    kept.set_result(call)


def _fail(waiting: Sequence["asyncio.Future[Call]"], error: BaseException) -> None:
    for kept in waiting:
        if not kept.done():
            kept.set_exception(error)
            kept.exception()  # who asked may be gone
