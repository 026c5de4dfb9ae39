"""Folders → the moments at which something in them has changed and is written to its end."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from kimi_docs.gather import files

LOOK_SECONDS = 2.0

_Seen = frozenset[tuple[Path, int, int]]
"""Each file with its size and the time it was last written."""


def changes(paths: Sequence[Path], sleep: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Now, if there is a file, and then whenever the files are others than before and have stood still for one look."""
    known: _Seen = frozenset()
    last = _seen(paths)
    while True:
        now = _seen(paths)
        if now == last and now != known:
            known = now
            if now:
                yield
                continue  # it may have taken a while
        last = now
        sleep(LOOK_SECONDS)


def _seen(paths: Sequence[Path]) -> _Seen:
    found = set()
    for path in files(paths):
        try:
            said = path.stat()
        except OSError:  # it has just gone
            continue
        found.add((path, said.st_size, said.st_mtime_ns))
    return frozenset(found)
