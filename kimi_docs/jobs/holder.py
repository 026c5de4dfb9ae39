"""Who carries a run out: a process of a machine, each time under a name of its own; and whether it is gone.

A process that was asleep while its run was taken over wakes to find another name there, and writes nothing any more.
"""

from datetime import UTC, datetime, timedelta

from kimi_docs.domain.runs import Run, RunState
from kimi_docs.kimi.members import gone_from_here, new_member

ALIVE = timedelta(seconds=12)
"""A run that somebody carries out shows so every five seconds."""

new_holder = new_member


def held_elsewhere(run: Run) -> bool:
    """Somebody is at it."""
    fresh = run.updated_at is not None and datetime.now(UTC) - run.updated_at < ALIVE
    return run.state is RunState.RUNNING and fresh and not gone(run.holder)


def gone(holder: str) -> bool:
    """It was a process of this machine and is no more. Of others nothing is known here: they show that they are alive."""
    if not holder:
        return True
    return gone_from_here(holder)
