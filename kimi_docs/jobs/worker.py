"""The worker: takes runs from the queue and carries them out, and after a kill goes on where it was."""

import asyncio
import contextlib
import logging
import math
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

from kimi_docs.domain.ports import Storage
from kimi_docs.errors import KimiDocsError, Misconfigured, Unreachable
from kimi_docs.jobs import durable
from kimi_docs.jobs.engines import preload
from kimi_docs.jobs.holder import new_holder
from kimi_docs.jobs.inline import side_by_side
from kimi_docs.jobs.queue import BATCH
from kimi_docs.jobs.reading import sweep
from kimi_docs.jobs.work import Workshop
from kimi_docs.language import say
from kimi_docs.settings import Settings

LOOK_EVERY_SECONDS = 10
FEED_EVERY_SECONDS = 0.25
KEPT_FREE = 4
"""Places for what somebody asks now, whatever batches are at work."""
AWAY_SECONDS = 2.0
"""After a longer sleep of this process or of the database nobody can have shown to be alive: who is will do so first."""
ABANDONED = timedelta(seconds=20)
"""A run at work shows so every five seconds."""

log = logging.getLogger(__name__)
_workshop: Workshop | None = None  # DBOS calls module functions; set once, by `work`, before it launches


@DBOS.step(name="carry_out", preemptible=True)
async def _carry_out(run_id: str) -> str:
    if _workshop is None:
        raise RuntimeError("the worker has not been set up")
    return (await _workshop.perform(run_id)).state.value


@DBOS.workflow(name=durable.WORKFLOW)
async def _perform(run_id: str) -> str:
    return await _carry_out(run_id)


def work(workshop: Workshop, settings: Settings, *, stop: "Stop") -> None:
    """Work until `stop` is set. On SQLite one worker a home. Raises: Misconfigured when another one works there."""
    global _workshop
    with _alone(settings):
        _workshop = workshop
        preload(settings)
        _launch(settings)
        threading.Thread(target=_sweep, args=(workshop.storage, settings), name="kimi-docs-sweep", daemon=True).start()
        try:
            attendant = Attendant(workshop.storage, Feeder(workshop.storage, side_by_side(settings)))
            while not stop.wait(FEED_EVERY_SECONDS):
                attendant.look()
        finally:
            DBOS.destroy(workflow_completion_timeout_sec=5)


def _launch(settings: Settings) -> None:
    url = durable.database_url(settings)
    postgres = url.startswith("postgresql")
    durable.migrate(settings)
    executor = f"worker-{new_holder()}" if postgres else "worker"
    config: Any = {
        "name": durable.APPLICATION,
        "system_database_url": url,
        "system_database_engine": durable.open_engine(settings),
        "run_migrations": False,
        "application_version": durable.VERSION,
        "executor_id": executor,
        "log_level": "WARNING",
        "serializer": durable.serializer(),
        "notification_listener_polling_interval_sec": 0.1,
        "run_admin_server": False,
    }
    DBOS(config=config)
    DBOS.launch()
    DBOS.register_queue(
        durable.QUEUE,
        worker_concurrency=side_by_side(settings) + KEPT_FREE,
        polling_interval_sec=0.1,
        on_conflict="always_update",
    )


def _sweep(storage: Storage, settings: Settings) -> None:
    """Beside the work: the provider may be slow, or away."""
    try:
        asyncio.run(sweep(storage, settings))
    except KimiDocsError as error:
        log.warning("what was left at the file service could not be deleted yet: %s", error)


@dataclass
class Feeder:
    """Puts what waits in batches into the queue, a few at a time and from each person in turn, so that the queue stays short."""

    storage: Storage
    room: int
    _fed: dict[str, datetime] = field(default_factory=dict)

    def feed(self) -> None:
        if self._fed:
            self._fed = {id: self._fed[id] for id in self.storage.unfinished_runs(among=self._fed)}
        free = self.room - len(self._fed)
        if free <= 0:
            return
        # Those that were fed stand among those that wait until they are begun.
        waiting = self.storage.waiting_runs(datetime.now(UTC) - ABANDONED, limit=self.room + free)
        for run_id in [id for id in waiting if id not in self._fed][:free]:
            _enqueue(run_id, BATCH)
            self._fed[run_id] = datetime.now(UTC)

    def feed_again(self) -> None:
        """Those that were fed and that nobody has begun: their worker was killed, or failed, before it could."""
        before = datetime.now(UTC) - ABANDONED
        late = [id for id, at in self._fed.items() if at < before]
        for run_id in self.storage.waiting_runs(before, among=late, limit=self.room) if late else ():
            _queue_again(run_id, BATCH)
            self._fed[run_id] = datetime.now(UTC)


@dataclass
class Attendant:
    """Looks again and again what is to be taken up."""

    storage: Storage
    feeder: Feeder
    _looked: float = -math.inf
    _passed: float = field(default_factory=time.monotonic)

    def look(self) -> None:
        """Feed the queue, and now and then take back what is in nobody's hand."""
        began = time.monotonic()
        if began - self._passed > AWAY_SECONDS:
            self._looked = began
        self._passed = began
        try:
            if began - self._looked >= LOOK_EVERY_SECONDS:
                self._looked = began
                _take_back(self.storage)
                self.feeder.feed_again()
                self.storage.reindex(limit=20)
            self.feeder.feed()
        except (Unreachable, sa.exc.DBAPIError) as error:  # of our own store, or of DBOS's
            log.warning("the database is away: %s", type(error).__name__)


def _enqueue(run_id: str, priority: int | None = None) -> None:
    """Queue a run unless its workflow waits or works; one that has ended without the run's end is done with another name."""
    status = DBOS.get_workflow_status(run_id)
    if status is None or status.status not in ("PENDING", "ENQUEUED", "DELAYED"):
        with SetWorkflowID(run_id if status is None else f"{run_id}:{int(time.time())}"), SetEnqueueOptions(priority=priority):
            DBOS.enqueue_workflow(durable.QUEUE, _perform, run_id)


def _queue_again(run_id: str, priority: int | None = None) -> None:
    """Queue a run that nobody works on. If somebody does after all, it is claimed once."""
    status = DBOS.get_workflow_status(run_id)
    if status and status.status == "PENDING" and status.executor_id != DBOS.executor_id:
        DBOS.resume_workflow(run_id, queue_name=durable.QUEUE)  # another worker's, and that does not come back
    else:
        _enqueue(run_id, priority)


def _take_back(storage: Storage) -> None:
    """Take runs that nobody works on: written down but never queued (a kill between the two), or left by a killed command.

    A run whose workflow waits or works here is left alone, and so is one that somebody keeps alive.
    """
    began = time.monotonic()
    found = storage.abandoned_runs(datetime.now(UTC) - ABANDONED)
    if time.monotonic() - began < AWAY_SECONDS:
        for run_id in found:
            _queue_again(run_id)


@contextlib.contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Hold the home's worker lock. A dead worker's lock is free: the system lets go of it."""
    if durable.database_url(settings).startswith("postgresql"):
        yield
        return
    import fcntl

    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with durable.lock_file(settings).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = say("A worker is already at work in {home}.", home=str(settings.home))
            raise Misconfigured(message, say("One is enough there; several need PostgreSQL.")) from None
        yield


class Stop:
    """An event that a signal may set: of `threading.Event` the wait that the signal interrupts may hold the lock."""

    def __init__(self) -> None:
        self._told: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        self._told.put(None)

    def wait(self, seconds: float) -> bool:
        """Whether it is set, at the latest after so many seconds."""
        try:
            self._told.get(timeout=seconds)
        except Empty:
            return False
        self.set()
        return True


def stop_on_signals() -> Stop:
    """What SIGTERM and SIGINT set."""
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
