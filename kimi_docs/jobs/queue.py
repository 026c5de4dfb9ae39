"""Run ids → the worker, from another process (the screen, `batch --detach`)."""

from dbos import DBOSClient

from kimi_docs.jobs import durable
from kimi_docs.settings import Settings

ASKED_NOW, BATCH = 1, 10
"""Priorities: smaller goes first."""


class Queue:
    """Hands runs to the worker. `put` may be called twice for a run: the run's id is the workflow's."""

    def __init__(self, settings: Settings) -> None:
        durable.migrate(settings)
        self._engine = durable.open_engine(settings)
        self._client = DBOSClient(
            system_database_url=durable.database_url(settings),
            system_database_engine=self._engine,
            serializer=durable.serializer(),
            application_name=durable.APPLICATION,
            lazy=True,
        )

    def put(self, run_id: str, *, priority: int = ASKED_NOW) -> None:
        self._client.enqueue(
            {
                "queue_name": durable.QUEUE,
                "workflow_name": durable.WORKFLOW,
                "workflow_id": run_id,
                "app_version": durable.VERSION,
                "priority": priority,
            },
            run_id,
        )

    def close(self) -> None:
        self._client.destroy()
        self._engine.dispose()
