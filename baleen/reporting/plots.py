"""Plots: drawings of the report as tables that `dvc plots show` and `dvc plots diff` draw.

Each row says in `name` whose it is; the templates in .dvc/plots draw one picture a name, with a colour or a line of
pictures for each revision.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path

from baleen.measures import numbers
from baleen.measures.model_report import shown
from baleen.measures.numbers import Numbers
from baleen.project import inputs, recipes
from baleen.project.settings import load_yaml
from baleen.reporting.calibrated import histogram, score_shown, tenths
from baleen.reporting.sections import reasons
from baleen.tables.rows import Row

RULES = Path("dvc.yaml")
LENGTH = "words"  # the measure of how long a model's answers are
COLUMNS = {
    "data/report-models.csv": ("value", "low", "high", "measure", "name"),
    "data/report-lengths.csv": ("value", "low", "high", "measure", "name"),
    "data/report-rows.csv": ("rows", "dropped", "name"),
    "data/report-curves.csv": ("step", "loss", "name"),
    "data/report-scores.csv": ("low", "high", "rows", "fate", "name"),
    "data/report-reliability.csv": ("score", "good", "low", "high", "name"),
}


def declared() -> dict[Path, str]:
    """The plots of the project's report by file, each as CSV text; of what the report depends on alone, so that DVC
    writes them anew when it changes."""
    rule = load_yaml(RULES, plain=False)["stages"].get("report", {}) if RULES.is_file() else {}
    wanted = [next(iter(plot)) for plot in rule.get("plots", [])]
    read = counts(rule.get("deps", [])) if wanted else {}
    compared = of_models(read) if wanted else None
    figures = models(compared, compared.primary if compared else ""), models(compared, LENGTH)
    made = (*figures, tables(read), curves(read), scores(read), reliability(read))
    found = dict(zip(COLUMNS, made, strict=True))
    return {Path(name): text(COLUMNS[name], found[name]) for name in wanted if name in found}


def counts(deps: Iterable[str]) -> dict[str, Row]:
    """What the targets among some files counted, by name."""
    files = [inputs.reads(Path(dep)) for dep in deps if dep.endswith(".json")]
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files if path.is_file()}


def of_models(read: Mapping[str, Row]) -> Numbers | None:
    """What the evaluations among some targets say of the models."""
    every = {line.name: line for line in recipes.lines(recipes.files())}
    return numbers.of_lines({name: one for name, one in every.items() if one.verb != "evaluate" or name in read})


def models(compared: Numbers | None, measure: str) -> Iterator[Row]:
    """The figure of each model by a measure, with its 95 % interval."""
    for name, one in ((arm.name, arm.figures.get(measure)) for arm in (compared.arms if compared else [])):
        if one and one.value is not None:
            value, low, high = (shown(one.text, at) for at in (one.value, one.low, one.high))
            yield {"value": value, "low": low, "high": high, "measure": one.measure, "name": name}


def tables(read: Mapping[str, Row]) -> Iterator[Row]:
    """The rows of each table, from the first to the one that a model learns, and why others left."""
    for name, one in read.items():
        if "rows_out" in one:
            yield {"rows": one["rows_out"], "dropped": reasons(one), "name": name}


def curves(read: Mapping[str, Row]) -> Iterator[Row]:
    """The loss of each model by step."""
    for name, one in read.items():
        yield from ({"step": step, "loss": loss, "name": name} for step, loss in one.get("curve", []))


def calibrations(read: Mapping[str, Row]) -> Iterator[tuple[str, Row]]:
    """The figures of the score in use of each calibration, and what a picture of it is called."""
    for name, one in read.items():
        if one.get("scores"):
            used = score_shown(one)
            yield f"{name}: {used}", one["scores"][used]


def scores(read: Mapping[str, Row]) -> Iterator[Row]:
    """How many candidates stay and leave in each step of the score in use."""
    for name, made in calibrations(read):
        yield from (point | {"name": name} for point in histogram(made))


def reliability(read: Mapping[str, Row]) -> Iterator[Row]:
    """The share of good rows in each tenth of the labelled rows."""
    for name, made in calibrations(read):
        yield from (point | {"name": name} for point in tenths(made))


def text(columns: Sequence[str], points: Iterable[Row]) -> str:
    """A table as CSV."""
    made = StringIO()
    writer = csv.DictWriter(made, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(points)
    return made.getvalue()
