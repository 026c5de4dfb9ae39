"""Runs, calls and departures ↔ the database, for one actor."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from kimi_docs.domain.calls import Call, CallState, Completion, Departure, Sending
from kimi_docs.domain.runs import Run, RunState
from kimi_docs.errors import WrongUse
from kimi_docs.language import say
from storage import tables
from storage.engine import reading, writing
from storage.part import ENDED, NO_DEPARTURE, NO_RUN, Part, now, there
from storage.rows import Row, changed_columns, from_row, to_row
from storage.scope import Statement

UNFINISHED = [state.value for state in RunState if not state.ended]
PLAIN = [field.name for field in fields(Call) if field.name not in ("state", "cost", "completion")]
TOKENS = ("input_tokens", "cached_tokens", "output_tokens")
CHANGEABLE = {field.name for field in fields(Run)} - {"id", "created_at"}


class Runs(Part):
    """Seen by their owner only."""

    def add_run(self, run: Run) -> Run:
        """Add it; added again it stays as it is. Raises: NotFound where the id is somebody else's."""
        at = now()
        row = to_row(replace(run, created_at=run.created_at or at, updated_at=run.updated_at or at))
        with writing(self._engine) as connection:
            connection.execute(self._scope.insert(tables.runs, row))
        return self.get_run(run.id)

    def get_run(self, id: str) -> Run:
        return there(self._find(Run, tables.runs, id), NO_RUN)

    def update_run(self, id: str, **changes: Any) -> Run:
        """Change the named fields and `updated_at`; `stop_requested` is passed over, and so is a run that has ended unless
        `state` becomes `queued`. One statement, so a late worker cannot bring an ended run back. Raises: NotFound, WrongUse.
        """
        with self._writing() as connection:
            after = self._update(connection, id, "", changes)
        return self.get_run(id) if after is None else from_row(Run, after)

    def update_runs(self, changes: Sequence[tuple[Run, Mapping[str, Any]]]) -> None:
        """The same for many in one transaction; one that is not there, or that another holder carries out, is passed over.

        Raises: WrongUse.
        """
        with writing(self._engine) as connection:
            for run, change in changes:
                self._update(connection, run.id, run.holder, change)

    def _update(self, connection: Connection, id: str, holder: str, changes: Mapping[str, Any]) -> RowMapping | None:
        if unknown := changes.keys() - CHANGEABLE:
            raise WrongUse(say("A run has no field to change named {names}.", names=", ".join(sorted(unknown))))
        table = tables.runs
        row: Row = changed_columns({"updated_at": now(), **changes})
        row.pop("stop_requested", None)
        changed = self._scope.update(table).where(table.c.id == id)
        if holder:
            changed = changed.where(table.c.holder == holder)
        if row.get("state") != RunState.QUEUED:
            changed = changed.where(table.c.state.not_in(ENDED))
        after: RowMapping | None = connection.execute(changed.values(**row).returning(table)).mappings().first()
        return after

    def claim_run(self, id: str, **changes: Any) -> Run | None:
        """Change a run if it is queued; claimed by the same holder again it is the same. Raises: NotFound."""
        table = tables.runs
        free = table.c.state == RunState.QUEUED.value
        if holder := changes.get("holder"):
            free = sa.or_(free, sa.and_(table.c.holder == holder, table.c.state.not_in(ENDED)))
        claimed = self._scope.update(table).where(table.c.id == id, free)
        with writing(self._engine) as connection:
            self._require(connection, table, id, NO_RUN)
            values = changed_columns({"updated_at": now(), **changes})
            after = connection.execute(claimed.values(**values).returning(table)).mappings().first()
        return None if after is None else from_row(Run, after)

    def request_stop(self, id: str) -> None:
        """Ask for its end; a run that has ended is left alone. Raises: NotFound."""
        table = tables.runs
        with writing(self._engine) as connection:
            self._require(connection, table, id, NO_RUN)
            asked = self._scope.update(table).where(table.c.id == id, table.c.state.not_in(ENDED))
            connection.execute(asked.values(stop_requested=True))

    def list_runs(
        self, *, document: str = "", session: str = "", batch: str = "", active: bool | None = None, limit: int = 200
    ) -> Sequence[Run]:
        """Newest first; `active` chooses those that have not ended, or only those that have."""
        table = tables.runs
        statement = self._scope.select(table)
        if document:
            statement = statement.where(table.c.documents.contains(f'"{document}"', autoescape=True))
        if session:
            statement = statement.where(table.c.session == session)
        if batch:
            statement = statement.where(table.c.batch == batch)
        if active is not None:
            statement = statement.where(table.c.state.in_(UNFINISHED if active else ENDED))
        return self._list(Run, statement.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(limit))


class Ledger(Part):
    """Calls, which the whole space shares, and departures, seen by their owner only."""

    def find_call(self, id: str) -> Call | None:
        return self._find(Call, tables.calls, id)

    def save_call(self, call: Call) -> None:
        """Keep it. One that was answered stays answered: what was paid for is never overwritten by less."""
        with writing(self._engine) as connection:
            connection.execute(self._save(call))

    def write_calls(self, sent: Sequence[Sending] = (), saved: Sequence[Call] = ()) -> Sequence[Call]:
        """Keep calls that are about to leave, with their departures, and others as they are now, all in one transaction.

        Gives those to be sent as they are kept: one that was answered, or that another process holds (unless it is `instead_of`),
        stays as it is; do not send it then. Raises: NotFound where a departure's id is somebody else's.
        """
        with writing(self._engine) as connection:
            for call in saved:
                connection.execute(self._save(call))
            return [self._send(connection, sending) for sending in sent]

    def _send(self, connection: Connection, sending: Sending) -> Call:
        table, call = tables.calls, sending.call
        row = connection.execute(self._scope.select(table).where(table.c.id == call.id)).mappings().first()
        here = from_row(Call, row) if row else None
        if here and not sending.may_leave(here):
            return here
        connection.execute(self._save(call))
        there(connection.execute(self._scope.upsert(tables.departures, to_row(sending.departure))).first(), NO_DEPARTURE)
        return call

    def _save(self, call: Call) -> Statement:
        answered = None if call.state == CallState.ANSWERED else tables.calls.c.state == CallState.ANSWERED.value
        return self._scope.upsert(tables.calls, to_row(call), unless=answered)

    def list_calls(self, *, run: str = "", limit: int = 10_000) -> Sequence[Call]:
        table = tables.calls
        statement = self._scope.select(table)
        if run:
            statement = statement.where(table.c.run == run)
        return self._list(Call, statement.order_by(table.c.sent_at.desc().nulls_last(), table.c.id.desc()).limit(limit))

    def list_receipts(self, *, batch: str = "") -> Sequence[Call]:
        """All calls that were answered, newest first, without their texts; a batch's only where one is named."""
        table, runs = tables.calls, tables.runs
        plain = [column for column in table.c if column is not table.c.completion]
        found = self._scope.select(table, *plain, *(self._tokens(name) for name in TOKENS)).where(table.c.completion.is_not(None))
        if batch:
            found = found.where(table.c.run.in_(self._scope.select(runs, runs.c.id).where(runs.c.batch == batch)))
        found = found.order_by(table.c.sent_at.desc().nulls_last(), table.c.id.desc())
        with reading(self._engine) as connection:
            return [_receipt(row) for row in connection.execute(found).mappings()]

    def _tokens(self, name: str) -> sa.ColumnElement[int]:
        """A number out of the JSON of a completion, without the rest of it."""
        completion = tables.calls.c.completion
        if self._engine.dialect.name == "sqlite":
            return sa.func.json_extract(completion, f"$.{name}", type_=sa.Integer).label(name)
        # PostgreSQL's JSON knows no NUL, which an answer may hold. Within a text a quotation mark has a backslash before it.
        return sa.cast(sa.func.substring(completion, f'"{name}": ([0-9]+)'), sa.Integer).label(name)

    def save_departure(self, departure: Departure) -> None:
        """Raises: NotFound where the id is somebody else's."""
        self._change(self._scope.upsert(tables.departures, to_row(departure)), NO_DEPARTURE)

    def list_departures(self, *, limit: int = 10_000) -> Sequence[Departure]:
        table = tables.departures
        found = self._scope.select(table)
        return self._list(Departure, found.order_by(table.c.at.desc(), table.c.id.desc()).limit(limit))


def _receipt(row: RowMapping) -> Call:
    tokens = {name: row[name] for name in TOKENS}
    plain = {name: row[name] for name in PLAIN}
    cost = None if row["cost"] is None else Decimal(row["cost"])
    return Call(**{**plain, "state": CallState(row["state"]), "cost": cost, "completion": Completion(text="", finish="", **tokens)})
