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
alone = pdf.read(Path(sys.argv[1]), "id")
twin._started[:] = [True]
assert pdf.read(Path(sys.argv[1]), "id") == alone
print(len(alone.pages))
"""
SHARE = """
import os
from kimi_docs.extract import twin
twin._started[:] = [True]
shares = twin.Shares(1000)
copy = twin.Twin(lambda: list(shares.of(range(999, -1, -1))))
mine = list(shares.of(range(1000)))
assert sorted(mine + copy.result()) == list(range(1000))
shares.close()
"""


@pytest.mark.parametrize("pages", [5, 6, 13, 40])
def test_two_processes_give_what_one_gives(tmp_path: Path, pages: int) -> None:
    path = tmp_path / "a.pdf"
    texts = [made.lines("Report of the year", f"Page {n} says {n * n}.", f"{n}") for n in range(1, pages + 1)]
    path.write_bytes(made.pdf(texts))
    done = subprocess.run([sys.executable, "-c", READ_TWICE, str(path)], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == (str(pages), "")


def test_each_piece_is_taken_once() -> None:
    done = subprocess.run([sys.executable, "-c", SHARE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
