"""Kappa: the agreement of two who judge the same rows, beside the shares that it is to be read with."""

from collections.abc import Sequence
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
    tables = np.stack([cell_shares(cells[i], sizes[i]) for i in drawn])
    return with_interval(len(cells), cell_shares(cells, sizes), tables)


def agreement_of_counts(counts: Sequence[int], seed: int = 0) -> Agreement | None:
    """The same from the numbers of rows that neither, the second alone, the first alone and both call good."""
    return agreement_of_table(np.asarray(counts, float).reshape(2, 2), seed)


def agreement_of_table(counts: Numbers, seed: int = 0) -> Agreement | None:
    """The agreement of two who sort rows into categories, from the number of rows of each pair of categories, shape (n,
    n), n at least 2; `rates` are those of the second category."""
    n = int(counts.sum())
    if not n:
        return None
    shares: Numbers = counts / n
    drawn = np.random.default_rng(seed).multinomial(n, shares.ravel(), DRAWS).reshape(-1, *shares.shape)
    return with_interval(n, shares, drawn / n)


def with_interval(n: int, shares: Numbers, drawn: Numbers) -> Agreement:
    """The agreement at these shares, with the percentile interval of kappa at shares of rows drawn with replacement;
    draws without a kappa are left out."""
    same, by_chance = same_and_by_chance(shares)
    value, values = kappas(same, by_chance), kappas(*same_and_by_chance(drawn))
    known, limits = values[~np.isnan(values)], None
    if not np.isnan(value) and len(known) >= DRAWS / 2:
        low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        limits = float(low), float(high)
    rates = float(shares[1].sum()), float(shares[:, 1].sum())
    return Agreement(n, float(same), float(by_chance), rates, None if np.isnan(value) else float(value), limits)


def cell_shares(cells: NDArray[np.int_], sizes: Numbers) -> Numbers:
    """The shares of neither, second alone, first alone and both, as a table."""
    counted: Numbers = np.bincount(cells, weights=sizes, minlength=4).astype(np.float64)
    shares: Numbers = (counted / counted.sum()).reshape(2, 2)
    return shares


def same_and_by_chance(shares: Numbers) -> tuple[Numbers, Numbers]:
    """The share of rows of one category, and that by chance, of tables of shares (..., first, second)."""
    by_chance = (shares.sum(-1) * shares.sum(-2)).sum(-1)
    return np.trace(shares, axis1=-2, axis2=-1), by_chance


def kappas(same: Numbers, by_chance: Numbers) -> Numbers:
    """Cohen's kappa; NaN where chance alone agrees always."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(by_chance > 1 - 1e-12, np.nan, (same - by_chance) / (1 - by_chance))


def in_words(found: Agreement) -> str:
    """The agreement in one line: kappa never without the rates of the two, raw agreement never alone."""
    head = f"{found.n:,} rows: both say the same of {100 * found.same:.0f} %, by chance {100 * found.by_chance:.0f} %"
    rates = f"good {100 * found.rates[0]:.0f} % and {100 * found.rates[1]:.0f} %"
    if found.kappa is None:
        return f"{head} ({rates}); kappa is not defined, both use one label only"
    limits = f" [{found.interval[0]:.2f}, {found.interval[1]:.2f}]" if found.interval else ""
    return f"{head} ({rates}); kappa {found.kappa:.2f}{limits}"
