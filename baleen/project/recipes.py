"""Recipes: what is to be built, one line a target, read from the files that dvc.yaml lists."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from baleen.errors import Problem, unknown
from baleen.project.settings import load_yaml

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
VERBS = {
    "ingest": "ingest",
    "map": "map",
    "generate": "generate",
    "score": "score",
    "judge": "score",  # the score verb with the prompt that params.yaml names
    "filter": "filter",
    "mix": "mix",
    "train": "train",
    "teach": "train",  # the train verb on rows that each name their prompt
    "evaluate": "evaluate",
}


@dataclass(frozen=True)
class Line:
    """One target: the rule of dvc.yaml that builds it, its settings, and the file that says so."""

    name: str
    rule: str
    given: dict[str, Any]
    file: str

    @property
    def verb(self) -> str:
        return VERBS[self.rule]

    @property
    def where(self) -> str:
        return f"{self.file}: {self.rule}.{self.name}"


def files(rules: Path = Path("dvc.yaml")) -> list[Path]:
    """The recipes that dvc.yaml lists; one that lies in recipes/ unlisted is a Problem."""
    named = [str(name) for name in load_yaml(rules, plain=False).get("vars", [])]
    listed = [Path(name) for name in dict.fromkeys(named) if name.startswith("recipes/")]
    if lying := sorted(set(Path("recipes").glob("*.yaml")) - set(listed)):
        raise Problem(f"dvc.yaml does not list {lying[0]}; add it under vars, or delete the file")
    return listed


def lines(paths: list[Path]) -> list[Line]:
    """Every line of the recipes; names must be text and unique among tables and among models."""
    found = [line for path in paths for line in lines_of(path)]
    seen = dict[tuple[bool, str], Line]()
    for line in found:
        twin = seen.setdefault((line.verb == "train", line.name), line)
        if twin is not line:
            raise Problem(f"{line.where}: {twin.where} already builds a target of this name; rename one")
    return found


def lines_of(path: Path) -> Iterator[Line]:
    for rule, targets in load_yaml(path).items():
        if rule not in VERBS:
            raise Problem(f"{path}: {unknown('rule', str(rule), list(VERBS))}")
        if not isinstance(targets, dict):
            raise Problem(f"{path}: {rule} has no lines; write some, or delete the word {rule}:")
        for name, given in targets.items():
            # DVC makes no stage at all, and says nothing, when a name is not a string
            if not isinstance(name, str) or not isinstance(given, dict):
                raise Problem(f"{path}: {rule}.{name} must be a quoted name with settings, like name: {{input: web}}")
            if not NAME.fullmatch(name):
                raise Problem(f"{path}: {rule}.{name!r} is no name for a file; write letters, digits, '-' and '_'")
            yield Line(name, rule, given, str(path))
