"""Screen and worker as one: started together, ended together, started again when one dies."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import Served, served
from tests.conftest import eventually

__all__ = ["served"]

pytestmark = pytest.mark.skipif(not Path("/proc").exists(), reason="looks processes up in /proc")


def children(parent: int) -> dict[str, int]:
    """Name → process id of the parts a supervisor started."""
    found = {}
    for command, pid in commands(parent):
        name = next((word for word in ("streamlit", "worker") if word in command), "")
        if name:
            found[name] = pid
    return found


def commands(parent: int) -> Iterator[tuple[list[str], int]]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            command = (folder / "cmdline").read_text().split("\0")
        except (OSError, IndexError):
            continue
        if int(status[1]) == parent and status[0] != "Z":
            yield command, int(folder.name)


def gone(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def parts(one: Served) -> dict[str, int]:
    assert one.process
    found = children(one.process.pid)
    return found if len(found) == 2 else {}


def test_a_part_that_is_killed_is_started_again(served: Served) -> None:
    served.start()
    for name in ("worker", "streamlit"):
        before = eventually(lambda: parts(served))
        assert isinstance(before, dict)
        os.kill(before[name], signal.SIGKILL)
        after = eventually(lambda name=name, before=before: (now := parts(served)) and now[name] != before[name] and now)
        assert isinstance(after, dict)
        assert {key: pid for key, pid in after.items() if key != name} == {key: pid for key, pid in before.items() if key != name}
    eventually(served._answers)


def test_both_end_with_the_supervisor_within_ten_seconds(served: Served) -> None:
    served.start()
    assert served.process
    running = eventually(lambda: parts(served))
    assert isinstance(running, dict)
    started = time.monotonic()
    served.process.terminate()
    assert served.process.wait(12) == 0
    assert time.monotonic() - started < 11
    assert all(gone(pid) for pid in running.values())


def test_nothing_is_left_behind_by_a_supervisor_that_is_killed(served: Served) -> None:
    served.start()
    assert served.process
    running = eventually(lambda: parts(served))
    assert isinstance(running, dict)
    served.process.kill()
    served.process.wait()
    eventually(lambda: all(gone(pid) for pid in running.values()))
    served.start()
    eventually(lambda: parts(served))


def test_health_and_readiness_answer_and_nothing_is_framed(served: Served) -> None:
    import urllib.request

    served.start()
    for path in ("/healthz", "/readyz", "/", "/library"):
        with urllib.request.urlopen(f"{served.url}{path}") as answer:
            policy = answer.headers["content-security-policy"]
            assert answer.status == 200
            assert "img-src 'self' data: blob:" in policy
            assert "frame-ancestors 'none'" in policy
