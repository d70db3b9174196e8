"""Kappa: the agreement of two who judge the same rows, beside the shares that it is to be read with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from baleen.measures.statistics import DRAWS, LEVEL, Numbers


@dataclass(frozen=True)
class Agreement:
    """How far two agree on `n` rows: `same` is the share of rows on which they do, `by_chance` the share on which they
    would with the same `rates` (of good rows, by each) and without looking, `kappa` (same - by_chance) / (1 -
    by_chance) with its 95 % bootstrap interval. kappa is None where chance alone explains everything: both say one word
    of every row."""

    n: int
    same: float
    by_chance: float
    rates: tuple[float, float]
    kappa: float | None
    interval: tuple[float, float] | None


def agreement(
    first: Sequence[bool], second: Sequence[bool], weights: Sequence[float] | None = None, seed: int = 0
) -> Agreement | None:
    """Cohen's kappa of two who call the same rows good or not; None without rows. `weights` is how many rows each row
    stands for. Source: Cohen, A coefficient of agreement for nominal scales, 1960."""
    if len(first) == 0:
        return None
    cells = 2 * np.asarray(first, int) + np.asarray(second, int)
    if weights is None:
        return agreement_of_counts([int(count) for count in np.bincount(cells, minlength=4)], seed)
    sizes, random = np.asarray(weights, float), np.random.default_rng(seed)
    drawn = (random.integers(0, len(cells), len(cells)) for _ in range(DRAWS))
    return with_interval(len(cells), cell_shares(cells, sizes), (cell_shares(cells[i], sizes[i]) for i in drawn))


def agreement_of_counts(counts: Sequence[int], seed: int = 0) -> Agreement | None:
    """The same from the numbers of rows that neither, the second alone, the first alone and both call good."""
    n = sum(counts)
    if not n:
        return None
    shares: Numbers = np.asarray(counts, float) / n
    return with_interval(n, shares, np.random.default_rng(seed).multinomial(n, shares, DRAWS) / n)


def with_interval(n: int, shares: Numbers, drawn: Iterable[Numbers]) -> Agreement:
    """The agreement at these shares, with the percentile interval of kappa at shares of rows drawn with replacement;
    draws without a kappa are left out."""
    rates, value = (float(shares[2] + shares[3]), float(shares[1] + shares[3])), kappa(shares)
    values = [one for some in drawn if (one := kappa(some)) is not None]
    limits = None
    if value is not None and len(values) >= DRAWS / 2:
        low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        limits = float(low), float(high)
    return Agreement(n, float(shares[0] + shares[3]), chance(*rates), rates, value, limits)


def cell_shares(cells: NDArray[np.int_], sizes: Numbers) -> Numbers:
    """The shares of neither, second alone, first alone and both."""
    counted: Numbers = np.bincount(cells, weights=sizes, minlength=4).astype(np.float64)
    shares: Numbers = counted / counted.sum()
    return shares


def chance(first: float, second: float) -> float:
    """The share of rows on which two with these rates agree without looking."""
    return first * second + (1 - first) * (1 - second)


def kappa(shares: Numbers) -> float | None:
    by_chance = chance(shares[2] + shares[3], shares[1] + shares[3])
    return None if by_chance > 1 - 1e-12 else float((shares[0] + shares[3] - by_chance) / (1 - by_chance))


def in_words(found: Agreement) -> str:
    """The agreement in one line: kappa never without the rates of the two, raw agreement never alone."""
    head = f"{found.n:,} rows: both say the same of {100 * found.same:.0f} %, by chance {100 * found.by_chance:.0f} %"
    rates = f"good {100 * found.rates[0]:.0f} % and {100 * found.rates[1]:.0f} %"
    if found.kappa is None:
        return f"{head} ({rates}); kappa is not defined, both use one label only"
    limits = f" [{found.interval[0]:.2f}, {found.interval[1]:.2f}]" if found.interval else ""
    return f"{head} ({rates}); kappa {found.kappa:.2f}{limits}"
