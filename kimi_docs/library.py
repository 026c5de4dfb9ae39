"""What a person can do, one method per verb. Who acts is the first argument; what comes back is a noun of the domain.

Work that takes time is a run: the verb writes it down and hands it on (`start`), the caller reads how far it is.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kimi_docs.analyze.estimate import estimate
from kimi_docs.analyze.own_templates import get_own, own_templates, parse_template, remove_own, save_own
from kimi_docs.analyze.templates import TEMPLATES, Template, unknown
from kimi_docs.batches import ALL
from kimi_docs.domain.calls import Call, Departure, Estimate
from kimi_docs.domain.claims import Answer, Citation, Length, Session, Summary, SummaryOrder
from kimi_docs.domain.document import Added, Document
from kimi_docs.domain.ports import Blobs, Storage, Store
from kimi_docs.domain.runs import Run, RunKind
from kimi_docs.domain.safekeeping import Backup
from kimi_docs.domain.scope import Actor
from kimi_docs.domain.search import EVERYTHING, Found, SearchFilter
from kimi_docs.domain.text import Extraction, PagePicture
from kimi_docs.errors import NotFound, WrongUse
from kimi_docs.extract.formats import PDF_WITHOUT_TABLES
from kimi_docs.extract.sandbox import Pool
from kimi_docs.intake import Intake, take
from kimi_docs.jobs.engines import Engines
from kimi_docs.jobs.inline import Inline
from kimi_docs.jobs.reading import unlock
from kimi_docs.jobs.work import Workshop, summary_id
from kimi_docs.kimi.catalog import catalog_for
from kimi_docs.kimi.counting import Counting, account_of
from kimi_docs.language import say
from kimi_docs.safekeeping import own_files, put_back
from kimi_docs.settings import Settings
from kimi_docs.tables import Tables


@dataclass(frozen=True, kw_only=True)
class Library(Tables):
    """The verbs. `start` hands a run's id to whoever carries it out. Raises: KimiDocsError."""

    reader: Pool
    start: Callable[[str], None]
    close: Callable[[], None] = lambda: None

    # Documents

    def add(self, actor: Actor, content: bytes, name: str) -> Added:
        """Check a file, keep it and have it read. The same bytes again are the same document. Raises: DocumentError."""
        intake = take(content, name, max_bytes=self.settings().max_upload_bytes)
        return self._keep(self.storage.of(actor), intake, content)

    def _keep(self, store: Store, intake: Intake, content: bytes) -> Added:
        known = store.find_document(intake.id)
        self.blobs.put(content)
        document = store.save_document(
            Document(id=intake.id, name=intake.name, format=intake.format, bytes=intake.bytes, added_at=datetime.now(UTC))
        )
        if not store.find_extraction(document.id):
            self._begin(store, RunKind.EXTRACT, documents=(document.id,))
        return Added(document=document, known=known is not None and known.deleted_at is None)

    def documents(
        self, actor: Actor, *, search: str = "", deleted: bool = False, limit: int = 1000, offset: int = 0
    ) -> Sequence[Document]:
        return self.storage.of(actor).list_documents(search=search, deleted=deleted, limit=limit, offset=offset)

    def count(self, actor: Actor, *, search: str = "", deleted: bool = False) -> int:
        return self.storage.of(actor).count_documents(search=search, deleted=deleted)

    def unread(self, actor: Actor, documents: Sequence[Document]) -> set[str]:
        """Ids of those that are not read yet, or cannot be."""
        ids = [document.id for document in documents]
        return set(ids) - self.storage.of(actor).read_documents(ids)

    def document(self, actor: Actor, id: str) -> Document:
        """The document of that id or of the one id that begins so. Raises: NotFound."""
        store = self.storage.of(actor)
        found = store.find_document(id)
        if not found and len(id) >= 6:
            matching = [document for document in store.list_documents(limit=100_000) if document.id.startswith(id)]
            found = matching[0] if len(matching) == 1 else None
        return found or store.get_document(id)

    def delete_document(self, actor: Actor, id: str) -> None:
        """Put it in the trash; `restore_document` takes it back."""
        self.storage.of(actor).mark_document_deleted(id, True)

    def restore_document(self, actor: Actor, id: str) -> None:
        self.storage.of(actor).mark_document_deleted(id, False)

    def extraction(self, actor: Actor, document: str) -> Extraction | None:
        """The text of a document, None while it has not been read."""
        return self.storage.of(actor).find_extraction(document)

    def read(self, actor: Actor, document: str) -> Run:
        """Have a document read (again after a failure)."""
        store = self.storage.of(actor)
        return self._begin(store, RunKind.EXTRACT, documents=(store.get_document(document).id,))

    def unlock(self, actor: Actor, document: str, password: str) -> Run:
        """Read a document that is locked; the password is kept nowhere. Raises: PasswordNeeded where it is the wrong one."""
        store = self.storage.of(actor)
        return unlock(store.get_document(document), password, self.blobs, self.reader, store, self.settings())

    def original(self, actor: Actor, document: str) -> Path:
        """The file as it was added."""
        return self.blobs.path(self.storage.of(actor).get_document(document).id)

    def picture(
        self, actor: Actor, document: str, page: int, citation: Citation | None = None, *, width: int = 1000, password: str = ""
    ) -> PagePicture:
        """The picture of a page, with the boxes of the citation where it stands on that page. PDF only."""
        found = self.storage.of(actor).get_document(document)
        path = self.blobs.path(found.id)
        here = citation is not None and citation.page == page and citation.document == document
        start, end = (citation.start, citation.end) if here and citation else (None, None)
        extraction = self.extraction(actor, found.id) if start is not None else None
        boxes = extraction.boxes(page, start, end) if extraction and start is not None and end is not None else ()
        if boxes:  # recognized pages: only the extraction knows where their lines stand
            return replace(self.reader.picture(path, found, page, width=width, password=password), boxes=boxes)
        tabled = extraction is None or extraction.extractor != PDF_WITHOUT_TABLES
        return self.reader.picture(path, found, page, width=width, start=start, end=end, password=password, tabled=tabled)

    # Summaries

    def order(
        self,
        *,
        template: str = "",
        language: str = "",
        model: str = "",
        budget: Decimal | None = None,
        length: Length = Length.MEDIUM,
        audience: str = "",
    ) -> SummaryOrder:
        """A complete order: what is not given comes from the settings. Raises: WrongUse for an unknown template."""
        settings, wanted = self.settings(), self.template(template or "general")
        own = () if wanted.id in TEMPLATES else tuple((title, asked) for title, _, asked in wanted.sections)
        return SummaryOrder(
            template=wanted.id,
            sections=own,
            language=language or settings.language,
            engine=settings.chosen_engine,
            model=(model or settings.model) if settings.chosen_engine == "kimi" else "",
            budget=settings.budget if budget is None else budget,
            length=length,
            audience=" ".join(audience.split()) if settings.chosen_engine == "kimi" else "",
        )

    def templates(self) -> Mapping[str, Template]:
        """Ours, then one's own."""
        return {**TEMPLATES, **self.own_templates()}

    def own_templates(self) -> Mapping[str, Template]:
        return own_templates(self.settings().home)

    def template(self, name: str) -> Template:
        """Raises: WrongUse for an unknown or spoiled one."""
        if name in TEMPLATES:
            return TEMPLATES[name]
        try:
            return get_own(self.settings().home, name)
        except NotFound:
            raise unknown(name, self.templates()) from None

    def import_template(self, content: str) -> Template:
        """Take in a template as YAML; one of the same name is replaced. Raises: WrongUse."""
        template = parse_template(content)
        save_own(self.settings().home, template)
        return template

    def remove_template(self, name: str) -> None:
        """Raises: NotFound."""
        remove_own(self.settings().home, name)

    def backup(self, out: Path) -> Backup:
        """Everything kept here, everybody's, in one file: documents, what was made of them, own templates and prices; not the key.
        Others may go on working meanwhile."""
        return self.storage.backup(out, own_files(self.settings().home))

    def restore(self, file: Path, *, merge: bool = False) -> Backup:
        """Take a backup back into an empty library or, with `merge`, what is missing into one that is not: what is there stays.
        Raises: NotFound, Damaged, WrongUse (not empty), Misconfigured (a newer version's); then nothing has changed."""
        backup, own = self.storage.restore(file, merge=merge)
        put_back(self.settings().home, own)
        while self.storage.reindex():
            pass
        return backup

    def estimate(self, actor: Actor, document: str, order: SummaryOrder) -> Estimate:
        """What a summary will take; sends nothing. Raises: NotFound while the document has not been read."""
        store, settings = self.storage.of(actor), self.settings()
        extraction = store.find_extraction(document)
        if not extraction:
            raise NotFound(say("The document has not been read yet."), say("Wait until it is read."), document=document)
        known = store.find_summary(summary_id(document, order)) is not None
        counted = Counting(self.storage.meter, account_of(settings)).count
        return replace(estimate(extraction, order, settings, catalog_for(settings), counted), known=known)

    def summarize(self, actor: Actor, document: str, order: SummaryOrder, *, again: bool = False) -> Summary | Run:
        """The summary of that order if there is one (its last version), else the run that makes it; one run at a time for the same
        order. `again`: a new version all the same, by a new call."""
        store = self.storage.of(actor)
        document = store.get_document(document).id
        order = self.next_version(actor, document, order) if again else self._last_version(store, document, order)
        known = None if again else store.find_summary(summary_id(document, order))
        if known:
            return known
        for run in store.list_runs(document=document, active=True):
            if run.kind is RunKind.SUMMARIZE and run.order == order:
                return run
        return self._begin(store, RunKind.SUMMARIZE, documents=(document,), order=order)

    def next_version(self, actor: Actor, document: str, order: SummaryOrder) -> SummaryOrder:
        """The order of a version that is not there yet. The engine on this machine would make the same again: it replaces it."""
        store = self.storage.of(actor)
        last = self._last_version(store, document, order)
        made = order.engine != "local" and store.find_summary(summary_id(document, last)) is not None
        return replace(last, attempt=last.attempt + 1) if made else last

    def _last_version(self, store: Store, document: str, order: SummaryOrder) -> SummaryOrder:
        while store.find_summary(summary_id(document, following := replace(order, attempt=order.attempt + 1))):
            order = following
        return order

    def summary(self, actor: Actor, id: str) -> Summary:
        return self.storage.of(actor).get_summary(id)

    def summaries(self, actor: Actor, document: str) -> Sequence[Summary]:
        return self.storage.of(actor).list_summaries(document)

    # Sessions

    def open_session(self, actor: Actor, documents: Sequence[str], *, title: str = "") -> Session:
        store = self.storage.of(actor)
        kept = tuple(dict.fromkeys(store.get_document(document).id for document in documents))
        now = datetime.now(UTC)
        return store.save_session(Session(id=uuid.uuid4().hex, title=title, documents=kept, created_at=now, updated_at=now))

    def session(self, actor: Actor, id: str) -> Session:
        return self.storage.of(actor).get_session(id)

    def sessions(self, actor: Actor, *, search: str = "", deleted: bool = False) -> Sequence[Session]:
        return self.storage.of(actor).list_sessions(search=search, deleted=deleted)

    def rename_session(self, actor: Actor, id: str, title: str) -> Session:
        store = self.storage.of(actor)
        return store.save_session(replace(store.get_session(id), title=" ".join(title.split())[:200]))

    def choose_documents(self, actor: Actor, id: str, documents: Sequence[str]) -> Session:
        """Change what a session is about; what was answered stays as it was."""
        store = self.storage.of(actor)
        kept = tuple(dict.fromkeys(store.get_document(document).id for document in documents))
        return store.save_session(replace(store.get_session(id), documents=kept))

    def delete_session(self, actor: Actor, id: str) -> None:
        """Put it in the trash; `restore_session` takes it back."""
        store = self.storage.of(actor)
        store.save_session(replace(store.get_session(id), deleted_at=datetime.now(UTC)))

    def restore_session(self, actor: Actor, id: str) -> None:
        store = self.storage.of(actor)
        store.save_session(replace(store.get_session(id), deleted_at=None))

    def ask(self, actor: Actor, session: str, question: str, *, again: bool = False) -> Run:
        """Ask the session's documents; `again`: by a new call even where the same was answered before.

        Raises: WrongUse for an empty question or a session without documents.
        """
        store = self.storage.of(actor)
        sitting = store.get_session(session)
        asked = question.strip()
        if not asked:
            raise WrongUse(say("The question is empty."), say("Write what you want to know."))
        if not sitting.documents:
            raise WrongUse(say("There is no document in this session."), say("Choose at least one document to ask."))
        order = replace(self.order(), attempt=uuid.uuid4().int % 2**31 if again else 0)
        return self._begin(store, RunKind.ASK, documents=sitting.documents, session=session, question=asked, order=order)

    def answers(self, actor: Actor, session: str) -> Sequence[Answer]:
        return self.storage.of(actor).list_answers(session)

    def answer(self, actor: Actor, id: str) -> Answer | None:
        return self.storage.of(actor).find_answer(id)

    def search(self, actor: Actor, query: str, *, filter: SearchFilter = EVERYTHING, limit: int = 20, offset: int = 0) -> Found:
        """Words and phrases in documents, summaries and answers, best first; where no place has all, those that have some."""
        store = self.storage.of(actor)
        found = store.search(query, filter=filter, limit=limit, offset=offset)
        return found if found.total else store.search(query, filter=filter, some=True, limit=limit, offset=offset)

    # Runs

    def run(self, actor: Actor, id: str) -> Run:
        return self.storage.of(actor).get_run(id)

    def runs(
        self, actor: Actor, *, document: str = "", session: str = "", active: bool | None = None, limit: int = 200
    ) -> Sequence[Run]:
        return self.storage.of(actor).list_runs(document=document, session=session, active=active, limit=limit)

    def stop(self, actor: Actor, run: str) -> None:
        """Stop a run within two seconds; what is done is kept."""
        self.storage.of(actor).request_stop(run)

    def _begin(self, store: Store, kind: RunKind, **what: Any) -> Run:
        now = datetime.now(UTC)
        run = store.add_run(Run(id=uuid.uuid4().hex, kind=kind, created_at=now, updated_at=now, **what))
        self.start(run.id)
        return run

    # Receipts

    def calls(self, actor: Actor) -> Sequence[Call]:
        """All that were answered, newest first, without what was said."""
        return self.storage.of(actor).list_receipts()

    def departures(self, actor: Actor) -> Sequence[Departure]:
        """The ledger of what left this machine, all of it."""
        return self.storage.of(actor).list_departures(limit=ALL)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The library and the means to carry its runs out in the foreground: what one command of the command line works at."""

    library: Library
    inline: Inline

    def finish(self, run: Run) -> Run:
        return self.inline.finish(run.id)

    def finish_batch(self, actor: Actor, batch: str, shown: Callable[[int], None] = lambda _ended: None) -> None:
        """Carry out what of the batch is not done."""
        runs = [run.id for run in self.library.batch_runs(actor, batch)]
        self.inline.finish_all(self.library.storage.of(actor), batch, runs, shown)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.inline.close()
        self.library.close()


def make_workshop(storage: Storage, blobs: Blobs, reader: Pool, settings: Callable[[], Settings]) -> Workshop:
    """What carrying out runs needs, with connections of its own."""
    return Workshop(storage=storage, blobs=blobs, reader=reader, settings=settings, engines=Engines(storage.meter))


def make_desk(storage: Storage, blobs: Blobs, settings: Settings, close: Callable[[], None]) -> Desk:
    """The library of a command, its runs carried out in this process."""
    reader = Pool()
    inline = Inline(make_workshop(storage, blobs, reader, lambda: settings))

    def end() -> None:
        reader.close()
        close()

    library = Library(
        storage=storage, blobs=blobs, reader=reader, settings=lambda: settings, start=inline.begin, close=end, foreground=True
    )
    return Desk(library=library, inline=inline)


def make_library(storage: Storage, blobs: Blobs, settings: Callable[[], Settings], close: Callable[[], None]) -> Library:
    """The library of a screen: its runs go to the worker."""
    from kimi_docs.jobs.queue import Queue  # a command that carries its runs out itself need not load it

    reader, queue = Pool(size=1), Queue(settings())

    def end() -> None:
        queue.close()
        reader.close()
        close()

    return Library(storage=storage, blobs=blobs, reader=reader, settings=settings, start=queue.put, close=end)
