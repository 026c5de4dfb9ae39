"""A named point → this process killed there, where FAULT_AT=name:n says so (the n-th time). Else it does nothing.

For the tests that ask what a kill leaves behind: there is a point before and after every side effect.
"""

import os
import signal
from collections import Counter

POINTS = (
    "blob_saving",
    "blob_saved",
    "batch_saving",
    "batch_saved",
    "remote_sending",
    "remote_sent",
    "remote_deleting",
    "remote_deleted",
    "extraction_saving",
    "extraction_saved",
    "call_recording",
    "call_sending",
    "answer_received",
    "answer_stored",
    "summary_saving",
    "summary_saved",
    "run_ended",
    "cells_saving",
    "cells_saved",
    "export_renaming",
    "export_renamed",
)

_passed: Counter[str] = Counter()


def point(name: str) -> None:
    """Pass the point of that name."""
    wanted = os.environ.get("FAULT_AT")
    if not wanted:
        return
    at, _, number = wanted.partition(":")
    _passed[name] += 1
    if at == name and _passed[name] == int(number or 1):
        os.kill(os.getpid(), signal.SIGKILL)
