"""The figures of evaluations, one line a model."""

from itertools import groupby

from baleen.measures.expressions import is_share
from baleen.measures.figures import DEV, TEST
from baleen.tables.rows import Row

LIKELIHOODS = ("loss", "worst", "gain")  # nats a token, which need more decimals than words or percent


def decimals(measure: str) -> int:
    return 3 if measure in LIKELIHOODS else 1


def shown(measure: str, x: float | None) -> float | None:
    """A figure to one decimal place, in percent when the measure is a share; to three for likelihoods."""
    return None if x is None else round(100 * x if is_share(measure) else x, decimals(measure))


def headline(evaluation: Row) -> Row:
    """The first measure of each group, and its difference with the interval as a text: of the rows to choose by, `dev`,
    as well as of the tested group."""
    firsts = {group: next(iter(block.items())) for group, block in evaluation["groups"].items()}
    figures = {group: shown(measure, numbers["mean"]) for group, (measure, numbers) in firsts.items()}
    last = next(iter(tested(evaluation).items()))
    gaps = {"dev_difference": firsts.get(DEV), "difference": last}
    texts = {name: " ".join(gain(*pair).split()) for name, pair in gaps.items() if pair}
    return figures | {name: text for name, text in texts.items() if text}


def tested(evaluation: Row) -> Row:
    """The measures of the group `test`, or of the first where there is none."""
    return dict(evaluation["groups"].get(TEST) or next(iter(evaluation["groups"].values())))


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
    places = decimals(measure)
    return f"{difference:+6.{places}f}  [{low:+.{places}f}, {high:+.{places}f}]"


def table(evaluations: dict[str, Row]) -> str:
    """All models, one a line, under the names of the measures; a table for each set of measures."""
    blocks = groupby(evaluations.items(), lambda pair: tuple(tested(pair[1])))
    return "\n\n".join(block(measures, dict(pairs)) for measures, pairs in blocks)


def block(measures: tuple[str, ...], evaluations: dict[str, Row]) -> str:
    names = [text.partition("(")[0].rpartition(".")[2] for text in measures]
    head = f"{'model':<14}" + "".join(f"{name:>9}" for name in names) + "   difference, 95 % interval"
    return "\n".join([head, *(line(name, evaluation) for name, evaluation in evaluations.items())])
