"""calibrate: how well scores tell rows that are known to be good from bad ones, all side by side, with intervals.

python -m stages.calibrate humpback-calibration-1 --input humpback-known-1 --against humpback-judge-1 --best worst
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from baleen.measures import calibration_run
from baleen.measures.calibration import score_in_use
from baleen.measures.evaluation import parse_score
from baleen.measures.filters import require_sense
from baleen.project import settings
from baleen.project.command_line import run
from baleen.project.inputs import unchanged
from baleen.project.options import options_of_run
from baleen.project.settings import REQUIRED, setting
from baleen.tables.rows import write_json


@dataclass
class CalibrateOptions:
    input: str = setting(REQUIRED, "table of rows with a label and scores; with people: the one whose rows they label")
    against: str = setting("", "table of candidates with the same scores, for the threshold in use; '' is the input")
    people: bool = setting(False, "read labels/<input>.jsonl instead of a column")
    label: str = setting("good", "column that is 1 for good rows and 0 for bad ones")
    cluster: str = setting("pair", "column of rows that are not independent, drawn together for an interval")
    scores: list[str] = setting([], "scores to measure, low for good rows or high: -gain; [] is every one there is")
    prior: float = setting(0.5, "share of good rows among candidates that a precision assumes; people's labels tell it")
    kappa: float = setting(0.4, "least agreement with the labels of a score that may set a threshold (Cohen's kappa)")
    again: str = setting("", "column with what the same judge said before, such as first_rating")
    seed: int = setting(0, "of the bootstrap")
    keep: list[str] = setting([], "as filter: conditions of the filter that the score is for")
    unique: str = setting("", "as filter")
    best: str = setting("", "as filter: the score in use")
    highest: bool = setting(False, "as filter")
    select: str = setting("", "as filter")
    share: float = setting(1.0, "as filter: share of the candidates that the threshold in use keeps")
    within: str = setting("", "as filter")
    clusters: int = setting(200, "as filter")
    count: int = setting(0, "as filter: number of candidates that the threshold in use keeps")
    precision: float = setting(0.0, "as filter: the precision that the threshold in use has on the labelled rows")
    control: bool = setting(False, "as filter")


BOUNDS = {"prior": (0.01, 0.99), "kappa": (-1, 1), "precision": (0, 1)}


def check(options: CalibrateOptions, where: str) -> None:
    """A Problem for settings that cannot be meant."""
    settings.within(options, where, BOUNDS)
    if not options.precision:
        require_sense(options, where)
    names(options)


def names(options: CalibrateOptions) -> list[tuple[str, str]]:
    """The measures that the scores name."""
    texts = [*options.scores, *filter(None, [score_in_use(options)])]
    return [("measure", value.measure) for value in (parse_score(text).value for text in texts) if value.measure]


def scored(options: CalibrateOptions) -> list[str]:
    """The columns of the scores that the settings name, which the candidates must have too."""
    texts = [*options.scores, *filter(None, [score_in_use(options)])]
    return [column for text in texts for column in parse_score(text).value.columns]


def needed(options: CalibrateOptions) -> list[str]:
    """The columns that the labelled rows must have."""
    return [*scored(options), *filter(None, ["" if options.people else options.label, options.again])]


def main(argv: list[str]) -> None:
    name, options = options_of_run(CalibrateOptions, argv, "calibrate")
    check(options, f"calibrate {name}")
    figures = calibration_run.figures_of(options, f"calibrate {name}")
    unchanged()
    calibration_run.write_sweep(Path("data", f"{name}.csv"), figures)
    write_json(Path("data", f"{name}.json"), figures)
    for warning in figures["warnings"]:
        print(f"calibrate {name}: warning: {warning}", file=sys.stderr)


if __name__ == "__main__":
    run(main)
