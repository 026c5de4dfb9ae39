"""The tools: arguments → a verb of the library → what is told. They know nothing of the protocol.

Documents are named by their ids; there is no argument that names a file of this machine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kimi_docs.domain.claims import Length, Session, SummaryOrder
from kimi_docs.domain.document import Document
from kimi_docs.domain.runs import Run
from kimi_docs.domain.scope import Actor
from kimi_docs.domain.search import HitKind, SearchFilter
from kimi_docs.errors import NotFound, WrongUse
from kimi_docs.export import shapes as whole
from kimi_docs.language import current, say
from kimi_docs.library import Library
from kimi_docs.mcp import shapes

MOST_PAGES = 20
MOST_LISTED = 100
MOST_ASKED = 50
"""Documents of one question."""

Id = Annotated[str, Field(pattern="^[0-9a-f]{6,64}$")]
DocumentId = Annotated[
    Id, Field(description="The id of a document of the library, as list_documents and search_documents give it.")
]
Offset = Annotated[int, Field(ge=0, le=10**9, description="Leave out so many of the first; next_offset of the call before.")]


class Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ListDocuments(Arguments):
    search: str = Field(default="", max_length=1000, description="Only documents that have this in their name or title.")
    limit: int = Field(default=50, ge=1, le=MOST_LISTED)
    offset: Offset = 0


class SearchDocuments(Arguments):
    query: str = Field(max_length=1000, description='Words, and phrases in "quotation marks"; Chinese works too.')
    documents: list[DocumentId] = Field(default=[], max_length=MOST_ASKED, description="Only in these documents.")
    kinds: list[Literal["document", "summary", "answer"]] = Field(default=[], description="Only places of these kinds.")
    limit: int = Field(default=20, ge=1, le=50)
    offset: Offset = 0


class ReadPages(Arguments):
    document: DocumentId
    first: int = Field(default=1, ge=1, description="The first page, counted from 1.")
    last: int | None = Field(
        default=None, ge=1, description=f"The last page, at most {MOST_PAGES} pages in all; left out: as many as fit."
    )
    start: int = Field(default=0, ge=0, description="Begin at this character of the first page: go_on of the call before.")


class ListSummaries(Arguments):
    document: DocumentId


class ReadSummary(Arguments):
    summary: Id = Field(description="The id of a summary, as list_summaries and search_documents give it.")


class AskDocuments(Arguments):
    question: str = Field(min_length=1, max_length=4000)
    documents: list[DocumentId] = Field(default=[], max_length=MOST_ASKED, description="Whom to ask. Needed without a session.")
    session: Annotated[str, Field(pattern="^([0-9a-f]{6,64})?$")] = Field(
        "", description="The session of an answer, to go on with it."
    )


class SummarizeDocument(Arguments):
    document: DocumentId
    template: str = Field(
        "general", max_length=100, description="general, paper, contract, report, meeting, workbook or one's own."
    )
    language: str = Field(default="", max_length=20, description="en or zh-CN; left out: the document's.")
    length: Length = Length.MEDIUM
    audience: str = Field(default="", max_length=200, description="For whom it is, in words.")


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What may be asked of the library for one person. Each method is named as its tool. Raises: KimiDocsError."""

    library: Library
    actor: Actor

    def list_documents(self, asked: ListDocuments) -> shapes.Documents:
        found = self.library.documents(self.actor, search=asked.search, limit=asked.limit, offset=asked.offset)
        total, unread = self.library.count(self.actor, search=asked.search), self.library.unread(self.actor, found)
        listed = shapes.fitting([{**whole.document(each), "read": each.id not in unread} for each in found], "name", "title")
        return shapes.Documents.model_validate({"documents": listed, "total": total, **_next(asked.offset, len(listed), total)})

    def search_documents(self, asked: SearchDocuments) -> shapes.Hits:
        documents = tuple(self._document(id).id for id in asked.documents)
        wanted = SearchFilter(documents=documents, kinds=tuple(map(HitKind, asked.kinds)))
        self.library.storage.reindex(limit=100_000)  # no worker need run beside this
        found = self.library.search(self.actor, asked.query, filter=wanted, limit=asked.limit, offset=asked.offset)
        told = whole.search(found)
        hits = shapes.fitting(told["hits"], "name", "snippet")
        return shapes.Hits.model_validate({**told, "hits": hits, **_next(asked.offset, len(hits), found.total)})

    def read_pages(self, asked: ReadPages) -> shapes.Pages:
        document = self._document(asked.document)
        extraction = self.library.extraction(self.actor, document.id)
        if not extraction:
            raise NotFound(say("The document has not been read yet."), say("Wait until it is read."), document=document.id)
        if asked.first > len(extraction.pages):
            message = say("There is no page {number}; the document has {count}.", number=asked.first, count=len(extraction.pages))
            raise NotFound(message, document=document.id)
        if asked.last is not None and not 0 <= asked.last - asked.first < MOST_PAGES:
            raise WrongUse(
                say("Pages {first} to {last} cannot be given at once.", first=asked.first, last=asked.last),
                say("Ask for {most} pages or fewer, the first of them first.", most=MOST_PAGES),
            )
        return shapes.pages(whole.document(document), extraction, asked.first, asked.last, asked.start, MOST_PAGES)

    def list_summaries(self, asked: ListSummaries) -> shapes.Summaries:
        document = self._document(asked.document)
        found = self.library.summaries(self.actor, document.id)
        listed = [whole.summary(each, document, current.get()) for each in found[:MOST_LISTED]]
        shape = {"document": whole.document(document), "summaries": listed, "total": len(found)}
        return shapes.Summaries.model_validate(shape)

    def read_summary(self, asked: ReadSummary) -> shapes.Summary:
        made = self.library.summary(self.actor, asked.summary)
        return shapes.summary(whole.summary(made, self._document(made.document), current.get()))

    # What takes time: begin it, and tell what came of it

    def ask_documents(self, asked: AskDocuments) -> Run:
        documents = [self._document(id).id for id in asked.documents]
        if asked.session:
            sitting = self._session(asked.session)
            if set(documents) - set(sitting.documents):
                sitting = self.library.choose_documents(self.actor, sitting.id, [*sitting.documents, *documents])
        elif documents:
            sitting = self.library.open_session(self.actor, documents)
        else:
            raise WrongUse(say("There is no document in this session."), say("Choose at least one document to ask."))
        return self.library.ask(self.actor, sitting.id, asked.question)

    def estimate_summary(self, asked: SummarizeDocument) -> shapes.Estimate:
        told = self.library.estimate(self.actor, self._document(asked.document).id, self._order(asked))
        return shapes.Estimate.model_validate(whole.estimate(told))

    def summarize_document(self, asked: SummarizeDocument) -> Run | shapes.Summary:
        """The summary, where there is one of that order."""
        made = self.library.summarize(self.actor, self._document(asked.document).id, self._order(asked))
        return made if isinstance(made, Run) else self.read_summary(ReadSummary(summary=made.id))

    def _order(self, asked: SummarizeDocument) -> SummaryOrder:
        return self.library.order(template=asked.template, language=asked.language, length=asked.length, audience=asked.audience)

    def answered(self, run: Run) -> shapes.Answer:
        answer = self.library.answer(self.actor, run.result)
        if answer is None:
            raise RuntimeError("a finished answer is in the store")
        documents = [self.library.document(self.actor, id) for id in answer.documents[:MOST_ASKED]]
        return shapes.answer(whole.answer(answer, documents, current.get()))

    def summarized(self, run: Run) -> shapes.Summary:
        return self.read_summary(ReadSummary(summary=run.result))

    def _session(self, id: str) -> Session:
        """Raises: NotFound, also for one that lies in the trash or asks a document that does."""
        found = self.library.session(self.actor, id)
        if found.deleted_at:
            raise NotFound(say("There is no such session."), say("It may have been deleted, or belong to somebody else."))
        for document in found.documents:
            self._document(document)
        return found

    def _document(self, id: str) -> Document:
        """Raises: NotFound, also for what lies in the trash."""
        found = self.library.document(self.actor, id)
        if found.deleted_at:
            raise NotFound(say("There is no such document."), say("It may have been deleted, or belong to somebody else."))
        return found


def _next(offset: int, count: int, total: int) -> dict[str, Any]:
    return {"next_offset": offset + count if count and offset + count < total else None}


@dataclass(frozen=True, kw_only=True)
class Tool:
    """One tool as other programs see it. `told` makes its result of a run, where `work` begins one; only such tools write."""

    work: Callable[[Tools, Any], Any]
    arguments: type[Arguments]
    result: type[shapes.Result]
    title: str
    description: str
    told: Callable[[Tools, Run], shapes.Result] | None = None

    @property
    def name(self) -> str:
        return self.work.__name__


READING = (
    Tool(
        work=Tools.list_documents,
        arguments=ListDocuments,
        result=shapes.Documents,
        title="List documents",
        description="The documents of the library: id, name, title, format, and whether they have been read.",
    ),
    Tool(
        work=Tools.search_documents,
        arguments=SearchDocuments,
        result=shapes.Hits,
        title="Search documents",
        description="Places in documents, summaries and answers that have all of the words (some: only some), best first, with "
        "document id and page. Read the page before you quote it.",
    ),
    Tool(
        work=Tools.read_pages,
        arguments=ReadPages,
        result=shapes.Pages,
        title="Read pages",
        description=f"The text of pages of a document (sheets of a workbook, slides, sections), at most {MOST_PAGES} pages and "
        f"{shapes.MOST_CHARACTERS} characters; go_on says where the next call begins.",
    ),
    Tool(
        work=Tools.list_summaries,
        arguments=ListSummaries,
        result=shapes.Summaries,
        title="List summaries",
        description="The summaries kept of a document, without their claims.",
    ),
    Tool(
        work=Tools.read_summary,
        arguments=ReadSummary,
        result=shapes.Summary,
        title="Read a summary",
        description="A kept summary: claims with their quotes, each looked up in the document (exact, close or "
        "missing) with its page.",
    ),
)
WORKING = (
    Tool(
        work=Tools.ask_documents,
        told=Tools.answered,
        arguments=AskDocuments,
        result=shapes.Answer,
        title="Ask documents",
        description="An answer from the documents, every claim with quotes that were looked up in them. It is kept, may "
        "take minutes and may cost money. Tell which claims are not verified.",
    ),
    Tool(
        work=Tools.estimate_summary,
        arguments=SummarizeDocument,
        result=shapes.Estimate,
        title="Estimate a summary",
        description="Calls, tokens, money and minutes that summarize_document with the same arguments would take; known: it is "
        "there and costs nothing; cost null: the price is unknown. Sends nothing. Tell the price before what is dear is made.",
    ),
    Tool(
        work=Tools.summarize_document,
        told=Tools.summarized,
        arguments=SummarizeDocument,
        result=shapes.Summary,
        title="Summarize a document",
        description="A summary whose claims carry quotes that were looked up in the document. One made before is given at once and "
        "costs nothing; else it may take minutes and cost money. Tell which claims are not verified.",
    ),
)
