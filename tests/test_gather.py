"""Whatever is in a folder or an archive, each file comes as itself or as its error, and the others come too."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kimi_docs.errors import Damaged
from kimi_docs.gather import gather, unpacked
from tests.conftest import CORPUS

MOST = 10_000_000


def zipped(**entries: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in entries.items():
            written.writestr(name, content)
    return target.getvalue()


@pytest.mark.parametrize("name", ["a.xlsx", "a.zip", "a.pptx", "a"])
def test_a_damaged_archive_holds_up_none_of_the_others(tmp_path: Path, name: str) -> None:
    whole = zipped(**{"[Content_Types].xml": b"<Types/>" * 100, "xl/workbook.xml": b"<workbook/>" * 100})
    (tmp_path / name).write_bytes(whole[: len(whole) - 30])
    (tmp_path / "b.txt").write_text("All is well.")
    found = {file.name: file for file in gather([tmp_path], max_bytes=MOST)}
    assert found["b.txt"].content == b"All is well."
    assert isinstance(found[name].problem, Damaged)


def forbid(monkeypatch: pytest.MonkeyPatch, method: str, name: str) -> None:
    """A file of that name refuses it, as one of somebody else's does."""
    real = getattr(Path, method)

    def denied(path: Path, *rest: Any, **options: Any) -> Any:
        if path.name == name:
            raise PermissionError(13, "Permission denied")
        return real(path, *rest, **options)

    monkeypatch.setattr(Path, method, denied)


def test_a_file_that_cannot_be_opened_comes_as_its_problem_and_the_others_come_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text("All is well.")
    forbid(monkeypatch, "open", "b.txt")
    found = {file.name: file for file in gather([tmp_path], max_bytes=MOST)}
    assert found["a.txt"].content == found["c.txt"].content == b"All is well."
    problem = found["b.txt"].problem
    assert problem
    assert (problem.code, problem.exit_code) == ("unreadable", 65)


def test_a_path_the_system_tells_nothing_of_is_a_file_that_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = tmp_path / ("x" * 300)
    (tmp_path / "a.txt").write_text("All is well.")
    found = list(gather([hidden, tmp_path], max_bytes=MOST))
    assert [file.problem and file.problem.code for file in found] == ["unreadable", None]
    (tmp_path / "b.txt").write_text("All is well.")
    forbid(monkeypatch, "is_file", "b.txt")
    assert [file.name for file in gather([tmp_path], max_bytes=MOST)] == ["a.txt", "b.txt"]


@example(b"\x01", 65, "a.zip")
@given(st.binary(max_size=200), st.integers(0, 300), st.sampled_from(["a.zip", "a.docx", "a.xlsx", "a.txt", ""]))
def test_no_bytes_bring_it_down(junk: bytes, place: int, name: str) -> None:
    whole = zipped(a=b"one", b=b"two" * 50)
    for content in (b"PK\x03\x04" + junk, whole[:place] + junk + whole[place + len(junk) :]):
        for file in unpacked(name, content, max_bytes=MOST):
            assert file.problem is None or not file.content


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not here")
def test_every_hostile_file_comes_as_itself_or_as_its_error() -> None:
    paths = [path for path in (CORPUS / "hostile").rglob("*") if path.is_file()]
    assert sum(1 for _ in gather(paths, max_bytes=MOST)) >= len(paths) > 200
