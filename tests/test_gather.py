"""Whatever is in a folder or an archive, each file comes as itself or as its error, and the others come too."""

import io
import zipfile
from pathlib import Path

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
