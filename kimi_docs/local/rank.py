"""Sentences → how much each matters, and a choice of those that matter and differ."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kimi_docs.local.cues import FALTERING, HEADINGS, IMPORTANT, UNIMPORTANT
from kimi_docs.local.graph import Matrix, Vector
from kimi_docs.local.sentences import Sentence
from kimi_docs.local.tokens import length, words


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """How much each feature counts. Tuned on the odd documents of the sets and reported on the even ones."""

    centrality: float = 0.8
    centroid: float = 0.9
    frequency: float = 0.6
    position: float = 0.6
    paragraph: float = 0.2
    title: float = 2.8
    important: float = 0.1
    unimportant: float = 0.7
    heading: float = 1.7
    short: float = 1.7
    broken: float = 0.8
    asking: float = 0.5
    faltering: float = 0.5
    difference: float = 0.7


WEIGHTS = Weights()
SHRINK = 6
PIVOT = 0.6


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranking:
    """The sentences of a document, their similarity and their scores (larger matters more)."""

    sentences: Sequence[Sentence]
    matrix: Matrix
    scores: Vector


def rank(sentences: Sequence[Sentence], *, title: str = "", weights: Weights = WEIGHTS) -> Ranking:
    """Score every sentence: LexRank (Erkan & Radev 2004), centroid (Radev et al. 2004), word frequency (Nenkova & Vanderwende
    2005), and position, title words, cue phrases and length after Edmundson (1969)."""
    bags = [words(sentence.text) for sentence in sentences]
    matrix = Matrix(bags, pivot=PIVOT)
    return Ranking(sentences=sentences, matrix=matrix, scores=score(features(sentences, bags, matrix, title), weights))


def score(found: dict[str, Vector], weights: Weights) -> Vector:
    negative = ("unimportant", "short", "broken", "asking", "faltering")
    total: Vector = np.zeros(len(next(iter(found.values()))))
    for name, values in found.items():
        total = total + (-1 if name in negative else 1) * float(getattr(weights, name)) * values
    return total


def features(sentences: Sequence[Sentence], bags: Sequence[Sequence[str]], matrix: Matrix, title: str) -> dict[str, Vector]:
    """Every feature of every sentence, each from 0 to 1."""
    size = len(sentences)
    sizes = np.array([length(sentence.text) for sentence in sentences], dtype=np.float64)
    place = np.arange(size) / max(1, size)
    topics = Counter(word for sentence in sentences if sentence.first for word in words(sentence.heading))
    return {
        "centrality": matrix.centrality() if size else np.zeros(0),
        "centroid": _largest_one(matrix.times(matrix.transposed_times(np.ones(size)))),
        "frequency": _frequency(bags),
        "position": np.maximum(np.exp(-12 * place), 0.3 * (place > 0.93)),
        "paragraph": np.array([float(sentence.first) for sentence in sentences]),
        "title": _largest_one(matrix.similar_to_words(words(title) * 3 + list(topics))),
        "important": np.array([float(bool(IMPORTANT.search(sentence.text))) for sentence in sentences]),
        "unimportant": np.array([float(bool(UNIMPORTANT.search(sentence.text))) for sentence in sentences]),
        "heading": np.array([_heading(sentence.heading) for sentence in sentences]),
        "short": (sizes < 8) * 1.0 + (sizes > 70) * 0.7,
        "asking": np.array([float(sentence.text.rstrip('"”’」)）')[-1:] in "?？") for sentence in sentences]),
        "faltering": np.array(
            [min(1.0, 10 * len(FALTERING.findall(sentence.text)) / (len(sentence.text) / 6)) for sentence in sentences]
        ),
        "broken": np.array([float(not sentence.whole) for sentence in sentences]),
    }


def _frequency(bags: Sequence[Sequence[str]]) -> Vector:
    """How usual the words of a sentence are in the document: the mean of the logarithm of their counts."""
    counts = Counter(word for bag in bags for word in bag)
    return _largest_one(np.array([sum(np.log(counts[word]) for word in set(bag)) / (len(set(bag)) + SHRINK) for bag in bags]))


def _heading(heading: str) -> float:
    return float(bool(heading and (HEADINGS["opening"].search(heading) or HEADINGS["closing"].search(heading))))


def _largest_one(values: Vector) -> Vector:
    largest = float(values.max()) if len(values) else 0.0
    return values / largest if largest > 0 else values


def choose(
    ranking: Ranking,
    *,
    enough: Callable[[list[int]], bool],
    scores: Vector | None = None,
    taken: Sequence[int] = (),
    difference: float = WEIGHTS.difference,
) -> list[int]:
    """The best sentences that differ from each other and from those `taken`, best first, until there are `enough`.

    Maximal marginal relevance (Carbonell & Goldstein 1998). A score of -inf is never chosen.
    """
    relevance = np.array(ranking.scores if scores is None else scores, dtype=np.float64)
    likest = np.zeros(len(relevance))
    for sentence in taken:
        likest = np.maximum(likest, ranking.matrix.similar_to(sentence))
        relevance[sentence] = -np.inf
    chosen: list[int] = []
    while len(relevance) and not enough(chosen):
        value = relevance - difference * likest
        best = int(np.argmax(value))
        if not np.isfinite(value[best]):
            break
        chosen.append(best)
        relevance[best] = -np.inf
        likest = np.maximum(likest, ranking.matrix.similar_to(best))
    return chosen
