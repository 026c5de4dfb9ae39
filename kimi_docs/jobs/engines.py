"""Order → the engine that carries it out. Client and limiter are shared by all runs of this process.

An engine is imported when it is first needed: openai alone takes longer to load than a summary on this machine to make.
"""

from typing import TYPE_CHECKING

from kimi_docs.domain.ports import Engine, Meter, Store
from kimi_docs.domain.runs import Run
from kimi_docs.domain.search import Found, HitKind, SearchFilter
from kimi_docs.settings import Settings

if TYPE_CHECKING:
    from kimi_docs.kimi.caller import Caller
    from kimi_docs.kimi.connection import Connection
    from kimi_docs.kimi.purse import Purse

FOUND = 50
"""Places in a session's documents that are looked at for one search."""


class Engines:
    """One event loop only. `close` ends the connections. With a meter, limits are shared with other processes."""

    def __init__(self, meter: Meter | None = None) -> None:
        self._meter = meter
        self._open: dict[object, Connection] = {}
        self._purses: dict[object, Purse] = {}

    def choose(self, run: Run, store: Store, settings: Settings) -> tuple[Engine, "Caller | None"]:
        """The engine of the run's order, and for Kimi the caller whose `usage` is the receipt."""
        if run.order.engine == "local":
            from kimi_docs.local.engine import LocalEngine

            return LocalEngine(), None
        return self._kimi(run, store, settings)

    def _kimi(self, run: Run, store: Store, settings: Settings) -> tuple[Engine, "Caller"]:
        from kimi_docs.analyze.kimi_engine import KimiEngine
        from kimi_docs.kimi.caller import Caller
        from kimi_docs.kimi.catalog import load_catalog

        catalog = load_catalog(settings.home)
        budget = settings.budget if run.order.budget is None else run.order.budget
        caller = Caller(
            self._connection(settings),
            store,
            catalog,
            run=run.id,
            currency=settings.currency,
            budget=budget,
            interactive=not run.batch,
            asked_at=run.created_at,
            purse=self._purse(run, store),
        )
        within = SearchFilter(kinds=(HitKind.DOCUMENT,), documents=run.documents)

        def search(words: str) -> Found:
            return store.search(words, filter=within, limit=FOUND)

        return KimiEngine(caller, settings, model=run.order.model, search=search, attempt=run.order.attempt), caller

    def _purse(self, run: Run, store: Store) -> "Purse | None":
        """What all runs of a batch spend from."""
        from kimi_docs.kimi.purse import Purse

        return self._purses.setdefault((store.actor, run.batch), Purse(store, run.batch)) if run.batch else None

    def _connection(self, settings: Settings) -> "Connection":
        from kimi_docs.kimi.connection import Connection

        key = (settings.base_url, settings.api_key, settings.provider, settings.limits)
        if key not in self._open:
            self._open[key] = Connection.open(settings, self._meter)
        return self._open[key]

    async def close(self) -> None:
        for connection in self._open.values():
            await connection.close()
        self._open.clear()


def preload(settings: Settings) -> None:
    """Import what the first run would wait for; a worker does so before it takes one."""
    import kimi_docs.local.engine

    if settings.chosen_engine == "kimi":
        import kimi_docs.analyze.kimi_engine
        import kimi_docs.kimi.connection  # noqa: F401 — imported for its time only
