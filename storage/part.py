"""What the parts of the store have in common: rows read as nouns, and a row that is not there."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from kimi_docs.domain.ports import Blobs
from kimi_docs.domain.runs import Run, RunState
from kimi_docs.domain.scope import Actor
from kimi_docs.errors import HeldElsewhere, NotFound
from kimi_docs.language import Message, say
from storage import tables
from storage.engine import reading, writing
from storage.patience import SHORT_SECONDS
from storage.rows import Noun, from_row
from storage.scope import Scope, Statement

NO_DOCUMENT = say("There is no such document.")
NO_SUMMARY = say("There is no such summary.")
NO_SESSION = say("There is no such session.")
NO_ANSWER = say("There is no such answer.")
NO_RUN = say("There is no such run.")
NO_BATCH = say("There is no such batch.")
ENDED = [state.value for state in RunState if state.ended]
NO_DEPARTURE = say("There is no such line in the ledger.")

Found = TypeVar("Found")


def now() -> datetime:
    return datetime.now(UTC)


def there(found: Found | None, otherwise: Message) -> Found:
    """Raises: NotFound."""
    if found is None:
        raise NotFound(otherwise, say("It may have been deleted, or belong to somebody else."))
    return found


class Part:
    """What one actor may see and keep of some tables. Statements come from the scope only."""

    def __init__(
        self, engine: Engine, blobs: Blobs, actor: Actor, *, patience_seconds: float = SHORT_SECONDS, run: Run | None = None
    ) -> None:
        self._engine = engine
        self._blobs = blobs
        self.actor = actor
        self.patience_seconds = patience_seconds
        self._run = run
        self._scope = Scope(actor, engine.dialect.name)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that writes, for who carries a run out only as long as it is theirs. Raises: HeldElsewhere."""
        with writing(self._engine) as connection:
            if self._run and not connection.execute(self._held(self._run).with_for_update(read=True)).first():
                raise HeldElsewhere(say("Somebody else carries this out."), say("What is done is kept."))
            yield connection

    def _held(self, run: Run) -> Statement:
        table = tables.runs
        return self._scope.select(table, table.c.id).where(table.c.id == run.id, table.c.holder == run.holder)

    def _list(self, noun: type[Noun], statement: Statement) -> list[Noun]:
        with reading(self._engine) as connection:
            return [from_row(noun, row) for row in connection.execute(statement).mappings()]

    def _find(self, noun: type[Noun], table: sa.Table, id: str) -> Noun | None:
        return next(iter(self._list(noun, self._scope.select(table).where(table.c.id == id))), None)

    def _change(self, statement: Statement, otherwise: Message) -> None:
        """Do it, or raise NotFound where it reached no row."""
        with self._writing() as connection:
            there(connection.execute(statement).first(), otherwise)

    def _require(self, connection: Connection, table: sa.Table, id: str, otherwise: Message) -> None:
        there(connection.execute(self._scope.select(table, table.c.id).where(table.c.id == id)).first(), otherwise)


def not_or_only_deleted(table: sa.Table, deleted: bool) -> sa.ColumnElement[bool]:
    return table.c.deleted_at.is_not(None) if deleted else table.c.deleted_at.is_(None)


def containing(table: sa.Table, words: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    return [table.c.searchable.contains(word, autoescape=True) for word in words]
