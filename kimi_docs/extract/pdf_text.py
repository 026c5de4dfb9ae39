"""pdfium's characters of a page → the page's clean text, and back: which of pdfium's characters each of ours is.

Everything done to a page is a list of cuts: ranges of the raw text and what stands in their place. Made they are the text,
followed one by one they are the map, so both ways always agree.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat

Range = tuple[int, int]
"""Start and end in the raw text."""

Cut = tuple[int, int, str]
"""Start and end in the raw text, and what takes their place."""

_WORD = "A-Za-z\u00df-\u024f\u0400-\u04ff"
_EDITS = re.compile(
    "[\ufffe\r\\-\u2010\u00ad\x00-\x08\x0b-\x0c\x0e-\x1f\x7f\uffff\ud800-\udfff]"  # a first letter found fast, and then one of:
    "(?:(?<=\ufffe)(?:\r\n)?"  # a hyphen pdfium knows to be soft: the word goes on
    f"|(?<=[{_WORD}]{{2}}[\\-\u2010]) *\r\n(?=[a-z\u00df-\u00ff\u0430-\u044f]{{2}})"  # a hyphen it does not know to be one
    "|(?<=\r)\n(?:[ \t]*\r\n)*"  # line ends, blank lines
    "|(?<![\ufffe\\-\u2010]))"  # what cannot be seen
)
_LINE = re.compile(r"[^\r\n]+(?:\r\n)?")


Piece = tuple[str, int]
"""Some letters, and where in the raw text the first of them is (-1: none of them is anywhere)."""


class Given:
    """What stands in the place of a removed range."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.text = "".join(text for text, _ in pieces)
        self._pieces = pieces

    @property
    def origins(self) -> Sequence[int]:
        """Where in the raw text each of its characters is."""
        found: list[int] = []
        for text, origin in self._pieces:
            found.extend(range(origin, origin + len(text)) if origin >= 0 else repeat(-1, len(text)))
        return found

    def on_its_own_line(self) -> "Given":
        return Given([("\n", -1), *self._pieces])


NOTHING: Mapping[int, Given] = {}


def edits(raw: str, removed: Sequence[Range] = (), given: Mapping[int, Given] = NOTHING) -> Iterator[Cut]:
    """The cuts that clean `raw`, in order and apart from each other; `removed` ranges (sorted) go wholly.

    What is given at the start of a removed range takes its place as it is.
    """
    for number, (start, end) in enumerate(_kept(raw, removed)):
        for match in _EDITS.finditer(raw[start:end]):
            yield start + match.start(), start + match.end(), _replacement(match)
        if number < len(removed):
            yield *removed[number], given[end].text if end in given else ""


def _kept(raw: str, removed: Sequence[Range]) -> Iterator[Range]:
    position = 0
    for start, end in removed:
        yield position, start
        position = end
    yield position, len(raw)


def _replacement(match: re.Match[str]) -> str:
    found = match[0]
    if found[0] in "\ufffe-\u2010\u00ad":
        return ""
    if "\n" in found:
        return "\n"
    return "\ufffd" if "\ud800" <= found[0] <= "\udfff" else ""


def clean(raw: str, removed: Sequence[Range] = (), given: Mapping[int, Given] = NOTHING) -> str:
    """The text of a page. It ends with a line end unless it is empty."""
    return composed(raw, removed, given)[0]


def composed(raw: str, removed: Sequence[Range] = (), given: Mapping[int, Given] = NOTHING) -> tuple[str, list[Range]]:
    """The text of a page, and where in it what was given stands."""
    parts: list[str] = []
    places: list[Range] = []
    length = 0
    for start, end in _kept(raw, removed):
        parts.append(_EDITS.sub(_replacement, raw[start:end]))
        length += len(parts[-1])
        if end in given:
            parts.append(given[end].text)
            places.append((length, length + len(parts[-1])))
            length += len(parts[-1])
    text = "".join(parts)
    return text if text.endswith("\n") or not text.strip() else text + "\n", places


class Origins:
    """Offset in the clean text → offset in the raw text."""

    def __init__(self, raw: str, removed: Sequence[Range] = (), given: Mapping[int, Given] = NOTHING) -> None:
        self._starts: list[int] = [0]
        self._raw: list[int] = [0]
        length = position = 0
        for start, end, new in edits(raw, removed, given):
            length += start - position
            if new and start in given and new is given[start].text:
                for number, origin in enumerate(given[start].origins):
                    self._add(length + number, origin)
                length += len(new)
            elif new:
                self._add(length, start)
                length += len(new)
            self._add(length, end)
            position = end
        self.length = length + len(raw) - position

    def _add(self, clean_offset: int, raw_offset: int) -> None:
        self._starts.append(clean_offset)
        self._raw.append(raw_offset)

    def raw(self, offset: int) -> int:
        """Where the character at `offset` came from, -1 for one that was put in."""
        index = bisect_right(self._starts, offset) - 1
        origin = self._raw[index]
        return origin + offset - self._starts[index] if origin >= 0 else -1


def lines(raw: str, start: int = 0, end: int | None = None) -> list[Range]:
    """The non-blank lines from `start` to `end` as ranges of the raw text, their line ends with them."""
    matches = _LINE.finditer(raw, start, len(raw) if end is None else end)
    return [match.span() for match in matches if not match[0].isspace()]
