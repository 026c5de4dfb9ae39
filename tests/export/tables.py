"""A table and a batch to export."""

from datetime import UTC, date, datetime
from decimal import Decimal

from kimi_docs.domain.claims import Verdict
from kimi_docs.domain.document import Document
from kimi_docs.domain.runs import Failure, RunState
from kimi_docs.domain.table import Cell, Column, Doubt, Row, Silence, Table, ValueType
from kimi_docs.export import report
from kimi_docs.export.nouns import Report
from kimi_docs.export.table import of_table
from kimi_docs.export.volume import Entry, of_batch
from kimi_docs.language import say
from tests.export.examples import DOCUMENT, EXTRACTION, USAGE, citation, ordinary, summary

OTHER = Document(id="e" * 64, name="树荫.docx", format="docx", bytes=99, title="城市树荫")
COLUMNS = (
    Column(name="Sample", question="How many trees?", type=ValueType.NUMBER, unit="trees"),
    Column(name="Date", question="When was it measured?", type=ValueType.DATE),
    Column(name="Peer reviewed", question="Was it peer reviewed?", type=ValueType.YES_NO),
    Column(name="Method", question="By which method?", type=ValueType.CHOICE, choices=("field", "model")),
    Column(name="Result", question="What was found?"),
)
ROWS = (
    Row(
        document=DOCUMENT.id,
        cells=(
            Cell(column="Sample", value=Decimal("1200"), citations=(citation(quote="1200 trees"),)),
            Cell(column="Date", value=date(2021, 7, 3), citations=(citation(Verdict.CLOSE, "3rd of July"),)),
            Cell(column="Peer reviewed", value=True, citations=(citation(quote="reviewed"),)),
            Cell(column="Method", value=Silence.NOT_STATED),
            Cell(column="Result", value="=1+1", citations=(citation(Verdict.MISSING, "=2+2", 9),)),
        ),
    ),
    Row(
        document=OTHER.id,
        cells=(
            Cell(column="Sample", value=Decimal("2.5"), doubts=(Doubt.OUTLIER,)),
            Cell(column="Date", value=date(1850, 1, 2), citations=(citation(quote="1850"),)),
            Cell(column="Result", value="树荫降温", edited_by="Li Na", edited_at=datetime(2026, 1, 2, tzinfo=UTC)),
        ),
    ),
)
TABLE = Table(id="t1", title="Shade studies", columns=COLUMNS, rows=ROWS, usage=USAGE)


def table(language: str = "en") -> Report:
    return of_table(TABLE, [DOCUMENT, OTHER], language, {DOCUMENT.id: EXTRACTION})


def many(count: int = 3) -> list[Report]:
    """Summaries of documents that all go by one name."""
    return [report.of_summary(summary(title=f"Summary {number}"), DOCUMENT, EXTRACTION, "en") for number in range(1, count + 1)]


def batch() -> Report:
    """Two documents done, one failed, and a table of them."""
    failure = Failure(code="damaged", message=say("“{name}” is broken.", name="bad.pdf"), advice=say("Mend it."))
    bad = Document(id="b" * 64, name="bad.pdf", format="pdf", bytes=1)
    entries = [
        Entry(document=DOCUMENT, state=RunState.DONE, report=ordinary()),
        Entry(document=bad, state=RunState.FAILED, failure=failure),
        Entry(document=DOCUMENT, state=RunState.DONE, report=many(1)[0]),
    ]
    usage = sum((entry.report.usage for entry in entries if entry.report), table().usage)
    return of_batch("b1", entries, "en", usage=usage, title="A quarter", table=table())
