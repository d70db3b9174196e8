"""Recipes: what is to be built, one line a target, read from the files that dvc.yaml lists."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from baleen.errors import Problem, unknown
from baleen.project.settings import load_yaml

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
LINKS = ("input", "other", "against", "model", "base", "calibration", "steps_of")  # settings that name a target
SETTINGS = "settings"  # the section of a recipe that holds no lines but groups of settings, which lines name


@dataclass(frozen=True)
class Rule:
    """A rule of dvc.yaml that makes a stage of each line of its section: the verb it calls, and what it adds to the
    settings of all its lines."""

    verb: str
    adds: dict[str, Any] = field(default_factory=dict)


NO_TABLE = ("train", "evaluate", "calibrate")  # verbs that make no table
RULES = {
    "ingest": Rule("ingest"),
    "load": Rule("ingest"),  # from what is no file of the project
    "map": Rule("map"),
    "generate": Rule("generate"),
    "answer": Rule("generate", {"prompt": "reply", "writes": "answer", "keep_unreadable": True}),
    "score": Rule("score"),
    "filter": Rule("filter"),
    "screen": Rule("filter"),  # against the rows of another table
    "mix": Rule("mix"),
    "train": Rule("train", {"settings": "sft"}),
    "arm": Rule("train", {"settings": "sft"}),  # for as many steps as another model
    "evaluate": Rule("evaluate", {"settings": "answers"}),
    "calibrate": Rule("calibrate"),
    "people": Rule("calibrate", {"people": True}),  # by the labels of people
    "gate": Rule("filter"),  # whose threshold a calibration sets
}


@dataclass(frozen=True)
class Group:
    """Settings that lines name, and the recipe that holds them."""

    values: dict[str, Any]
    file: str


@dataclass(frozen=True)
class Line:
    """One target: the rule of dvc.yaml that builds it, its settings, and the file that says so."""

    name: str
    rule: str
    given: dict[str, Any]
    file: str

    @property
    def verb(self) -> str:
        return RULES[self.rule].verb

    @property
    def ends_method(self) -> bool:
        """Whether it trains the model that its recipe is named after, in which a method ends."""
        return self.verb == "train" and Path(self.file).stem == self.name

    @property
    def where(self) -> str:
        return f"{self.file}: {self.rule}.{self.name}"

    def located(self, problem: Problem) -> Problem:
        """The problem of this line with its place in the recipe instead of the command."""
        return Problem(f"{self.where}: {str(problem).removeprefix(f'{self.verb} {self.name}: ')}")


def files(rules: Path = Path("dvc.yaml")) -> list[Path]:
    """The recipes that dvc.yaml lists: those that `dvc repro` builds; one that is not there is a Problem, as a folder
    without dvc.yaml is."""
    check_here(rules)
    named = [str(name) for name in load_yaml(rules, plain=False).get("vars", [])]
    listed = [Path(name) for name in dict.fromkeys(named) if name.startswith("recipes/")]
    if missing := next((path for path in listed if not path.is_file()), None):
        raise Problem(f"{rules}: no file {missing}; correct the name under vars, or delete the line")
    return listed


def check_here(rules: Path = Path("dvc.yaml")) -> None:
    """A Problem where the current folder is no project."""
    if not rules.is_file():
        begin = "go to a project's folder, or begin one with `baleen new`"
        raise Problem(f"no project here: {rules} is missing; {begin}")


def lines(paths: list[Path]) -> list[Line]:
    """Every line of the recipes; names must be text, and each names one target: a table, a model or an evaluation."""
    found = [line for path in paths for line in lines_of(path)]
    seen = dict[str, Line]()
    for line in found:
        twin = seen.setdefault(line.name, line)
        if twin is not line:
            raise Problem(f"{line.where}: {twin.where} already builds a target of this name; rename one")
    return found


def lines_of(path: Path) -> Iterator[Line]:
    for rule, targets in load_yaml(path).items():
        if rule == SETTINGS:
            continue
        if rule not in RULES:
            raise Problem(f"{path}: {unknown('rule', str(rule), [*RULES, SETTINGS])}")
        if not isinstance(targets, dict):
            raise Problem(f"{path}: {rule} has no lines; write some, or delete the word {rule}:")
        for name, given in targets.items():
            # DVC makes no stage at all, and says nothing, when a name is not a string
            if not isinstance(name, str) or not isinstance(given, dict):
                raise Problem(f"{path}: {rule}.{name} must be a quoted name with settings, like name: {{input: web}}")
            if not NAME.fullmatch(name):
                raise Problem(f"{path}: {rule}.{name!r} is no name for a file; write letters, digits, '-' and '_'")
            yield Line(name, rule, given, str(path))


def named(target: str) -> Line:
    """The line of a target, written as DVC does (train@humpback) or without its rule; a Problem when there is none."""
    check_here()
    known = {line.name: line for line in lines(all_files())}
    name = target.rpartition("@")[2]
    if name not in known:
        raise Problem(unknown("target", name, list(known)))
    return known[name]


def chain(lines: Mapping[str, Line], name: str) -> list[str]:
    """The tables that a table is made of, along its larger input, the first one first."""
    found = list[str]()
    while name in lines and name not in found:
        found.append(name)
        given = lines[name].given
        name = str(given.get("other") or given.get("input") or "")
    return found[::-1]


def is_method(path: Path) -> bool:
    """Whether a recipe trains a model of its own name; others are arms, or what several methods share."""
    return any(line.ends_method for line in lines_of(path))


def groups(paths: list[Path]) -> dict[str, Group]:
    """The settings that recipes hold for lines to name; a name that stands twice is a Problem."""
    made = dict[str, Group]()
    for path in paths:
        for name, values in (load_yaml(path).get(SETTINGS) or {}).items():
            if not isinstance(values, dict):
                raise Problem(f"{path}: {SETTINGS}.{name} must be settings, like {name}: {{max_tokens: 48}}")
            if name in made:
                raise Problem(f"{path}: {made[name].file} already has {SETTINGS} {name!r}; rename one")
            made[name] = Group(values, str(path))
    return made


def all_files() -> list[Path]:
    """Every recipe of the project, whether dvc.yaml lists it or not."""
    return sorted(Path("recipes").rglob("*.yaml"))
