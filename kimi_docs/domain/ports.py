"""What the library needs from outside, as protocols. The storage classes fit them; so do the fakes of the tests."""

from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from kimi_docs.domain.batch import Batch
from kimi_docs.domain.calls import Call, Departure, Mark, Sending
from kimi_docs.domain.cells import KeptCell
from kimi_docs.domain.claims import Answer, Citation, Completeness, Draft, Session, Summary, SummaryOrder
from kimi_docs.domain.document import Document
from kimi_docs.domain.runs import Progress, Run
from kimi_docs.domain.safekeeping import Backup
from kimi_docs.domain.scope import Actor
from kimi_docs.domain.search import EVERYTHING, Found, SearchFilter
from kimi_docs.domain.text import Extraction, Notice


class Blobs(Protocol):
    """Bytes kept under their SHA-256. Raises: NotFound (get, path)."""

    def put(self, content: bytes) -> str:
        """Keep the bytes and return their id. Written to a temporary name, synced, renamed; twice is once."""
        ...

    def get(self, id: str) -> bytes: ...

    def path(self, id: str) -> Path:
        """A local file that holds the bytes, to be opened for reading only."""
        ...

    def remove(self, id: str) -> None:
        """Forget the bytes; absent is fine."""
        ...

    def absent(self, ids: Collection[str]) -> set[str]:
        """Those of the ids whose bytes are not there; fetches nothing."""
        ...


class Store(Protocol):
    """Everything one actor may see and keep. Every method is filtered by the actor's space, and where the row is personal by
    the person. `save_…` is idempotent; `find_…` gives None when absent; `get_…` raises NotFound.
    """

    @property
    def actor(self) -> Actor: ...

    def save_document(self, document: Document) -> Document: ...

    def save_documents(self, documents: Sequence[Document]) -> None:
        """All of them or none."""
        ...

    def describe_document(self, id: str, title: str, language: str) -> None:
        """Learn a title or language it lacked; unlike `save_document` this leaves one in the trash there."""
        ...

    def find_document(self, id: str) -> Document | None: ...
    def get_document(self, id: str) -> Document: ...
    def list_documents(
        self, *, search: str = "", deleted: bool = False, limit: int = 1000, offset: int = 0
    ) -> Sequence[Document]: ...
    def count_documents(self, *, search: str = "", deleted: bool = False) -> int: ...
    def mark_document_deleted(self, id: str, deleted: bool) -> None: ...

    def save_extraction(self, extraction: Extraction) -> None: ...
    def find_extraction(self, document: str) -> Extraction | None: ...
    def read_documents(self, ids: Sequence[str]) -> set[str]:
        """Those of the documents that have an extraction."""
        ...

    def save_summary(self, summary: Summary) -> None: ...
    def find_summary(self, id: str) -> Summary | None: ...
    def get_summary(self, id: str) -> Summary: ...
    def list_summaries(self, document: str) -> Sequence[Summary]:
        """Newest first."""
        ...

    def save_session(self, session: Session) -> Session: ...
    def get_session(self, id: str) -> Session: ...
    def list_sessions(self, *, search: str = "", deleted: bool = False, limit: int = 200) -> Sequence[Session]:
        """Last used first. `search` looks in titles, questions and answers."""
        ...

    def save_answer(self, answer: Answer) -> None: ...
    def find_answer(self, id: str) -> Answer | None: ...
    def list_answers(self, session: str) -> Sequence[Answer]:
        """In the order they were asked."""
        ...

    def add_run(self, run: Run) -> Run: ...
    def get_run(self, id: str) -> Run: ...
    def update_run(self, id: str, **changes: Any) -> Run:
        """Change the named fields of a run (never `stop_requested`) and its `updated_at`. An ended run is not brought back
        unless `state` is `queued`."""
        ...

    def update_runs(self, changes: Sequence[tuple[Run, Mapping[str, Any]]]) -> None:
        """The same for many at once; one that is not there, or that another holder carries out now, is passed over."""
        ...

    def held(self, run: Run) -> "Store":
        """The same store for who carries that run out: once it has another holder, nothing is written but calls, which were
        paid for, and departures. Every writing method then raises HeldElsewhere."""
        ...

    def request_stop(self, id: str) -> None: ...
    def list_runs(
        self, *, document: str = "", session: str = "", batch: str = "", active: bool | None = None, limit: int = 200
    ) -> Sequence[Run]:
        """Newest first."""
        ...

    def save_batch(self, batch: Batch, runs: Sequence[Run] = ()) -> Batch:
        """Keep it together with runs of it, all or nothing; runs that are there stay as they are."""
        ...

    def get_batch(self, id: str) -> Batch: ...

    def list_batches(self, *, limit: int = 200) -> Sequence[Batch]:
        """Newest first."""
        ...

    def add_runs(self, runs: Sequence[Run]) -> None:
        """All of them or none; those that are there stay as they are."""
        ...

    def claim_run(self, id: str, **changes: Any) -> Run | None:
        """Change a run that is queued; None where it is not, because somebody else has begun it or it has ended."""
        ...

    def hold_runs(self, batch: str) -> None:
        """Show that somebody has the batch's queued runs in hand, so that no worker takes them."""
        ...

    def stop_runs(self, batch: str) -> None:
        """Ask all that have not ended to end; those that have not begun end at once."""
        ...

    def spent(self, batch: str, *, besides: str = "") -> Decimal:
        """What the batch's calls (but one) cost, and what those under way may still cost: the `cost` they were sent with."""
        ...

    def save_cells(self, cells: Sequence[KeptCell]) -> None:
        """All of them or none, each merged with the one that is there (`cells.merged`)."""
        ...

    def find_cells(self, documents: Sequence[str], columns: Sequence[str]) -> Sequence[KeptCell]:
        """Those there are; `columns` are ids of questions."""
        ...

    def known_cells(self, documents: Sequence[str], columns: Sequence[str]) -> set[tuple[str, str]]:
        """Document and question of those there are."""
        ...

    def find_documents(self, ids: Sequence[str]) -> Sequence[Document]: ...

    def known_summaries(self, ids: Sequence[str]) -> Mapping[str, Completeness]:
        """Those of the ids that have a summary, and how complete it is."""
        ...

    def find_call(self, id: str) -> Call | None: ...
    def save_call(self, call: Call) -> None: ...
    def write_calls(self, sent: Sequence[Sending] = (), saved: Sequence[Call] = ()) -> Sequence[Call]:
        """Keep calls about to leave with their departures, and others as they are now, at once. Gives those to be sent as they
        are kept: one that `Sending.may_leave` denies stays as it is."""
        ...

    def list_calls(self, *, run: str = "", limit: int = 10_000) -> Sequence[Call]:
        """Newest first."""
        ...

    def list_receipts(self, *, batch: str = "") -> Sequence[Call]:
        """All calls that were answered (those of the batch's runs, where one is named), newest first: their completions have
        tokens but no texts."""
        ...

    def search(
        self, query: str, *, filter: SearchFilter = EVERYTHING, some: bool = False, limit: int = 20, offset: int = 0
    ) -> Found:
        """Documents, summaries and answers that have all of the words (with `some` at least one), best first, without what is in
        the trash. No text is a wrong query; one without a letter or digit finds nothing."""
        ...

    def save_departure(self, departure: Departure) -> None: ...
    def list_departures(self, *, limit: int = 10_000) -> Sequence[Departure]:
        """Newest first."""
        ...


class Meter(Protocol):
    """The book that all processes share of an account at the provider. It belongs to nobody and holds numbers only."""

    def read(self, account: str) -> Sequence[Mark]: ...

    def exchange(self, account: str, member: str, now: float, decide: Callable[[Sequence[Mark]], Sequence[Mark]]) -> None:
        """In one transaction: give the others' marks that still count to `decide`, and keep what it returns as this member's."""
        ...

    def find_measure(self, account: str, name: str) -> str | None: ...
    def save_measure(self, account: str, name: str, content: str) -> None: ...


class Storage(Protocol):
    """The whole store. Only what belongs to nobody can be done here; for the rest ask for an actor's part of it."""

    @property
    def meter(self) -> Meter: ...

    def of(self, actor: Actor) -> Store: ...
    def actor_of_run(self, run: str) -> Actor:
        """Whose run it is, for the worker. Raises: NotFound."""
        ...

    def unfinished_runs(self, *, among: Collection[str] | None = None) -> Sequence[str]:
        """Ids of all runs (or those among the given) that are queued, running or waiting, oldest first, for the worker."""
        ...

    def abandoned_runs(self, before: datetime) -> Sequence[str]:
        """Of these, those that nobody has touched since, for the worker; without those that wait in a batch."""
        ...

    def waiting_runs(self, before: datetime, *, among: Collection[str] | None = None, limit: int = 100) -> Sequence[str]:
        """Ids of runs (or those among the given) that wait in a batch and that nobody has had in hand since; from each
        person's batches in turn."""
        ...

    def actors_with_undeleted(self, purpose: str) -> Sequence[Actor]:
        """Everybody who has a departure for this purpose that was not deleted there, for the worker."""
        ...

    def reindex(self, *, limit: int = 1000) -> int:
        """Take what was kept before it could be searched into the index; gives how much it was, 0 when all is done."""
        ...

    def backup(self, out: Path, own: Mapping[str, bytes]) -> Backup:
        """Everybody's rows and the files they need into one file, with `own` files by their names. Others may go on working."""
        ...

    def restore(self, file: Path, *, merge: bool = False) -> tuple[Backup, Mapping[str, bytes]]:
        """What such a file holds into an empty store or, with `merge`, what is not there into one that has something; and the own
        files. Raises: NotFound, Damaged, WrongUse (not empty), Misconfigured (a newer version's); then nothing has changed."""
        ...


class Checker(Protocol):
    """Looks quotes up in the documents they are said to stand in."""

    def look_up(self, draft: Draft) -> Draft: ...

    def near(self, citation: Citation) -> bool:
        """The documents have something like a quote that was not found."""
        ...


class Engine(Protocol):
    """Documents → drafts that grow, their quotes not yet looked up (`analyze.cite` does that).

    `name` is `local` or `kimi`, `model` the model's id. Each method yields progress; the last is the result.
    Raises: PlatformError, BudgetReached.
    """

    name: str
    model: str

    def summarize(self, extraction: Extraction, order: SummaryOrder) -> AsyncGenerator[Progress]: ...

    def answer(self, question: str, extractions: Sequence[Extraction], history: Sequence[Answer]) -> AsyncGenerator[Progress]: ...

    async def repair(self, draft: Draft, checker: Checker) -> tuple[Draft, Sequence[Notice]]:
        """A draft this engine made, looked up → the same with better quotes for claims whose own were not found. Raises nothing:
        what cannot be mended stays as it is."""
        ...
