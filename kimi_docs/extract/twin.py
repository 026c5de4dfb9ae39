"""A piece of work → its result from a copy of this process, while this one does another piece.

Off unless the child process starts it: a copy is safe only of a process with a single thread, and one that is confined already.
"""

import gc
import itertools
import os
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from kimi_docs.extract import confine, progress

T = TypeVar("T")
_MOST_SHARES = 65_536
"""What a pipe holds."""
_started: list[bool] = []
_ended: list[int] = []
"""Twins that have given their result."""


def start() -> None:
    """From now on work may be shared, where the system can copy a process and has a second core."""
    _started[:] = [hasattr(os, "fork") and sys.platform != "darwin" and (os.cpu_count() or 1) > 1]


def settle() -> None:
    """All that is there stays. To look it through again and again for what may go would copy it for every twin."""
    gc.collect()
    gc.freeze()


class Shares:
    """Work of so many pieces, shared by whoever is free: each piece is taken once. Made before there is a twin."""

    def __init__(self, count: int) -> None:
        self._tickets, tickets = os.pipe()
        os.write(tickets, bytes(min(count, _MOST_SHARES)))
        os.close(tickets)

    def of(self, pieces: Iterable[int]) -> Iterator[int]:
        """Piece by piece, as long as there are some that the other has not taken."""
        return itertools.takewhile(lambda _: os.read(self._tickets, 1), pieces)

    def close(self) -> None:
        """The other ends with the piece it has."""
        while os.read(self._tickets, _MOST_SHARES):
            continue
        os.close(self._tickets)


class Twin(Generic[T]):
    """The work begins at once."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._process = 0
        if not any(_started):
            return
        while _ended:
            os.waitpid(_ended.pop(), 0)
        source, target = os.pipe()
        try:
            self._process = confine.fork()
        except OSError:  # no more processes: the work is done here
            os.close(source)
            os.close(target)
            return
        if not self._process:
            os.close(source)
            _work(work, target)
        os.close(target)
        self._results = os.fdopen(source, "rb")

    def result(self) -> T | None:
        """Waits for it; None where there is none: it could not start, or broke down."""
        if not self._process:
            return None
        with self._results:
            try:
                found: T | None = pickle.load(self._results)  # noqa: S301 - written by ourselves, in the same confinement
            except (EOFError, pickle.UnpicklingError):
                found = None
        _ended.append(self._process)  # to wait until all its memory is given back would take longer than to make it
        return found


def _work(work: Callable[[], object], target: int) -> None:
    """All that the copy does."""
    try:
        progress.elsewhere()
        with os.fdopen(target, "wb") as results:
            pickle.dump(work(), results, pickle.HIGHEST_PROTOCOL)
    finally:
        os._exit(0)
