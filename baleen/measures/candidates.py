"""Candidates: the scores of the table that a filter reads, and the threshold that its settings have on them."""

from pathlib import Path

import numpy as np

from baleen.measures.columnar import Numbers
from baleen.measures.evaluation import Score
from baleen.measures.expressions import parse_condition
from baleen.measures.filters import Fates, Judge, Rules, names_in, ranked, selected
from baleen.tables import rows
from baleen.tables.rows import Row

BINS = 30  # of a histogram


def fates_of(path: Path, rules: Rules) -> Fates:
    """What becomes of each row of a table by the settings of a filter: 0 when it stays."""
    judge = Judge([parse_condition(text) for text in rules.keep], names_in(rules.unique))
    if rules.best:
        return ranked(path, rules, judge)[0]
    if rules.select:
        return selected(path, rules, judge)
    every = [judge.fates(batch) for batch in rows.read_batches(path)]
    return np.concatenate([*every, np.zeros(0, dtype=np.int16)])


def values_of(path: Path, score: Score) -> Numbers:
    """The score of each row of a table; NaN where it is NULL. 8 bytes a row."""
    needed = list(dict.fromkeys([*score.value.columns, "id"]))
    every = [score.value.of_batch(batch) for batch in rows.read_batches(path, needed)]
    return np.concatenate([*every, np.zeros(0)])


def cutoff(values: Numbers, fates: Fates, score: Score, rules: Rules) -> float | None:
    """The score of the worst row that stays; None where no row does or they were not chosen by this score alone."""
    inside = values[(fates == 0) & ~np.isnan(values)]
    if not len(inside) or rules.select or rules.within:
        return None
    return float(inside.min() if score.high else inside.max())


def histogram(values: Numbers, fates: Fates) -> Row:
    """How many rows stay and leave in each of BINS equal steps of a score, between its 1st and 99th percentile; what
    lies outside counts in the first and the last step."""
    known = ~np.isnan(values)
    if not known.any():
        return {"rows": len(values), "unread": len(values), "edges": [], "kept": [], "dropped": []}
    low, high = np.quantile(values[known], [0.01, 0.99])
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    inside = np.clip(values, edges[0], edges[-1])
    kept, dropped = (np.histogram(inside[known & chosen], edges)[0].tolist() for chosen in (fates == 0, fates != 0))
    shown = [round(float(edge), 6) for edge in edges]
    return {"rows": len(values), "unread": int((~known).sum()), "edges": shown, "kept": kept, "dropped": dropped}


def share_kept(values: Numbers, threshold: float, score: Score) -> float | None:
    """The share of the candidates with a score that a threshold keeps."""
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    return round(float(np.mean(known >= threshold if score.high else known <= threshold)), 4)
