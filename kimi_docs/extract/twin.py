"""A piece of work → its result from a copy of this process, while this one does another piece.

The copy stays for the next piece: to make one takes longer than to read a few pages. Off unless the child process starts it: a
copy is safe only of a process with a single thread, and one that is confined already.
"""

import gc
import os
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import takewhile
from typing import Any, BinaryIO, Generic, NoReturn, TypeVar

from kimi_docs.extract import confine, progress

T = TypeVar("T")
_MOST_SHARES = 65_536
"""What a pipe holds."""
_started: list[bool] = []
_standing: list["_Copy"] = []


def start() -> None:
    """From now on work may be shared, where the system can copy a process and has a second core."""
    _started[:] = [hasattr(os, "fork") and sys.platform != "darwin" and (os.cpu_count() or 1) > 1]


def settle() -> None:
    """All that is there stays, and a copy of it waits for work. To look it through again and again for what may go would copy all
    that the two share."""
    gc.collect()
    gc.freeze()
    _copy()


class Twin(Generic[T]):
    """Work that the copy begins at once: `work` is a function of a module, it and its arguments can be pickled. There are so many
    `pieces` to share."""

    def __init__(self, work: Callable[..., T], *arguments: Any, pieces: int) -> None:
        self._copy = _copy()
        if self._copy and not self._copy.begin(work, arguments, min(pieces, _MOST_SHARES)):
            self._copy = None
            _dismiss()

    def share(self) -> bool:
        """The next piece is for this process to do."""
        return not self._copy or self._copy.take()

    def result(self) -> T | None:
        """Waits for it; the copy ends with the piece it has. None where there is none: no copy could start, or it broke down."""
        found: T | None = None
        if self._copy:
            try:
                found = self._copy.end()
            except (EOFError, OSError, pickle.UnpicklingError):
                _dismiss()
            except BaseException:
                _dismiss()  # the rest of the result would be taken for the next
                raise
        return found


def shared(pieces: Iterable[int]) -> Iterator[int]:
    """In the copy: piece by piece, as long as there are some that the other has not taken."""
    return takewhile(lambda _: _standing[0].take(), pieces)


class _Copy:
    """A process that waits for work, and the pipes to it. Of the pieces of a work each is taken once, by whoever is free."""

    def __init__(self) -> None:
        """Raises: OSError when there can be no more processes."""
        orders, self._orders = _pipe()
        self._results, results = _pipe()
        self._tickets, self._issue = os.pipe()
        os.set_blocking(self._tickets, False)
        try:
            self.process = confine.fork()
        except OSError:
            self._close(orders, results)
            raise
        if not self.process:
            _standing[:] = [self]
            for end in (self._orders, self._results):
                end.close()
            os.close(self._issue)
            _serve(orders, results)
        orders.close()
        results.close()

    def begin(self, work: Callable[..., object], arguments: tuple[Any, ...], pieces: int) -> bool:
        """False when it is not there any more. Nothing is begun where the order itself fails: it would be taken for the next."""
        order = pickle.dumps((confine.granted(), work, arguments), pickle.HIGHEST_PROTOCOL)
        os.write(self._issue, bytes(pieces))
        try:
            self._orders.write(order)
            self._orders.flush()
        except OSError:
            return False
        return True

    def take(self) -> bool:
        try:
            return bool(os.read(self._tickets, 1))
        except BlockingIOError:
            return False

    def end(self) -> Any:
        """Raises: EOFError or OSError when it broke down."""
        with suppress(BlockingIOError):
            while os.read(self._tickets, _MOST_SHARES):
                continue
        return pickle.load(self._results)  # noqa: S301 - written by ourselves, in the same confinement

    def dismiss(self) -> None:
        """It has ended, or does so now that nobody can ask it any more."""
        self._close()
        with suppress(ChildProcessError):  # where the system was told to wait for nobody
            os.waitpid(self.process, 0)

    def _close(self, *others: BinaryIO) -> None:
        for pipe in (self._orders, self._results, *others):
            with suppress(OSError):  # nobody reads what is left in it
                pipe.close()
        os.close(self._tickets)
        os.close(self._issue)


def _pipe() -> tuple[BinaryIO, BinaryIO]:
    source, target = os.pipe()
    return os.fdopen(source, "rb"), os.fdopen(target, "wb")


def _copy() -> _Copy | None:
    if any(_started) and not _standing:
        with suppress(OSError):
            _standing.append(_Copy())
    return _standing[0] if _standing else None


def _dismiss() -> None:
    while _standing:
        _standing.pop().dismiss()


def _serve(orders: BinaryIO, results: BinaryIO) -> NoReturn:
    """All that the copy does, until nobody can ask it any more."""
    try:
        progress.elsewhere()
        while True:
            seconds, work, arguments = pickle.load(orders)  # noqa: S301 - written by ourselves
            if seconds:
                confine.for_job(cpu_seconds=seconds)
            results.write(_done(work, arguments))
            results.flush()
    finally:
        os._exit(0)


def _done(work: Callable[..., object], arguments: tuple[Any, ...]) -> bytes:
    try:
        return pickle.dumps(work(*arguments), pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001 - the process boundary: the other finds the fault itself
        return pickle.dumps(None)
