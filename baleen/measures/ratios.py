"""Ratios over a table: the sum of one measure divided by that of another, such as a micro-averaged F1."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from baleen.errors import Problem
from baleen.measures.expressions import Value, parse_value
from baleen.measures.statistics import DRAWS, LEVEL, ratio_error

Pairs = Sequence[tuple[float, float] | None]  # both numbers of each row; None where one of them cannot be computed
Sums = NDArray[np.float64]  # shape (clusters, 2): numerator and denominator


class Ratio(NamedTuple):
    """Two values, as written with a stroke between them."""

    text: str
    above: Value
    below: Value


class Sample(NamedTuple):
    """The rows of a table as a ratio sees them: their ids, their clusters and both numbers of each."""

    ids: list[str]
    clusters: list[str]
    pairs: Pairs


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


def by_cluster(sample: Sample) -> Sums:
    """The sums of each cluster, clusters in order of name."""
    _, places = np.unique(np.asarray(sample.clusters), return_inverse=True)
    sums = np.zeros((int(places.max(initial=-1)) + 1, 2))
    for place, pair in zip(places, sample.pairs, strict=True):
        sums[place] += pair or (0.0, 0.0)
    return sums


def figures(mine: Sample, theirs: Sample, seed: int) -> dict[str, Any]:
    """The ratio in a table and in the other, and when their rows pair up the difference with its 95 % interval, for
    which whole clusters are drawn."""
    sums, against = by_cluster(mine), by_cluster(theirs)
    known, own, others = sum(pair is not None for pair in mine.pairs), quotient(sums), quotient(against)
    error = rounded(ratio_error(sums[:, 0], sums[:, 1]))
    found = {"rows": known, "unread": len(mine.pairs) - known, "mean": rounded(own), "standard_error": error}
    found |= {"against": rounded(others)}
    paired = mine.ids == theirs.ids and None not in [*mine.pairs, *theirs.pairs]
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
