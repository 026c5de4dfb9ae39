"""Sessions and answers ↔ the database, for one actor."""

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kimi_docs.domain.claims import Answer, Session
from storage import tables
from storage.index import Index
from storage.part import NO_ANSWER, NO_SESSION, Part, containing, not_or_only_deleted, now, there
from storage.rows import fold, from_row, searchable_answer, sought, to_row


class Sessions(Part):
    """Seen by their owner only."""

    def save_session(self, session: Session) -> Session:
        """Raises: NotFound where the id is somebody else's."""
        at = now()
        row = to_row(replace(session, created_at=session.created_at or at, updated_at=session.updated_at or at))
        row["searchable"] = fold(session.title)
        with self._writing() as connection:
            there(connection.execute(self._scope.upsert(tables.sessions, row, keep=["created_at"])).first(), NO_SESSION)
            Index(connection, self._scope).mark(session.deleted_at is not None, session=session.id)
        return self.get_session(session.id)

    def get_session(self, id: str) -> Session:
        return there(self._find(Session, tables.sessions, id), NO_SESSION)

    def list_sessions(self, *, search: str = "", deleted: bool = False, limit: int = 200) -> Sequence[Session]:
        """Last used first. `search` looks in titles, questions and answers; `deleted` lists the deleted ones instead."""
        table, answers = tables.sessions, tables.answers
        statement = self._scope.select(table).where(not_or_only_deleted(table, deleted))
        if words := sought(search):
            answered = self._scope.select(answers, answers.c.session).where(*containing(answers, words))
            statement = statement.where(sa.or_(sa.and_(*containing(table, words)), table.c.id.in_(answered)))
        return self._list(Session, statement.order_by(table.c.updated_at.desc(), table.c.id.desc()).limit(limit))

    def save_answer(self, answer: Answer) -> None:
        """Keep it and mark its session as used. Raises: NotFound where the session is not there."""
        table, at = tables.sessions, now()
        row = to_row(replace(answer, created_at=answer.created_at or at))
        row["searchable"] = searchable_answer(answer)
        with self._writing() as connection:
            self._require(connection, table, answer.session, NO_SESSION)
            written = connection.execute(self._scope.upsert(tables.answers, row, keep=["session", "created_at"])).first()
            there(written, NO_ANSWER)
            used = self._scope.update(table).where(table.c.id == answer.session, table.c.updated_at < row["created_at"])
            connection.execute(used.values(updated_at=row["created_at"]))
            self._index(connection, answer.id)

    def _index(self, connection: Connection, id: str) -> None:
        """As it is kept: an answer stays in its first session."""
        answers, sessions = tables.answers, tables.sessions
        row = connection.execute(self._scope.select(answers).where(answers.c.id == id)).mappings().one()
        answer = from_row(Answer, row)
        sitting = connection.execute(self._scope.select(sessions).where(sessions.c.id == answer.session)).mappings().one()
        Index(connection, self._scope).take_answer(answer, from_row(Session, sitting))

    def find_answer(self, id: str) -> Answer | None:
        return self._find(Answer, tables.answers, id)

    def list_answers(self, session: str) -> Sequence[Answer]:
        table = tables.answers
        found = self._scope.select(table).where(table.c.session == session)
        return self._list(Answer, found.order_by(table.c.created_at, table.c.id))
