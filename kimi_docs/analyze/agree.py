"""Two nearly equal passages → do they say the same? Digits, signs, units, negations and words must agree, in their order.

Let through: case, spaces, hyphens and punctuation, an article more or less, a word written apart, a slip of one letter that
makes no other word of the document, a ligature the extraction lost, the mark of a footnote.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from rapidfuzz.distance import Indel, Levenshtein

from kimi_docs.analyze.border import UNSPACED
from kimi_docs.analyze.fold import fold

NUMBER = re.compile(rf"(?:(?<![^\W{UNSPACED}])(?<!\.)[-+]\.?|(?<![\w.])\.)?\d+(?:[.,:/^]\d+)*")
UNIT = re.compile(r" ?(%|‰|°[CF]?|[A-Za-zμ]+(?:/[A-Za-z]+)?|[一-鿿]{1,2})?")
MILLION_OR_THOUSANDTH = re.compile(r"[mM](?:[WwVvAaJjGgNnLlSsBb]|[Ww][Hh]|[Hh][Zz]|[Pp][Aa]|[Ee][Vv]|[Bb][Qq])")
NEGATIONS = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|hardly|unless|except|fail(?:s|ed)?|lacks?|un(?:able|likely))\b|n't\b"
    r"|[不没未无非勿莫否禁]",
    re.IGNORECASE,
)
WORD = re.compile(rf"[{UNSPACED}]|(?:[^\W\d_{UNSPACED}][\u0300-\u036f]*)+")
SYMBOLS_KEPT = "%‰°^✓✔✗✘☑☒☐"
SYMBOLS_IGNORED = "|~"
ARTICLES = frozenset({"a", "an", "the"})
PREFIXES = frozenset(re.findall(r"\w+", "a an anti de dis il im in ir no non not un under over mis mal"))
LIGATURES = ("ffi", "ffl", "ff", "fi", "fl")
SHORTEST_SLIP = 7
NOTE_MARK = re.compile(r"(?<=[^\W\d_]{3})\d{1,2}(?![\w^]|[.,:/-]\d)|(?<=[^\W\d_]{3}[.,;:!?)])\d{1,2}(?=\s|$)")
"""What a footnote leaves behind a word or its full stop; who quotes the words leaves it out."""
ALIKE = frozenset(map(frozenset, ("li", "lj", "ij", "ec", "oc", "nu", "uv", "vy", "hb", "rn", "nh", "mn", "sz", "ft", "cg")))
"""Letters that are taken for each other in print or by hand; others make other words: nitrate, nitrite."""


def agree(quote: str, passage: str, is_word: Callable[[str], bool] = lambda _: False) -> bool:
    """The two folded texts say the same. `is_word` tells a word of the document from a slip."""
    return (
        numbers(quote) in (numbers(passage), numbers(NOTE_MARK.sub("", passage)))
        and _symbols(quote) == _symbols(passage)
        and _negations(quote) == _negations(passage)
        and _same_words(quote, passage, is_word)
    )


def numbers(text: str) -> list[tuple[str, str]]:
    """The numbers of a text in order, each with the unit behind it. Thousands separators do not count, brackets around do: (5) is
    a loss of 5 in a balance sheet."""
    found = []
    for match in NUMBER.finditer(text):
        unit = UNIT.match(text, match.end())
        plain = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", match.group()).lstrip("+")
        if text[match.start() - 1 : match.start()] == "(" and text[match.end() : match.end() + 1] == ")":
            plain = f"({plain})"
        found.append((plain, _unit(unit.group(1) or "") if unit else ""))
    return found


def _unit(written: str) -> str:
    """Case says nothing, but for the prefix that makes a million of a thousandth: MW and mW."""
    return written[0] + written[1:].lower() if MILLION_OR_THOUSANDTH.fullmatch(written) else written.lower()


def unquoted(claim: str, quotes: Sequence[str]) -> tuple[str, ...]:
    """The numbers of a claim that stand in none of its quotes, whatever their unit and sign."""
    held = {_digits(number) for quote in quotes for number, _unit in numbers(fold(quote))}
    return tuple(dict.fromkeys(number for number, _unit in numbers(fold(claim)) if _digits(number) not in held))


def _digits(number: str) -> str:
    return number.strip("()-+").removesuffix(".0")


def _symbols(text: str) -> list[str]:
    return [
        character
        for character in text
        if not character.isalnum()
        and character not in SYMBOLS_IGNORED
        and (character in SYMBOLS_KEPT or unicodedata.category(character) in ("Sm", "Sc"))
    ]


def _negations(text: str) -> Counter[str]:
    return Counter(found.lower() for found in NEGATIONS.findall(text))


def _same_words(quote: str, passage: str, is_word: Callable[[str], bool]) -> bool:
    left, right = ([word.lower() for word in WORD.findall(text)] for text in (quote, passage))
    if any(ARTICLES.isdisjoint(left[end]) != ARTICLES.isdisjoint(right[end]) for end in (slice(1), slice(-1, None))):
        return False  # at an end an article may be the rest of another word
    return all(_harmless(gone, come, is_word) for gone, come in _differences(left, right))


def _differences(left: Sequence[str], right: Sequence[str]) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Runs where two word lists differ: the words only left and those only right."""
    at_left = at_right = 0
    for block in Indel.editops(left, right).as_matching_blocks():
        if block.a > at_left or block.b > at_right:
            yield left[at_left : block.a], right[at_right : block.b]
        at_left, at_right = block.a + block.size, block.b + block.size


def _harmless(gone: Sequence[str], come: Sequence[str], is_word: Callable[[str], bool]) -> bool:
    """The words only in the quote are those only in the passage, written apart, misspelt, or with another article."""
    if "".join(gone) == "".join(come):
        return PREFIXES.isdisjoint(gone) and PREFIXES.isdisjoint(come)
    quoted, found = ("".join(word for word in words if word not in ARTICLES) for words in (gone, come))
    if quoted == found or any(quoted == found.replace(lig, "", 1) or found == quoted.replace(lig, "", 1) for lig in LIGATURES):
        return True
    return len(gone) == len(come) == 1 and _slip(quoted, found) and not is_word(quoted)


def _slip(one: str, other: str) -> bool:
    """One letter is wrong, added or lacking, well inside a long word: endings and prefixes carry meaning."""
    inside = one[:3] == other[:3] and one[-2:] == other[-2:]
    if not inside or min(len(one), len(other)) < SHORTEST_SLIP or Levenshtein.distance(one, other) != 1:
        return False
    swapped = [frozenset(pair) for pair in zip(one, other, strict=False) if pair[0] != pair[1]]
    return len(one) != len(other) or swapped[0] in ALIKE
