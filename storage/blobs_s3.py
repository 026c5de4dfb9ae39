"""Bytes → an object of an S3 bucket, named by their SHA-256 → bytes, by way of copies on this machine.

Needs the extra `s3`. Endpoint, region and key come from where AWS's own tools take them: the environment, `~/.aws`, the machine.
"""

import base64
import hashlib
import logging
import os
import re
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import botocore.session  # type: ignore[import-untyped]
from botocore import exceptions
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]
from urllib3.exceptions import HTTPError

from kimi_docs import faults
from kimi_docs.errors import KimiDocsError, Misconfigured, NotFound, Unreachable
from kimi_docs.language import say
from storage.blobs import missing, place_of
from storage.engine import private_folder
from storage.failures import disk_failure

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
TRIES = 3
CONNECTIONS = 32
"""Of one process: as many as a screen has threads for its readers, and some."""
CHUNK_BYTES = 1024 * 1024
COPIES_BYTES = 10 * 1024**3
"""What the copies on this machine may take."""
HOUR_SECONDS = 3600.0
WEEK_SECONDS = 7 * 24 * HOUR_SECONDS
TIDY_EVERY_SECONDS = 600.0

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_BUCKET_IN_HOST = (".aliyuncs.com", ".myqcloud.com")
"""Stores that take the name of a bucket as a part of the host's name only; others of one's own often do not."""
_NO_KEY = (exceptions.NoCredentialsError, exceptions.PartialCredentialsError, exceptions.CredentialRetrievalError)
_AWAY = (
    exceptions.HTTPClientError,
    exceptions.ConnectionError,
    exceptions.IncompleteReadError,
    ResponseParserError,  # what answers is no store
    HTTPError,
)
_REFUSED = ("ExpiredToken", "InvalidToken", "TokenRefreshRequired")
_LATER = ("RequestTimeout", "SlowDown", "Throttling")
log = logging.getLogger(__name__)


def open_bucket(address: SplitResult, home: Path) -> "S3Blobs":
    """The blobs at `s3://bucket/prefix`, their copies in the home. Nothing is asked of the store yet.

    Raises: Misconfigured.
    """
    bucket, folders = address.netloc, address.path.strip("/").split("/")
    named = _BUCKET.fullmatch(bucket) and not (address.query or address.fragment)
    if not named or (folders != [""] and not all(map(_is_folder, folders))):
        raise Misconfigured(
            say("KIMI_DOCS_BLOBS_URL is no bucket and prefix this program understands."),
            say("Write s3://bucket/prefix; the key and the endpoint are set as for AWS's own tools, by AWS_… variables."),
        )
    return S3Blobs(_client(), bucket, "".join(f"{folder}/" for folder in folders if folder), Copies(home / "copies"))


def _is_folder(name: str) -> bool:
    return name not in ("", ".", "..") and name.isprintable()


def _client() -> Any:
    """What speaks to the store; safe for several threads. Raises: Misconfigured."""
    try:
        client = _made()
        host = urlsplit(client.meta.endpoint_url).hostname or ""
        return _made(s3={"addressing_style": "virtual"}) if host.endswith(_BUCKET_IN_HOST) else client
    except (exceptions.BotoCoreError, ValueError) as error:
        raise _wrong_settings(error) from None


def _wrong_settings(error: Exception) -> Misconfigured:
    """Without the error's own words, which may have a key in them."""
    return Misconfigured(
        say("The settings of the S3 store cannot work: {kind}.", kind=type(error).__name__),
        say("Check the AWS_… variables and ~/.aws/config."),
    )


def _made(**options: Any) -> Any:
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": TRIES},
        max_pool_connections=CONNECTIONS,
        request_checksum_calculation="when_required",  # the newer checksums are not understood by all stores
        response_checksum_validation="when_required",
        **options,
    )
    logging.getLogger("botocore").setLevel(logging.WARNING)  # more than that would have headers and keys in it
    return botocore.session.get_session().create_client("s3", region_name=os.environ.get("AWS_REGION"), config=config)


class S3Blobs:
    """Fits `Blobs`: the bytes lie at `prefix/ab/abcdef…`, as in a folder, so that either can be copied to the other.

    An object is there whole or not at all. Who needs a file gets a copy on this machine.
    """

    def __init__(self, client: Any, bucket: str, prefix: str, copies: "Copies") -> None:
        self._client, self._bucket, self._prefix, self._copies = client, bucket, prefix, copies

    def put(self, content: bytes) -> str:
        """Raises: Misconfigured, Unreachable."""
        id = hashlib.sha256(content).hexdigest()
        with self._worded(id):
            if self._size(id) != len(content):
                faults.point("blob_saving")
                digest = hashlib.md5(content, usedforsecurity=False).digest()  # the store refuses what arrived changed
                self._client.put_object(**self._at(id), Body=BytesIO(content), ContentMD5=base64.b64encode(digest).decode())
                faults.point("blob_saved")
                with suppress(KimiDocsError):  # a full disk here is no reason to refuse what is kept there
                    if self._copies.bytes < COPIES_BYTES:  # of many that are put at once none could go before an hour is over
                        self._copies.keep(id, [content])
        return id

    def get(self, id: str) -> bytes:
        """Raises: NotFound, Misconfigured, Unreachable, KimiDocsError (disk full)."""
        try:
            return self.path(id).read_bytes()
        except FileNotFoundError as error:  # removed since
            raise missing(id) from error

    def path(self, id: str) -> Path:
        """Raises: NotFound (also for bytes that are not those that were kept), Misconfigured, Unreachable, KimiDocsError."""
        place_of(id)
        return self._copies.find(id) or self._fetched(id)

    def remove(self, id: str) -> None:
        """Remove it from the store and from this machine; copies on other machines go within a week.

        Raises: Misconfigured, Unreachable.
        """
        try:
            at = self._at(id)
        except NotFound:
            return
        with suppress(NotFound), self._worded(id):
            self._client.delete_object(**at)
        self._copies.drop(id)

    def absent(self, ids: Collection[str]) -> set[str]:
        """Those of the ids whose bytes are not in the store. Nothing is fetched. Raises: Misconfigured, Unreachable."""
        with self._worded(""):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            there = {entry["Key"].removeprefix(self._prefix) for page in pages for entry in page.get("Contents", ())}
        return {id for id in ids if f"{id[:2]}/{id}" not in there}

    def _at(self, id: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + place_of(id)}

    def _size(self, id: str) -> int | None:
        try:
            return int(self._client.head_object(**self._at(id))["ContentLength"])
        except exceptions.ClientError as error:
            if _status(error) == 404:  # of the object or of the bucket: the answer has no words
                return None
            raise

    def _fetched(self, id: str) -> Path:
        """A copy made now. One that was cut on the way or is not what it should be is made anew once."""
        for last in (False, True):
            with self._worded(id):
                body = self._client.get_object(**self._at(id))["Body"]
            try:
                with self._worded(id), closing(body):
                    found = self._copies.keep(id, body.iter_chunks(CHUNK_BYTES))
            except Unreachable:
                if last:
                    raise
                continue
            if found:
                return found
            log.warning("the store gave other bytes for %s than were kept", id[:12])
        raise NotFound(
            say("The file {id} is damaged in the store {store}.", id=id[:12], store=self._name),
            say("Remove that object from the store, then add the document again."),
        )

    @property
    def _name(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    @contextmanager
    def _worded(self, id: str) -> Iterator[None]:
        """What goes wrong with the store inside, said in words. Raises: NotFound, Misconfigured, Unreachable."""
        try:
            yield
        except exceptions.ClientError as error:
            raise self._answered(error, id) from error
        except _NO_KEY as error:
            raise Misconfigured(
                say("There is no key for the store {store}.", store=self._name),
                say("Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE."),
            ) from error
        except _AWAY as error:
            raise self._away() from error
        except exceptions.BotoCoreError as error:
            raise _wrong_settings(error) from None

    def _answered(self, error: Any, id: str) -> KimiDocsError:
        """What the store's refusal means for the person."""
        status, code = _status(error), str(error.response.get("Error", {}).get("Code", ""))
        if status >= 500 or status == 429 or code in _LATER:
            return self._away()
        if code == "NoSuchBucket":
            return Misconfigured(
                say("There is no bucket for {store}.", store=self._name),
                say("Create it, or correct KIMI_DOCS_BLOBS_URL or AWS_ENDPOINT_URL."),
            )
        if status == 404:
            return missing(id)
        if status in (401, 403) or code in _REFUSED:
            return Misconfigured(
                say("The store {store} refuses the key.", store=self._name),
                say("Check the key, that it may read, write, list and remove there, and the clock of this machine."),
            )
        return Misconfigured(
            say("The store {store} does not do what was asked: {code}.", store=self._name, code=(code or str(status))[:80]),
            say("Check KIMI_DOCS_BLOBS_URL, AWS_ENDPOINT_URL and AWS_REGION."),
        )

    def _away(self) -> Unreachable:
        host = urlsplit(self._client.meta.endpoint_url).netloc.rpartition("@")[2]
        return Unreachable(
            say("The store {store} at {host} cannot be reached.", store=self._name, host=host),
            say("Nothing is lost. Check the network and AWS_ENDPOINT_URL, and try again later."),
        )


def _status(error: Any) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


class Copies:
    """Copies on this machine of what lies elsewhere, named by their SHA-256, for their owner only; safe for several processes.

    What nobody asked for in a week goes, and what was used least recently beyond a limit; never what was asked for in the last
    hour, for a parser may be at it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.bytes = 0
        """About so much they take: what was there when it was last tidied, and what came since."""
        self._tidied = -TIDY_EVERY_SECONDS

    def find(self, id: str) -> Path | None:
        """The copy, if there is one and it is what its name says. One that is not stays until a right one takes its place.

        Raises: Misconfigured.
        """
        file = self._folder / id
        try:
            os.utime(file)  # before anything else: now no other process removes it
            with file.open("rb") as content:
                whole = hashlib.file_digest(content, "sha256").hexdigest() == id
            self._tidy_now_and_then()
            return file if whole and file.is_file() else None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise disk_failure(error, str(self._folder)) from error

    def keep(self, id: str, chunks: Iterable[bytes]) -> Path | None:
        """The copy made of these bytes; None, and nothing is kept, where they are not what the id says.

        Raises: Misconfigured, KimiDocsError (disk full).
        """
        private_folder(self._folder)
        self._tidy_now_and_then()
        try:
            return self._written(id, chunks)
        except OSError as error:
            raise disk_failure(error, str(self._folder)) from error

    def drop(self, id: str) -> None:
        """Raises: Misconfigured."""
        try:
            (self._folder / id).unlink(missing_ok=True)
        except OSError as error:
            raise disk_failure(error, str(self._folder)) from error

    def _written(self, id: str, chunks: Iterable[bytes]) -> Path | None:
        descriptor, name = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=".part")  # 0600
        part, file, digest = Path(name), self._folder / id, hashlib.sha256()
        try:
            with os.fdopen(descriptor, "wb") as out:
                for chunk in chunks:
                    digest.update(chunk)
                    out.write(chunk)
                self.bytes += out.tell()
            return part.replace(file) if digest.hexdigest() == id else None
        finally:
            part.unlink(missing_ok=True)

    def _tidy_now_and_then(self) -> None:
        if time.monotonic() - self._tidied >= TIDY_EVERY_SECONDS:
            self._tidied = time.monotonic()
            self._tidy()

    def _tidy(self) -> None:
        now, total, self.bytes = time.time(), 0, 0
        for used_at, size, file in sorted(_seen(self._folder), reverse=True):
            total += size
            unused = now - used_at
            left_over = unused > WEEK_SECONDS or total > COPIES_BYTES or file.suffix == ".part"
            if left_over and unused > HOUR_SECONDS:
                with suppress(OSError):  # another process was first
                    if file.stat().st_mtime == used_at:  # not asked for meanwhile
                        file.unlink()
            else:
                self.bytes += size


def _seen(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """When each file was used last, its size and where it is."""
    for file in folder.iterdir():
        with suppress(FileNotFoundError):
            seen = file.stat()
            yield seen.st_mtime, seen.st_size, file
