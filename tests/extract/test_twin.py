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


@pytest.mark.parametrize("pages", [5, 6, 13, 40])
def test_two_processes_give_what_one_gives(tmp_path: Path, pages: int) -> None:
    path = tmp_path / "a.pdf"
    texts = [made.lines("Report of the year", f"Page {n} says {n * n}.", f"{n}") for n in range(1, pages + 1)]
    path.write_bytes(made.pdf(texts))
    done = subprocess.run([sys.executable, "-c", READ_TWICE, str(path)], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == (str(pages), "")


@pytest.mark.parametrize("code", [SHARE, AGAIN], ids=["each piece is taken once", "it stays, and another comes for one that died"])
def test_work_is_shared_with_a_copy(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
