"""report: the figures of all models as a table with intervals and a sentence, as metrics.json for `dvc exp show`, and
what `dvc plots show` draws.

python -m stages.report humpback-curate-2 eval-reply eval-humpback    # the first is a table: how many rows it keeps
python -m stages.report --look    # the same table once more, from what metrics.json names
"""

import json
from pathlib import Path

from baleen.errors import Problem
from baleen.measures import numbers_text
from baleen.measures.model_report import headline, table
from baleen.measures.numbers import of_project
from baleen.project import inputs
from baleen.project.command_line import run
from baleen.project.inputs import unchanged
from baleen.reporting import plots
from baleen.tables.rows import Row, write_json

METRICS = Path("metrics.json")


def loaded(path: Path, advice: str) -> Row:
    """A file of JSON; `advice` is the command that builds it."""
    if not inputs.reads(path).is_file():
        raise Problem(f"no evaluation {path}; build it with: {advice}")
    return dict(json.loads(path.read_text(encoding="utf-8")))


def evaluation(name: str) -> Row:
    figures = loaded(Path("data", f"{name}.json"), f"dvc repro evaluate@{name}")
    if not figures.get("groups"):
        raise Problem(f"data/{name}.json is no evaluation; name targets of evaluate, such as eval-humpback")
    return figures


def rows_kept(tables: list[str]) -> Row:
    """How many rows each table has, as `kept`: a number for one table."""
    counts = {name: loaded(Path("data", f"{name}.json"), "dvc repro")["rows_out"] for name in tables}
    return {"kept": counts if len(counts) > 1 else next(iter(counts.values()))} if counts else {}


def models_in(metrics: Row) -> list[str]:
    return [name for name, value in metrics.items() if isinstance(value, dict) and name != "kept"]


def chosen_by(figures: dict[str, Row]) -> Row:
    """What experiments are chosen by: the figure of the model that a method ends in, else of the last one named, on dev
    rows where there are some, and its difference with the interval. It has no name of a model, to be few columns."""
    methods = [name for name in figures if Path("recipes", f"{name.removeprefix('loss-')}.yaml").is_file()]
    last = figures[[*figures, *methods][-1]] if figures else {}
    wanted = ("dev", "dev_difference") if "dev" in last else ("all", "difference")
    return {name: last[name] for name in wanted if name in last}


def main(argv: list[str]) -> None:
    if {"--help", "-h"} & set(argv):
        return print(__doc__)
    if not argv:
        raise Problem("name the evaluations to report, such as: python -m stages.report eval-reply eval-humpback")
    shown_again = argv == ["--look"]
    names = [f"eval-{name}" for name in models_in(loaded(METRICS, "dvc repro"))] if shown_again else argv
    evaluations = {name: evaluation(name) for name in names if name.startswith("eval-")}
    if not shown_again:
        figures = {name.removeprefix("eval-"): headline(figures) for name, figures in evaluations.items()}
        kept = rows_kept([name for name in names if name not in evaluations])
        drawn = plots.declared()
        unchanged()
        for path, text in drawn.items():
            path.write_text(text, encoding="utf-8")
        write_json(METRICS, kept | chosen_by(figures) | figures)
    numbers = of_project() if Path("dvc.yaml").is_file() else None
    print(numbers_text.text(numbers) if numbers else table(evaluations))


if __name__ == "__main__":
    run(main)
