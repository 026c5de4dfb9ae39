"""Runs of a batch carried out side by side: what the store refuses one of them stops no other in the middle."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from kimi_docs.domain.batch import Batch
from kimi_docs.domain.ports import Store
from kimi_docs.domain.runs import Run, RunKind, RunState
from kimi_docs.domain.scope import LOCAL
from kimi_docs.errors import KimiDocsError
from kimi_docs.jobs import inline
from kimi_docs.jobs.inline import Inline
from kimi_docs.language import say
from kimi_docs.settings import Settings
from tests.fakes import MemoryStorage, MemoryStore

FULL = KimiDocsError(say("The disk is full."))


@dataclass
class Shop:
    """Stands in for the workshop: a run takes a moment, and some cannot be kept."""

    storage: MemoryStorage = field(default_factory=MemoryStorage)
    settings: Callable[[], Settings] = Settings
    refused: tuple[str, ...] = ()
    engines: Any = None

    async def perform(self, run_id: str) -> None:
        await asyncio.sleep(0 if run_id in self.refused else 0.1)
        if run_id in self.refused:
            raise FULL
        self.store.update_run(run_id, state=RunState.DONE)

    @property
    def store(self) -> Store:
        return self.storage.of(LOCAL)

    async def close(self) -> None:
        pass


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(inline, "side_by_side", lambda _settings: 3)
    made = Shop()
    made.engines = made
    runs = [Run(id=f"{number}", kind=RunKind.SUMMARIZE, batch="b") for number in range(6)]
    made.store.save_batch(Batch(id="b"), runs)
    return made


def finished(shop: Shop) -> dict[str, RunState]:
    with Inline(shop) as opened:  # type: ignore[arg-type]
        opened.finish_all(shop.store, "b", [f"{number}" for number in range(6)], lambda _ended: None)
    return states(shop)


def states(shop: Shop) -> dict[str, RunState]:
    return {run.id: run.state for run in shop.store.list_runs(batch="b")}


def test_what_the_store_refuses_is_told_plainly_once_those_at_work_have_ended(shop: Shop) -> None:
    shop.refused = ("1",)
    with pytest.raises(KimiDocsError, match="disk is full"):
        finished(shop)
    ended = {id for id, state in states(shop).items() if state is RunState.DONE}
    assert ended == {"0", "2"}


def test_a_batch_that_cannot_be_held_for_a_moment_goes_on_and_is_held_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[str] = []

    def hold(_store: MemoryStore, batch: str) -> None:
        held.append(batch)
        if len(held) == 1:
            raise FULL

    monkeypatch.setattr(MemoryStore, "hold_runs", hold)
    monkeypatch.setattr(inline, "HELD_EVERY_SECONDS", 0.02)
    assert set(finished(shop).values()) == {RunState.DONE}
    assert len(held) > 1
