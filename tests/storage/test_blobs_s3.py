"""Blobs in a bucket: what the store and the network may do to them, and the copies on this machine."""

import hashlib
import logging
import os
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from kimi_docs.domain.ports import Blobs
from kimi_docs.errors import KimiDocsError, Misconfigured, NotFound, Unreachable
from kimi_docs.faults import POINTS
from storage.open import open_blobs
from tests.s3 import S3Server
from tests.storage.test_blobs import WRONG_IDS
from tests.test_cli import PAPER, as_json, run

CONTENT = bytes(range(256)) * 4000
ID = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def blobs(bucket: str, home: Path) -> Any:
    return open_blobs(bucket, home)


@pytest.fixture
def other(bucket: str, tmp_path: Path) -> Any:
    """The same bucket on another machine."""
    return open_blobs(bucket, tmp_path / "other")


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for long; the pauses between tries are short."""
    monkeypatch.setattr("storage.blobs_s3.READ_SECONDS", 0.3)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda _self, _context: 0.01)


def at(bucket: str) -> str:
    return urlsplit(bucket).netloc


def copies(home: Path) -> list[Path]:
    return sorted(home.glob("copies/*")) + sorted(home.glob("copies/.*"))


def test_the_objects_lie_below_the_prefix_as_files_do_in_a_folder(s3: S3Server, blobs: Blobs, bucket: str) -> None:
    blobs.put(CONTENT)
    assert s3.objects(at(bucket)) == {f"team/docs/{ID[:2]}/{ID}": CONTENT}
    blobs.remove(ID)
    assert s3.objects(at(bucket)) == {}


def test_what_is_there_is_not_sent_again_and_a_copy_is_not_fetched_again(s3: S3Server, blobs: Blobs, other: Blobs) -> None:
    for each in (blobs, other, blobs):
        each.put(CONTENT)
    assert s3.calls["PUT"] == 1
    for _ in range(3):
        assert blobs.get(ID) == other.get(ID) == CONTENT
    assert s3.calls["GET"] == 1  # by the machine that did not send it


def test_copies_are_for_their_owner_only_and_go_with_the_document(blobs: Blobs, home: Path) -> None:
    file = blobs.path(blobs.put(CONTENT))
    assert copies(home) == [file]
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) == (0o600, 0o700)
    blobs.remove(ID)
    assert copies(home) == []


def test_what_is_not_there_is_told_without_fetching(s3: S3Server, blobs: Any) -> None:
    ids = [blobs.put(str(number).encode()) for number in range(3)]
    assert blobs.absent([*ids, ID, "../x"]) == {ID, "../x"}
    assert s3.calls["GET"] == 1


def test_what_is_no_id_is_never_asked_for(s3: S3Server, blobs: Blobs) -> None:
    for id in WRONG_IDS:
        for verb in (blobs.get, blobs.path):
            with pytest.raises(NotFound):
                verb(id)
        blobs.remove(id)
    assert not s3.calls


@pytest.mark.parametrize(
    "url", ["s3://", "s3:///x", "s3://A/x", "s3://key:geheim@bucket/x", "s3://bucket:1/x", "s3://bucket/../x", "s3://bucket/a//b",
            "s3://bucket/a?x=1", "s3://bucket/a#x", "s3://bucket/a\x7f"],
)  # fmt: skip
def test_an_address_that_is_none_is_said_without_repeating_it(s3: S3Server, home: Path, url: str) -> None:
    with pytest.raises(Misconfigured, match="KIMI_DOCS_BLOBS_URL") as caught:
        open_blobs(url, home)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("prefix", ["", "/", "/团队 文档/100 %&+"])
def test_any_prefix_or_none_is_fine(s3: S3Server, home: Path, prefix: str) -> None:
    blobs: Any = open_blobs(f"s3://{s3.bucket()}{prefix}", home)
    blobs.put(CONTENT)
    assert blobs.absent([ID]) == set()


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("https://s3.oss-cn-hangzhou.aliyuncs.com", "https://bucket.s3.oss-cn-hangzhou.aliyuncs.com/x/"),
        ("https://cos.ap-beijing.myqcloud.com", "https://bucket.cos.ap-beijing.myqcloud.com/x/"),
        ("http://minio:9000", "http://minio:9000/bucket/x/"),
    ],
)
def test_the_bucket_is_named_where_the_store_wants_it(
    s3: S3Server, home: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str, address: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    blobs: Any = open_blobs("s3://bucket/x", home)
    assert blobs._client.generate_presigned_url("get_object", Params=blobs._at(ID)).startswith(address)


def test_without_the_package_it_is_said_what_to_install(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "storage.blobs_s3", None)
    with pytest.raises(Misconfigured, match=r"kimi-docs\[s3\]"):
        open_blobs("s3://bucket/x", home)


def test_nothing_of_it_is_loaded_where_a_folder_is_used(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from storage.open import open_storage\n"
        "open_storage(database_url='', blobs_url='', home=pathlib.Path(sys.argv[1])).close(); assert 'botocore' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("denied", "refuses the key"),
        ("wrong key", "refuses the key"),
        ("wrong signature", "refuses the key"),
        ("expired", "refuses the key"),
        ("elsewhere", "AuthorizationHeaderMalformed.*AWS_REGION"),
    ],
)
def test_a_refusal_is_said_at_once_and_without_secrets(s3: S3Server, blobs: Blobs, fault: str, words: str) -> None:
    for verb in (lambda: blobs.get(ID), lambda: blobs.remove(ID)):
        s3.reset()
        s3.fail(fault)
        with pytest.raises(Misconfigured, match=words) as caught:
            verb()
        assert not isinstance(caught.value, Unreachable)
        assert "geheim" not in repr(caught.value) + str(caught.value.__cause__)
        assert s3.calls.total() == 1


def test_putting_where_one_may_not_says_so(s3: S3Server, blobs: Blobs) -> None:
    s3.fail("denied")
    with pytest.raises(Misconfigured, match="refuses the key"):
        blobs.put(CONTENT)


def test_a_bucket_that_is_not_there_is_said(s3: S3Server, home: Path) -> None:
    blobs = open_blobs("s3://nowhere/x", home)
    for verb in (lambda: blobs.put(CONTENT), lambda: blobs.get(ID)):
        with pytest.raises(Misconfigured, match="no bucket"):
            verb()


def test_without_a_key_it_is_said_which_settings_lack(
    s3: S3Server, bucket: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(Misconfigured, match=r"AWS_… variables"):  # half of a key
        open_blobs(bucket, home)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(Misconfigured, match="AWS_SECRET_ACCESS_KEY"):
        open_blobs(bucket, home).put(CONTENT)


@pytest.mark.parametrize("endpoint", ["no address", "http://me:geheim@"])
def test_an_endpoint_that_is_none_is_said_without_repeating_it(
    s3: S3Server, bucket: str, home: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    with pytest.raises(Misconfigured, match="settings of the S3 store") as caught:
        open_blobs(bucket, home)
    assert "geheim" not in str(caught.value)


def test_a_store_that_is_not_there_is_waited_for_by_its_callers(
    hasty: None, s3: S3Server, bucket: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://me:geheim@127.0.0.1:1")
    blobs = open_blobs(bucket, home)
    for verb in (lambda: blobs.put(CONTENT), lambda: blobs.path(ID), lambda: blobs.remove(ID)):
        with pytest.raises(Unreachable, match=r"at 127.0.0.1:1 cannot be reached") as caught:
            verb()
        assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("fault", ["slow down", "broken", "reset", "hung"])
def test_a_store_that_stumbles_is_asked_again_and_not_for_ever(hasty: None, s3: S3Server, blobs: Blobs, fault: str) -> None:
    s3.fail(fault, fault)
    assert blobs.put(CONTENT) == ID
    assert blobs.get(ID) == CONTENT
    blobs.remove(ID)
    s3.reset()
    s3.fail(*[fault] * 10)
    start = time.monotonic()
    with pytest.raises(Unreachable):
        blobs.path(ID)
    assert (s3.calls.total(), time.monotonic() - start < 5) == (3, True)


def test_an_upload_that_breaks_off_leaves_nothing(hasty: None, s3: S3Server, blobs: Blobs, bucket: str, home: Path) -> None:
    s3.fail("", *["reset"] * 3)  # the question whether it is there is answered
    with pytest.raises(Unreachable):
        blobs.put(CONTENT)
    assert s3.objects(at(bucket)) == {}
    assert copies(home) == []


@pytest.mark.parametrize("fault", ["cut", "wrong"])
def test_a_download_that_goes_wrong_is_made_anew_once(s3: S3Server, blobs: Blobs, other: Blobs, tmp_path: Path, fault: str) -> None:
    blobs.put(CONTENT)
    s3.fail(fault)
    assert other.get(ID) == CONTENT
    other.remove(ID)
    blobs.put(CONTENT)
    s3.fail(fault, fault)
    with pytest.raises(KimiDocsError, match="cannot be reached" if fault == "cut" else "damaged in the store"):
        other.path(ID)
    assert copies(tmp_path / "other") == []


def test_an_object_somebody_changed_is_never_given_out(s3: S3Server, blobs: Blobs, other: Blobs, bucket: str) -> None:
    blobs.put(CONTENT)
    s3.change(at(bucket), f"team/docs/{ID[:2]}/{ID}", CONTENT[:-1])
    with pytest.raises(NotFound, match="damaged"):
        other.get(ID)
    blobs.put(CONTENT)
    assert other.get(ID) == CONTENT


def test_a_page_of_some_other_server_is_no_list(s3: S3Server, blobs: Any) -> None:
    s3.fail(*["no store"] * 5)
    with pytest.raises(Unreachable):
        blobs.absent([ID])


def test_a_copy_that_was_damaged_is_fetched_anew(s3: S3Server, blobs: Blobs, home: Path) -> None:
    file = blobs.path(blobs.put(CONTENT))
    file.write_bytes(CONTENT[::-1])
    assert blobs.path(ID).read_bytes() == CONTENT
    assert s3.calls["GET"] == 1
    assert copies(home) == [file]


def test_a_copy_serves_while_the_store_is_away(s3: S3Server, blobs: Blobs) -> None:
    blobs.put(CONTENT)
    s3.fail(*["broken"] * 10)
    assert blobs.get(ID) == CONTENT


def test_a_full_disk_is_said_when_fetching_and_is_no_matter_when_sending(
    blobs: Blobs, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "copies").mkdir(parents=True)

    def full(**_options: object) -> Any:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("storage.blobs_s3.tempfile.mkstemp", full)
    assert blobs.put(CONTENT) == ID
    with pytest.raises(KimiDocsError, match="full"):
        blobs.path(ID)


def test_copies_make_room_but_not_those_in_use(blobs: Blobs, bucket: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ages = {"in use": 60, "an hour ago": 3700, "a day ago": 90_000, "in between": 50_000}
    ids = {name: blobs.put(name.ljust(100).encode()) for name in ages}
    monkeypatch.setattr("storage.blobs_s3.COPIES_BYTES", 250)
    part = home / "copies" / ".left.part"
    part.touch()
    for name, seconds in ages.items():
        os.utime(home / "copies" / ids[name], (0, time.time() - seconds))
    os.utime(part, (0, time.time() - 7200))
    again = open_blobs(bucket, home)
    again.put(b"new")
    assert {file.name for file in copies(home)} == {ids["in use"], ids["an hour ago"], hashlib.sha256(b"new").hexdigest()}
    assert again.get(ids["a day ago"]).strip() == b"a day ago"


def test_many_that_are_put_at_once_do_not_fill_the_disk(
    s3: S3Server, blobs: Blobs, bucket: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.blobs_s3.COPIES_BYTES", 250)
    ids = [blobs.put(f"{number}".ljust(100).encode()) for number in range(10)]
    assert sum(file.stat().st_size for file in copies(home)) == 300
    assert len(s3.objects(at(bucket))) == 10
    assert [blobs.get(id).strip() for id in ids] == [str(number).encode() for number in range(10)]


def test_copies_nobody_asked_for_in_a_week_go(blobs: Blobs, bucket: str, home: Path) -> None:
    old, new = blobs.put(b"old"), blobs.put(b"new")
    os.utime(home / "copies" / old, (0, time.time() - 8 * 86_400))
    open_blobs(bucket, home).get(new)
    assert [file.name for file in copies(home)] == [new]


def test_many_threads_ask_for_the_same_and_for_others(s3: S3Server, blobs: Blobs, other: Blobs, tmp_path: Path) -> None:
    ids = [blobs.put(CONTENT[:1000] + bytes([number])) for number in range(5)] * 8
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda id: hashlib.sha256(other.path(id).read_bytes()).hexdigest(), ids))
    assert found == ids
    assert len(copies(tmp_path / "other")) == 5


def test_two_processes_ask_for_the_same_at_once(s3: S3Server, blobs: Blobs, bucket: str, tmp_path: Path) -> None:
    ids = [blobs.put(CONTENT + bytes([number])) for number in range(5)]
    code = (
        "import sys, pathlib, hashlib; from storage.open import open_blobs\n"
        "blobs = open_blobs(sys.argv[1], pathlib.Path(sys.argv[2]))\n"
        "for id in sys.argv[3:] * 3: assert hashlib.sha256(blobs.path(id).read_bytes()).hexdigest() == id"
    )
    command = [sys.executable, "-c", code, bucket, str(tmp_path / "other"), *ids]
    for process in [subprocess.Popen(command) for _ in range(2)]:
        assert process.wait(30) == 0
    assert [file.name for file in copies(tmp_path / "other")] == sorted(ids)


def test_nothing_that_is_logged_has_a_secret(s3: S3Server, bucket: str, home: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        blobs = open_blobs(bucket, home)
        blobs.get(blobs.put(CONTENT))
    assert "geheim" not in caplog.text + repr(blobs)
    assert "Signature=" not in caplog.text


def test_a_document_is_added_and_summarized_though_every_step_was_killed_once(
    s3: S3Server, bucket: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIMI_DOCS_BLOBS_URL", bucket)
    monkeypatch.setenv("KIMI_DOCS_ENGINE", "local")
    for point in POINTS[:2]:
        assert run("summarize", PAPER, FAULT_AT=f"{point}:1").returncode == -9
    summary = as_json("summarize", PAPER)
    assert summary["state"] == "done"
    kept = s3.objects(at(bucket))
    assert {key.rpartition("/")[2] for key in kept} == {hashlib.sha256(each).hexdigest() for each in kept.values()}
    assert len(kept) == 2  # the document and what was read in it
    assert not (home / "blobs").exists()


def test_the_doctor_names_a_store_that_refuses(s3: S3Server, bucket: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kimi_docs.__main__ import _open_desk
    from kimi_docs.doctor import examine

    monkeypatch.setenv("KIMI_DOCS_BLOBS_URL", bucket)
    found = {check.name: check for check in examine(_open_desk)}
    assert found["files"].ok
    assert bucket in found["files"].message.text()
    assert s3.objects(at(bucket)) == {}
    s3.fail("", "denied")
    found = {check.name: check for check in examine(_open_desk)}
    assert not found["files"].ok
    assert "refuses the key" in found["files"].message.text()
