"""What every keeper of bytes does, and what the one on disk promises beside."""

import errno
import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kimi_docs.domain.ports import Blobs
from kimi_docs.errors import KimiDocsError, Misconfigured, NotFound
from storage.blobs import FolderBlobs
from storage.open import open_blobs
from tests.fakes import MemoryBlobs

WRONG_IDS = ["", "abc", "../../etc/passwd", "A" * 64, "g" * 64, "a" * 63, "a" * 65, "a" * 64 + "\n", "/" + "a" * 63]


@pytest.fixture(params=["memory", "folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "s3":
        return open_blobs(request.getfixturevalue("bucket"), tmp_path / "home")
    return MemoryBlobs() if request.param == "memory" else FolderBlobs(tmp_path / "blobs")


@pytest.fixture
def folder(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


def files(blobs: FolderBlobs) -> list[Path]:
    return [file for file in blobs.folder.rglob("*") if file.is_file()]


@pytest.mark.parametrize("content", [b"", b"abc", bytes(range(256)) * 5000])
def test_bytes_come_back_by_their_hash_and_twice_is_once(blobs: Blobs, content: bytes) -> None:
    id = blobs.put(content)
    assert id == blobs.put(content) == hashlib.sha256(content).hexdigest()
    assert blobs.get(id) == content == blobs.path(id).read_bytes()


def test_removed_bytes_are_gone_and_removing_them_again_is_fine(blobs: Blobs) -> None:
    id = blobs.put(b"abc")
    for _ in range(2):
        blobs.remove(id)
        with pytest.raises(NotFound):
            blobs.get(id)
        with pytest.raises(NotFound):
            blobs.path(id)


@pytest.mark.parametrize("id", WRONG_IDS)
def test_an_id_that_is_no_hash_is_not_found(blobs: Blobs, id: str) -> None:
    with pytest.raises(NotFound):
        blobs.get(id)
    with pytest.raises(NotFound):
        blobs.path(id)
    blobs.remove(id)


def test_files_are_for_their_owner_only_and_lie_in_folders_by_hash(folder: FolderBlobs) -> None:
    id = folder.put(b"abc")
    assert files(folder) == [folder.folder / id[:2] / id]
    assert stat.S_IMODE(folder.path(id).stat().st_mode) == 0o600
    assert {stat.S_IMODE(place.stat().st_mode) for place in (folder.folder, folder.folder / id[:2])} == {0o700}


def test_what_is_not_there_can_be_asked_at_once(folder: FolderBlobs) -> None:
    assert folder.absent([folder.put(b"abc"), "a" * 64, "../x"]) == {"a" * 64, "../x"}


def test_bytes_that_changed_on_the_disk_are_not_given_out_and_are_mended_by_putting_them_again(folder: FolderBlobs) -> None:
    id = folder.put(b"abc")
    for spoiled in (b"ab", b"abd"):
        folder.path(id).write_bytes(spoiled)
        with pytest.raises(NotFound, match="damaged"):
            folder.get(id)
        folder.put(b"abc")
        assert folder.get(id) == b"abc"


def test_a_full_disk_is_said_and_leaves_no_half_file(folder: FolderBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.put(b"before")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KimiDocsError, match="full"):
        folder.put(b"abc")
    assert len(files(folder)) == 1


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match="cannot be used"):
        FolderBlobs(tmp_path / "file" / "blobs").put(b"abc")


def test_the_same_bytes_put_by_many_at_once_are_one_file(folder: FolderBlobs) -> None:
    content = b"x" * 1_000_000
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: FolderBlobs(folder.folder).put(content), range(40)))
    assert ids == {hashlib.sha256(content).hexdigest()}
    assert len(files(folder)) == 1
