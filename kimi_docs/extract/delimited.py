"""CSV or TSV → one sheet."""

import csv
import io
from collections import Counter
from pathlib import Path

from kimi_docs.domain.text import Extraction, PageKind
from kimi_docs.errors import Damaged
from kimi_docs.extract.build import Builder, tidy
from kimi_docs.extract.encoding import decode
from kimi_docs.extract.rows import sheet_text
from kimi_docs.language import say

EXTRACTOR = "delimited-1"
_FIELD_CHARACTERS = 10_000_000
_DELIMITERS = ",;\t|"


def read(path: Path, document_id: str, *, password: str = "") -> Extraction:  # noqa: ARG001 - text has no passwords
    """Raises: Damaged, NoText, TooLarge."""
    text, encoding = decode(path.read_bytes())
    text = tidy(text)
    csv.field_size_limit(_FIELD_CHARACTERS)
    builder = Builder(document_id, EXTRACTOR)
    try:
        lines = io.StringIO(text, newline="")  # `splitlines` would also cut at separators that stand within a field
        builder.add(sheet_text(csv.reader(lines, delimiter=delimiter(text))), kind=PageKind.SHEET)
    except csv.Error as error:
        raise Damaged(say("The rows of this table cannot be told apart."), say("Save it as .xlsx or .csv again.")) from error
    builder.note_lost()
    return builder.finish(metadata={"encoding": encoding})


def delimiter(text: str) -> str:
    """The separator that cuts the first lines into the same number of cells, as many as possible."""
    lines = [line for line in text[:20_000].split("\n")[:20] if line.strip()]
    if lines and lines[0].lower().startswith("sep=") and len(lines[0]) == 5:
        return lines[0][4]

    def score(mark: str) -> tuple[float, int]:
        counts = Counter(len(next(csv.reader([line], delimiter=mark), [])) for line in lines)
        cells, times = counts.most_common(1)[0] if counts else (1, 0)
        return (times / len(lines) if cells > 1 else 0.0, cells)

    return max(_DELIMITERS, key=score)
