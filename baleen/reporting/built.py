"""What is built: the recipe lines of the current folder with the counts and figures that their targets have."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from baleen.project import recipes
from baleen.project.recipes import Line
from baleen.tables.rows import Row


@dataclass(frozen=True)
class Built:
    """The lines of the recipes that dvc.yaml lists, by name, and what each target counted, where it is built."""

    lines: dict[str, Line]
    counts: dict[str, Row]

    def of(self, *verbs: str) -> Iterator[tuple[str, Line, Row]]:
        """The targets of some verbs that are built, in the order of the recipes."""
        for name, line in self.lines.items():
            if line.verb in verbs and name in self.counts:
                yield name, line, self.counts[name]

    def chain(self, name: str) -> list[str]:
        """The tables that a table is made of, along its larger input, the first one first."""
        return recipes.chain(self.lines, name)

    @property
    def model(self) -> str:
        """The model that is trained last on what a filter kept; '' when there is none."""
        return next((name for name, line, _ in reversed([*self.of("train")]) if self.kept_by(line)), "")

    def kept_by(self, line: Line) -> str:
        """The filter whose rows a model learns."""
        chain = self.chain(str(line.given.get("input", "")))
        return next((name for name in reversed(chain) if self.lines[name].verb == "filter"), "")


def current() -> Built:
    """What is built of the project in the current folder."""
    lines = {line.name: line for line in recipes.lines(recipes.files())}
    paths = {name: Path("models" if line.verb == "train" else "data", f"{name}.json") for name, line in lines.items()}
    counts = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in paths.items() if path.is_file()}
    return Built(lines, counts)


def method_models(built: Built) -> list[str]:
    """The models of the methods that are built: those named after their recipe, else the last one trained."""
    return [name for name, line, _ in built.of("train") if line.ends_method] or [built.model] * bool(built.model)
