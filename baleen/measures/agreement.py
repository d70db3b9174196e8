"""Agreement: Cohen's kappa of two who judge the same rows, beside the agreement that chance alone would give."""

from collections import Counter
from collections.abc import Hashable, Sequence

from baleen.tables.rows import Row


def agreement(mine: Sequence[Hashable], other: Sequence[Hashable], weights: Sequence[float] | None = None) -> Row:
    """How often two judges say the same of `rows` rows (`agree`), how often they would by chance (`by_chance`), and
    Cohen's kappa, (agree - by_chance) / (1 - by_chance), Cohen 1960; None where chance alone agrees always."""
    weighing = [1.0] * len(mine) if weights is None else [*weights]
    whole = sum(weighing)
    if not whole:
        return {"rows": 0, "agree": None, "by_chance": None, "kappa": None}
    agree = sum(w for a, b, w in zip(mine, other, weighing, strict=True) if a == b) / whole
    firsts, seconds = shares(mine, weighing), shares(other, weighing)
    by_chance = sum(share * seconds[value] for value, share in firsts.items())
    kappa = None if by_chance > 1 - 1e-12 else round((agree - by_chance) / (1 - by_chance), 4)
    return {"rows": len(mine), "agree": round(agree, 4), "by_chance": round(by_chance, 4), "kappa": kappa}


def shares(values: Sequence[Hashable], weights: Sequence[float]) -> Counter[Hashable]:
    """The share of the weight that each value has."""
    found, whole = Counter[Hashable](), sum(weights)
    for value, weight in zip(values, weights, strict=True):
        found[value] += weight / whole  # type: ignore[assignment]
    return found
