"""The page at work → a note that outlives the process, and a limit on its CPU time.

Off unless the child process starts it: a page that never ends, or brings its reader down, then costs that page alone.
"""

import os
import signal
from pathlib import Path

PAGE_SECONDS = 10.0
"""Of CPU, for one page. The slowest honest page seen takes 0.3."""
_NOTE = "page"
_open: list[int] = []


def start() -> None:
    """Keep the note in the working directory from now on."""
    _open[:] = [os.open(_NOTE, os.O_WRONLY | os.O_CREAT, 0o600)]


def elsewhere() -> None:
    """In a copy of the process: pages keep their limit, the note stays that of the first."""
    if _open:
        _open[:] = [os.open(os.devnull, os.O_WRONLY)]


def page(index: int, seconds: float = PAGE_SECONDS) -> None:
    """Work on this page begins; -1: work on pages is over. The system ends the process when the page takes too long."""
    if not _open:
        return
    os.pwrite(_open[0], f"{index:<12}".encode(), 0)
    if hasattr(signal, "ITIMER_PROF"):
        signal.setitimer(signal.ITIMER_PROF, seconds if index >= 0 else 0)


def last(folder: Path) -> int | None:
    """The page that was at work in this folder's process, None for none."""
    try:
        index = int((folder / _NOTE).read_bytes() or b"-1")
    except (OSError, ValueError):
        return None
    return index if index >= 0 else None
