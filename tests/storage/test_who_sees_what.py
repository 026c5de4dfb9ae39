"""Two spaces, two people, every method of the store: nobody sees or changes what is not theirs."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import storage as package
from kimi_docs.domain.calls import Sending
from kimi_docs.domain.ports import Storage, Store
from kimi_docs.domain.runs import RunState
from kimi_docs.domain.scope import Actor
from kimi_docs.errors import NotFound
from storage.tables import metadata
from tests.storage.things import (
    ALICE,
    ALICE_ELSEWHERE,
    ANSWER,
    BATCH,
    BOB,
    BOB_ELSEWHERE,
    CALL,
    CELL,
    DEPARTURE,
    DOCUMENT,
    EXTRACTION,
    RUN,
    SESSION,
    SUMMARY,
)

Action = Callable[[Store], Any]

READ_BY_SPACE: dict[str, Action] = {
    "find_document": lambda store: store.find_document(DOCUMENT.id),
    "get_document": lambda store: store.get_document(DOCUMENT.id),
    "list_documents": lambda store: [*store.list_documents(), *store.list_documents(search="jahres")],
    "count_documents": lambda store: store.count_documents() + store.count_documents(search="jahres"),
    "find_extraction": lambda store: store.find_extraction(DOCUMENT.id),
    "read_documents": lambda store: store.read_documents([DOCUMENT.id]),
    "find_summary": lambda store: store.find_summary(SUMMARY.id),
    "get_summary": lambda store: store.get_summary(SUMMARY.id),
    "list_summaries": lambda store: store.list_summaries(DOCUMENT.id),
    "find_cells": lambda store: store.find_cells([DOCUMENT.id], [CELL.column]),
    "known_cells": lambda store: store.known_cells([DOCUMENT.id], [CELL.column]),
    "find_documents": lambda store: store.find_documents([DOCUMENT.id]),
    "known_summaries": lambda store: store.known_summaries([SUMMARY.id]),
    "find_call": lambda store: store.find_call(CALL.id),
    "list_calls": lambda store: [*store.list_calls(), *store.list_calls(run=RUN.id)],
    "list_receipts": lambda store: store.list_receipts(),
    "search": lambda store: [*store.search("jahres").hits, *store.search("seite").hits, *store.search("nothing").hits[:1]],
}
READ_BY_OWNER: dict[str, Action] = {
    "get_session": lambda store: store.get_session(SESSION.id),
    "list_sessions": lambda store: [
        *store.list_sessions(),
        *store.list_sessions(search="quarter"),
        *store.list_sessions(search="利润"),
    ],
    "find_answer": lambda store: store.find_answer(ANSWER.id),
    "list_answers": lambda store: store.list_answers(SESSION.id),
    "get_run": lambda store: store.get_run(RUN.id),
    "list_runs": lambda store: [
        *store.list_runs(),
        *store.list_runs(document=DOCUMENT.id),
        *store.list_runs(session=SESSION.id, active=True),
        *store.list_runs(batch=RUN.batch),
    ],
    "get_batch": lambda store: store.get_batch(BATCH.id),
    "list_batches": lambda store: store.list_batches(),
    "spent": lambda store: store.spent(BATCH.id),
    "list_departures": lambda store: store.list_departures(),
}
WRITE_BY_SPACE: dict[str, Action] = {
    "save_document": lambda store: store.save_document(replace(DOCUMENT, title="changed")),
    "save_documents": lambda store: store.save_documents([replace(DOCUMENT, title="changed")]),
    "describe_document": lambda store: store.describe_document(DOCUMENT.id, "changed", ""),
    "mark_document_deleted": lambda store: store.mark_document_deleted(DOCUMENT.id, True),
    "save_extraction": lambda store: store.save_extraction(replace(EXTRACTION, text="changed        ")),
    "save_summary": lambda store: store.save_summary(replace(SUMMARY, language="changed")),
    "save_cells": lambda store: store.save_cells([replace(CELL, model="changed")]),
    "save_call": lambda store: store.save_call(replace(CALL, model="changed")),
}
WRITE_BY_OWNER: dict[str, Action] = {
    "save_session": lambda store: store.save_session(replace(SESSION, title="changed")),
    "save_answer": lambda store: store.save_answer(replace(ANSWER, question="changed")),
    "add_run": lambda store: store.add_run(replace(RUN, question="changed")),
    "update_run": lambda store: store.update_run(RUN.id, state=RunState.QUEUED, question="changed"),
    "request_stop": lambda store: store.request_stop(RUN.id),
    "save_batch": lambda store: store.save_batch(replace(BATCH, title="changed")),
    "add_runs": lambda store: store.add_runs([replace(RUN, question="changed")]),
    "claim_run": lambda store: store.claim_run(RUN.id, state=RunState.RUNNING, question="changed"),
    "hold_runs": lambda store: store.hold_runs(BATCH.id),
    "stop_runs": lambda store: store.stop_runs(BATCH.id),
    "write_calls": lambda store: store.write_calls(
        [Sending(call=replace(CALL, id="another"), departure=replace(DEPARTURE, host="changed"))]
    ),
    "save_departure": lambda store: store.save_departure(replace(DEPARTURE, host="changed")),
}
PASSED_OVER: dict[str, Action] = {
    "update_runs": lambda store: store.update_runs([(RUN, {"state": RunState.QUEUED, "question": "changed"})]),
}
"""What somebody else's rows are to these: not there."""
READ, WRITE = READ_BY_SPACE | READ_BY_OWNER, WRITE_BY_SPACE | WRITE_BY_OWNER | PASSED_OVER
STRANGERS = [BOB, ALICE_ELSEWHERE, BOB_ELSEWHERE]


@pytest.fixture
def filled(storage: Storage) -> Storage:
    """Alice has one of everything."""
    store = storage.of(ALICE)
    store.save_document(DOCUMENT)
    store.save_extraction(EXTRACTION)
    store.save_summary(SUMMARY)
    store.save_session(SESSION)
    store.save_answer(ANSWER)
    store.add_run(RUN)
    store.save_batch(BATCH)
    store.save_cells([CELL])
    store.save_call(CALL)
    store.save_departure(DEPARTURE)
    return storage


def what_is_seen(store: Store) -> dict[str, Any]:
    """Method → what it gives, of the methods that give anything."""
    return {name: given for name, action in READ.items() if (given := attempt(store, action))}


def attempt(store: Store, action: Action) -> Any:
    try:
        return action(store)
    except NotFound:
        return None


def test_the_matrix_holds_every_method_of_the_store() -> None:
    methods = {name for name in vars(Store) if not name.startswith("_") and name not in ("actor", "held")}
    assert READ.keys() | WRITE.keys() == methods


def test_everything_is_seen_by_its_owner(filled: Storage) -> None:
    assert what_is_seen(filled.of(ALICE)).keys() == READ.keys()


@pytest.mark.parametrize("actor", STRANGERS, ids=str)
def test_others_of_the_space_see_what_is_shared_and_other_spaces_nothing(filled: Storage, actor: Actor) -> None:
    seen = what_is_seen(filled.of(actor))
    assert seen.keys() == (READ_BY_SPACE.keys() if actor.space == ALICE.space else set())
    assert all(given == what_is_seen(filled.of(ALICE))[name] for name, given in seen.items())


@pytest.mark.parametrize("actor", STRANGERS, ids=str)
def test_nobody_changes_what_is_personal_to_somebody_else(filled: Storage, actor: Actor) -> None:
    before = what_is_seen(filled.of(ALICE))
    for action in WRITE_BY_OWNER.values():
        with pytest.raises(NotFound):
            action(filled.of(actor))
    for action in PASSED_OVER.values():
        action(filled.of(actor))
    assert what_is_seen(filled.of(ALICE)) == before
    assert what_is_seen(filled.of(actor)).keys() <= READ_BY_SPACE.keys()


@pytest.mark.parametrize("actor", [ALICE_ELSEWHERE, BOB_ELSEWHERE], ids=str)
def test_the_same_things_in_another_space_are_other_rows(filled: Storage, actor: Actor) -> None:
    before = what_is_seen(filled.of(ALICE))
    for action in WRITE_BY_SPACE.values():
        attempt(filled.of(actor), action)
    assert what_is_seen(filled.of(ALICE)) == before
    theirs = filled.of(actor)
    assert theirs.get_summary(SUMMARY.id).language == "changed"
    assert [call.model for call in theirs.list_calls()] == ["changed"]


def test_what_is_shared_may_be_changed_by_the_others_of_the_space(filled: Storage) -> None:
    for action in WRITE_BY_SPACE.values():
        action(filled.of(BOB))
    alice = filled.of(ALICE)
    assert alice.get_summary(SUMMARY.id).language == "changed"
    assert alice.get_document(DOCUMENT.id).deleted_at is not None
    assert len(alice.list_calls()) == 1


# The sources


def sources() -> Iterator[tuple[Path, ast.Module]]:
    folder = Path(str(package.__file__)).parent
    for file in sorted(folder.rglob("*.py")):
        if "migrations" not in file.parts:
            yield file.relative_to(folder), ast.parse(file.read_text(encoding="utf-8"))


STATEMENTS = {"select", "insert", "update", "delete", "text", "table", "union", "exists", "lambda_stmt", "values"}


def statements_made(tree: ast.Module) -> set[str]:
    """Names of SQLAlchemy's makers of statements that a module imports or calls, on the package or on a table."""
    made = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
            made |= {alias.name for alias in node.names} & STATEMENTS
        elif isinstance(node, ast.Attribute) and node.attr in STATEMENTS:
            owner = ast.unparse(node.value)
            if owner in ("sa", "sqlalchemy", "sqlite", "postgresql", "table", "answers") or owner.startswith("tables."):
                made.add(f"{owner}.{node.attr}")
    return made


def test_statements_are_made_in_the_scope_only() -> None:
    makers = {str(file) for file, tree in sources() if statements_made(tree)}
    assert makers == {"scope.py", "engine.py"}


def test_raw_sql_is_used_only_where_there_are_no_rows_of_anybody() -> None:
    raw = {str(file) for file, tree in sources() if "exec_driver_sql" in ast.unparse(tree)}
    assert raw == {"migrate.py", "check.py"}


def test_every_table_says_who_sees_its_rows_and_whose_they_are() -> None:
    for table in metadata.tables.values():
        assert table.info["visible"] in ("space", "owner", "account", "reader", "source")
        if table.info["visible"] == "account":  # numbers about an account at the provider: whose they are cannot be said
            assert not {"space", "owner", "document", "run"} & set(table.c.keys())
            continue
        if table.info["visible"] == "source":  # whose they are is said where they come from
            assert {key.target_fullname for key in table.foreign_keys} == {"sources.number"}
            continue
        assert {"space", "owner"} <= set(table.c.keys())
        assert table.info["visible"] in ("owner", "reader") or "space" in table.primary_key
