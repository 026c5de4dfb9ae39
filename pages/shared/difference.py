"""Two versions of a text → one Markdown text with what was added and what was taken away, word by word."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from pages.shared.show import text

WORD = re.compile(r"[一-鿿]|[^\s一-鿿]+|\s+")


def difference(old: str, new: str) -> str:
    """Added words are marked green, removed ones red and struck through; signs say the same as the colours."""
    before, after = WORD.findall(old), WORD.findall(new)
    return "".join(_pieces(before, after))


def _pieces(before: list[str], after: list[str]) -> Iterator[str]:
    for tag, low, high, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        gone, come = "".join(before[low:high]).strip(), "".join(after[start:end]).strip()
        if tag == "equal":
            yield f" {text(come)} "
            continue
        if gone:
            yield f" :red-background[− ~~{text(gone)}~~] "
        if come:
            yield f" :green-background[+ {text(come)}] "
