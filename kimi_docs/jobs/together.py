"""Changes of many runs → the store, all that have come up since the last write in one transaction: a commit outlasts a change."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kimi_docs.domain.ports import Store
from kimi_docs.domain.runs import Run
from kimi_docs.domain.scope import Actor

Change = tuple[Run, Mapping[str, Any]]


@dataclass(eq=False)
class Together:
    """One event loop only."""

    _waiting: dict[Actor, list[tuple[Change, "asyncio.Future[None]"]]] = field(default_factory=dict)
    _writers: dict[Actor, "asyncio.Task[None]"] = field(default_factory=dict)

    async def update_run(self, store: Store, run: Run, **changes: Any) -> None:
        """Returns when it is kept, or passed over because the run has another holder now. Raises: what the store raises."""
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(store.actor, []).append(((run, changes), kept))
        writer = self._writers.get(store.actor)
        if writer is None or writer.done():
            self._writers[store.actor] = asyncio.create_task(self._write(store))
        await asyncio.shield(kept)

    async def _write(self, store: Store) -> None:
        while waiting := self._waiting.pop(store.actor, []):
            writing = asyncio.to_thread(store.update_runs, [change for change, _ in waiting])
            (result,) = await asyncio.gather(writing, return_exceptions=True)
            for _, kept in waiting:
                if kept.done():
                    continue
                if isinstance(result, BaseException):
                    kept.set_exception(result)
                    kept.exception()  # who asked may be gone
                else:
                    kept.set_result(None)
