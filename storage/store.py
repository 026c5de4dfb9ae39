"""The store: for one actor, and the whole of it for the worker."""

from collections.abc import Sequence

from sqlalchemy.engine import Engine

from kimi_docs.domain.ports import Blobs, Store
from kimi_docs.domain.scope import Actor
from kimi_docs.language import Message
from storage import scope
from storage.check import faults
from storage.documents import Documents
from storage.engine import reading
from storage.part import NO_RUN, there
from storage.runs import UNFINISHED, Ledger, Runs
from storage.sessions import Sessions


class SqlStore(Documents, Sessions, Runs, Ledger):
    """Fits `Store`. Every method may raise Misconfigured or KimiDocsError where the database cannot do its work."""


class SqlStorage:
    """Fits `Storage`. Keep one for the process and `close` it at the end."""

    def __init__(self, engine: Engine, blobs: Blobs) -> None:
        self.engine = engine
        self.blobs = blobs

    def of(self, actor: Actor) -> Store:
        """What this actor may see and keep."""
        return SqlStore(self.engine, self.blobs, actor)

    def actor_of_run(self, run: str) -> Actor:
        """Whose run it is. Raises: NotFound."""
        with reading(self.engine) as connection:
            return there(scope.actor_of_run(connection, run), NO_RUN)

    def unfinished_runs(self) -> Sequence[str]:
        """Ids of everybody's runs that have not ended, oldest first."""
        with reading(self.engine) as connection:
            return scope.runs_in(connection, UNFINISHED)

    def integrity(self) -> Sequence[Message]:
        """What is wrong with the store, for the doctor; empty where all is well. Reads the whole of a SQLite database."""
        return faults(self.engine, self.blobs)

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> "SqlStorage":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
