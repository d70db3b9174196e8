"""Evaluation: means of measures over the rows of a table, group by group, beside those of another table."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import Any, NamedTuple

from baleen.measures.answers import distinct_shares
from baleen.measures.expressions import Value, metric_signatures, parse_value
from baleen.measures.figures import DEV, FEWEST, TEST
from baleen.measures.pairwise import Controlled, controlled_figures
from baleen.measures.ratios import Pairs, Ratio, Sample, figures, rounded
from baleen.measures.statistics import auc, bootstrap_interval, standard_error
from baleen.measures.words import chance
from baleen.tables.rows import Row

PairsOf = Callable[[Sequence[Row]], Pairs]  # both numbers of each row of a table
ALL = "all"  # the one group of rows that are not divided
UNDIVIDED = (
    f"too few to choose by some and test on others ({FEWEST} each at the least); a choice made by them is not tested "
    "by them"
)
BOOTSTRAPPED = 10_000  # clusters whose mean has a bootstrap interval; with more, the standard error says as much


class Score(NamedTuple):
    """A value that is low for good rows, or high where `high`: written with a minus before it."""

    text: str
    value: Value
    high: bool


def parse_score(text: str) -> Score:
    """Parse 'worst' or '-gain'."""
    return Score(text, parse_value(text.removeprefix("-")), text.startswith("-"))


@dataclass(frozen=True)
class Design:
    """What is averaged and how: the measures; the column that splits the rows into groups ('' for none); the column of
    rows that are drawn together for an interval; scores of the other table that are judged by how well they find rows
    whose first measure is 1; the seed of the bootstrap; ratios of the sums of two measures; columns of texts of which
    the share of different word pairs is wanted; win rates to be controlled for length; and, without such a column, the
    share of the clusters that choices are made by (0: all rows are one group)."""

    means: Sequence[Value]
    by: str
    cluster: str
    scores: Sequence[Score]
    seed: int
    ratios: Sequence[Ratio] = ()
    distinct: Sequence[str] = ()
    controlled: Sequence[Controlled] = ()
    dev: float = 0.0


@dataclass(frozen=True)
class Measured:
    """The rows of one group: ids, clusters, and the values of each measure."""

    ids: list[str]
    clusters: list[str]
    values: dict[str, list[float | None]]


def evaluation(table: Sequence[Row], other: Sequence[Row], design: Design) -> dict[str, Any]:
    """One block of figures for each group, and the AUC of each score over the whole other table."""
    group = group_of(table, design)
    mine, theirs = grouped(table, group), grouped(other, group)
    groups = {group: group_figures(mine[group], theirs.get(group, []), design) for group in mine}
    label = design.means[0]
    curves = {score.text: score_auc(other, score, label) for score in design.scores}
    scorer = {"auc": curves, "recall": recall(table, other, label)} if curves else {}
    undivided = {"undivided": True} if design.dev and not design.by and ALL in groups else {}
    return (
        {"rows": len(table), "groups": groups}
        | undivided
        | scorer
        | metric_signatures([*design.means, *(value for one in design.ratios for value in (one.above, one.below))])
    )


def group_of(table: Sequence[Row], design: Design) -> Callable[[Row], str]:
    """In which group a row is: the value of a column; `dev` or `test` by a hash of its cluster, where the table has
    FEWEST clusters of both at the least; else `all`."""
    if design.by:
        return lambda row: str(row[design.by])
    if design.dev and is_divided({str(row[design.cluster]) for row in table}, design.dev):
        return lambda row: side(str(row[design.cluster]), design.dev)
    return lambda row: ALL


def side(cluster: str, dev: float) -> str:
    """Whether choices are made by a row or the result is measured on it, by a hash: it stays there when others come."""
    return DEV if chance(f"dev {cluster}") < dev else TEST


def is_divided(clusters: Collection[str], dev: float) -> bool:
    """Whether so many rows are enough for both."""
    sizes = Counter(side(one, dev) for one in clusters)
    return min(sizes[DEV], sizes[TEST]) >= FEWEST


def grouped(table: Sequence[Row], group: Callable[[Row], str]) -> dict[str, list[Row]]:
    """The rows of each group, groups in order; of no rows the group `all`."""
    keys = sorted({group(row) for row in table}) or [ALL]
    return {key: [row for row in table if group(row) == key] for key in keys}


def group_figures(table: Sequence[Row], other: Sequence[Row], design: Design) -> dict[str, Row]:
    """The figures of each measure over the rows of a group and those of the same group of the other table."""
    mine, theirs = (measured(rows, design.means, design.cluster) for rows in (table, other))
    means = {value.text: compared(mine, theirs, value.text, design.seed) for value in design.means}
    whole = {
        text: figures(sample(table, pairs, design.cluster), sample(other, pairs, design.cluster), design.seed)
        for text, pairs in pairs_by_name(design).items()
    }
    rates = {one.text: controlled_figures(table, one, design.cluster, design.seed) for one in design.controlled}
    return means | whole | rates


def pairs_by_name(design: Design) -> Mapping[str, PairsOf]:
    """What gives both numbers of each row of a table, by the name of the ratio of their sums: two measures, or of the
    word pairs of a column the different ones and all."""
    ratios = {one.text: partial(measured_pairs, ratio=one) for one in design.ratios}
    return ratios | {f"distinct_2({column})": partial(word_pairs, column=column) for column in design.distinct}


def measured_pairs(table: Sequence[Row], ratio: Ratio) -> Pairs:
    both = ((ratio.above.of(row), ratio.below.of(row)) for row in table)
    return [(a, b) if a is not None and b is not None else None for a, b in both]


def word_pairs(table: Sequence[Row], column: str) -> Pairs:
    return distinct_shares([row[column] for row in table])


def sample(table: Sequence[Row], pairs: PairsOf, cluster: str) -> Sample:
    return Sample([row["id"] for row in table], [str(row[cluster]) for row in table], pairs(table))


def measured(table: Sequence[Row], means: Sequence[Value], cluster: str) -> Measured:
    ids, clusters = [row["id"] for row in table], [str(row[cluster]) for row in table]
    return Measured(ids, clusters, {v.text: [v.of(row) for row in table] for v in means})


def compared(mine: Measured, other: Measured, name: str, seed: int) -> Row:
    """Mean, its interval, the other table's mean, and when rows pair up the mean difference with its interval."""
    own, theirs = readable(mine.values[name]), readable(other.values[name])
    found: Row = {"rows": len(own), "unread": len(mine.ids) - len(own), "mean": average(own)}
    known = [cluster for cluster, value in zip(mine.clusters, mine.values[name], strict=True) if value is not None]
    found |= {"standard_error": rounded(standard_error(own, known)), "against": average(theirs)}
    if own and len(set(known)) <= BOOTSTRAPPED:
        found["mean_low"], found["mean_high"] = map(rounded, bootstrap_interval(own, known, seed))
    if mine.ids == other.ids and len(own) == len(theirs) == len(mine.ids) and own:
        differences = [a - b for a, b in zip(own, theirs, strict=True)]
        low, high = bootstrap_interval(differences, mine.clusters, seed)
        found |= {"difference": average(differences), "low": round(low, 4), "high": round(high, 4), "paired": True}
    return found


def readable(values: Sequence[float | None]) -> list[float]:
    return [x for x in values if x is not None]


def average(values: Sequence[float]) -> float | None:
    return round(fmean(values), 4) if values else None


def score_auc(table: Sequence[Row], score: Score, label: Value) -> float | None:
    """Area under the curve of a score for rows whose label is 1; rows without either do not count."""
    pairs = [(score.value.of(row), label.of(row)) for row in table]
    known = [(s, truth) for s, truth in pairs if s is not None and truth is not None]
    area = auc([s if score.high else -s for s, _ in known], [bool(truth) for _, truth in known])
    return None if area is None else round(area, 4)


def recall(table: Sequence[Row], other: Sequence[Row], label: Value) -> float | None:
    """Share of the rows of the other table whose label is 1 that stand in this one: of what there was to find."""
    there, kept = (sum(bool(label.of(row)) for row in some) for some in (other, table))
    return round(kept / there, 4) if there else None
