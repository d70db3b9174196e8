"""Agreement of ratings: a judge that is asked twice, of which every rating is a category."""

from collections.abc import Hashable, Sequence

import numpy as np

from baleen.measures import kappa
from baleen.measures.statistics import DRAWS, LEVEL, Numbers
from baleen.tables.rows import Row


def of_categories(mine: Sequence[Hashable], other: Sequence[Hashable], seed: int = 0) -> Row:
    """How often two give the same category to `rows` rows (`agree`), how often they would by chance (`by_chance`), and
    Cohen's kappa with its 95 % bootstrap interval; None where chance alone agrees always."""
    count = len(mine)
    if not count:
        return {"rows": 0, "agree": None, "by_chance": None, "kappa": None, "kappa_low": None, "kappa_high": None}
    places = {value: n for n, value in enumerate(dict.fromkeys([*mine, *other]))}
    table = np.zeros((len(places), len(places)))
    for pair in zip(mine, other, strict=True):
        table[places[pair[0]], places[pair[1]]] += 1
    agree, by_chance = same_and_by_chance(table / count)
    drawn = np.random.default_rng(seed).multinomial(count, table.ravel() / count, DRAWS).reshape(-1, *table.shape)
    values = kappas(*same_and_by_chance(drawn / count))
    known = values[~np.isnan(values)]
    ends = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) if len(known) >= DRAWS / 2 else (np.nan, np.nan)
    names = ("agree", "by_chance", "kappa", "kappa_low", "kappa_high")
    numbers = [float(number) for number in (agree, by_chance, kappas(agree, by_chance), *ends)]
    return {"rows": count} | {
        name: None if np.isnan(number) else round(number, 4) for name, number in zip(names, numbers, strict=True)
    }


def same_and_by_chance(shares: Numbers) -> tuple[Numbers, Numbers]:
    """The share of rows of one category, and that by chance, of tables of shares (..., first, second)."""
    by_chance = (shares.sum(-1) * shares.sum(-2)).sum(-1)
    return np.trace(shares, axis1=-2, axis2=-1), by_chance


def kappas(agree: Numbers, by_chance: Numbers) -> Numbers:
    """Cohen's kappa; NaN where chance alone agrees always."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(by_chance > 1 - 1e-12, np.nan, (agree - by_chance) / (1 - by_chance))


def of_labels(mine: Sequence[bool], other: Sequence[bool], weights: Sequence[float] | None = None) -> Row:
    """The agreement of two who call rows good or not, with the interval of kappa and the share that each calls good."""
    found = kappa.agreement(mine, other, weights)
    if found is None:
        return {"rows": 0, "agree": None, "by_chance": None, "kappa": None}
    low, high = found.interval or (None, None)
    numbers = {
        "agree": found.same,
        "by_chance": found.by_chance,
        "kappa": found.kappa,
        "kappa_low": low,
        "kappa_high": high,
    }
    rounded = {name: None if value is None else round(value, 4) for name, value in numbers.items()}
    return {"rows": found.n, **rounded, "good": [round(rate, 4) for rate in found.rates]}
