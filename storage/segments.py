"""Text → the segments it is found by: folded words, and pairs of the characters that are written without spaces.

Both databases and the query get their segments from here, so both find the same. A change of what is made here must come with a
migration that empties `sources` and `words`: an index of other segments cannot be searched, nor be taken back.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kimi_docs.domain.text import Span
from storage.rows import clean

UNSPACED = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3041-\u3096\u3099-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Han, kana and hangul."""

LONGEST_SEGMENT = 64
LONGEST_QUERY = 200
SHORTEST_PREFIX = 3
GAP = "¦"
"""Stands before what is not in the order of the text; no query holds it."""

_PIECE = re.compile(rf"([{UNSPACED}](?:[^\S\n]*\n?[^\S\n]*[{UNSPACED}])*)|([^\W_{UNSPACED}]+)")
"""A line break between two such characters is the typesetter's."""
_UNSPACED = re.compile(f"[{UNSPACED}]")
_BREAK = r"[^\S\n]*\n?[^\S\n]*"
_CUT = r"(?:[-‐][^\S\n]*\n\s*|[\xad\ufffe]\s*)?"
_BROKEN = re.compile(rf"([^\W\d_{UNSPACED}]{{2,}})(?:[-‐][^\S\n]*\n\s*|[\xad\ufffe]\s*)([^\W\d_{UNSPACED}]{{2,}})")
"""A word that a line's end has cut."""
_ODD = re.compile("[À-ɏ\u0300-\u036fḀ-ỿ\u200b-\u200d\u2060\ufeff]")
_DROPPED = re.compile("[\u0300-\u036f\u200b-\u200d\u2060\ufeff]")
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»「」『』", '"'))


class _Bare(dict[int, str]):
    """Character → the same without accents; what cannot be seen is dropped."""

    def __missing__(self, code: int) -> str:
        latin = 0xC0 <= code <= 0x24F or 0x1E00 <= code <= 0x1EFF
        parts = unicodedata.normalize("NFD", chr(code)) if latin else chr(code)
        self[code] = "".join(part for part in parts if not _DROPPED.match(part))
        return self[code]


_BARE = _Bare()


def fold(text: str) -> str:
    """One form of each character: width, case and accents told apart no more."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold()
    return folded.translate(_BARE) if _ODD.search(folded) else folded


def segments(text: str) -> list[str]:
    """The segments in order; words that a line's end has cut follow whole, behind a gap."""
    return _segments(fold(text))


def _segments(folded: str) -> list[str]:
    found: list[str] = []
    for unspaced, word in _PIECE.findall(folded):
        if word:
            found.append(word[:LONGEST_SEGMENT])
        else:
            run = "".join(unspaced.split())
            found.extend([run[at : at + 2] for at in range(len(run))])
    if cut := _BROKEN.findall(folded):
        found.append(GAP)
        found.extend(_whole(*parts) for parts in cut)
    return found


def _whole(left: str, right: str) -> str:
    return (left + right)[:LONGEST_SEGMENT]


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrase:
    """Segments that follow one another, and what they were made of; of the last one only the beginning where `prefix`."""

    segments: tuple[str, ...]
    pieces: tuple[str, ...]
    prefix: bool = False

    @property
    def single(self) -> bool:
        """A character alone, which is the beginning of very many pairs."""
        return self.prefix and is_unspaced(self.segments[-1])


Query = tuple[Phrase, ...]
"""All of them are wanted."""


def parse(query: str) -> Query:
    """What a person typed → phrases. Every text is a query; one without a letter or digit asks for nothing."""
    parts = fold(clean(query)[:LONGEST_QUERY].translate(_QUOTES)).split('"')
    found: list[Phrase] = []
    for number, part in enumerate(parts):
        quoted = number % 2 == 1
        words = [part] if quoted else part.split()
        for place, word in enumerate(words):
            last = not quoted and place == len(words) - 1 and not any(rest.strip() for rest in parts[number + 1 :])
            found.extend(_phrase(word, prefix=not quoted and (last or word.endswith("*"))))
    return tuple(dict.fromkeys(found))


def _phrase(word: str, *, prefix: bool) -> Iterator[Phrase]:
    """The segments of a word as they follow one another in the text, wherever in a run of unspaced characters it stands."""
    wanted: list[str] = []
    pieces = ["".join(piece.split())[: None if is_unspaced(piece) else LONGEST_SEGMENT] for piece in _pieces(word)]
    for place, piece in enumerate(pieces):
        if not is_unspaced(piece):
            wanted.append(piece)
        else:
            final = place == len(pieces) - 1 and len(piece) > 1
            wanted.extend(piece[at : at + 2] for at in range(len(piece) - final))
    if not wanted:
        return
    end = wanted[-1]
    short = len(end) == 1 if is_unspaced(end) else prefix and len(end) >= SHORTEST_PREFIX
    yield Phrase(segments=tuple(wanted), pieces=tuple(pieces), prefix=short)


def _pieces(word: str) -> Iterator[str]:
    return (piece for pair in _PIECE.findall(word) for piece in pair if piece)


def is_unspaced(segment: str) -> bool:
    return _UNSPACED.match(segment) is not None


# The query and the text as each database wants them


def fts_match(query: Query, *, some: bool = False) -> str:
    """SQLite's FTS5. Segments hold letters and digits only, so nothing in it is an operator. With `some` one of them is enough."""
    return (" OR " if some else " AND ").join(f'"{" ".join(phrase.segments)}"{" *" if phrase.prefix else ""}' for phrase in query)


def ts_query(query: Query, *, some: bool = False) -> str:
    """PostgreSQL's `tsquery`, as it is written. With `some` one of the phrases is enough."""
    return (" | " if some else " & ").join(
        "(" + " <-> ".join(f"'{each}'" for each in phrase.segments) + (":*" if phrase.prefix else "") + ")" for phrase in query
    )


def ts_vector(title: str, text: str) -> str:
    """PostgreSQL's `tsvector`, as it is written: positions, those of the title weighted."""
    places: dict[str, list[str]] = {}
    head, body = segments(title), segments(text)
    for at, segment in enumerate(head, start=1):
        places.setdefault(segment, []).append(f"{at}A")
    for at, segment in enumerate(body, start=len(head) + 2):
        places.setdefault(segment, []).append(str(at))
    return " ".join(f"'{segment}':{','.join(at[:255])}" for segment, at in places.items())


# Where it stands


def marks(text: str, query: Query) -> list[tuple[int, Span]]:
    """Where phrases of the query stand in the text: number of the phrase and span, in the text's own characters, by place."""
    folded, origin = _aligned(text)
    found = set()
    for number, phrase in enumerate(query):
        places = list(_places(folded, phrase, broken=False)) or list(_places(folded, phrase, broken=True))
        found |= {(number, Span(start=origin[start], end=origin[end - 1] + 1)) for start, end in places}
    return sorted(found, key=lambda each: (each[1].start, -each[1].end))


def _places(folded: str, phrase: Phrase, *, broken: bool) -> Iterator[tuple[int, int]]:
    """Where a phrase begins and ends in a folded text, whole words only; `broken` looks for words that a line's end has cut."""
    first, last = phrase.pieces[0], phrase.pieces[-1]
    goes_on = phrase.prefix or len(last) == LONGEST_SEGMENT
    for match in _pattern(phrase, broken=broken).finditer(folded):
        start, end = match.span()
        if start and not is_unspaced(first) and _is_letter(folded[start - 1]):
            continue
        if not is_unspaced(last):
            whole = end
            while end < len(folded) and _is_letter(folded[end]):
                end += 1
            if end > whole and not goes_on:
                continue
        yield start, end


def _is_letter(character: str) -> bool:
    return character.isalnum() and not is_unspaced(character)


@lru_cache(maxsize=200)
def _pattern(phrase: Phrase, *, broken: bool) -> re.Pattern[str]:
    found = ""
    for place, piece in enumerate(phrase.pieces):
        if place:
            found += r"[\W_]*" if is_unspaced(piece) or is_unspaced(phrase.pieces[place - 1]) else r"[\W_]+"
        found += (_BREAK if is_unspaced(piece) else _CUT if broken else "").join(map(re.escape, piece))
    return re.compile(found)


def holds(query: Query, *texts: str, some: bool = False) -> bool:
    """Whether the texts together hold every phrase, each in one of them, or with `some` any: what the databases answer."""
    parts = [segments(text) for text in texts]
    held = (any(_follow(part, phrase) for part in parts) for phrase in query)
    return bool(query) and (any(held) if some else all(held))


def _follow(found: Sequence[str], phrase: Phrase) -> bool:
    *before, last = phrase.segments
    return any(
        found[at : at + len(before)] == before and (found[end] == last or (phrase.prefix and found[end].startswith(last)))
        for at in range(len(found) - len(before))
        if (end := at + len(before)) < len(found)
    )


@lru_cache(maxsize=20_000)
def _alone(character: str) -> str:
    return fold(character)


def _aligned(text: str) -> tuple[str, Sequence[int]]:
    """The text folded character by character, and for each folded character the place it comes from."""
    odd = "".join(character for character in set(text) if len(_alone(character)) != 1)
    if not odd:
        return "".join(map(_alone, text)), range(len(text) + 1)
    folded: list[str] = []
    origin: list[int] = []
    at = 0
    for match in re.finditer(f"[{re.escape(odd)}]", text):
        folded.append("".join(map(_alone, text[at : match.start()])))
        origin.extend(range(at, match.start()))
        folded.append(_alone(match.group()))
        origin.extend([match.start()] * len(folded[-1]))
        at = match.end()
    folded.append("".join(map(_alone, text[at:])))
    origin.extend(range(at, len(text) + 1))
    return "".join(folded), origin
