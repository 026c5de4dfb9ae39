"""Report → the JSON shape of the contract, as a file."""

import json
from typing import BinaryIO

from kimi_docs.export.nouns import Report


def write(report: Report, out: BinaryIO) -> None:
    text = json.dumps(report.data, ensure_ascii=False, indent=2) + "\n"
    out.write(text.encode("utf-8", "backslashreplace"))  # a lone surrogate becomes the \udXXX that JSON knows
