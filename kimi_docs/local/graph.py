"""Sentences → a sparse TF-IDF matrix, and what can be asked of it: centrality, similarity, shared words."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Index = NDArray[np.int64]


class Matrix:
    """Rows of unit length, one per sentence, kept as (row, column, value): numpy alone is enough for 300 pages.

    The similarity of all pairs is never built: X·Xᵀ·v is taken as X·(Xᵀ·v), in time linear in the words.
    """

    def __init__(self, rows: Sequence[Sequence[str]], *, pivot: float = 0.0) -> None:
        counts = [Counter(row) for row in rows]
        frequency: Counter[str] = Counter()
        for count in counts:
            frequency.update(count.keys())
        self.size = len(rows)
        self.column = {word: number for number, word in enumerate(frequency)}
        self.idf = np.array([math.log(1 + self.size / df) for df in frequency.values()], dtype=np.float64)
        self.row: Index = np.array([i for i, count in enumerate(counts) for _ in count], dtype=np.int64)
        self.col: Index = np.array([self.column[word] for count in counts for word in count], dtype=np.int64)
        raw = np.array([1 + math.log(n) for count in counts for n in count.values()], dtype=np.float64)
        self.value: Vector = raw * self.idf[self.col] if len(raw) else raw
        norm = np.sqrt(np.bincount(self.row, self.value**2, minlength=self.size))
        self.norm = np.maximum(norm, pivot * norm.mean()) if len(raw) else norm
        self.value = self.value / self.norm[self.row] if len(raw) else raw
        self.starts: Index = np.searchsorted(self.row, np.arange(self.size + 1))

    def times(self, words: Vector) -> Vector:
        """X·v"""
        return np.asarray(np.bincount(self.row, self.value * words[self.col], minlength=self.size), dtype=np.float64)

    def transposed_times(self, sentences: Vector) -> Vector:
        """Xᵀ·v"""
        return np.asarray(np.bincount(self.col, self.value * sentences[self.row], minlength=len(self.column)), dtype=np.float64)

    def similar_to(self, sentence: int) -> Vector:
        """The cosine of every sentence with this one."""
        words = np.zeros(len(self.column))
        place = slice(self.starts[sentence], self.starts[sentence + 1])
        words[self.col[place]] = self.value[place]
        return self.times(words)

    def similar_to_words(self, words: Sequence[str]) -> Vector:
        """The cosine of every sentence with a bag of words."""
        vector = np.zeros(len(self.column))
        for word, count in Counter(words).items():
            if word in self.column:
                vector[self.column[word]] = (1 + math.log(count)) * self.idf[self.column[word]]
        norm = float(np.linalg.norm(vector))
        return self.times(vector / norm if norm else vector)

    def centrality(self, *, damping: float = 0.85, rounds: int = 60) -> Vector:
        """Continuous LexRank (Erkan & Radev 2004): PageRank on the graph of cosines, a sentence's own aside. Largest is 1."""
        if not self.size:
            return np.zeros(0)
        own = np.bincount(self.row, self.value**2, minlength=self.size)
        degree = self.times(self.transposed_times(np.ones(self.size))) - own
        degree[degree < 1e-9] = np.inf
        rank = np.full(self.size, 1 / self.size)
        for _ in range(rounds):
            share = rank / degree
            new = (1 - damping) / self.size + damping * (self.times(self.transposed_times(share)) - own * share)
            moved = float(np.abs(new - rank).sum())
            rank = new
            if moved < 1e-6:
                break
        return np.asarray(rank / rank.max())
