"""The store: for one actor, and the whole of it for the worker."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import Engine

from kimi_docs.domain.ports import Blobs, Store
from kimi_docs.domain.runs import Run
from kimi_docs.domain.safekeeping import Backup
from kimi_docs.domain.scope import Actor
from kimi_docs.domain.search import HitKind
from kimi_docs.language import Message
from storage import scope
from storage.backup import write_backup
from storage.batches import Batches
from storage.cells import Cells
from storage.check import faults
from storage.documents import Documents
from storage.engine import reading
from storage.meter import SqlMeter
from storage.part import NO_RUN, there
from storage.patience import SHORT_SECONDS, all_patient, patient
from storage.restore import restore_backup
from storage.runs import UNFINISHED, Ledger, Runs
from storage.search import Search
from storage.sessions import Sessions


@all_patient
class SqlStore(Documents, Sessions, Runs, Batches, Cells, Ledger, Search):
    """Fits `Store`. Every method may raise Misconfigured or KimiDocsError where the database cannot do its work."""

    def held(self, run: Run) -> Store:
        """The same for who carries that run out."""
        return SqlStore(self._engine, self._blobs, self.actor, patience_seconds=self.patience_seconds, run=run)


class SqlStorage:
    """Fits `Storage`. Keep one for the process and `close` it at the end."""

    def __init__(self, engine: Engine, blobs: Blobs, *, patience_seconds: float = SHORT_SECONDS) -> None:
        self.engine = engine
        self.blobs = blobs
        self.patience_seconds = patience_seconds
        self.meter = SqlMeter(engine, patience_seconds=patience_seconds)

    def of(self, actor: Actor) -> Store:
        """What this actor may see and keep."""
        return self._of(actor)

    def _of(self, actor: Actor) -> SqlStore:
        return SqlStore(self.engine, self.blobs, actor, patience_seconds=self.patience_seconds)

    @patient
    def actor_of_run(self, run: str) -> Actor:
        """Whose run it is. Raises: NotFound."""
        with reading(self.engine) as connection:
            return there(scope.actor_of_run(connection, run), NO_RUN)

    @patient
    def unfinished_runs(self, *, among: Collection[str] | None = None) -> Sequence[str]:
        """Ids of everybody's runs that have not ended, oldest first."""
        with reading(self.engine) as connection:
            return scope.runs_in(connection, UNFINISHED, among)

    @patient
    def abandoned_runs(self, before: datetime) -> Sequence[str]:
        """Ids of everybody's runs that have not ended and that nobody has touched since; not those of a batch that wait."""
        with reading(self.engine) as connection:
            return scope.abandoned_runs(connection, UNFINISHED, before)

    @patient
    def waiting_runs(self, before: datetime, *, among: Collection[str] | None = None, limit: int = 100) -> Sequence[str]:
        """Ids of everybody's runs that wait in a batch and that nobody has in hand; from each person's batches in turn."""
        with reading(self.engine) as connection:
            return scope.waiting_runs(connection, before, limit, among)

    def actors_with_undeleted(self, purpose: str) -> Sequence[Actor]:
        """Everybody who has sent something for this purpose of which nobody knows that it was deleted there."""
        with reading(self.engine) as connection:
            return scope.with_undeleted(connection, purpose)

    def reindex(self, *, limit: int = 1000) -> int:
        """Take what was kept before there was an index into it, so much at a time; gives how much it was."""
        with reading(self.engine) as connection:
            waiting = scope.unshelved(connection, limit)
        for row in waiting:
            store = self._of(Actor(person=row.owner, space=row.space))
            if row.kind == HitKind.DOCUMENT:
                store.index_document(row.id)
            elif row.kind == HitKind.SUMMARY:
                store.save_summary(store.get_summary(row.id))
            elif answer := store.find_answer(row.id):
                store.save_answer(answer)
        return len(waiting)

    def integrity(self) -> Sequence[Message]:
        """What is wrong with the store, for the doctor; empty where all is well. Reads the whole of a SQLite database."""
        return faults(self.engine, self.blobs)

    def backup(self, out: Path, own: Mapping[str, bytes]) -> Backup:
        """Everybody's rows and the files they need into one file; others may go on working meanwhile."""
        return write_backup(self.engine, self.blobs, out, own)

    def restore(self, file: Path, *, merge: bool = False) -> tuple[Backup, Mapping[str, bytes]]:
        """What such a file holds into an empty store or, with `merge`, what is not there into one that has something."""
        return restore_backup(self.engine, self.blobs, file, merge=merge)

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> "SqlStorage":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
