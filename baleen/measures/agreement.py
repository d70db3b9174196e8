"""Agreement: how far two agree on the same rows, as figures of an evaluation: ratings, or good and not good."""

from collections.abc import Hashable, Sequence

import numpy as np

from baleen.measures import kappa
from baleen.measures.kappa import Agreement
from baleen.tables.rows import Row


def of_categories(mine: Sequence[Hashable], other: Sequence[Hashable], seed: int = 0) -> Row:
    """How often two give the same category to `rows` rows (`agree`), how often they would by chance (`by_chance`), and
    Cohen's kappa with its 95 % bootstrap interval; None where chance alone agrees always."""
    places = {value: n for n, value in enumerate(dict.fromkeys([*mine, *other]))}
    counts = np.zeros((max(2, len(places)), max(2, len(places))))
    for pair in zip(mine, other, strict=True):
        counts[places[pair[0]], places[pair[1]]] += 1
    return figures(kappa.agreement_of_table(counts, seed))


def of_labels(mine: Sequence[bool], other: Sequence[bool], weights: Sequence[float] | None = None) -> Row:
    """The agreement of two who call rows good or not, with the interval of kappa and the share that each calls good."""
    found = kappa.agreement(mine, other, weights)
    if found is None:
        return {"rows": 0, "agree": None, "by_chance": None, "kappa": None}
    return figures(found) | {"good": [round(rate, 4) for rate in found.rates]}


def figures(found: Agreement | None) -> Row:
    """An agreement as figures; None without rows."""
    names = ("agree", "by_chance", "kappa", "kappa_low", "kappa_high")
    if found is None:
        return {"rows": 0} | dict.fromkeys(names)
    values = (found.same, found.by_chance, found.kappa, *(found.interval or (None, None)))
    rounded = {name: None if value is None else round(value, 4) for name, value in zip(names, values, strict=True)}
    return {"rows": found.n} | rounded
