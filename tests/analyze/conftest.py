"""What the tests of summaries and answers over HTTP share."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from kimi_docs.domain.claims import Answer, Session, Summary, SummaryOrder
from kimi_docs.domain.runs import Run, RunKind
from kimi_docs.domain.scope import LOCAL
from kimi_docs.library import Desk, make_desk
from kimi_docs.settings import load_settings
from storage.open import open_storage


class Sitting:
    """A desk at which documents are summarized and asked, in this process."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.library = desk, desk.library

    def add(self, text: str | bytes, name: str = "trees.txt") -> str:
        content = text.encode() if isinstance(text, str) else text
        added = self.library.add(LOCAL, content, name).document.id
        for run in self.library.runs(LOCAL, document=added, active=True):
            self.desk.finish(run)
        return added

    def summarize(self, document: str, *, again: bool = False, **order: object) -> Summary:
        made = self.library.summarize(LOCAL, document, self.library.order(**order), again=again)  # type: ignore[arg-type]
        return self.library.summary(LOCAL, self.ended(made).result) if isinstance(made, Run) else made

    def carry_out(self, document: str, order: SummaryOrder | None = None) -> Summary:
        """The run of that order carried out once more, as after a kill before its summary was kept."""
        asked = order or self.library.order()
        run = self.library._begin(self.library.storage.of(LOCAL), RunKind.SUMMARIZE, documents=(document,), order=asked)
        return self.library.summary(LOCAL, self.ended(run).result)

    def ask(self, session: Session, question: str, *, again: bool = False) -> Answer:
        run = self.ended(self.library.ask(LOCAL, session.id, question, again=again))
        found = self.library.answer(LOCAL, run.result)
        assert found
        return found

    def ended(self, run: Run) -> Run:
        run = self.desk.finish(run)
        assert run.failure is None, run.failure
        return run


@pytest.fixture
def sit(home: Path) -> Iterator[Callable[[], Sitting]]:
    """Opens a desk with the settings as they are then."""
    with ExitStack() as stack:

        def open_one() -> Sitting:
            settings = load_settings()
            storage = open_storage(**settings.storage)
            return Sitting(stack.enter_context(make_desk(storage, storage.blobs, settings, storage.close)))

        yield open_one
