"""Selectors: which rows of a whole table `filter` keeps, where a rank by one number does not say it.

Each gets one value for every row and how many rows to keep, and returns the places of those it chooses, the first
choice first. The values of all rows are in memory, and nothing else of the table.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from baleen.problems import Problem, unknown

Selector = Callable[[Sequence[Any], int], list[int]]


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


class Selection(NamedTuple):
    """A selector and the column whose values it looks at, as in 'spread(vector)'."""

    text: str
    selector: Selector
    column: str


def selection(text: str) -> Selection:
    """'spread(vector)', read; an unknown selector is a Problem."""
    if not (match := re.fullmatch(r"(\w+)\((\w+)\)", text.strip())):
        raise Problem(f"cannot read selector {text!r}; write it like 'spread(vector)'")
    if match[1] not in SELECTORS:
        raise Problem(unknown("selector", match[1], list(SELECTORS)))
    return Selection(text, SELECTORS[match[1]], match[2])


SELECTORS: dict[str, Selector] = {"spread": spread}
