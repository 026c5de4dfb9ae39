"""Paths (JSON on stdin) → the Markdown that markitdown makes of each, "" for one that it refuses (JSON on stdout).

Run by `apart.markdown` in an interpreter that has markitdown; nothing else of the project is imported.
"""

import json
import sys
from contextlib import redirect_stdout


def main():
    from markitdown import MarkItDown

    converter, found = MarkItDown(), {}
    for path in json.load(sys.stdin):
        try:
            with redirect_stdout(sys.stderr):
                found[path] = converter.convert(path).text_content
        except Exception as error:  # noqa: BLE001  it raises what its parsers raise
            print(f"{path}: {error}", file=sys.stderr)
            found[path] = ""
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
