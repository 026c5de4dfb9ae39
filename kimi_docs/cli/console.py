"""What a command writes, and where: results to stdout, progress to stderr, errors as a sentence or as JSON with their exit code."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

from kimi_docs.domain.runs import Failure, Run, RunState, Stage
from kimi_docs.domain.scope import LOCAL, Actor
from kimi_docs.errors import KimiDocsError
from kimi_docs.language import joined, mark, translate
from kimi_docs.library import Desk
from kimi_docs.settings import Settings, load_settings

PARTLY = 3
INTERRUPTED = 130
STAGES = {
    Stage.READING: mark("reading"),
    Stage.WAITING: mark("waiting for the account's limits"),
    Stage.SENDING: mark("sending"),
    Stage.WRITING: mark("writing"),
    Stage.CHECKING: mark("checking quotes"),
}


@dataclass(frozen=True, kw_only=True)
class Console:
    """One invocation: its flags, and how to open the library (`open_desk`, given by the front door)."""

    open_desk: Callable[[Settings], Desk]
    as_json: bool = False
    quiet: bool = False
    actor: Actor = LOCAL
    problems: list[int] = field(default_factory=list)

    @contextmanager
    def desk(self, **flags: Any) -> Iterator[Desk]:
        """The library for one command, closed afterwards."""
        with self.open_desk(load_settings(**flags)) as desk:
            yield desk

    def result(self, shape: Any, text: str | Callable[[], str]) -> None:
        """The result of the command: the JSON object, or the text for people."""
        if self.as_json:
            print(json.dumps(shape, ensure_ascii=False, indent=2))
        else:
            print(text if isinstance(text, str) else text())
        sys.stdout.flush()

    def note(self, text: str) -> None:
        """A line beside the result."""
        if not self.quiet:
            print(text, file=sys.stderr, flush=True)

    def say(self, id: str, /, **values: Any) -> None:
        self.note(translate(id, **values))

    def progress(self, name: str, run: Run) -> None:
        if self.quiet or run.state is not RunState.RUNNING or not run.stage:
            return
        part = f" {run.done}/{run.total}" if run.total > 1 else ""
        self.note(f"{name}: {translate(STAGES[run.stage])}{part}")

    def tell(self, problem: KimiDocsError | Failure) -> None:
        """A problem of one document among several: said, and remembered for the exit code."""
        self.problems.append(problem.exit_code)
        print(sentence(problem), file=sys.stderr, flush=True)

    def leave(self, done: int, *, cut_short: bool = False) -> None:
        """End with the exit code of what happened: 0, 3 for a part, else that of the first problem."""
        if self.problems or cut_short:
            sys.exit(PARTLY if done else self.problems[0])


def sentence(problem: KimiDocsError | Failure) -> str:
    parts = [problem.message.text(), problem.advice.text()]
    if problem.request_id:
        parts.append(translate("(request {id})", id=problem.request_id))
    return joined(parts)


def fail(problem: KimiDocsError | Failure, *, as_json: bool) -> NoReturn:
    """End the program with the problem's exit code."""
    if as_json:
        from kimi_docs.export import shapes

        print(json.dumps(shapes.error(problem), ensure_ascii=False, indent=2), flush=True)
    else:
        print(sentence(problem), file=sys.stderr, flush=True)
    sys.exit(problem.exit_code)


def quiet_pipe() -> NoReturn:
    """The reader of stdout has gone: end without a word, as other commands do."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(0)
