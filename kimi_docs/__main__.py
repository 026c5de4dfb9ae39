"""The front door of the command line: puts the parts together, as `app.py` does for the screen."""

import sys
from typing import TYPE_CHECKING

from kimi_docs import __version__

if TYPE_CHECKING:
    from kimi_docs.library import Desk
    from kimi_docs.settings import Settings


def main() -> None:
    """Run one command; `--version` alone answers without loading anything."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        print(f"kimi-docs {__version__}")
        return
    from kimi_docs.cli.main import run

    run(_open_desk, arguments)


def _open_desk(settings: "Settings") -> "Desk":
    from kimi_docs.library import make_desk
    from storage.open import open_storage

    storage = open_storage(**settings.storage)
    return make_desk(storage, storage.blobs, settings, storage.close)


if __name__ == "__main__":
    main()
