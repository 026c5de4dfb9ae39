"""A run: one piece of work, and how far it is. The screen reads this row; nothing calls back."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kimi_docs.domain.calls import Usage
from kimi_docs.domain.claims import Draft, SummaryOrder
from kimi_docs.domain.text import Notice, Span
from kimi_docs.language import Message


class RunKind(StrEnum):
    EXTRACT = "extract"
    SUMMARIZE = "summarize"
    ASK = "ask"
    FILL = "fill"


class RunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"  # for the provider, or for money
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def ended(self) -> bool:
        return self in (RunState.DONE, RunState.PARTIAL, RunState.FAILED, RunState.STOPPED)


class Stage(StrEnum):
    """What a running run is doing."""

    READING = "reading"
    WAITING = "waiting"  # for the account's limits
    SENDING = "sending"
    WRITING = "writing"
    CHECKING = "checking"


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far an engine is with one piece of work. The last one it yields is the result.

    `sent` are the spans of the (first) document that went into it, `withheld` those the provider refused.
    """

    draft: Draft
    stage: Stage = Stage.WRITING
    done: int = 0
    total: int = 1
    sent: tuple[Span, ...] = ()
    withheld: tuple[Span, ...] = ()
    notices: tuple[Notice, ...] = ()
    complete: bool = True  # False: something of what was asked for is lacking, and a notice says what


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why a run failed, to be told later in the reader's language."""

    code: str
    message: Message
    advice: Message
    exit_code: int = 1
    document: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """`result` is the id of the summary or answer once there is one; `draft` what is written so far. `tries` counts how often
    the program ended while it worked on the run itself, not while it waited for the provider; `holder` is the process that
    carries it out. A run of a table with a `question` asks that one again, else all that is missing."""

    id: str
    kind: RunKind
    state: RunState = RunState.QUEUED
    documents: tuple[str, ...] = ()
    order: SummaryOrder = SummaryOrder()
    session: str = ""
    question: str = ""
    batch: str = ""
    stage: Stage | None = None
    done: int = 0
    total: int = 0
    draft: Draft | None = None
    failure: Failure | None = None
    usage: Usage = Usage()
    result: str = ""
    stop_requested: bool = False
    tries: int = 0
    holder: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
