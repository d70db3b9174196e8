"""evaluate: average measures over a table, beside another table; paired by row when both hold the same rows.

python -m stages.evaluate eval-humpback --input answers-humpback --against answers-reply --profile pocket
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from baleen.errors import Problem
from baleen.measures.expressions import Value, metric_signatures, parse_value
from baleen.measures.statistics import auc, bootstrap_interval
from baleen.project.command_line import run
from baleen.project.inputs import unchanged
from baleen.project.options import options_of_run
from baleen.project.settings import REQUIRED, setting
from baleen.tables import rows
from baleen.tables.rows import Row


@dataclass
class EvaluateOptions:
    input: str = setting(REQUIRED, "table to evaluate")
    against: str = setting(REQUIRED, "table to compare it with")
    mean: list[str] = setting(REQUIRED, "columns or measures to average")
    by: str = setting("", "column whose values split the rows into groups, each averaged alone")
    cluster: str = setting("id", "column of rows that are not independent, drawn together for the interval")
    auc: list[str] = setting([], "scores of the `against` table, low is good, judged by how well they find the label")
    seed: int = setting(0, "of the bootstrap")


Numbers = dict[str, list[float | None]]


@dataclass(frozen=True)
class Measured:
    """The rows of one group: ids, clusters, and the values of each measure."""

    ids: list[str]
    clusters: list[str]
    values: Numbers


def measured(table: Sequence[Row], means: Sequence[Value], cluster: str) -> Measured:
    ids, clusters = [row["id"] for row in table], [str(row[cluster]) for row in table]
    return Measured(ids, clusters, {v.text: [v.of(row) for row in table] for v in means})


def grouped(table: Sequence[Row], by: str) -> dict[str, list[Row]]:
    """Rows of each value of a column, values in order; one group 'all' without a column."""
    keys = sorted({str(row[by]) for row in table}) if by else ["all"]
    return {key: [row for row in table if not by or str(row[by]) == key] for key in keys}


def compared(mine: Measured, other: Measured, name: str, seed: int) -> Row:
    """Mean, its interval, the other table's mean, and when rows pair up the mean difference with its interval."""
    given, theirs = readable(mine.values[name]), readable(other.values[name])
    found: Row = {"rows": len(given), "unread": len(mine.ids) - len(given), "mean": average(given)}
    found |= {"against": average(theirs)}
    if mine.ids == other.ids and len(given) == len(theirs) == len(mine.ids) and given:
        differences = [a - b for a, b in zip(given, theirs, strict=True)]
        low, high = bootstrap_interval(differences, mine.clusters, seed)
        found |= {"difference": average(differences), "low": round(low, 4), "high": round(high, 4), "paired": True}
    return found


def readable(values: Sequence[float | None]) -> list[float]:
    return [x for x in values if x is not None]


def average(values: Sequence[float]) -> float | None:
    return round(fmean(values), 4) if values else None


def finder(table: Sequence[Row], score: Value, label: Value) -> float | None:
    """Area under the curve of a score that is low for rows whose label is 1; rows without either do not count."""
    pairs = [(score.of(row), label.of(row)) for row in table]
    known = [(s, truth) for s, truth in pairs if s is not None and truth is not None]
    found = auc([-s for s, _ in known], [bool(truth) for _, truth in known])
    return None if found is None else round(found, 4)


def evaluate(table: Sequence[Row], other: Sequence[Row], options: EvaluateOptions) -> dict[str, Any]:
    """One block of figures for each group, and the AUC of each score over the whole `against` table."""
    means = [parse_value(text) for text in options.mean]
    mine, theirs = grouped(table, options.by), grouped(other, options.by)
    blocks = {
        group: {
            v.text: compared(
                measured(mine[group], means, options.cluster),
                measured(theirs.get(group, []), means, options.cluster),
                v.text,
                options.seed,
            )
            for v in means
        }
        for group in mine
    }
    found = {text: finder(other, parse_value(text), means[0]) for text in options.auc}
    scorer = {"auc": found, "recall": recall(table, other, means[0])} if found else {}
    return {"rows": len(table), "groups": blocks} | scorer | metric_signatures(means)


def recall(table: Sequence[Row], other: Sequence[Row], label: Value) -> float | None:
    """Share of the rows of the other table whose label is 1 that stand in this one: of what there was to find."""
    there, kept = (sum(bool(label.of(row)) for row in some) for some in (other, table))
    return round(kept / there, 4) if there else None


def needed(options: EvaluateOptions) -> list[str]:
    mentioned = [c for text in options.mean for c in parse_value(text).columns]
    return [*mentioned, options.cluster, *filter(None, [options.by])]


def check(options: EvaluateOptions, where: str) -> None:
    """A Problem for settings that cannot be meant."""
    if not options.mean:
        raise Problem(f"{where}: nothing to average; write mean: [...] in the recipe line or the profile")
    for text in [*options.mean, *options.auc]:
        parse_value(text)


def names(options: EvaluateOptions) -> list[tuple[str, str]]:
    """The measures that the settings name."""
    return [("measure", v.measure) for v in map(parse_value, [*options.mean, *options.auc]) if v.measure]


def main(argv: list[str]) -> None:
    name, options = options_of_run(EvaluateOptions, argv, "evaluate")
    check(options, f"evaluate {name}")
    paths = rows.table_path(options.input), rows.table_path(options.against)
    columns = list(dict.fromkeys(["id", *needed(options)]))
    scores = [c for text in options.auc for c in parse_value(text).columns]
    table = list(rows.read(paths[0], columns=columns))
    other = list(rows.read(paths[1], columns=list(dict.fromkeys([*columns, *scores]))))
    found = evaluate(table, other, options)
    unchanged()
    rows.write_json(Path("data", f"{name}.json"), found)


if __name__ == "__main__":
    run(main)
