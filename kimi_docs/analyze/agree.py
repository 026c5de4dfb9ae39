"""Two nearly equal passages → do they say the same? Digits, units, negations and content words must agree."""

import re
from collections import Counter
from collections.abc import Iterator

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel

NUMBER = re.compile(r"[-+]?\d+(?:[.,:/]\d+)*")
UNIT = re.compile(r" ?(%|‰|°[CF]?|[A-Za-zµμ]+(?:/[A-Za-z]+)?|[一-鿿]{1,2})?")
NEGATIONS = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|hardly|unless|except|fail(?:s|ed)?|lacks?|un(?:able|likely))\b|n't\b"
    r"|[不没未无非勿莫否禁]|並非|并非|除非",
    re.IGNORECASE,
)
NEGATION_BEFORE = re.compile(r"(?:\b(?:not|no|never|without|cannot|nor)|n't) $|[不没未无非勿莫]$", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_]{2,}|[一-鿿]")
SAME_WORD_PERCENT = 80.0
SAME_TEXT_PERCENT = 85.0
MOST_ADDED = 2
SMALL_WORDS = frozenset(
    re.findall(r"\w+", "a an the of in on at to for and or is are was were be been by with that this these those it its as we")
)


def agree(quote: str, passage: str) -> bool:
    """Numbers with their units, negations and content words are the same in both (texts are folded)."""
    return (
        numbers(quote) == numbers(passage)
        and Counter(n.lower() for n in NEGATIONS.findall(quote)) == Counter(n.lower() for n in NEGATIONS.findall(passage))
        and _same_words(quote, passage)
    )


def numbers(text: str) -> list[tuple[str, str]]:
    """The numbers of a text in order, each with the unit behind it; thousands separators do not count."""
    found = []
    for match in NUMBER.finditer(text):
        unit = UNIT.match(text, match.end())
        plain = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", match.group()).lstrip("+")
        if plain.startswith("-") and match.start() and text[match.start() - 1].isalnum():
            plain = plain[1:]  # a hyphen or a range, not a sign
        found.append((plain, (unit.group(1) or "").lower() if unit else ""))
    return found


def _same_words(quote: str, passage: str) -> bool:
    """No content word was put in another's place; slips of a letter and split words pass, and so do small words."""
    left, right = ([word.lower() for word in WORD.findall(text)] for text in (quote, passage))
    for gone, come, near in _differences(left, right):
        if fuzz.ratio("".join(gone), "".join(come)) >= SAME_TEXT_PERCENT:
            continue
        if len(come) > MOST_ADDED or not all(_known(word, near) for word in gone):
            return False
    return True


def _differences(left: list[str], right: list[str]) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """Runs where two word lists differ: content words only left, only right, and the right ones with their neighbours."""
    at_left = at_right = 0
    for block in Indel.editops(left, right).as_matching_blocks():
        gone, come = left[at_left : block.a], right[at_right : block.b]
        if gone or come:
            near = right[max(0, at_right - 2) : block.b + 2]
            yield [word for word in gone if word not in SMALL_WORDS], [word for word in come if word not in SMALL_WORDS], near
        at_left, at_right = block.a + block.size, block.b + block.size


def _known(word: str, near: list[str]) -> bool:
    return any(fuzz.ratio(word, other) >= SAME_WORD_PERCENT for other in near)
