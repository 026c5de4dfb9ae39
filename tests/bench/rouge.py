"""Two texts → ROUGE-1, -2 and -L (F1 × 100): as rouge-score without a stemmer for English, by character for Chinese.

Lin (2004). `rougeL` is the longest common subsequence of the whole texts. The sequence is found with rapidfuzz.
"""

import re
from collections import Counter
from collections.abc import Sequence

from rapidfuzz.distance import LCSseq

_CHARACTER = re.compile(r"[a-z0-9]+|[^\W_]")


def units(text: str, *, chinese: bool) -> list[str]:
    """The units that are compared."""
    return _CHARACTER.findall(text.lower()) if chinese else re.sub(r"[^a-z0-9]+", " ", text.lower()).split()


def rouge(said: str, reference: str, *, chinese: bool = False) -> tuple[float, float, float]:
    left, right = units(said, chinese=chinese), units(reference, chinese=chinese)
    return _grams(left, right, 1), _grams(left, right, 2), _f1(_common(left, right), len(left), len(right))


def _grams(left: Sequence[str], right: Sequence[str], n: int) -> float:
    ours, theirs = (Counter(zip(*(side[i:] for i in range(n)), strict=False)) for side in (left, right))
    return _f1(sum((ours & theirs).values()), sum(ours.values()), sum(theirs.values()))


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    number = {word: i for i, word in enumerate({*left, *right})}
    return int(LCSseq.similarity([number[word] for word in left], [number[word] for word in right]))


def _f1(common: int, left: int, right: int) -> float:
    return 200 * common / (left + right) if left and right else 0.0


def token_f1(said: str, reference: str, *, chinese: bool) -> float:
    """Overlap of the units, as SQuAD and ExpMRC score evidence."""
    return rouge(said, reference, chinese=chinese)[0]
