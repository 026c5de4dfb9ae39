"""Actor → statements that touch only what this person may see. The one place where statements are made.

A table's `info["visible"]` says who sees its rows: everybody of the space, or their owner only. No other module of the storage
may import `select`, `insert`, `update` or `delete` (a test reads the sources), so a query without the filter cannot be written.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.engine import Connection

from kimi_docs.domain.scope import Actor
from storage import tables
from storage.engine import upserting
from storage.words import words_of

Statement = Any  # of SQLAlchemy's typed statements only the columns differ, and rows are read by name


class Scope:
    """Makes the statements of one actor for one kind of database."""

    def __init__(self, actor: Actor, dialect: str) -> None:
        self._actor = actor
        self._dialect = dialect

    def _visible(self, table: sa.Table) -> sa.ColumnElement[bool]:
        if table.info["visible"] == "source":
            here = self.select(tables.sources).where(tables.sources.c.number == table.c.source)
            return sa.and_(here.correlate(table).exists())
        in_space: sa.ColumnElement[bool] = table.c.space == self._actor.space
        match table.info["visible"]:
            case "space":
                return in_space
            case "owner":
                return sa.and_(in_space, table.c.owner == self._actor.person)
            case "reader":
                return sa.and_(in_space, table.c.owner.in_(["", self._actor.person]))
            case other:
                raise ValueError(f"{table.name}: nobody knows who sees {other!r}")

    def select(self, table: sa.Table, *columns: Any) -> Statement:
        """The visible rows of a table, or some columns of them."""
        return sa.select(*(columns or table.c)).select_from(table).where(self._visible(table))

    def update(self, table: sa.Table) -> Statement:
        """A change of visible rows."""
        return sa.update(table).where(self._visible(table))

    def delete(self, table: sa.Table) -> Statement:
        """Visible rows, away."""
        return sa.delete(table).where(self._visible(table))

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

    def shelve(self, row: Mapping[str, Any], *, personal: bool) -> Statement:
        """A new source of what is searched, for its owner only or for the whole space; one that is there stays as it is."""
        owned = {**self._own(row), **({} if personal else {"owner": ""})}
        return upserting(self._dialect, tables.sources).values(owned).on_conflict_do_nothing()

    def matching(self, match: str, *wanted: sa.ColumnElement[bool]) -> "Matching":
        """The passages of visible sources that hold what the database's own `match` asks for."""
        visible = self.select(tables.sources, tables.sources.c.number).where(tables.sources.c.deleted.is_(False), *wanted)
        return Matching(self._dialect, match, visible)

    def _own(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {**row, "space": self._actor.space, "owner": self._actor.person}


PASSAGE_BITS = 20
"""A passage's id is its source's number and these bits, so that whose it is can be told from the index alone."""


class Matching:
    """Statements over the index, which knows words and the ids of passages only."""

    def __init__(self, dialect: str, match: str, visible: Statement) -> None:
        self._words = words_of(dialect)
        self._holds: sa.ColumnElement[bool]
        self._score: sa.ColumnElement[float]
        if dialect == "sqlite":
            self._holds = self._words.c.words.bool_op("MATCH")(match)
            self._score = self._words.c.rank
        else:
            asked = sa.cast(match, TSQUERY)
            self._holds = self._words.c.segments.bool_op("@@")(asked)
            self._score = -sa.func.ts_rank(self._words.c.segments, asked, 1)
        self._of_visible = self._words.c.rowid.bitwise_rshift(sa.literal(PASSAGE_BITS, sa.Integer)).in_(visible)

    def count(self) -> Statement:
        return sa.select(sa.func.count()).select_from(self._words).where(self._holds, self._of_visible)

    def best(self, limit: int, offset: int) -> Statement:
        """Ids of passages, best first."""
        found = sa.select(self._words.c.rowid).where(self._holds, self._of_visible)
        return found.order_by(self._score, self._words.c.rowid).limit(limit).offset(offset)

    def newest(self, limit: int, offset: int) -> Statement:
        """Ids of passages, those taken in last first."""
        found = sa.select(self._words.c.rowid).where(self._holds, self._of_visible)
        return found.order_by(self._words.c.rowid.desc()).limit(limit).offset(offset)

    def best_of_newest(self, newest: int, limit: int, offset: int) -> Statement:
        """The same, where only so many of the passages that match are ranked, those taken in last."""
        scored = sa.select(self._words.c.rowid, self._score.label("score")).where(self._holds, self._of_visible)
        found = scored.order_by(self._words.c.rowid.desc()).limit(newest).subquery()
        return sa.select(found.c.rowid).order_by(found.c.score, found.c.rowid).limit(limit).offset(offset)


def add_words(dialect: str) -> Statement:
    """Put the words of passages into the index."""
    return sa.insert(words_of(dialect))


def add_passages() -> Statement:
    return sa.insert(tables.passages)


def with_undeleted(connection: Connection, purpose: str) -> Sequence[Actor]:
    """Who has sent something for this purpose of which the ledger does not say that it was deleted. For the worker."""
    sent = tables.departures.c
    rows = sa.select(sent.owner, sent.space).where(sent.purpose == purpose, sent.deleted_at.is_(None)).distinct()
    return [Actor(person=row.owner, space=row.space) for row in connection.execute(rows)]


def unshelved(connection: Connection, limit: int) -> Sequence[Any]:
    """Kind, id, owner and space of what is not in the index, or not with its pages; everybody's. For the worker."""
    documents, extractions, sources = tables.documents, tables.extractions, tables.sources
    read = sa.and_(extractions.c.space == documents.c.space, extractions.c.document == documents.c.id)
    rows: list[Any] = []
    for table, kind in ((documents, "document"), (tables.summaries, "summary"), (tables.answers, "answer")):
        here = sa.and_(sources.c.space == table.c.space, sources.c.kind == kind, sources.c.id == table.c.id)
        joined = table.outerjoin(sources, here)
        missing: sa.ColumnElement[bool] = sources.c.number.is_(None)
        if table is documents:
            joined = joined.outerjoin(extractions, read)
            missing = sa.or_(missing, sa.and_(sources.c.stamp == "", extractions.c.document.is_not(None)))
        found = sa.select(sa.literal(kind).label("kind"), table.c.id, table.c.owner, table.c.space).select_from(joined)
        rows += connection.execute(found.where(missing).limit(limit))
    return rows


def actor_of_run(connection: Connection, run: str) -> Actor | None:
    """Whose run it is. For the worker, which acts for everybody."""
    row = connection.execute(sa.select(tables.runs.c.owner, tables.runs.c.space).where(tables.runs.c.id == run)).first()
    return Actor(person=row.owner, space=row.space) if row else None


def runs_in(connection: Connection, states: Sequence[str], among: Collection[str] | None = None) -> Sequence[str]:
    """Ids of everybody's runs in these states, oldest first. For the worker."""
    found = sa.select(tables.runs.c.id).where(tables.runs.c.state.in_(states)).order_by(tables.runs.c.created_at, tables.runs.c.id)
    if among is not None:
        found = found.where(tables.runs.c.id.in_(among))
    return connection.execute(found).scalars().all()


def abandoned_runs(connection: Connection, states: Sequence[str], before: datetime) -> Sequence[str]:
    """Ids of everybody's runs in these states that nobody has touched since, without those that wait in a batch. For the worker."""
    runs = tables.runs
    waits_in_batch = sa.and_(runs.c.batch != "", runs.c.state == "queued")
    found = sa.select(runs.c.id).where(runs.c.state.in_(states), runs.c.updated_at < before, sa.not_(waits_in_batch))
    return connection.execute(found.order_by(runs.c.created_at, runs.c.id)).scalars().all()


def waiting_runs(connection: Connection, before: datetime, limit: int, among: Collection[str] | None = None) -> Sequence[str]:
    """Ids of runs that wait in a batch and that nobody has in hand, from each person's batches in turn. For the worker."""
    runs = tables.runs
    place = sa.func.row_number().over(partition_by=(runs.c.space, runs.c.owner), order_by=(runs.c.created_at, runs.c.id))
    waits = [runs.c.state == "queued", runs.c.updated_at < before, runs.c.batch != ""]
    waits += [] if among is None else [runs.c.id.in_(among)]
    placed = sa.select(runs.c.id, runs.c.created_at, place.label("place")).where(*waits).subquery()
    return connection.execute(sa.select(placed.c.id).order_by(placed.c.place, placed.c.created_at).limit(limit)).scalars().all()


def kept_blobs(connection: Connection) -> set[str]:
    """Ids of the blobs that somebody's row needs: documents not deleted, and extractions. For the doctor."""
    documents = sa.select(tables.documents.c.id).where(tables.documents.c.deleted_at.is_(None))
    return set(connection.execute(documents.union(sa.select(tables.extractions.c.blob))).scalars())


def documents_in_trash(connection: Connection) -> set[str]:
    """Ids of documents that were deleted by somebody, whose files may still be there. For the backup."""
    return set(connection.execute(sa.select(tables.documents.c.id).where(tables.documents.c.deleted_at.is_not(None))).scalars())


def read_blobs(connection: Connection) -> set[str]:
    """Ids of the blobs that hold what was read of a document. For the backup."""
    return set(connection.execute(sa.select(tables.extractions.c.blob)).scalars())


def everybodys(table: sa.Table) -> Statement:
    """All rows of a table, whosever they are. For the backup."""
    return sa.select(table).order_by(*table.primary_key)


def put_back(dialect: str, table: sa.Table) -> Statement:
    """Rows as they were, whosever they are; one with the same key stays as it is. For the backup."""
    return upserting(dialect, table).on_conflict_do_nothing()


def is_empty(connection: Connection) -> bool:
    """Nobody has anything here. For the backup."""
    kept = (tables.documents, tables.sessions, tables.batches, tables.calls)
    return all(connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is None for table in kept)


def marks_of(account: str) -> Statement:
    """Every line of an account's book: it belongs to nobody, and holds numbers only."""
    return sa.select(tables.marks).where(tables.marks.c.account == account)


def hold_account(account: str) -> Statement:
    """PostgreSQL lets several write at once: whoever changes an account's book holds this lock to the end of the transaction."""
    number = int.from_bytes(hashlib.sha256(account.encode()).digest()[:8], "big", signed=True)
    return sa.select(sa.func.pg_advisory_xact_lock(number))


def strike_marks(account: str, member: str, now: float) -> Statement:
    """The lines of one process, which writes them anew, and those that count no more."""
    marks = tables.marks
    return sa.delete(marks).where(marks.c.account == account, sa.or_(marks.c.member == member, marks.c.until <= now))


def add_marks(dialect: str) -> Statement:
    return upserting(dialect, tables.marks)


def measure_of(account: str, name: str) -> Statement:
    """What was measured on an account under a name."""
    measures = tables.measures
    return sa.select(measures.c.content).where(measures.c.account == account, measures.c.name == name)


def keep_measure(dialect: str, account: str, name: str, content: str) -> Statement:
    statement = upserting(dialect, tables.measures).values(account=account, name=name, content=content)
    return statement.on_conflict_do_update(index_elements=["account", "name"], set_={"content": statement.excluded.content})
