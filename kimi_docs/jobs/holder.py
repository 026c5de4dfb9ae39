"""Who carries a run out: a process of a machine, and whether it is gone."""

import os
import socket


def me() -> str:
    """The name of this process."""
    return f"{socket.gethostname()}/{os.getpid()}"


def gone(holder: str) -> bool:
    """It was a process of this machine and is no more. Of others nothing is known here: they show that they are alive."""
    host, _, pid = holder.rpartition("/")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
