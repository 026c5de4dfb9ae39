"""The front door of the command line: puts the parts together, as `app.py` does for the screen."""

import io
import os
import sys
from typing import TYPE_CHECKING

from kimi_docs import __version__
from kimi_docs.language import closest, current

if TYPE_CHECKING:
    from kimi_docs.library import Desk
    from kimi_docs.settings import Settings


def main() -> None:
    """Run one command; `--version` alone answers without loading anything."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        print(f"kimi-docs {__version__}")
        return
    _speak()
    from kimi_docs.cli.main import run  # its help is in the language just chosen

    run(_open_desk, arguments)


def _speak() -> None:
    """The language of this invocation, and UTF-8 whatever the locale says."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    names = ("KIMI_DOCS_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    current.set(closest(next((os.environ[name] for name in names if os.environ.get(name)), "")))


def _open_desk(settings: "Settings") -> "Desk":
    from kimi_docs.library import make_desk
    from storage.open import open_storage

    storage = open_storage(**settings.storage, patient=True)
    return make_desk(storage, storage.blobs, settings, storage.close)


if __name__ == "__main__":
    main()
