"""Which reports to annotate next: uncertainty, diversity and value, ranked and mixed.

Diversity is greedy k-centre selection (Sener & Savarese 2018) over TF-IDF vectors of character n-grams, begun from what is
annotated already; the mixture adds ranks, so that no unit of measure outweighs another (Borda count).
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
DIMENSIONS = 2048


@dataclass(frozen=True, slots=True)
class Candidate:
    """A report of the pool: how unsure the model is of it (mean entropy, 0 to 1) and how much there is to annotate in it."""

    id: str
    uncertainty: float
    value: float


def vectors(texts: Sequence[str]) -> Vector:
    """Return unit TF-IDF vectors ``(texts, DIMENSIONS)`` of hashed character bigrams."""
    counts = np.zeros((len(texts), DIMENSIONS), np.float32)
    for row, text in enumerate(texts):
        for gram, count in Counter(text[i : i + 2] for i in range(len(text) - 1)).items():
            counts[row, _bucket(gram)] += 1 + math.log(count)
    frequency = (counts > 0).sum(axis=0)
    weighted = counts * np.log((1 + len(texts)) / (1 + frequency)).astype(np.float32)
    norms = np.linalg.norm(weighted, axis=1, keepdims=True)
    unit: Vector = weighted / np.maximum(norms, 1e-9)
    return unit


def _bucket(gram: str) -> int:
    return int.from_bytes(hashlib.blake2b(gram.encode("utf-8", "surrogatepass"), digest_size=4).digest(), "big") % DIMENSIONS


def entropy(probabilities: Floats) -> Floats:
    """Return the entropy of rows ``(n, classes)``, divided by its maximum: 0 is sure, 1 knows nothing."""
    clipped = np.clip(probabilities, 1e-12, 1)
    result: Floats = -(clipped * np.log(clipped)).sum(axis=1) / math.log(probabilities.shape[1])
    return result


def value(labels: Iterable[str], characters: int, frequency: Mapping[str, float]) -> float:
    """Return what annotating a report brings a character: its predicted spans, the rarer their label the more."""
    return sum(1 / math.sqrt(max(frequency.get(label, 0.0), 1e-3)) for label in labels) / max(characters, 1)


def ranks(scores: Floats) -> Floats:
    """Return for each score the share of scores that are lower: 0 for the lowest, 1 for the highest."""
    order = np.empty(len(scores))
    order[np.argsort(scores, kind="stable")] = np.arange(len(scores))
    return order / max(len(scores) - 1, 1)


Strategy = Callable[[Sequence[Candidate], Vector, Vector, int], list[int]]
"""Candidates, their vectors, the vectors of what is annotated, how many to choose → their places, best first."""


def by_uncertainty(pool: Sequence[Candidate], _: Vector, __: Vector, count: int) -> list[int]:
    """Choose the reports that the model is least sure of."""
    return [int(at) for at in np.argsort([-c.uncertainty for c in pool], kind="stable")[:count]]


def by_mixture(pool: Sequence[Candidate], points: Vector, done: Vector, count: int) -> list[int]:
    """Choose by the sum of ranks of uncertainty, value and distance from all that is annotated or chosen, one at a time."""
    fixed = ranks(np.array([c.uncertainty for c in pool])) + 0.5 * ranks(np.array([c.value for c in pool]))
    nearest = 1 - (points @ done.T).max(axis=1) if len(done) else np.ones(len(pool))
    chosen: list[int] = []
    for _ in range(min(count, len(pool))):
        scores = fixed + ranks(np.asarray(nearest, np.float64))
        scores[chosen] = -np.inf
        best = int(np.argmax(scores))
        chosen.append(best)
        nearest = np.minimum(nearest, 1 - points @ points[best])
    return chosen


STRATEGIES: Mapping[str, Strategy] = {"uncertainty": by_uncertainty, "mixture": by_mixture}
