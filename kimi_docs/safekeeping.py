"""What its owner keeps in the home beside the library, templates and prices, ↔ files of a backup. The key is not among them."""

import os
from collections.abc import Mapping
from pathlib import Path

from kimi_docs.analyze.own_templates import FOLDER
from kimi_docs.errors import KimiDocsError
from kimi_docs.language import say


def own_files(home: Path) -> Mapping[str, bytes]:
    """By their path in the home."""
    paths = [*sorted((home / FOLDER).glob("*.yaml")), home / "catalog.toml"]
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in paths if path.is_file()}


def put_back(home: Path, own: Mapping[str, bytes]) -> None:
    """Those that are not there; what is there stays as it is. Raises: KimiDocsError where one cannot be written."""
    for name, content in own.items():
        try:
            _put_back(home / name, content)
        except OSError as error:
            raise KimiDocsError(
                say("{name} cannot be written: {reason}.", name=name, reason=error.strerror or type(error).__name__),
                say("All else has been restored. Make room and do it again with --merge."),
            ) from error


def _put_back(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_bytes(content)
        part.chmod(0o600)
        if not path.exists():
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
