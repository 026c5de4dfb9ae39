"""A folder that is watched: what is there, what is added, what is still being written; and the command that stays."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from kimi_docs.cli.watching import changes
from tests.conftest import eventually
from tests.test_batch import notes
from tests.test_cli import run


class Done(Exception):
    pass


def watched(folder: Path, *steps: object) -> list[int]:
    """At which look something was told; before each look one of the steps is carried out."""
    told: list[int] = []
    left = list(steps)

    def sleep(_seconds: float) -> None:
        if not left:
            raise Done
        step = left.pop(0)
        if callable(step):
            step()

    with contextlib.suppress(Done):
        for _ in changes([folder], sleep):
            told.append(len(steps) - len(left))
    return told


def test_what_is_there_is_told_at_once_and_what_is_added_when_it_stands_still(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")

    def add() -> None:
        (tmp_path / "b.txt").write_text("tw")

    def grow() -> None:
        (tmp_path / "b.txt").write_text("two and more")

    assert watched(tmp_path, None, add, grow, None, None) == [0, 4]


def test_an_empty_folder_and_hidden_files_tell_nothing(tmp_path: Path) -> None:
    assert watched(tmp_path, None, lambda: (tmp_path / ".part").write_text("x"), None) == []


def test_a_folder_that_goes_away_for_a_while_is_waited_for(home: Path, tmp_path: Path) -> None:
    here, away, out = notes(tmp_path / "here", 1), notes(tmp_path / "away", 1), tmp_path / "out.json"
    command = [sys.executable, "-m", "kimi_docs", "batch", str(here), str(away), "--watch", "--export", str(out)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stderr
        try:
            eventually(out.exists, seconds=60)
            away.rename(tmp_path / "gone")
            assert any("There is no file" in line for line in process.stderr)
            (tmp_path / "gone").rename(away)
            (away / "later.md").write_text("# Later\n\nThe river rose by 90 centimetres in the last night of all.\n")
            eventually(lambda: "90 centimetres" in out.read_text(encoding="utf-8"), seconds=60)
            assert process.poll() is None
        finally:
            os.killpg(process.pid, signal.SIGINT)


def test_the_command_stays_and_takes_in_what_is_added(home: Path, tmp_path: Path) -> None:
    folder, out = notes(tmp_path / "notes", 1), tmp_path / "out.md"
    command = [sys.executable, "-m", "kimi_docs", "batch", str(folder), "--watch", "--export", str(out)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            eventually(out.exists, seconds=60)
            (folder / "later.md").write_text("# Later\n\nThe river rose by 90 centimetres in the last night of all.\n")
            eventually(lambda: "90 centimetres" in out.read_text(), seconds=60)
            os.kill(process.pid, signal.SIGINT)
            assert process.wait(20) == 130
        finally:
            process.kill()


def test_it_goes_with_files_alone(home: Path, tmp_path: Path) -> None:
    assert run("batch", notes(tmp_path / "notes", 1), "--watch", "--json").returncode == 2
