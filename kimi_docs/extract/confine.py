"""A process → the same process with limits: memory, CPU and file size, no network, no other programs, writing only in its folder.

Where a system has no such limit (macOS, Windows) it is left out; the wall clock of the parent holds everywhere.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

MAX_FILE_BYTES = 64 * 1024**2
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000

_REFUSED = frozenset(
    (
        *("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"),
        *("socket.sendto", "socket.sendmsg", "subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn"),
        *("os.spawn", "os.system", "os.startfile", "pty.spawn", "os.kill", "os.chmod", "os.chown"),
    )
)
_CHANGES = frozenset(("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.utime"))
_forking: list[bool] = []
_granted: list[int] = []
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def for_life(*, scratch: Path, memory_bytes: int, parent: int) -> None:
    """Give up for good what no parser needs. Call it before any file is opened."""
    if sys.platform == "linux":
        _die_with(parent)
        _leave_network()
    _limit("RLIMIT_CORE", 0)
    _limit("RLIMIT_FSIZE", MAX_FILE_BYTES)
    _limit("RLIMIT_AS", memory_bytes)
    _watch(os.path.realpath(scratch))


def fork() -> int:
    """A copy of this process with the same limits, which ends when this one does. As `os.fork`, that is otherwise refused."""
    parent = os.getpid()
    _forking.append(True)
    try:
        process = os.fork()
    finally:
        _forking.clear()
    if not process and sys.platform == "linux":
        _die_with(parent)
    return process


def for_job(*, cpu_seconds: int) -> None:
    """So much CPU from now on; the system ends the process when it is used up."""
    _granted[:] = [cpu_seconds]
    used = sum(os.times()[:2])
    _limit("RLIMIT_CPU", int(used) + 1 + cpu_seconds, hard=False)


def granted() -> int | None:
    """The CPU seconds of the job at work, None where there is no limit."""
    return next(iter(_granted), None)


def _limit(name: str, value: int, *, hard: bool = True) -> None:
    if sys.platform == "win32":
        return
    import resource

    which = getattr(resource, name, None)
    if which is None:
        return
    highest = resource.getrlimit(which)[1]
    if highest != resource.RLIM_INFINITY:
        value = min(value, highest)
    try:
        resource.setrlimit(which, (value, value if hard else highest))
    except (ValueError, OSError):  # macOS knows RLIMIT_AS but refuses it
        return


def _die_with(parent: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:  # it was gone before we asked
        os._exit(0)


def _leave_network() -> None:
    """An empty network of its own. Root keeps its rights over files that way; others get one with a user space of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET):
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def _watch(scratch: str) -> None:
    """Python's own doors: no connections, no programs, no writing outside `scratch`."""

    def refuse(event: str, values: Sequence[Any]) -> None:
        if event in _REFUSED and not (event == "os.fork" and _forking):
            raise PermissionError(f"{event} is not allowed here")
        if event == "open":
            path, _, flags = values
            if isinstance(flags, int) and flags & _WRITING and not _within(path, scratch):
                raise PermissionError("writing is not allowed here")
        elif event in _CHANGES and not all(_within(path, scratch) for path in values if isinstance(path, str | bytes)):
            raise PermissionError(f"{event} is not allowed here")

    sys.addaudithook(refuse)


def _within(path: Any, scratch: str) -> bool:
    if isinstance(path, int):
        return True  # a file that is open already
    if path is None:
        return False
    real = os.path.realpath(os.fsdecode(path))
    return real == os.devnull or os.path.commonpath((real, scratch)) == scratch
