"""Stand-ins with behaviour for what the library needs from outside. The store's contract runs on them as on the real ones."""

import hashlib
import shutil
import tempfile
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from kimi_docs.domain.batch import Batch
from kimi_docs.domain.calls import Call, CallState, Completion, Departure, Mark, Sending
from kimi_docs.domain.cells import KeptCell, merged
from kimi_docs.domain.claims import Answer, Completeness, Session, Summary
from kimi_docs.domain.document import Document
from kimi_docs.domain.runs import Run, RunState
from kimi_docs.domain.safekeeping import Backup
from kimi_docs.domain.scope import Actor
from kimi_docs.domain.search import EVERYTHING, Found, Hit, HitKind, SearchFilter
from kimi_docs.domain.text import Extraction
from kimi_docs.errors import HeldElsewhere, NotFound, WrongUse
from kimi_docs.language import Message, say
from kimi_docs.local.tokens import language_of
from storage import passages
from storage.passages import Passage, language_part, snippet
from storage.rows import fold, searchable_draft, sought
from storage.segments import Query, holds, marks, parse

_SHARED = {"documents", "extractions", "summaries", "calls", "cells"}
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class MemoryBlobs:
    """Fits `Blobs`; a file is made only for who asks for its path."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self._folder: Path | None = None

    def put(self, content: bytes) -> str:
        id = hashlib.sha256(content).hexdigest()
        self.kept[id] = content
        return id

    def get(self, id: str) -> bytes:
        if id not in self.kept:
            raise NotFound(say("The file {id} is missing.", id=id))
        return self.kept[id]

    def path(self, id: str) -> Path:
        content = self.get(id)
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp())
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        file = self._folder / id
        file.write_bytes(content)
        return file

    def remove(self, id: str) -> None:
        self.kept.pop(id, None)

    def absent(self, ids: Collection[str]) -> set[str]:
        return set(ids) - self.kept.keys()


class MemoryMeter:
    """Fits `Meter`, for the members of one process."""

    def __init__(self) -> None:
        self.marks: dict[str, dict[str, list[Mark]]] = {}
        self.measures: dict[tuple[str, str], str] = {}
        self.exchanges = 0
        self._lock = threading.Lock()

    def read(self, account: str) -> Sequence[Mark]:
        with self._lock:
            return [mark for marks in self.marks.get(account, {}).values() for mark in marks]

    def exchange(self, account: str, member: str, now: float, decide: Callable[[Sequence[Mark]], Sequence[Mark]]) -> None:
        with self._lock:
            self.exchanges += 1
            members = self.marks.setdefault(account, {})
            others = [mark for name, marks in members.items() if name != member for mark in marks if mark.until > now]
            members[member] = list(decide(others))

    def find_measure(self, account: str, name: str) -> str | None:
        return self.measures.get((account, name))

    def save_measure(self, account: str, name: str, content: str) -> None:
        self.measures[account, name] = content


class MemoryStorage:
    """Fits `Storage`: everybody's rows, by table and key, each with whose it is."""

    def __init__(self) -> None:
        self.blobs = MemoryBlobs()
        self.meter = MemoryMeter()
        self.rows: dict[str, dict[tuple[str, str], tuple[Actor, Any]]] = {}
        self.backups: dict[Path, Any] = {}

    def of(self, actor: Actor) -> "MemoryStore":
        return MemoryStore(self, actor)

    def actor_of_run(self, run: str) -> Actor:
        if ("", run) not in self.rows.get("runs", {}):
            raise NotFound(say("There is no such run."))
        return self.rows["runs"]["", run][0]

    def _runs(self, when: Callable[[Run], bool]) -> list[tuple[Actor, Run]]:
        runs = [(actor, run) for actor, run in self.rows.get("runs", {}).values() if not run.state.ended and when(run)]
        return sorted(runs, key=lambda each: (each[1].created_at, each[1].id))

    def unfinished_runs(self, *, among: Collection[str] | None = None) -> Sequence[str]:
        return [run.id for _, run in self._runs(lambda run: among is None or run.id in among)]

    def abandoned_runs(self, before: datetime) -> Sequence[str]:
        untouched = self._runs(lambda run: run.updated_at < before)
        return [run.id for _, run in untouched if not (run.batch and run.state is RunState.QUEUED)]

    def waiting_runs(self, before: datetime, *, among: Collection[str] | None = None, limit: int = 100) -> Sequence[str]:
        chosen = self._runs(lambda run: among is None or run.id in among)
        waiting = [each for each in chosen if each[1].batch and each[1].state is RunState.QUEUED and each[1].updated_at < before]
        taken: Counter[Actor] = Counter()
        placed = []
        for actor, run in waiting:
            taken[actor] += 1
            placed.append((taken[actor], run.created_at, run.id))
        return [id for *_, id in sorted(placed)][:limit]

    def actors_with_undeleted(self, purpose: str) -> Sequence[Actor]:
        sent = self.rows.get("departures", {}).values()
        return list({actor for actor, line in sent if line.purpose == purpose and not line.deleted_at})

    def reindex(self, *, limit: int = 1000) -> int:
        return 0

    def integrity(self) -> Sequence[Message]:
        return []

    def backup(self, out: Path, own: Mapping[str, bytes]) -> Backup:
        self.backups[out] = (deepcopy(self.rows), dict(self.blobs.kept), dict(own))
        return self._told(out)

    def restore(self, file: Path, *, merge: bool = False) -> tuple[Backup, Mapping[str, bytes]]:
        if file not in self.backups:
            raise NotFound(say("There is no file {name}.", name=str(file)))
        if not merge and any(self.rows.values()):
            raise WrongUse(say("There is something in this library already."))
        rows, blobs, own = self.backups[file]
        for table, kept in deepcopy(rows).items():
            self.rows[table] = kept | self.rows.get(table, {})
        self.blobs.kept |= blobs
        return self._told(file), own

    def _told(self, file: Path) -> Backup:
        rows, blobs, _ = self.backups[file]
        counts = {table: len(kept) for table, kept in rows.items()}
        return Backup(rows=counts, files=len(blobs), bytes=sum(map(len, blobs.values())))

    def close(self) -> None:
        self.rows.clear()


class MemoryStore:
    """Fits `Store`."""

    def __init__(self, storage: MemoryStorage, actor: Actor, run: Run | None = None) -> None:
        self._storage = storage
        self._actor = self.actor = actor
        self._run = run

    def held(self, run: Run) -> "MemoryStore":
        return MemoryStore(self._storage, self._actor, run)

    def _key(self, table: str, id: str) -> tuple[str, str]:
        return (self._actor.space if table in _SHARED else "", id)

    def _sees(self, table: str, owner: Actor) -> bool:
        return owner.space == self._actor.space and (table in _SHARED or owner == self._actor)

    def _find(self, table: str, id: str) -> Any:
        owner, noun = self._storage.rows.get(table, {}).get(self._key(table, id), (self._actor, None))
        return noun if self._sees(table, owner) else None

    def _get(self, table: str, id: str) -> Any:
        noun = self._find(table, id)
        if noun is None:
            raise NotFound(say("There is no such thing."))
        return noun

    def _save(self, table: str, id: str, noun: Any) -> Any:
        held = self._run and self._find("runs", self._run.id)
        if self._run and table not in ("calls", "departures") and (not held or held.holder != self._run.holder):
            raise HeldElsewhere(say("Somebody else carries this out."))
        rows, key = self._storage.rows.setdefault(table, {}), self._key(table, id)
        owner = rows[key][0] if key in rows else self._actor
        if not self._sees(table, owner):
            raise NotFound(say("There is no such thing."))
        rows[key] = (owner, noun)
        return noun

    def _list(self, table: str, when: Callable[[Any], object], time: str, *, newest_first: bool = True) -> list[Any]:
        nouns = [noun for owner, noun in self._storage.rows.get(table, {}).values() if self._sees(table, owner) and when(noun)]
        return sorted(nouns, key=lambda noun: (getattr(noun, time) or _LONG_AGO, noun.id), reverse=newest_first)

    def _first_kept(self, table: str, noun: Any, *names: str) -> Any:
        """The noun with the named fields of the one that is there already; a time it lacks is now."""
        here = self._find(table, noun.id)
        times = {name: getattr(noun, name) or _now() for name in names if name.endswith("_at")}
        return replace(noun, **({name: getattr(here, name) for name in names} if here else times))

    def save_document(self, document: Document) -> Document:
        here = self._find("documents", document.id) or replace(document, added_at=document.added_at or _now())
        return self._describe(replace(here, deleted_at=None), document.title, document.language)

    def describe_document(self, id: str, title: str, language: str) -> None:
        self._describe(self._get("documents", id), title, language)

    def _describe(self, here: Document, title: str, language: str) -> Document:
        learnt = {"title": title or here.title, "language": language or here.language}
        return self._save("documents", here.id, replace(here, **learnt))

    def save_documents(self, documents: Sequence[Document]) -> None:
        for document in documents:
            self.save_document(document)

    def find_document(self, id: str) -> Document | None:
        return self._find("documents", id)

    def get_document(self, id: str) -> Document:
        return self._get("documents", id)

    def list_documents(self, *, search: str = "", deleted: bool = False, limit: int = 1000, offset: int = 0) -> Sequence[Document]:
        def when(document: Document) -> bool:
            return bool(document.deleted_at) == deleted and _holds(f"{document.name}\n{document.title}", search)

        return self._list("documents", when, "added_at")[offset : offset + limit]

    def count_documents(self, *, search: str = "", deleted: bool = False) -> int:
        return len(self.list_documents(search=search, deleted=deleted, limit=10**9))

    def mark_document_deleted(self, id: str, deleted: bool) -> None:
        self._save("documents", id, replace(self._get("documents", id), deleted_at=_now() if deleted else None))

    def save_extraction(self, extraction: Extraction) -> None:
        self._get("documents", extraction.document)
        self._save("extractions", extraction.document, extraction)

    def find_extraction(self, document: str) -> Extraction | None:
        return self._find("extractions", document)

    def read_documents(self, ids: Sequence[str]) -> set[str]:
        return {id for id in ids if self.find_extraction(id) is not None}

    def save_summary(self, summary: Summary) -> None:
        self._get("documents", summary.document)
        self._save("summaries", summary.id, self._first_kept("summaries", summary, "document", "created_at"))

    def find_summary(self, id: str) -> Summary | None:
        return self._find("summaries", id)

    def get_summary(self, id: str) -> Summary:
        return self._get("summaries", id)

    def list_summaries(self, document: str) -> Sequence[Summary]:
        return self._list("summaries", lambda summary: summary.document == document, "created_at")

    def save_session(self, session: Session) -> Session:
        at = _now()
        session = replace(session, created_at=session.created_at or at, updated_at=session.updated_at or at)
        return self._save("sessions", session.id, self._first_kept("sessions", session, "created_at"))

    def get_session(self, id: str) -> Session:
        return self._get("sessions", id)

    def list_sessions(self, *, search: str = "", deleted: bool = False, limit: int = 200) -> Sequence[Session]:
        def when(session: Session) -> bool:
            answered = (f"{answer.question}\n{searchable_draft(answer.draft)}" for answer in self.list_answers(session.id))
            found = not search or any(_holds(text, search) for text in (session.title, *answered))
            return bool(session.deleted_at) == deleted and found

        return self._list("sessions", when, "updated_at")[:limit]

    def save_answer(self, answer: Answer) -> None:
        session = self._get("sessions", answer.session)
        kept = self._save("answers", answer.id, self._first_kept("answers", answer, "session", "created_at"))
        self._save(
            "sessions", session.id, replace(session, updated_at=max(session.updated_at, answer.created_at or kept.created_at))
        )

    def find_answer(self, id: str) -> Answer | None:
        return self._find("answers", id)

    def list_answers(self, session: str) -> Sequence[Answer]:
        return self._list("answers", lambda answer: answer.session == session, "created_at", newest_first=False)

    def add_run(self, run: Run) -> Run:
        if ("", run.id) in self._storage.rows.get("runs", {}):
            return self.get_run(run.id)
        at = _now()
        return self._save("runs", run.id, replace(run, created_at=run.created_at or at, updated_at=run.updated_at or at))

    def get_run(self, id: str) -> Run:
        return self._get("runs", id)

    def update_run(self, id: str, **changes: Any) -> Run:
        if changes.keys() - {field.name for field in fields(Run)} or changes.keys() & {"id", "created_at"}:
            raise WrongUse(say("A run has no such field to change."))
        run, state = self._get("runs", id), changes.get("state")
        if run.state.ended and state != RunState.QUEUED:
            return run
        changes = {"updated_at": _now(), **changes, "stop_requested": run.stop_requested}
        return self._save("runs", id, replace(run, **changes))

    def add_runs(self, runs: Sequence[Run]) -> None:
        for run in runs:
            self.add_run(run)

    def update_runs(self, changes: Sequence[tuple[Run, Mapping[str, Any]]]) -> None:
        for run, change in changes:
            here = self._find("runs", run.id)
            if here and run.holder in ("", here.holder):
                self.update_run(run.id, **change)

    def claim_run(self, id: str, **changes: Any) -> Run | None:
        run = self._get("runs", id)
        mine = run.holder and run.holder == changes.get("holder") and not run.state.ended
        return self.update_run(id, **changes) if run.state is RunState.QUEUED or mine else None

    def request_stop(self, id: str) -> None:
        run = self._get("runs", id)
        self._save("runs", id, run if run.state.ended else replace(run, stop_requested=True))

    def list_runs(
        self, *, document: str = "", session: str = "", batch: str = "", active: bool | None = None, limit: int = 200
    ) -> Sequence[Run]:
        def when(run: Run) -> bool:
            there = (not document or document in run.documents) and session in ("", run.session) and batch in ("", run.batch)
            return there and (active is None or run.state.ended != active)

        return self._list("runs", when, "created_at")[:limit]

    def save_batch(self, batch: Batch, runs: Sequence[Run] = ()) -> Batch:
        kept = self._save("batches", batch.id, self._first_kept("batches", batch, "created_at"))
        for run in runs:
            self.add_run(run)
        return kept

    def get_batch(self, id: str) -> Batch:
        return self._get("batches", id)

    def list_batches(self, *, limit: int = 200) -> Sequence[Batch]:
        return self._list("batches", lambda _: True, "created_at")[:limit]

    def hold_runs(self, batch: str) -> None:
        self._get("batches", batch)
        for run in self.list_runs(batch=batch, active=True, limit=10**9):
            if run.state is RunState.QUEUED:
                self.update_run(run.id, state=RunState.QUEUED)

    def stop_runs(self, batch: str) -> None:
        self._get("batches", batch)
        for run in self.list_runs(batch=batch, active=True, limit=10**9):
            self.request_stop(run.id)
            if run.state is RunState.QUEUED:
                self.update_run(run.id, state=RunState.STOPPED)

    def spent(self, batch: str, *, besides: str = "") -> Decimal:
        runs = {run.id for run in self.list_runs(batch=batch, limit=10**9)}
        others = [call for call in self.list_calls(limit=10**9) if call.run in runs and call.id != besides]
        counted = [call for call in others if call.state != CallState.REFUSED]
        return sum((call.cost for call in counted if call.cost is not None), Decimal(0))

    def save_cells(self, cells: Sequence[KeptCell]) -> None:
        for new in cells:
            key = f"{new.document} {new.column}"
            here = self._find("cells", key)
            self._save("cells", key, merged(here, new) if here else replace(new, created_at=new.created_at or _now()))

    def find_cells(self, documents: Sequence[str], columns: Sequence[str]) -> Sequence[KeptCell]:
        return [found for d in documents for c in columns if (found := self._find("cells", f"{d} {c}"))]

    def known_cells(self, documents: Sequence[str], columns: Sequence[str]) -> set[tuple[str, str]]:
        return {(kept.document, kept.column) for kept in self.find_cells(documents, columns)}

    def find_documents(self, ids: Sequence[str]) -> Sequence[Document]:
        return [document for id in ids if (document := self.find_document(id))]

    def known_summaries(self, ids: Sequence[str]) -> Mapping[str, Completeness]:
        return {id: summary.state for id in ids if (summary := self.find_summary(id))}

    def find_call(self, id: str) -> Call | None:
        return self._find("calls", id)

    def save_call(self, call: Call) -> None:
        here = self._find("calls", call.id)
        if here is None or here.state != CallState.ANSWERED or call.state == CallState.ANSWERED:
            self._save("calls", call.id, replace(call, owner=here.owner if here else self._actor.person))

    def write_calls(self, sent: Sequence[Sending] = (), saved: Sequence[Call] = ()) -> Sequence[Call]:
        for call in saved:
            self.save_call(call)
        return [self._send(sending) for sending in sent]

    def _send(self, sending: Sending) -> Call:
        here = self._find("calls", sending.call.id)
        if here and not sending.may_leave(here):
            return here
        self.save_departure(sending.departure)
        self.save_call(sending.call)
        return sending.call

    def list_calls(self, *, run: str = "", limit: int = 10_000) -> Sequence[Call]:
        return self._list("calls", lambda call: run in ("", call.run), "sent_at")[:limit]

    def list_receipts(self, *, batch: str = "") -> Sequence[Call]:
        runs = {run.id for run in self.list_runs(batch=batch, limit=10**9)} if batch else set()
        calls = self._list("calls", lambda call: call.completion and (not batch or call.run in runs), "sent_at")
        return [replace(call, completion=_without_texts(call.completion)) for call in calls]

    def search(
        self, query: str, *, filter: SearchFilter = EVERYTHING, some: bool = False, limit: int = 20, offset: int = 0
    ) -> Found:
        asked = parse(query)
        found = [hit for rank, hit in sorted(self._searched(asked, filter, some=some), key=lambda each: -each[0])]
        return Found(query=query, hits=tuple(found[offset : offset + limit]), total=len(found), some=some)

    def _searched(self, asked: Query, wanted: SearchFilter, *, some: bool) -> Iterator[tuple[int, Hit]]:
        for base, format, language, at, found in self._shelf():
            parts = ((base.kind, wanted.kinds), (format, wanted.formats), (base.document, wanted.documents))
            languages = [language_part(tag) for tag in wanted.languages]
            dated = (not wanted.since or at >= wanted.since) and (not wanted.until or at < wanted.until)
            if any(chosen and value not in chosen for value, chosen in (*parts, (language_part(language), languages))) or not dated:
                continue
            for passage in found:
                if holds(asked, passage.title, passage.text, some=some):
                    part = snippet(passage, asked)
                    place = {"start": passage.start + part.first.start, "end": passage.start + part.first.end} if part.first else {}
                    place = place if passage.page else {}
                    rank = 100 * len(marks(passage.title, asked)) + len(marks(passage.text, asked))
                    yield rank, replace(base, page=passage.page, snippet=part.text, marks=part.marks, **place)

    def _shelf(self) -> Iterator[tuple[Hit, str, str, datetime, list[Passage]]]:
        """Everything that is searched: as a hit, its format, language and time, its passages."""
        for document in self.list_documents(limit=10**9):
            base = Hit(kind=HitKind.DOCUMENT, id=document.id, document=document.id, name=document.name, snippet="")
            extraction = self.find_extraction(document.id)
            pages = list(passages.of_extraction(extraction)) if extraction else []
            yield base, document.format, document.language, document.added_at or _LONG_AGO, [passages.of_title(document), *pages]
            for summary in self.list_summaries(document.id):
                found = list(passages.of_summary(summary))
                hit = replace(base, kind=HitKind.SUMMARY, id=summary.id)
                yield hit, document.format, summary.language, summary.created_at, found
        for session in self.list_sessions(limit=10**9):
            for answer in self.list_answers(session.id):
                base = Hit(kind=HitKind.ANSWER, id=answer.id, document="", name=answer.question, snippet="", session=session.id)
                base = replace(base, document=next(iter(answer.documents), ""))
                language = language_of(f"{answer.question}\n{passages.text_of(answer.draft)}")
                yield base, "", language, answer.created_at, list(passages.of_answer(answer))

    def save_departure(self, departure: Departure) -> None:
        self._save("departures", departure.id, departure)

    def list_departures(self, *, limit: int = 10_000) -> Sequence[Departure]:
        return self._list("departures", lambda _: True, "at")[:limit]


def _without_texts(completion: Completion) -> Completion:
    tokens = {name: getattr(completion, name) for name in ("input_tokens", "cached_tokens", "output_tokens")}
    return Completion(text="", finish="", **tokens)


def _now() -> datetime:
    return datetime.now(UTC)


def _holds(text: str, search: str) -> bool:
    words: Iterable[str] = sought(search)
    return all(word in fold(text) for word in words)
