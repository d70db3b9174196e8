"""Ratios over a table: the sum of one measure divided by that of another, such as a micro-averaged F1."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baleen.errors import Problem
from baleen.measures.expressions import Value, parse_value
from baleen.measures.statistics import DRAWS, LEVEL, ratio_error
from baleen.tables.rows import Row

Pairs = Callable[[Sequence[Row]], Sequence[tuple[float, float] | None]]
Sums = NDArray[np.float64]  # shape (clusters, 2): numerator and denominator


@dataclass(frozen=True)
class Ratio:
    """Two values, as written with a stroke between them."""

    text: str
    above: Value
    below: Value

    def pairs(self, table: Sequence[Row]) -> list[tuple[float, float] | None]:
        """Both numbers of each row; None where one of them cannot be computed."""
        both = ((self.above.of(row), self.below.of(row)) for row in table)
        return [(a, b) if a is not None and b is not None else None for a, b in both]


def parse_ratio(text: str) -> Ratio:
    """Parse 'hits(a,b) / total(a,b)'."""
    parts = text.split("/")
    if len(parts) != 2:
        raise Problem(f"cannot read ratio {text!r}; write two values like 'words(answer) / words(response)'")
    return Ratio(text, *(parse_value(part.strip()) for part in parts))


def quotient(sums: Sums) -> float | None:
    """The ratio of the sums of both columns; None when there is nothing below."""
    above, below = sums.sum(0)
    return float(above / below) if below else None


def by_cluster(pairs: Sequence[tuple[float, float] | None], clusters: Sequence[str]) -> Sums:
    """The sums of each cluster, clusters in order of name."""
    _, places = np.unique(np.asarray(clusters), return_inverse=True)
    sums = np.zeros((int(places.max(initial=-1)) + 1, 2))
    for place, pair in zip(places, pairs, strict=True):
        sums[place] += pair or (0.0, 0.0)
    return sums


def figures(table: Sequence[Row], other: Sequence[Row], pairs: Pairs, cluster: str, seed: int) -> Row:
    """The ratio in a table and in the other, and when their rows pair up the difference with its 95 % interval, for
    which whole clusters are drawn. `pairs` gives both numbers of each row of a table."""
    mine, theirs = pairs(table), pairs(other)
    sums, against = (by_cluster(p, [str(r[cluster]) for r in t]) for p, t in ((mine, table), (theirs, other)))
    known, own, others = sum(pair is not None for pair in mine), quotient(sums), quotient(against)
    error = ratio_error(sums[:, 0], sums[:, 1])
    found: Row = {"rows": known, "unread": len(mine) - known, "mean": rounded(own), "standard_error": rounded(error)}
    found |= {"against": rounded(others)}
    paired = [row["id"] for row in table] == [row["id"] for row in other] and None not in [*mine, *theirs]
    if paired and own is not None and others is not None:
        low, high = map(rounded, difference_interval(sums, against, seed))
        found |= {"difference": rounded(own - others), "low": low, "high": high, "paired": True}
    return found


def rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 4)


def difference_interval(sums: Sums, against: Sums, seed: int) -> tuple[float, float]:
    """95 % percentile interval of the difference of two ratios over the same clusters."""
    drawn = np.random.default_rng(seed).integers(0, len(sums), (DRAWS, len(sums)))
    mine, theirs = sums[drawn].sum(1), against[drawn].sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        gaps = mine[:, 0] / mine[:, 1] - theirs[:, 0] / theirs[:, 1]
    low, high = np.nanquantile(gaps, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
