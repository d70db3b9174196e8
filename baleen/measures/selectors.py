"""Selectors: which rows of a whole table `filter` keeps, where a rank by one number is not enough.

Each gets one value for every row and how many rows to keep, and returns the places of those it chooses, the first
choice first. The values of all rows are in memory, and nothing else of the table.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from baleen.errors import Problem, unknown
from baleen.measures.words import rouge_l
from baleen.project.lookup import Named

__all__ = ["balanced", "spread", "varied"]

CLUSTERS, FEW = 200, 5
Numbers = NDArray[np.float32]
Selector = Callable[[Sequence[Any], int], list[int]]
SELECTORS = Named[Selector]("selector", lambda function: function)


def spread(vectors: Sequence[Sequence[float]], count: int) -> list[int]:
    """Greedy max-min: first the vector next to the mean, then always the one farthest (cosine) from those chosen.

    O(rows * count) with one row of vectors at a time; ties go to the earlier row.
    """
    table = np.asarray(vectors, dtype=np.float64)
    unit = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-12)
    chosen = [int(np.argmax(unit @ unit.mean(axis=0)))]
    nearest = unit @ unit[chosen[0]]
    while len(chosen) < min(count, len(unit)):
        nearest[chosen] = np.inf
        chosen.append(int(np.argmin(nearest)))
        nearest = np.maximum(nearest, unit @ unit[chosen[-1]])
    return chosen


def k_means(vectors: Sequence[Sequence[float]], k: int, seed: int = 0) -> list[int]:
    """The k-means cluster of each vector, by angle (vectors are brought to length 1); fewer than k for fewer vectors.

    k-means++ (Arthur and Vassilvitskii, 2007), then Lloyd's rounds until nothing moves, 100 at most.
    O(vectors * k) of time and memory a pass; the same vectors, k and seed give the same clusters.
    """
    table = np.asarray(vectors, dtype=np.float32)
    unit = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-12)
    centres, labels = initial_centres(unit, min(k, len(unit)), np.random.default_rng(seed)), np.full(len(unit), -1)
    for _ in range(100):
        nearest = np.argmin(squared_distances(unit, centres), axis=1)
        if np.array_equal(nearest, labels):
            break
        labels = nearest
        centres = np.stack([unit[labels == c].mean(0) if (labels == c).any() else m for c, m in enumerate(centres)])
    return [int(label) for label in labels]


def squared_distances(table: Numbers, centres: Numbers) -> Numbers:
    """Squared distances, shape (rows, centres)."""
    found: Numbers = (table**2).sum(1)[:, None] - 2 * table @ centres.T + (centres**2).sum(1)[None, :]
    return found


def initial_centres(table: Numbers, k: int, draw: np.random.Generator) -> Numbers:
    """First centres: each drawn with a probability that grows with the squared distance to those already there."""
    centres = table[[int(draw.integers(len(table)))]]
    while len(centres) < k:
        far = np.clip(squared_distances(table, centres).min(1), 0, None).astype(np.float64)
        odds = far / far.sum() if far.sum() > 0 else np.full(len(table), 1 / len(table))
        centres = np.vstack([centres, table[[int(draw.choice(len(table), p=odds))]]])
    return centres


def balanced(vectors: Sequence[Sequence[float]], count: int) -> list[int]:
    """As many rows of each k-means cluster, drawn by chance with a fixed seed, cluster by cluster in turn, so that a
    kind of text that is rare counts as much as one that is frequent.

    A cluster for every FEW rows that are chosen, CLUSTERS at most (those of Cycle-Instruct, arXiv:2508.16100).
    """
    labels, groups = k_means(vectors, max(1, min(CLUSTERS, count // FEW))), dict[int, list[int]]()
    for at in np.random.default_rng(0).permutation(len(labels)).tolist():
        groups.setdefault(labels[at], []).append(at)
    turns = [(turn, group[0], at) for group in groups.values() for turn, at in enumerate(group)]
    return [at for _, _, at in sorted(turns)[:count]]


def varied(texts: Sequence[str], count: int) -> list[int]:
    """Greedy: the first text, then always the one with the lowest ROUGE-L to those chosen; at 1 it stops."""
    chosen, nearest = list[int](), [0.0] * len(texts)
    while len(chosen) < count and min(nearest, default=1.0) < 1:
        far = nearest.index(min(nearest))
        chosen.append(far)
        nearest = [max(near, rouge_similarity(text, texts[far])) for near, text in zip(nearest, texts, strict=True)]
    return chosen


def rouge_similarity(a: str, b: str) -> float:
    """ROUGE-L F of two texts, 1.0 for equal ones without words too."""
    return 1.0 if a == b else rouge_l(a, b)


class Selection(NamedTuple):
    """A selector and the column that it gets the values of, as in 'spread(vector)'."""

    text: str
    selector: Selector
    column: str


def parse_selection(text: str) -> Selection:
    """Parse 'spread(vector)'; an unknown selector is a Problem."""
    if not (match := re.fullmatch(r"([\w.]+)\((\w+)\)", text.strip())):
        raise Problem(f"cannot read selector {text!r}; write it like 'spread(vector)'")
    if match[1] not in SELECTORS:
        raise Problem(unknown("selector", match[1], list(SELECTORS)))
    return Selection(text, SELECTORS[match[1]], match[2])
