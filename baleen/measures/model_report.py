"""The figures of evaluations, one line a model."""

from baleen.measures.expressions import is_share
from baleen.tables.rows import Row


def shown(measure: str, x: float | None) -> float | None:
    """A figure to one decimal place, in percent when the measure is a share."""
    return None if x is None else round(100 * x if is_share(measure) else x, 1)


def headline(evaluation: Row) -> Row:
    """The first measure of each group."""
    firsts = {group: next(iter(block.items())) for group, block in evaluation["groups"].items()}
    return {group: shown(measure, figures["mean"]) for group, (measure, figures) in firsts.items()}


def tested(evaluation: Row) -> Row:
    """The measures of the group `test`, or of the first where there is none."""
    return dict(evaluation["groups"].get("test") or next(iter(evaluation["groups"].values())))


def line(name: str, evaluation: Row) -> str:
    """The figures of one model: means, and the paired difference of the first."""
    block = tested(evaluation)
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
    return "\n".join([head, *(line(name, evaluation) for name, evaluation in evaluations.items())])
