"""Statistics for comparing arms: bootstrap intervals over clusters, paired by row, and the area under the ROC curve."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
DRAWS = 2000
LEVEL = 0.95


def cluster_sums(values: Sequence[float], clusters: Sequence[str]) -> tuple[Numbers, Numbers]:
    """Sum and number of the values of each cluster."""
    _, inverse = np.unique(np.asarray(clusters), return_inverse=True)
    return np.bincount(inverse, weights=np.asarray(values, float)).astype(np.float64), np.bincount(inverse).astype(
        np.float64
    )


def bootstrap_interval(values: Sequence[float], clusters: Sequence[str], seed: int = 0) -> tuple[float, float]:
    """95 % percentile interval of the mean, whole clusters drawn with replacement (rows of one cluster are not
    independent)."""
    total, size = cluster_sums(values, clusters)
    drawn = np.random.default_rng(seed).integers(0, len(total), (DRAWS, len(total)))
    means = total[drawn].sum(1) / size[drawn].sum(1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def standard_error(values: Sequence[float], clusters: Sequence[str]) -> float | None:
    """Standard error of the mean of values whose clusters are independent: of the sums of each cluster's deviations;
    with rows of their own clusters the standard deviation over the root of their number. None for one cluster."""
    total, size = cluster_sums(values, clusters)
    return ratio_error(total, size) if len(total) else None


def ratio_error(above: Numbers, below: Numbers) -> float | None:
    """Standard error of the ratio of two sums, from the sums of each cluster (linearised); None for one cluster."""
    clusters, whole = len(above), below.sum()
    if clusters < 2 or not whole:
        return None
    deviations = above - above.sum() / whole * below
    return float(np.sqrt(clusters / (clusters - 1) * (deviations**2).sum()) / whole)


def auc(scores: Sequence[float], labels: Sequence[bool]) -> float | None:
    """Probability that a random positive has the higher score, ties half; None when one class is missing."""
    values, positive = np.asarray(scores, float), np.asarray(labels, bool)
    if positive.all() or not positive.any():
        return None
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    n = int(positive.sum())
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(values) - n)))
