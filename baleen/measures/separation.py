"""Separation: how well a score tells good rows from bad ones, with bootstrap intervals over clusters of rows.

A score is turned so that low is good (`badness`). Rows are weighted: by the share of good rows that is assumed, or by
what a drawn row stands for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from baleen.tables.rows import Row

Numbers = NDArray[np.float64]
DRAWS = 500  # of the bootstrap; the ends of an interval move by less than a hundredth of it
LEVEL = 0.95
CELLS = 20_000  # weights that are summed at once: few enough for the cache of a core
BINS = 10  # of a reliability table
POINTS = 60  # thresholds of a sweep at most
FEWEST = 10  # labelled rows that a threshold must keep before a precision is read off it


@dataclass(frozen=True)
class Labelled:
    """Rows with a label and a score, the best first: badness, whether each is good, weight, and number of cluster."""

    badness: Numbers
    good: NDArray[np.bool_]
    weights: Numbers
    clusters: NDArray[np.int64]

    @cached_property
    def last_of_tie(self) -> NDArray[np.int64]:
        """For each row the place of the last row with the same badness."""
        return np.searchsorted(self.badness, self.badness, side="right") - 1

    @cached_property
    def first_of_tie(self) -> NDArray[np.int64]:
        return np.searchsorted(self.badness, self.badness, side="left")

    def reweighted(self, weights: Numbers) -> "Labelled":
        return replace(self, weights=weights)


def labelled(
    badness: Sequence[float], good: Sequence[bool], weights: Sequence[float], clusters: Sequence[str]
) -> Labelled:
    """Rows in the order of their badness."""
    values = np.asarray(badness, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    _, numbers = np.unique(np.asarray(clusters), return_inverse=True)
    weighing = np.asarray(weights, dtype=np.float64)
    return Labelled(
        values[order], np.asarray(good, dtype=bool)[order], weighing[order], numbers.astype(np.int64)[order]
    )


def area(rows: Labelled, weights: Numbers | None = None) -> float:
    """Probability that a good row has the lower badness than a bad one, ties half (area under the ROC curve); NaN
    without rows of both."""
    return float(areas(rows, rows.weights if weights is None else weights))


def areas(rows: Labelled, weights: Numbers) -> Numbers:
    """The same for other weights of the rows, or for each line of a table of them."""
    good, bad = weights * rows.good, weights * ~rows.good
    through = np.cumsum(bad, axis=-1)
    before = np.concatenate([np.zeros((*bad.shape[:-1], 1)), through], axis=-1)
    below, upto = before[..., rows.first_of_tie], through[..., rows.last_of_tie]
    both = good.sum(axis=-1) * bad.sum(axis=-1)
    return 1 - quotient((good * (below + upto) / 2).sum(axis=-1), both)


def kept(rows: Labelled, threshold: float) -> NDArray[np.bool_]:
    return rows.badness <= threshold


def draws(rows: Labelled, seed: int) -> list[Numbers]:
    """The weights of the rows in each draw of the bootstrap: whole clusters are drawn with replacement. The same seed
    and clusters give the same draws, so that scores of the same rows can be compared in pairs."""
    count = int(rows.clusters.max()) + 1 if len(rows.clusters) else 0
    rng = np.random.default_rng(seed)
    chosen = (np.bincount(rng.integers(0, count, count), minlength=count) for _ in range(DRAWS if count else 0))
    return [rows.weights * times[rows.clusters] for times in chosen]


def interval(values: Sequence[float] | Numbers) -> tuple[float | None, float | None]:
    """The 95 % percentile interval of drawn values, without those that could not be computed."""
    drawn = np.asarray(values, dtype=np.float64)
    known = drawn[~np.isnan(drawn)]
    if not len(known):
        return None, None
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return round(float(low), 4), round(float(high), 4)


def of_draws(measure: Callable[[Numbers], Numbers], drawn: Sequence[Numbers]) -> Numbers:
    """A figure of each draw, which `measure` gives of a table with some of them, as many as CELLS allow."""
    count = max(1, CELLS // len(drawn[0])) if drawn and len(drawn[0]) else 1
    parts = [measure(np.stack(drawn[at : at + count])) for at in range(0, len(drawn), count)]
    return np.concatenate(parts) if parts else np.empty(0)


def estimate(name: str, measure: Callable[[Numbers], Numbers], weights: Numbers, drawn: Sequence[Numbers]) -> Row:
    """A figure with its interval, as {name, name_low, name_high}; None where it cannot be computed."""
    value = float(measure(weights))
    low, high = interval(of_draws(measure, drawn))
    return {name: None if np.isnan(value) else round(value, 4), f"{name}_low": low, f"{name}_high": high}


def thresholds(rows: Labelled) -> Numbers:
    """Where a threshold can lie: in the middle between different scores next to each other, POINTS of them at most,
    and above all."""
    different = np.unique(rows.badness)
    between = np.concatenate([(different[:-1] + different[1:]) / 2, different[-1:]])
    if len(between) > POINTS:
        places = np.quantile(rows.badness, np.linspace(0, 1, POINTS + 1)[1:])
        between = np.unique(between[np.minimum(np.searchsorted(between, places), len(between) - 1)])
    return between


def shortest(rows: Labelled, threshold: float) -> float:
    """A threshold with the fewest decimals, six at the least, with which it keeps the same rows: scores of a sure judge
    differ behind many nines."""
    end = np.searchsorted(rows.badness, threshold, side="right")
    rounded = (round(float(threshold), decimals) for decimals in range(6, 18))
    return next((x for x in rounded if np.searchsorted(rows.badness, x, side="right") == end), float(threshold))


def points(rows: Labelled, at: Numbers, drawn: Sequence[Numbers]) -> list[Row]:
    """For each of these thresholds, lowest first, precision and recall with intervals, and how many labelled rows it
    keeps."""
    ends = np.searchsorted(rows.badness, at, side="right")
    whole, parts = through(rows, rows.weights, ends), [through(rows, weights, ends) for weights in drawn]
    found = list[Row]()
    for n, end in enumerate(ends):
        figures: Row = {"rows": int(end)}
        for side, name in enumerate(("precision", "recall")):
            low, high = interval([part[side][n] for part in parts])
            value = float(whole[side][n])
            figures |= {name: None if np.isnan(value) else round(value, 4)}
            figures |= {f"{name}_low": low, f"{name}_high": high}
        found.append(figures)
    return found


def through(rows: Labelled, weights: Numbers, ends: NDArray[np.int64]) -> tuple[Numbers, Numbers]:
    """Precision and recall when the first so many rows stay, for each of these numbers."""
    every, good = (np.concatenate([[0.0], np.cumsum(w)]) for w in (weights, weights * rows.good))
    with np.errstate(divide="ignore", invalid="ignore"):
        return good[ends] / every[ends], good[ends] / good[-1]


def equal_share(rows: Labelled) -> float:
    """The threshold that calls as much weight good as is good: where a judge and the labels can agree best."""
    wanted, through = (rows.weights * rows.good).sum(), np.cumsum(rows.weights)
    place = int(np.argmin(np.abs(through[rows.last_of_tie] - wanted)))
    different = rows.badness[rows.last_of_tie[place] + 1 :]
    return float((rows.badness[place] + different[0]) / 2) if len(different) else float(rows.badness[place])


def reliability(rows: Labelled, drawn: Sequence[Numbers], sign: float) -> list[Row]:
    """For each tenth of the rows by score, the best first: the scores it spans and the share of good rows."""
    edges = sorted(
        {int(rows.last_of_tie[at - 1]) + 1 for at in np.linspace(0, len(rows.badness), BINS + 1).astype(int)[1:] if at}
    )
    found, first = list[Row](), 0
    for end in edges:
        inside = np.zeros(len(rows.badness), dtype=bool)
        inside[first:end] = True
        share = estimate("good", partial(shares, rows, inside), rows.weights, drawn)
        ends = sorted(round(float(sign * rows.badness[at]), 6) for at in (first, end - 1))
        found.append({"low": ends[0], "high": ends[1], "rows": end - first} | share)
        first = end
    return found


def shares(rows: Labelled, inside: NDArray[np.bool_], weights: Numbers) -> Numbers:
    """The share of good rows among those inside, for each line of a table of weights."""
    own = weights * inside
    return quotient((own * rows.good).sum(axis=-1), own.sum(axis=-1))


def quotient(above: Numbers, below: Numbers) -> Numbers:
    """One divided by the other, NaN where that is not above zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Numbers = np.where(below > 0, above / below, np.nan)
    return found
