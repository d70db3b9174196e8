"""evaluate: average measures over a table, beside another table; paired by row when both hold the same rows.

python -m stages.evaluate eval-humpback --input answers-humpback --against answers-reply --profile pocket
"""

import sys
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from baleen.errors import Problem
from baleen.measures import guard
from baleen.measures.evaluation import UNDIVIDED, Design, evaluation, parse_score
from baleen.measures.expressions import Value, parse_value
from baleen.measures.pairwise import parse_controlled
from baleen.measures.ratios import parse_ratio
from baleen.project.command_line import run
from baleen.project.inputs import unchanged
from baleen.project.options import options_of_run
from baleen.project.settings import REQUIRED, setting
from baleen.tables import rows


@dataclass
class EvaluateOptions:
    input: str = setting(REQUIRED, "table to evaluate")
    against: str = setting(REQUIRED, "table to compare it with")
    mean: list[str] = setting(REQUIRED, "columns or measures to average")
    ratio: list[str] = setting([], "sums of two measures, one divided by the other, as in 'a(x,y) / b(x,y)'")
    distinct: list[str] = setting(
        [], "columns of texts: the share of word pairs of all rows that are different (distinct-2)"
    )
    controlled: list[str] = setting(
        [], "win rates at equal length, as in 'win(rating,order) by words(rival) - words(answer)'"
    )
    by: str = setting("", "column whose values split the rows into groups, each averaged alone")
    cluster: str = setting("id", "column of rows that are not independent, drawn together for the interval")
    auc: list[str] = setting([], "scores of `against`, low for good rows, or high: -gain; how well they find the label")
    dev: float = setting(
        0.0, "where `by` is '': share of the rows, by a hash of `cluster`, that are dev, to choose by; the rest is test"
    )
    seed: int = setting(0, "of the bootstrap")
    worse: str = setting("", "when the first mean is worse than that of `against`: mark it, or stop the build")


def averaged(options: EvaluateOptions) -> list[Value]:
    """The values that are averaged, and those of the ratios and of the win rates."""
    ratios, rates = map(parse_ratio, options.ratio), map(parse_controlled, options.controlled)
    several = [*((one.above, one.below) for one in ratios), *((one.win, one.mine, one.theirs) for one in rates)]
    return [*map(parse_value, options.mean), *chain.from_iterable(several)]


def needed(options: EvaluateOptions) -> list[str]:
    mentioned = [column for value in averaged(options) for column in value.columns]
    return [*mentioned, *options.distinct, options.cluster, *filter(None, [options.by])]


def check(options: EvaluateOptions, where: str) -> None:
    """A Problem for settings that cannot be meant."""
    if not options.mean:
        raise Problem(f"{where}: nothing to average; write mean: [...] in the recipe line or the profile")
    if not 0 <= options.dev < 1:
        raise Problem(f"{where}: dev {options.dev} is no share of the rows; write one such as 0.5, or 0 for none")
    guard.require_action(options.worse, where)
    names(options)


def names(options: EvaluateOptions) -> list[tuple[str, str]]:
    """The measures that the settings name."""
    values = [*averaged(options), *(parse_score(text).value for text in options.auc)]
    return [("measure", value.measure) for value in values if value.measure]


def main(argv: list[str]) -> None:
    name, options = options_of_run(EvaluateOptions, argv, "evaluate")
    check(options, f"evaluate {name}")
    means, scores = [parse_value(text) for text in options.mean], [parse_score(text) for text in options.auc]
    columns = ["id", *needed(options)]
    table = list(rows.read(rows.table_path(options.input), columns=list(dict.fromkeys(columns))))
    columns += [column for score in scores for column in score.value.columns]
    other = list(rows.read(rows.table_path(options.against), columns=list(dict.fromkeys(columns))))
    ratios = [*map(parse_ratio, options.ratio)]
    rates = [*map(parse_controlled, options.controlled)]
    more = (ratios, options.distinct, rates, options.dev)
    design = Design(means, options.by, options.cluster, scores, options.seed, *more)
    figures = evaluation(table, other, design)
    if figures.get("undivided"):
        print(f"evaluate {name}: {len(table)} rows are {UNDIVIDED}", file=sys.stderr)
    figures |= guard.guarded(figures, options.mean, options.worse, f"evaluate {name}")
    unchanged()
    rows.write_json(Path("data", f"{name}.json"), figures)


if __name__ == "__main__":
    run(main)
