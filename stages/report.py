"""report: one line a model from its evaluation, as a table and as metrics.json for `dvc exp show`.

python -m stages.report eval-reply eval-humpback
"""

import json
from pathlib import Path

from baleen.problems import Problem, run
from baleen.rows import Row, write_json


def evaluation(name: str) -> Row:
    path = Path("data", f"{name}.json")
    if not path.is_file():
        raise Problem(f"no evaluation {path}; build it with: dvc repro evaluate@{name}")
    return dict(json.loads(path.read_text(encoding="utf-8")))


def percent(x: float | None) -> float | None:
    return None if x is None else round(100 * x, 1)


def headline(found: Row) -> Row:
    """The first measure of each group, in percent."""
    return {group: percent(next(iter(block.values()))["mean"]) for group, block in found["groups"].items()}


def line(name: str, found: Row) -> str:
    """The figures of one model: the first measure with its paired difference, the others as means."""
    block = found["groups"].get("test") or next(iter(found["groups"].values()))
    first, *others = block.values()
    gain = f"{100 * first['difference']:+6.1f}  [{100 * first['low']:+.1f}, {100 * first['high']:+.1f}]"
    shown = "".join(f"{percent(m['mean'])!s:>9}" for m in others)
    return (
        f"{name.removeprefix('eval-'):<14}{percent(first['mean'])!s:>7}{shown}   {gain if first['difference'] else ''}"
    )


def table(evaluations: dict[str, Row]) -> str:
    """All models, one a line, under the names of the measures."""
    block = next(iter(next(iter(evaluations.values()))["groups"].values()))
    names = [text.partition("(")[0].removeprefix("pocket_") for text in block]
    head = f"{'model':<14}{names[0]:>7}" + "".join(f"{n:>9}" for n in names[1:]) + "   difference, 95 % interval"
    return "\n".join([head, *(line(name, found) for name, found in evaluations.items())])


def main(argv: list[str]) -> None:
    evaluations = {name: evaluation(name) for name in argv}
    write_json(Path("metrics.json"), {n.removeprefix("eval-"): headline(e) for n, e in evaluations.items()})
    print(table(evaluations))


if __name__ == "__main__":
    run(main)
