"""The book that all processes share of an account at the provider: marks of what was sent, and what was measured."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.engine import Connection, Engine

from kimi_docs.domain.calls import Mark
from storage import scope
from storage.engine import reading, writing
from storage.patience import SHORT_SECONDS, all_patient

Decision = Callable[[Sequence[Mark]], Sequence[Mark]]


@all_patient
class SqlMeter:
    """Fits `Meter`. Belongs to nobody: it knows accounts by a hash, and no person, document or text."""

    def __init__(self, engine: Engine, *, patience_seconds: float = SHORT_SECONDS) -> None:
        self._engine = engine
        self.patience_seconds = patience_seconds

    def read(self, account: str) -> Sequence[Mark]:
        """Every mark of the account."""
        with reading(self._engine) as connection:
            return _marks(connection, account)

    def exchange(self, account: str, member: str, now: float, decide: Decision) -> None:
        """In one transaction: give the others' marks that still count to `decide`, and keep what it returns as this member's."""
        with writing(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(scope.hold_account(account))
            connection.execute(scope.strike_marks(account, member, now))
            mine = decide([mark for mark in _marks(connection, account) if mark.until > now])
            if mine:
                rows: list[dict[str, Any]] = [
                    {
                        "account": account,
                        "member": member,
                        "kind": mark.kind,
                        "slot": mark.slot,
                        "until": mark.until,
                        "requests": mark.requests,
                        "tokens": mark.tokens,
                    }
                    for mark in mine
                ]
                connection.execute(scope.add_marks(connection.dialect.name), rows)

    def find_measure(self, account: str, name: str) -> str | None:
        with reading(self._engine) as connection:
            found = connection.execute(scope.measure_of(account, name)).scalar()
            return None if found is None else str(found)

    def save_measure(self, account: str, name: str, content: str) -> None:
        with writing(self._engine) as connection:
            connection.execute(scope.keep_measure(connection.dialect.name, account, name, content))


def _marks(connection: Connection, account: str) -> list[Mark]:
    return [
        Mark(member=row.member, kind=row.kind, slot=row.slot, until=row.until, requests=row.requests, tokens=row.tokens)
        for row in connection.execute(scope.marks_of(account))
    ]
