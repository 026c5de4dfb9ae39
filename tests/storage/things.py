"""People, and one of each thing that is kept."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from kimi_docs.domain.batch import Batch, BatchEntry
from kimi_docs.domain.calls import Call, CallState, Completion, Departure, Usage
from kimi_docs.domain.cells import KeptCell
from kimi_docs.domain.claims import Answer, Citation, Claim, Completeness, Draft, Section, Session, Summary, SummaryOrder, Verdict
from kimi_docs.domain.document import Document
from kimi_docs.domain.runs import Failure, Run, RunKind, RunState, Stage
from kimi_docs.domain.scope import Actor
from kimi_docs.domain.table import Cell, Column, Doubt, Silence, ValueType
from kimi_docs.domain.text import Block, BlockKind, Coverage, Extraction, Notice, Page, PageKind, PageState, Span
from kimi_docs.language import say

ALICE = Actor(person="alice", space="red")
BOB = Actor(person="bob", space="red")
ALICE_ELSEWHERE = Actor(person="alice", space="blue")
BOB_ELSEWHERE = Actor(person="bob", space="blue")

NOON = datetime(2026, 1, 26, 12, 0, 0, 123456, tzinfo=UTC)


def later(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


DOCUMENT = Document(
    id="d" * 64, name="Jahresbericht.pdf", format="pdf", bytes=5_000_000_000, title="年度报告", language="zh", added_at=NOON
)

EXTRACTION = Extraction(
    document=DOCUMENT.id,
    extractor="pdfium 5",
    text="Erste Seite\n第二页",
    pages=(
        Page(number=1, label="i", kind=PageKind.PAGE, span=Span(start=0, end=12)),
        Page(number=2, label="ii", kind=PageKind.PAGE, span=Span(start=12, end=15), state=PageState.RECOGNIZED),
    ),
    blocks=(Block(kind=BlockKind.HEADING, span=Span(start=0, end=11), level=1),),
    title="年度报告",
    metadata={"author": "李"},
    notices=(Notice(code="ocr", message=say("Page {page} was recognized, {share} sure.", page=2, share=0.5), page=2),),
)

DRAFT = Draft(
    title="Revenue",
    sections=(
        Section(
            title="Figures",
            claims=(
                Claim(
                    text="收入增长了 12 %",
                    citations=(
                        Citation(quote="增长", document=DOCUMENT.id, page_said=1, verdict=Verdict.EXACT, page=2, start=0, end=2),
                    ),
                ),
                Claim(text="A claim on nothing"),
            ),
        ),
    ),
)

USAGE = Usage(
    calls=2, input_tokens=10**10, cached_tokens=5, output_tokens=7, cost=Decimal("0.1000000000000000000001"), estimated_cost=None
)

SUMMARY = Summary(
    id="s" * 64,
    document=DOCUMENT.id,
    engine="kimi",
    model="kimi-k2",
    template="report",
    language="zh-CN",
    draft=DRAFT,
    coverage=Coverage.of(EXTRACTION, sent=[Span(start=0, end=15)], calls=1),
    usage=USAGE,
    state=Completeness.PARTIAL,
    notices=EXTRACTION.notices,
    created_at=NOON,
)

SESSION = Session(id="session-1", title="Quarter", documents=(DOCUMENT.id,), created_at=NOON, updated_at=NOON)

ANSWER = Answer(
    id="answer-1",
    session=SESSION.id,
    question="How much 利润?",
    engine="local",
    model="lexrank",
    draft=DRAFT,
    documents=(DOCUMENT.id,),
    usage=USAGE,
    created_at=later(1),
)

RUN = Run(
    id="run-1",
    kind=RunKind.ASK,
    state=RunState.RUNNING,
    documents=(DOCUMENT.id,),
    order=SummaryOrder(template="paper", budget=Decimal("0.1")),
    session=SESSION.id,
    question="Why?",
    batch="batch-1",
    stage=Stage.SENDING,
    done=1,
    total=3,
    draft=DRAFT,
    failure=Failure(code="withheld", message=say("No, {name}.", name="李"), advice=say("Ask again."), request_id="r"),
    usage=USAGE,
    created_at=NOON,
    updated_at=NOON,
)

BATCH = Batch(
    id="batch-1",
    title="Quarter",
    entries=(
        BatchEntry(name="Jahresbericht.pdf", document=DOCUMENT.id),
        BatchEntry(name="空.pdf", failure=Failure(code="empty", message=say("It is empty."), advice=say(""), exit_code=65)),
    ),
    order=SummaryOrder(template="paper", budget=Decimal("0.1")),
    columns=(Column(name="Method", question="How?", type=ValueType.CHOICE, choices=("a", "b")),),
    created_at=NOON,
)

CELL = KeptCell(
    document=DOCUMENT.id,
    column="column-1",
    cell=Cell(
        column="Profit",
        value=Decimal("1.50"),
        citations=(Citation(quote="增长", document=DOCUMENT.id, page_said=1, verdict=Verdict.EXACT, page=2, start=0, end=2),),
        doubts=(Doubt.OUTLIER,),
        edited_by="alice",
        edited_at=NOON,
    ),
    history=(Cell(column="Profit", value=Silence.NOT_STATED), Cell(column="Profit", value="2026-01-26")),
    engine="kimi",
    model="kimi-k2",
    created_at=NOON,
)

CALL = Call(
    id="c" * 64,
    model="kimi-k2",
    state=CallState.ANSWERED,
    run=RUN.id,
    sent_at=NOON,
    answered_at=later(1),
    sendings=2,
    possible_duplicates=1,
    completion=Completion(
        text="答", finish="stop", input_tokens=1, cached_tokens=0, output_tokens=1, reasoning="why", reported=False
    ),
    cost=Decimal("0.0000000000000000000000000000000012300"),
    currency="CNY",
    request_id="r-1",
)

DEPARTURE = Departure(
    id="departure-1",
    at=NOON,
    host="api.moonshot.cn",
    purpose="summary",
    bytes=12,
    characters=9,
    document=DOCUMENT.id,
    pages="1-2",
    remote_id="file-1",
)
