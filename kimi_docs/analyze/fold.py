"""Text → the same text without what typesetting does to it, and the way back to the original offsets.

Folded away: compatibility forms (ligatures, full width), all quotation marks, kinds of dashes, soft hyphens and zero-width
characters, runs of white space, white space beside CJK, hyphens between letters (a line break may have put them there).
Case, digits, signs and words stay.
"""

import re
import unicodedata
from collections.abc import Sequence

CJK = "⺀-〿぀-鿿가-힯豈-﫿\U00020000-\U0003ffff"
LETTER = r"[^\W\d_]"
DROPPED = re.compile(rf"(?<=[{CJK}]) +| +(?=[{CJK}])| +(?= )|(?<={LETTER})- *(?={LETTER})")
"""Removed in one pass, so that the way back needs only their places."""

_SIGNS = {
    '"': "'",
    **dict.fromkeys("‘’‚‛′`´＇", "'"),
    **dict.fromkeys("“”„‟″«»「」『』〝〞＂", "'"),
    **dict.fromkeys("‐‑‒–—―−﹘﹣－", "-"),
    **dict.fromkeys("­​‌‍⁠﻿￾", ""),
    **dict.fromkeys("\t\n\r\v\f    　", " "),
}


class _Table(dict[int, str]):
    """Character → folded characters, worked out once each: NFKD of a single character, so that offsets stay simple."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        plain = _SIGNS.get(character)
        if plain is None:
            decomposed = unicodedata.normalize("NFKD", character)
            plain = " " if decomposed.isspace() else "".join(_SIGNS.get(part, part) for part in decomposed)
        self[code] = plain
        return plain


_TABLE = _Table()


def fold(text: str) -> str:
    """The folded text."""
    return DROPPED.sub("", text.translate(_TABLE))


def offsets(text: str) -> Sequence[int]:
    """For each character of `fold(text)` its offset in `text`, and one more: the end."""
    origin = [offset for offset, character in enumerate(text) for _ in _TABLE[ord(character)]]
    kept: list[int] = []
    at = 0
    for dropped in DROPPED.finditer(text.translate(_TABLE)):
        kept.extend(origin[at : dropped.start()])
        at = dropped.end()
    kept.extend(origin[at:])
    kept.append(len(text))
    return kept
