"""Order → the engine that carries it out. Client and limiter are shared by all runs of this process.

An engine is imported when it is first needed: openai alone takes longer to load than a summary on this machine to make.
"""

from typing import TYPE_CHECKING

from kimi_docs.domain.ports import Engine, Store
from kimi_docs.domain.runs import Run
from kimi_docs.settings import Settings

if TYPE_CHECKING:
    from kimi_docs.kimi.caller import Caller
    from kimi_docs.kimi.client import Client
    from kimi_docs.kimi.limits import Limiter


class Engines:
    """One event loop only. `close` ends the connections."""

    def __init__(self) -> None:
        self._open: dict[object, tuple[Client, Limiter]] = {}

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

        client, limiter = self._connection(settings)
        catalog = load_catalog(settings.home)
        budget = settings.budget if run.order.budget is None else run.order.budget
        caller = Caller(client, store, limiter, catalog, run=run.id, currency=settings.currency, budget=budget)
        return KimiEngine(caller, settings, catalog, model=run.order.model), caller

    def _connection(self, settings: Settings) -> tuple["Client", "Limiter"]:
        from kimi_docs.kimi.client import Client
        from kimi_docs.kimi.limits import Limiter

        key = (settings.base_url, settings.api_key, settings.limits)
        if key not in self._open:
            self._open[key] = (Client(settings), Limiter(settings.limits))
        return self._open[key]

    async def close(self) -> None:
        for client, _ in self._open.values():
            await client.close()
        self._open.clear()


def preload(settings: Settings) -> None:
    """Import what the first run would wait for; a worker does so before it takes one."""
    import kimi_docs.local.engine

    if settings.chosen_engine == "kimi":
        import kimi_docs.analyze.kimi_engine
        import kimi_docs.kimi.client  # noqa: F401 — imported for its time only
