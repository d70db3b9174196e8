"""Rankings: the rank of every row by one number, over the whole table or inside clusters of vectors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from baleen.measures.columnar import Numbers
from baleen.measures.selectors import k_means
from baleen.tables import rows

Marks = NDArray[np.bool_]
Places = NDArray[np.int64]
Counts = NDArray[np.int32]


class Limits(Protocol):
    """The settings of `filter` that say how many ranked rows stay."""

    highest: bool
    share: float
    clusters: int
    count: int


@dataclass(frozen=True)
class Ranking:
    """Ranked rows in their order: the value of each, its rank from 1 (0 when it has none), among how many, and the last
    rank that stays."""

    text: str
    values: Numbers
    ranks: Counts
    among: Counts
    cutoffs: Counts

    @property
    def unreadable(self) -> Marks:
        return np.isnan(self.values)

    @property
    def chosen(self) -> Marks:
        return (self.ranks > 0) & (self.ranks <= self.cutoffs)

    def part(self, part: slice) -> "Ranking":
        """That of some rows that follow one another."""
        counts = (column[part].copy() for column in (self.ranks, self.among, self.cutoffs))
        return Ranking(self.text, self.values[part].copy(), *counts)

    def reasons(self, places: Places) -> pa.Array:
        """Why each of these rows leaves: 'not best loss: 0.83, rank 612 of 2065, cutoff 413'."""
        columns = (self.values, self.ranks, self.among, self.cutoffs)
        value, rank, among, cutoff = (pc.cast(pa.array(column[places]), rows.TEXT) for column in columns)
        told = pc.binary_join_element_wise(value, ", rank ", rank, " of ", among, ", cutoff ", cutoff, "")
        ranked = pa.array(self.ranks[places] > 0)
        words = pc.if_else(ranked, told, pc.binary_join_element_wise(value, " and in no cluster", ""))
        return pc.binary_join_element_wise(f"not best {self.text}: ", words, "")


def in_order(values: Numbers, highest: bool) -> Places:
    """The places of the values from the best to the worst, equal ones in their order and NaN after all numbers."""
    return np.argsort(-values if highest else values, kind="stable")


def best_rows(text: str, values: Numbers, highest: bool, wanted: Callable[[int], int]) -> Ranking:
    """The ranks of all rows that have a value; of their number it follows how many of them are wanted."""
    known = int(np.count_nonzero(~np.isnan(values)))
    ranks = np.zeros(len(values), dtype=np.int32)
    ranks[in_order(values, highest)[:known]] = np.arange(1, known + 1, dtype=np.int32)
    among, cutoffs = (np.broadcast_to(np.int32(one), len(values)) for one in (known, min(wanted(known), known)))
    return Ranking(text, values, ranks, among, cutoffs)


def best_within(text: str, values: Numbers, vectors: Sequence[Any], rules: Limits) -> Ranking:
    """The best `share` inside each cluster; rounding is carried from cluster to cluster, so that all of them together
    keep that share too. A row without a vector is in no cluster and has no rank."""
    known = [i for i, vector in enumerate(vectors) if vector is not None and not np.isnan(values[i])]
    groups, seen = dict[int, list[int]](), 0
    labels = k_means([vectors[i] for i in known], rules.clusters) if known else []
    for i, label in zip(known, labels, strict=True):
        groups.setdefault(label, []).append(i)
    ranks, among, cutoffs = (np.zeros(len(values), dtype=np.int32) for _ in range(3))
    for _, group in sorted(groups.items()):
        places = np.array(group)
        ranks[places[in_order(values[places], rules.highest)]] = np.arange(1, len(places) + 1)
        among[places] = len(places)
        cutoffs[places] = round(rules.share * (seen + len(places))) - round(rules.share * seen)
        seen += len(places)
    return Ranking(text, values, ranks, among, cutoffs)


def best_of(text: str, values: Numbers, rules: Limits) -> Ranking:
    """The ranks of all rows by the settings."""
    return best_rows(text, values, rules.highest, lambda known: rules.count or round(rules.share * known))
