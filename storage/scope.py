"""Actor → statements that touch only what this person may see. The one place where statements are made.

A table's `info["visible"]` says who sees its rows: everybody of the space, or their owner only. No other module of the storage
may import `select`, `insert`, `update` or `delete` (a test reads the sources), so a query without the filter cannot be written.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kimi_docs.domain.scope import Actor
from storage import tables
from storage.engine import upserting

Statement = Any  # of SQLAlchemy's typed statements only the columns differ, and rows are read by name


class Scope:
    """Makes the statements of one actor for one kind of database."""

    def __init__(self, actor: Actor, dialect: str) -> None:
        self._actor = actor
        self._dialect = dialect

    def _visible(self, table: sa.Table) -> sa.ColumnElement[bool]:
        in_space: sa.ColumnElement[bool] = table.c.space == self._actor.space
        match table.info["visible"]:
            case "space":
                return in_space
            case "owner":
                return sa.and_(in_space, table.c.owner == self._actor.person)
            case other:
                raise ValueError(f"{table.name}: nobody knows who sees {other!r}")

    def select(self, table: sa.Table, *columns: Any) -> Statement:
        """The visible rows of a table, or some columns of them."""
        return sa.select(*(columns or table.c)).select_from(table).where(self._visible(table))

    def update(self, table: sa.Table) -> Statement:
        """A change of visible rows."""
        return sa.update(table).where(self._visible(table))

    def insert(self, table: sa.Table, row: Mapping[str, Any]) -> Statement:
        """A new row of this actor; one with the same key, whoever's it is, stays as it is."""
        return upserting(self._dialect, table).values(self._own(row)).on_conflict_do_nothing()

    def upsert(
        self, table: sa.Table, row: Mapping[str, Any], *, keep: Sequence[str] = (), unless: sa.ColumnElement[bool] | None = None
    ) -> Statement:
        """A new row of this actor, or the visible one with its key changed: all but its owner and the columns to `keep`.

        Rows that are not visible, and those for which `unless` holds, stay as they are. Returns the key columns of the row
        that was written, so nothing came back means nothing was written.
        """
        key = [column.name for column in table.primary_key]
        fixed = {"space", "owner", *key, *keep}
        statement = upserting(self._dialect, table).values(self._own(row))
        changed = {column.name: statement.excluded[column.name] for column in table.c if column.name not in fixed}
        where = self._visible(table) if unless is None else sa.and_(self._visible(table), sa.not_(unless))
        return statement.on_conflict_do_update(index_elements=key, set_=changed, where=where).returning(*table.primary_key)

    def _own(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {**row, "space": self._actor.space, "owner": self._actor.person}


def actor_of_run(connection: Connection, run: str) -> Actor | None:
    """Whose run it is. For the worker, which acts for everybody."""
    row = connection.execute(sa.select(tables.runs.c.owner, tables.runs.c.space).where(tables.runs.c.id == run)).first()
    return Actor(person=row.owner, space=row.space) if row else None


def runs_in(connection: Connection, states: Sequence[str]) -> Sequence[str]:
    """Ids of everybody's runs in these states, oldest first. For the worker."""
    found = sa.select(tables.runs.c.id).where(tables.runs.c.state.in_(states)).order_by(tables.runs.c.created_at, tables.runs.c.id)
    return connection.execute(found).scalars().all()


def kept_blobs(connection: Connection) -> set[str]:
    """Ids of the blobs that somebody's row needs: documents not deleted, and extractions. For the doctor."""
    documents = sa.select(tables.documents.c.id).where(tables.documents.c.deleted_at.is_(None))
    return set(connection.execute(documents.union(sa.select(tables.extractions.c.blob))).scalars())
