"""Addresses → an open store, its folders and schema made."""

from contextlib import ExitStack
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from kimi_docs.domain.ports import Blobs
from kimi_docs.errors import Misconfigured
from kimi_docs.language import say
from storage.blobs import FolderBlobs
from storage.engine import open_engine, private_folder
from storage.migrate import upgrade
from storage.patience import LONG_SECONDS, SHORT_SECONDS, waited
from storage.store import SqlStorage


def open_storage(*, database_url: str, blobs_url: str, home: Path, patient: bool = False) -> SqlStorage:
    """Open the store, making what is not there. Empty addresses mean a file and a folder in the home.

    A server that goes away later is waited for, and by who is `patient` for longer.

    Raises: Misconfigured (a wrong address, a folder that cannot be written, a server that cannot be reached, a damaged
    database or one of a newer version), KimiDocsError (disk full, busy).
    """
    private_folder(home)
    blobs = open_blobs(blobs_url or str(home / "blobs"), home)
    engine = open_engine(database_url or f"sqlite:///{home / 'kimi-docs.sqlite3'}")
    with ExitStack() as closing:
        closing.callback(engine.dispose)
        waited(lambda: upgrade(engine), SHORT_SECONDS if patient else 0.0)
        closing.pop_all()
    return SqlStorage(engine, blobs, patience_seconds=LONG_SECONDS if patient else SHORT_SECONDS)


def open_blobs(url: str, home: Path) -> Blobs:
    """The blobs at a folder, or in a bucket with copies in the home.

    Raises: Misconfigured.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return _open_bucket(parts, home)
    if parts.scheme == "" or len(parts.scheme) == 1:  # a folder, also on a drive of Windows
        folder = Path(url).expanduser()
    elif parts.scheme == "file" and parts.netloc in ("", "localhost"):
        folder = Path(unquote(parts.path))
    else:
        raise Misconfigured(
            say("KIMI_DOCS_BLOBS_URL has an address this program does not understand: {scheme}.", scheme=parts.scheme),
            say("Set it to a folder, or to s3://bucket/prefix."),
        )
    private_folder(folder)
    return FolderBlobs(folder)


def _open_bucket(address: SplitResult, home: Path) -> Blobs:
    try:
        from storage.blobs_s3 import open_bucket
    except ModuleNotFoundError as error:
        raise Misconfigured(say("S3 needs a package that is not installed."), say("Run: pip install 'kimi-docs[s3]'")) from error
    return open_bucket(address, home)
