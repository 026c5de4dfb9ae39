"""Text → the same text without what typesetting does to it, and the way back to the original offsets.

Folded away: compatibility forms (ligatures, full width), the kinds of quotation marks and dashes, soft hyphens and zero-width
characters, runs of white space, white space beside CJK, hyphens inside words (a line break may have put them there), trade marks.
Case, digits, signs and words stay; a raised digit behind a digit is told from one beside it (10² is not 102).
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

CJK = "⺀-〿぀-鿿가-힯豈-﫿\U00020000-\U0003ffff"
_LETTER = rf"(?:[^\W\d_{CJK}]|[\u0300-\u036f])"
_PLAIN = (
    r" +(?= )|'(?=')|\xad *"
    rf"|-(?<={_LETTER}{{2}}-) *(?={_LETTER}{{2}})"  # a hyphen inside a word
    r"| (?<=\w- )(?=\w)"  # a line break behind any other
    r"|\^(?:(?<!\d\^)|(?<=\^\d\^))(?=\d)"  # a raised digit behind a letter
)
_MARKS = r"[,.;:!?)(']"
_WITH_CJK = rf" (?<=[{CJK}] ) *| (?<=[{CJK}]{_MARKS} ) *| +(?={_MARKS}?[{CJK}])"
_DROPPED = (re.compile(_PLAIN), re.compile(f"{_WITH_CJK}|{_PLAIN}"))
"""Removed in one pass, so that the way back needs only their places. The second is for texts with CJK in them."""
_HAS_CJK = re.compile(f"[{CJK}]")

_SIGNS = {
    '"': "'",
    **dict.fromkeys("‘’‚‛′`´＇", "'"),
    **dict.fromkeys("“”„‟″«»‹›「」『』〝〞＂", "'"),
    **dict.fromkeys("‐‑‒–−﹘﹣－", "-"),
    **dict.fromkeys("—―", " - "),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff™℠", ""),
    **dict.fromkeys("\ufffe\xad", "\xad"),
    **dict.fromkeys("\t\n\r\v\f\x1c\x1d\x1e\x1f\x85", " "),
    **dict.fromkeys(map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]), ""),
    "⁄": "/",
}


class _Table(dict[int, str]):
    """Character → folded characters, worked out once each: NFKD of a single character, so that offsets stay simple."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        plain = _SIGNS.get(character)
        if plain is None:
            decomposed = unicodedata.normalize("NFKD", character)
            plain = " " if decomposed.isspace() else "".join(_SIGNS.get(part, part) for part in decomposed)
            if unicodedata.category(character) == "No" and plain[0].isdecimal():
                plain = f"^{plain}"
        self[code] = plain
        return plain


_TABLE = _Table()


def _dropped(plain: str) -> re.Pattern[str]:
    return _DROPPED[1] if _HAS_CJK.search(plain) else _DROPPED[0]


def fold(text: str) -> str:
    """The folded text."""
    plain = text.translate(_TABLE)
    return _dropped(plain).sub("", plain)


def offsets(text: str) -> Sequence[int]:
    """For each character of `fold(text)` its offset in `text`, and one more: the end."""
    plain = text.translate(_TABLE)
    origin = _origins(text)
    kept: list[int] = []
    at = 0
    for dropped in _dropped(plain).finditer(plain):
        kept.extend(origin[at : dropped.start()])
        at = dropped.end()
    kept.extend(origin[at:])
    kept.append(len(text))
    return kept


def _origins(text: str) -> Sequence[int]:
    """For each character of the translated text its offset in `text`: nearly all characters became one."""
    odd = "".join(character for character in set(text) if len(_TABLE[ord(character)]) != 1)
    if not odd:
        return range(len(text))
    origin: list[int] = []
    at = 0
    for match in re.finditer(f"[{re.escape(odd)}]", text):
        origin.extend(range(at, match.start()))
        origin.extend([match.start()] * len(_TABLE[ord(match.group())]))
        at = match.end()
    origin.extend(range(at, len(text)))
    return origin


class FoldedPages:
    """Pages folded as one text, as if a line break stood between them, and the way back to a page's own offsets."""

    def __init__(self, pages: Sequence[str]) -> None:
        self._pages = pages
        self._leads: list[int] = []
        pieces: list[str] = []
        last = -1
        for index, page in enumerate(pages):
            folded = fold(page)
            piece = folded.strip(" ")
            self._leads.append(len(folded) - len(folded.lstrip(" ")))
            pieces.append(piece)
            if piece:
                if last >= 0:
                    pieces[last] = _before(pieces[last], piece)
                last = index
        self.text = "".join(pieces)
        self.starts: list[int] = []
        at = 0
        for piece in pieces:
            self.starts.append(at)
            at += len(piece)
        self._offsets = lru_cache(maxsize=64)(lambda index: offsets(pages[index]))

    def __len__(self) -> int:
        return len(self.starts)

    def page_at(self, offset: int) -> int:
        return max(0, bisect_right(self.starts, offset) - 1)

    def end(self, page: int) -> int:
        return self.starts[page + 1] if page + 1 < len(self.starts) else len(self.text)

    def original(self, start: int, end: int) -> tuple[int, int, int]:
        """Index of the page, and start and end in its own text (what runs on to the next page ends with the page)."""
        page = self.page_at(start)
        origin, shift = self._offsets(page), self._leads[page] - self.starts[page]
        first, last = start + shift, min(end + shift, len(origin) - 1)
        return page, origin[first], (origin[last - 1] + 1 if last > first else origin[first])


def _before(left: str, right: str) -> str:
    """The end of a page as it reads before the next: with a space, or without one and perhaps without its hyphen."""
    tail, head = left[-3:], right[:3]
    joint = fold(f"{tail}\n{head}")
    if joint == tail + head:
        return left
    return left[:-1] if joint == tail[:-1] + head else f"{left} "
