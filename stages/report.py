"""report: one line a model from its evaluation, as a table and as metrics.json for `dvc exp show`.

python -m stages.report eval-reply eval-humpback
python -m stages.report --look    # the same table once more, from what metrics.json names
"""

import json
from pathlib import Path

from baleen.errors import Problem
from baleen.measures.expressions import is_share
from baleen.project import inputs
from baleen.project.command_line import run
from baleen.project.inputs import unchanged
from baleen.tables.rows import Row, write_json

METRICS = Path("metrics.json")


def loaded(path: Path, advice: str) -> Row:
    if not inputs.reads(path).is_file():
        raise Problem(f"no evaluation {path}; build it with: {advice}")
    return dict(json.loads(path.read_text(encoding="utf-8")))


def evaluation(name: str) -> Row:
    found = loaded(Path("data", f"{name}.json"), f"dvc repro evaluate@{name}")
    if not found.get("groups"):
        raise Problem(f"data/{name}.json is no evaluation; name targets of evaluate, such as eval-humpback")
    return found


def shown(measure: str, x: float | None) -> float | None:
    """A figure to one decimal place, in percent when the measure is a share."""
    return None if x is None else round(100 * x if is_share(measure) else x, 1)


def headline(found: Row) -> Row:
    """The first measure of each group."""
    firsts = {group: next(iter(block.items())) for group, block in found["groups"].items()}
    return {group: shown(measure, figures["mean"]) for group, (measure, figures) in firsts.items()}


def tested(found: Row) -> Row:
    """The measures of the group `test`, or of the first where there is none."""
    return dict(found["groups"].get("test") or next(iter(found["groups"].values())))


def line(name: str, found: Row) -> str:
    """The figures of one model: means, and the paired difference of the first."""
    block = tested(found)
    means = [shown(measure, figures["mean"]) for measure, figures in block.items()]
    cells = "".join(f"{'-' if mean is None else mean!s:>9}" for mean in means)
    return f"{name.removeprefix('eval-'):<14}{cells}   {gain(*next(iter(block.items())))}".rstrip()


def gain(measure: str, figures: Row) -> str:
    """The paired difference with its interval; nothing for a model beside itself or rows that do not pair."""
    if not figures.get("difference") and figures.get("low") == figures.get("high"):
        return ""
    difference, low, high = (shown(measure, figures[key]) for key in ("difference", "low", "high"))
    return f"{difference:+6.1f}  [{low:+.1f}, {high:+.1f}]"


def table(evaluations: dict[str, Row]) -> str:
    """All models, one a line, under the names of the measures."""
    names = [text.partition("(")[0].rpartition(".")[2] for text in tested(next(iter(evaluations.values())))]
    head = f"{'model':<14}" + "".join(f"{name:>9}" for name in names) + "   difference, 95 % interval"
    return "\n".join([head, *(line(name, found) for name, found in evaluations.items())])


def main(argv: list[str]) -> None:
    if {"--help", "-h"} & set(argv):
        return print(__doc__)
    if not argv:
        raise Problem("name the evaluations to report, such as: python -m stages.report eval-reply eval-humpback")
    look = argv == ["--look"]
    names = [f"eval-{name}" for name in loaded(METRICS, "dvc repro")] if look else argv
    evaluations = {name: evaluation(name) for name in names}
    if not look:
        unchanged()
        write_json(METRICS, {name.removeprefix("eval-"): headline(found) for name, found in evaluations.items()})
    print(table(evaluations))


if __name__ == "__main__":
    run(main)
