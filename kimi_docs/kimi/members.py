"""The processes that share an account: how one is named, whether it is still there, and whether it is alone."""

import os
import secrets
import socket
from collections.abc import Sequence

from kimi_docs.domain.calls import Mark


def new_member() -> str:
    """The name of this process for others: host, process, and a word so that a number used again is another name."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"


def gone_from_here(member: str) -> bool:
    """Whether it was a process of this machine and has ended. Of another machine's nothing is known without its lease."""
    host, pid, *_ = [*member.split("/"), ""]
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def others_at_work(others: Sequence[Mark]) -> bool:
    """Whether any other process has shown itself lately."""
    return any(mark.kind == "member" for mark in others)


def alone_until(others: Sequence[Mark], now: float) -> float:
    """Until when another process grants without looking; now where none does."""
    return max((mark.until for mark in others if mark.kind == "alone"), default=now)
