"""What two processes read together is what one reads alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from . import made

READ_TWICE = """
import sys
from pathlib import Path
from kimi_docs.extract import pdf, twin
pdf._WORTH = 0
alone = pdf.read(Path(sys.argv[1]), "id")
twin._started[:] = [True]
assert pdf.read(Path(sys.argv[1]), "id") == alone
print(len(alone.pages))
"""
SHARE = """
from kimi_docs.extract import twin

def theirs(count):
    return list(twin.shared(range(count - 1, -1, -1)))

twin._started[:] = [True]
for count in (1000, 3, 0, 500):
    copy = twin.Twin(theirs, count, pieces=count)
    mine = []
    for piece in range(count):
        if not copy.share():
            break
        mine.append(piece)
    assert sorted(mine + copy.result()) == list(range(count)), count
"""
AGAIN = """
import os
from kimi_docs.extract import twin

def work(how):
    if how == "dies":
        os._exit(9)
    return how, os.getpid()

twin._started[:] = [True]
found = [twin.Twin(work, how, pieces=0).result() for how in ("a", "b", "dies", "c")]
names, processes = zip(*(one or ("", 0) for one in found))
assert names == ("a", "b", "", "c"), names
assert processes[0] == processes[1] != processes[3] != 0, processes
"""
UNTOLD = """
import time
from kimi_docs.extract import twin

class Untold:
    def __reduce__(self):
        raise MemoryError

def theirs(count):
    found = []
    for piece in twin.shared(range(count - 1, -1, -1)):
        time.sleep(0.001)
        found.append(piece)
    return found

twin._started[:] = [True]
try:
    twin.Twin(theirs, Untold(), pieces=50)
except MemoryError:
    pass
copy = twin.Twin(theirs, 100, pieces=100)
mine = []
for piece in range(100):
    if not copy.share():
        break
    time.sleep(0.001)
    mine.append(piece)
assert sorted(mine + copy.result()) == list(range(100)), mine
"""
UNWAITED = """
import os, signal
from kimi_docs.extract import twin

def work(code):
    os._exit(code)

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
twin._started[:] = [True]
assert twin.Twin(work, 9, pieces=0).result() is None
"""
PAGE_LEFT = """
import os, signal, sys
from pathlib import Path
from kimi_docs.errors import TooLarge
from kimi_docs.extract import build, pdf, progress

os.chdir(sys.argv[1])
progress.start()
build.MAX_CHARACTERS = 20
try:
    pdf.draft(Path("a.pdf"), "id")
except TooLarge:
    print(signal.getitimer(signal.ITIMER_PROF), progress.last(Path()))
"""


@pytest.mark.parametrize("pages", [5, 6, 13, 40])
def test_two_processes_give_what_one_gives(tmp_path: Path, pages: int) -> None:
    path = tmp_path / "a.pdf"
    texts = [made.lines("Report of the year", f"Page {n} says {n * n}.", f"{n}") for n in range(1, pages + 1)]
    path.write_bytes(made.pdf(texts))
    done = subprocess.run([sys.executable, "-c", READ_TWICE, str(path)], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == (str(pages), "")


def test_a_page_of_a_file_that_was_refused_costs_the_next_one_no_time(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(made.pdf([made.lines("Report of the year", "What it says.")] * 3))
    done = subprocess.run([sys.executable, "-c", PAGE_LEFT, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("(0.0, 0.0) None", "")


@pytest.mark.parametrize(
    "code",
    [SHARE, AGAIN, UNTOLD, UNWAITED],
    ids=[
        "each piece is taken once",
        "it stays, and another comes for one that died",
        "of an order that failed nothing is left",
        "nobody need wait for children",
    ],
)
def test_work_is_shared_with_a_copy(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
