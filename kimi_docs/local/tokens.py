"""Text → the words that ranking and searching compare: stemmed words, numbers, pairs of CJK characters."""

import re
from collections.abc import Sequence
from functools import lru_cache

from kimi_docs.local.words import CJK_STOP, ENGLISH_STOP

CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(rf"([{CJK}]+)|(\d+(?:[.,:]\d+)*%?)|([^\W\d_{CJK}]+(?:['’][^\W\d_{CJK}]+)?)")
_CJK_CHARACTER = re.compile(f"[{CJK}]")
_LETTER = re.compile(r"[^\W\d_]")
_CJK_BREAK = re.compile("|".join(sorted(CJK_STOP, key=len, reverse=True)))
_VOWEL = re.compile("[aeiouy]")


def is_cjk(text: str) -> bool:
    """Whether the letters of the text are mostly Chinese (a Chinese paper may hold many English words)."""
    sample = text[:200_000]
    cjk, letters = len(_CJK_CHARACTER.findall(sample)), len(_LETTER.findall(sample))
    return cjk > 0.25 * letters


def language_of(text: str) -> str:
    return "zh-CN" if is_cjk(text) else "en"


def words(text: str) -> list[str]:
    """The words of a text in order, without stop words."""
    found: list[str] = []
    for cjk, number, word in _TOKEN.findall(text):
        if cjk:
            found.extend(_pairs(cjk))
        elif number:
            found.append(number.rstrip("%").replace(",", ""))
        elif stem := _stem(word):
            found.append(stem)
    return found


def loose_words(text: str) -> list[str]:
    """What words of one family share: the first five letters, and single CJK characters."""
    found: list[str] = []
    for cjk, _, word in _TOKEN.findall(text):
        if cjk:
            found.extend(character for part in _CJK_BREAK.split(cjk) for character in part)
        elif len(word) > 3 and (stem := _stem(word)):
            found.append(stem[:5])
    return found


def traces(terms: Sequence[str]) -> re.Pattern[str]:
    """What every text holds that holds one of these words or of their families: a quick look before the words are taken apart."""
    return re.compile("|".join(sorted({_trace(term) for term in terms})) or "(?!)", re.IGNORECASE)


def _trace(term: str) -> str:
    if term[0].isdigit():
        return ",?".join(map(re.escape, term))
    start = term.split("'")[0][:5]  # a family shares five letters; “cities” is read as “city”
    return re.escape(start[:-1] if start.endswith("y") and len(start) > 1 else start)


def length(text: str) -> int:
    """How long a text reads: words, with two CJK characters to a word."""
    return sum((len(cjk) + 1) // 2 if cjk else 1 for cjk, _, _ in _TOKEN.findall(text))


@lru_cache(maxsize=50_000)
def _pairs(run: str) -> tuple[str, ...]:
    pairs: list[str] = []
    for part in _CJK_BREAK.split(run):
        pairs.extend(part[i : i + 2] for i in range(len(part) - 1)) if len(part) > 1 else pairs.extend(part)
    return tuple(pairs)


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    """A word without its English ending (the S-stemmer of Harman 1991 with -ing, -ed and -ly); empty for a stop word."""
    word = word.lower().replace("’", "'")
    if word in ENGLISH_STOP:
        return ""
    word = word.removesuffix("'s")
    for ending, least, instead in _ENDINGS:
        if word.endswith(ending) and len(word) >= least and _VOWEL.search(word[: -len(ending)]):
            return _undouble(word[: -len(ending)] + instead)
    return word if len(word) > 1 else ""


_ENDINGS = (
    ("ations", 9, "ate"), ("ation", 8, "ate"), ("ingly", 8, ""), ("edly", 8, ""), ("sses", 5, "ss"), ("ies", 5, "y"),
    ("ied", 5, "y"), ("ings", 7, ""), ("ing", 6, ""), ("ed", 5, ""), ("ches", 6, "ch"), ("shes", 6, "sh"), ("xes", 5, "x"),
    ("ly", 6, ""), ("ss", 3, "ss"), ("us", 3, "us"), ("is", 3, "is"), ("s", 4, ""),
)  # fmt: skip


def _undouble(stem: str) -> str:
    if len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in "aeiouls":
        return stem[:-1]
    return stem.removesuffix("e") if len(stem) > 4 else stem
