"""Agreement of ratings: a judge that is asked twice, of which every rating is a category."""

from collections import Counter
from collections.abc import Hashable, Sequence

from baleen.measures import kappa
from baleen.tables.rows import Row


def of_categories(mine: Sequence[Hashable], other: Sequence[Hashable]) -> Row:
    """How often two give the same category to `rows` rows (`agree`), how often they would by chance (`by_chance`), and
    Cohen's kappa; None where chance alone agrees always."""
    count = len(mine)
    if not count:
        return {"rows": 0, "agree": None, "by_chance": None, "kappa": None}
    agree = sum(a == b for a, b in zip(mine, other, strict=True)) / count
    seconds = Counter(other)
    by_chance = sum(n * seconds[value] for value, n in Counter(mine).items()) / count**2
    beyond = None if by_chance > 1 - 1e-12 else round((agree - by_chance) / (1 - by_chance), 4)
    return {"rows": count, "agree": round(agree, 4), "by_chance": round(by_chance, 4), "kappa": beyond}


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
