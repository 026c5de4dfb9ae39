"""Question → the sentences of the documents that hold its words, best first, and how much of the question they hold."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import mul

import numpy as np

from kimi_docs.local.asking import ABOUT_THE_TEXT, KINDS, counted
from kimi_docs.local.graph import Vector
from kimi_docs.local.sentences import Sentence
from kimi_docs.local.tokens import loose_words, traces, words
from kimi_docs.local.words import GENERIC_QUESTION


@dataclass(frozen=True, kw_only=True, slots=True)
class Dials:
    """How a sentence is scored. Tuned on the odd questions of ExpMRC and reported on the even ones."""

    k1: float = 1.0
    b: float = 0.2
    neighbour: float = 0.15
    heading: float = 0.3
    phrase: float = 0.4
    loose: float = 0.4
    together: float = 0.3
    kind: float = 0.35
    aside: float = 0.5


DIALS = Dials()

FEW = 5_000
"""So many sentences are taken apart whatever is asked; about 180 pages."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """`score` is comparable within a question; `covered` is the share of the question's weight in and around the sentence."""

    number: int
    score: float
    covered: float


class Index:
    """Bags of words → BM25 (Robertson & Zaragoza 2009)."""

    def __init__(self, bags: Sequence[Sequence[str]]) -> None:
        self.size = len(bags)
        self.lengths = np.array([len(bag) for bag in bags], dtype=np.float64)
        self.postings: dict[str, dict[int, int]] = {}
        for number, bag in enumerate(bags):
            for word, count in Counter(bag).items():
                self.postings.setdefault(word, {})[number] = count

    def idf(self, word: str) -> float:
        df = len(self.postings.get(word, ()))
        return math.log(1 + (self.size - df + 0.5) / (df + 0.5))

    def score(self, terms: Sequence[str], dials: Dials) -> Vector:
        scores = np.zeros(self.size)
        usual = self.lengths.sum() / max(1, np.count_nonzero(self.lengths))
        long = 1 - dials.b + dials.b * self.lengths / max(1.0, float(usual))
        for word in terms:
            weight = self.idf(word) * (dials.k1 + 1)
            for number, count in self.postings.get(word, {}).items():
                scores[number] += weight * count / (count + dials.k1 * long[number])
        return scores


class Passages:
    """The sentences of one or several documents, ready to be asked: BM25 of each sentence, with a share of its neighbours' and its
    heading's words, of word pairs, of beginnings of words and single characters, and of the kind of thing asked for.

    `asked`: the words of the only question that will come; of many sentences those without a trace of them are passed over.
    """

    def __init__(self, sentences: Sequence[Sentence], *, dials: Dials = DIALS, asked: Sequence[str] | None = None) -> None:
        self.sentences = sentences
        self.dials = dials
        held = traces(asked) if asked is not None and len(sentences) > FEW else None
        texts = [sentence.text if held is None or _promising(sentence.text, held) else "" for sentence in sentences]
        self.bags = [_bag(text) for text in texts]
        above = {heading: words(heading) for heading in {sentence.heading for sentence in sentences}}
        self.headings = [above[sentence.heading] for sentence in sentences]
        self.index = Index(self.bags)
        self.stems = [loose_words(text) for text in texts]
        self.loose = Index(self.stems)

    def find(self, question: str, *, more: Sequence[str] = ()) -> list[Hit]:
        """Every sentence that holds a word of the question, best first. `more`: words of the question before, counted half."""
        asked = asked_words(question)
        terms = list(dict.fromkeys(asked))
        before = [word for word in dict.fromkeys(more) if word not in terms]
        own = self.index.score(terms, self.dials) + 0.5 * self.index.score(before, self.dials)
        scores = own + self.dials.loose * self.loose.score(
            list(dict.fromkeys(loose_words(ABOUT_THE_TEXT.sub(" ", question)))), self.dials
        )
        found = np.flatnonzero(scores > 0).tolist()
        scores = scores + self.dials.neighbour * _beside(scores) + self.dials.heading * self._under(terms)
        scores = scores + self.dials.phrase * self._phrases(asked)
        kind = next((held for words_, held in KINDS if words_.search(question)), None)
        most = float(scores.max()) if len(scores) else 0.0
        weight = {n: float(scores[n]) * (1 + self.dials.together * self._share(n, terms)) * self._part(n) for n in found}
        for pattern in (kind, counted(question)):
            if pattern is not None:
                weight = {n: w + self.dials.kind * most * bool(pattern.search(self.sentences[n].text)) for n, w in weight.items()}
        best = sorted(found, key=lambda n: (-weight[n], n))[:50]
        return [Hit(number=n, score=weight[n], covered=self.covered(n, terms or before)) for n in best]

    def covered(self, number: int, terms: Sequence[str]) -> float:
        """The share of the question's weight (idf) in the sentence, and a part of what only its neighbours and heading hold."""
        here = set(self.bags[number])
        around = set(self.headings[number])
        for beside in (number - 1, number + 1):
            if 0 <= beside < len(self.bags):
                around.update(self.bags[beside])
        family = set(self.stems[number])
        held = [1.0 if w in here else 0.7 if len(w) > 4 and w[:5] in family else 0.6 if w in around else 0.0 for w in terms]
        least = 0.3 * math.log(2 * self.index.size + 2)
        weights = [max(least, self.index.idf(word)) * (0.3 if word in GENERIC else 1.0) for word in terms]
        weights = [weight * _own(terms, held, n) for n, weight in enumerate(weights)]
        return sum(map(mul, weights, held)) / sum(weights) if sum(weights) else 0.0

    def _part(self, number: int) -> float:
        """A heading or a line of the contents gives way to what it names."""
        return self.dials.aside if self.sentences[number].aside else 1.0

    def _share(self, number: int, terms: Sequence[str]) -> float:
        return len(set(terms).intersection(self.bags[number])) / len(terms) if terms else 0.0

    def _under(self, terms: Sequence[str]) -> Vector:
        asked = set(terms)
        weight = {word: self.index.idf(word) for word in terms}
        return np.array([sum(weight[word] for word in asked.intersection(heading)) for heading in self.headings])

    def _phrases(self, asked: Sequence[str]) -> Vector:
        """The weight of pairs of words that stand together in the question and in the sentence."""
        pairs = set(pairwise(asked))
        held = np.zeros(len(self.bags))
        for number in {n for left, _ in pairs for n in self.index.postings.get(left, ())}:
            bag = self.bags[number]
            shared = pairs.intersection(pairwise(bag))
            held[number] = sum(min(self.index.idf(a), self.index.idf(b)) for a, b in sorted(shared))
        return held


def asked_words(question: str) -> list[str]:
    """The words of a question without those about the text itself (“according to the passage”)."""
    return words(ABOUT_THE_TEXT.sub(" ", question))


_MAIL = re.compile(r"\w@[\w-]+\.\w")
_MAIL_WORDS = words("e-mail address 邮箱 邮件 地址")


def _bag(text: str) -> list[str]:
    """The words of a text; one that holds an e-mail address holds what it is called by."""
    return words(text) + (_MAIL_WORDS if _MAIL.search(text) else [])


def _promising(text: str, held: re.Pattern[str]) -> bool:
    return bool(held.search(text) or "@" in text)


def _beside(scores: Vector) -> Vector:
    beside = np.zeros_like(scores)
    beside[1:] += scores[:-1]
    beside[:-1] += scores[1:]
    return beside


def _own(terms: Sequence[str], held: Sequence[float], number: int) -> float:
    """How much of a missing pair of CJK characters no held pair beside it shares: pairs across two words count little."""
    if held[number] or len(terms[number]) != 2 or terms[number].isascii():
        return 1.0
    left = number > 0 and held[number - 1] > 0 and terms[number - 1][-1] == terms[number][0]
    right = number + 1 < len(terms) and held[number + 1] > 0 and terms[number + 1][0] == terms[number][1]
    return 1 - 0.5 * (left + right)


GENERIC = frozenset(word for term in GENERIC_QUESTION for word in words(term))
