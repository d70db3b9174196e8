"""show: the settings of a target, each with the place it comes from, and the targets of a project in build order."""

import json
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Any

from baleen.project import graph, layers, plan, recipes, settings
from baleen.project.graph import Stage
from baleen.project.recipes import Line
from stages import verbs

RULES = Path("dvc.yaml")
WIDTH, GAP = 100, 2  # columns of a page; `dvc dag` takes some 3,000 for a project
TABLES, FOLDERS = {".parquet", ".json"}, {"data", "models"}


@dataclass(frozen=True)
class Shown:
    """The settings of a line: each name with its value and the place that it comes from."""

    line: Line
    values: dict[str, tuple[Any, str]]

    def text(self) -> str:
        rows = (f"  {name:<20}{value!s:<36}  {place}" for name, (value, place) in self.values.items())
        return "\n".join([f"{self.line.rule}@{self.line.name}  ({self.line.where})", *rows])

    def as_json(self) -> str:
        values = {name: {"value": value, "from": place} for name, (value, place) in self.values.items()}
        return json.dumps({"stage": f"{self.line.rule}@{self.line.name}", "settings": values}, indent=2)


@dataclass(frozen=True)
class Pipeline:
    """The stages that `dvc repro` makes, in build order, each with the names of what it reads beside its plan."""

    reads: dict[str, list[str]]

    def text(self) -> str:
        wide = max(map(len, self.reads)) + GAP
        return "\n".join(
            fill(", ".join(names) or "-", WIDTH, initial_indent=name.ljust(wide), subsequent_indent=" " * wide,
                 break_on_hyphens=False, break_long_words=False)
            for name, names in self.reads.items()
        )  # fmt: skip

    def as_json(self) -> str:
        return json.dumps([{"stage": name, "reads": names} for name, names in self.reads.items()], indent=2)


def settings_of(target: str) -> Shown:
    """The settings of a target as its stage will see them."""
    line = recipes.named(target)
    return Shown(line, layers.origins(verbs.options_of(line.verb), line, layers.current()))


def pipeline() -> Pipeline:
    """The stages of the project in the current folder; a Problem where there is none."""
    lines = recipes.lines(recipes.files(RULES))
    stages = graph.stages(settings.load_yaml(RULES, plain=False)["stages"], lines, layers.current().params)
    ordered = graph.needed(stages, list(stages)).values()
    return Pipeline({stage.name: names_read(stage) for stage in ordered})


def names_read(stage: Stage) -> list[str]:
    """What a stage reads beside its own plan, which every stage has."""
    return list(dict.fromkeys(short(path) for path in stage.deps if Path(path).parent != plan.FOLDER))


def short(path: str) -> str:
    """The name of a table or a model, the path of any other file."""
    parts = Path(path)
    is_target = len(parts.parts) == 2 and parts.parts[0] in FOLDERS
    return parts.stem if is_target and parts.suffix in TABLES | {""} else path
