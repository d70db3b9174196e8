"""Wiring: the stages DVC makes of its rules and the recipes, with what each reads and writes, found without DVC."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import PurePosixPath
from typing import Any

from baleen.errors import Problem, unknown
from baleen.project.recipes import RULES, SETTINGS, Line
from baleen.project.settings import Settings

PLACE = re.compile(r"\$\{\s*([\w.-]+)\s*\}")


@dataclass(frozen=True)
class Stage:
    """A stage as `dvc repro` names it, such as train@humpback; `line` is None for one that no recipe speaks of."""

    name: str
    line: Line | None
    deps: tuple[str, ...]
    outs: tuple[str, ...]
    command: str = ""

    @property
    def target(self) -> str:
        return self.line.name if self.line else self.name

    @property
    def where(self) -> str:
        return self.line.where if self.line else f"dvc.yaml: {self.name}"


Stages = dict[str, Stage]


def is_remote(path: str) -> bool:
    """Whether a dependency or a source lies on no disk of this machine: s3://..., https://..."""
    return "://" in path


def stages(rules: Mapping[str, Settings], lines: Iterable[Line], params: Settings) -> Stages:
    """Every stage by name: one for each recipe line and one for each rule without foreach."""
    if clash := next((rule for rule in (*RULES, SETTINGS) if rule in params), ""):
        raise Problem(
            f"params.yaml: {clash!r} is a section of recipes; DVC would take its keys for theirs, give it another name"
        )
    known = {key: value for key, value in params.items() if not isinstance(value, dict | list)}
    single = [stage(name, None, rule, known) for name, rule in rules.items() if "foreach" not in rule]
    many = [stage(f"{line.rule}@{line.name}", line, rule_of(line, rules)["do"], known) for line in lines]
    return {made.name: made for made in [*single, *many]}


def rule_of(line: Line, rules: Mapping[str, Settings]) -> Settings:
    """The rule that makes a stage of the line; without one DVC would pass the line over and say nothing."""
    rule = rules.get(line.rule, {})
    if PLACE.sub(r"\1", str(rule.get("foreach", ""))) != line.rule:
        raise Problem(f"{line.where}: dvc.yaml has no rule {line.rule!r} with foreach: ${{{line.rule}}}; add it there")
    return rule


def stage(name: str, line: Line | None, rule: Settings, params: Settings) -> Stage:
    values = params | ({"key": line.name, "item": ""} if line else {})
    values |= {f"item.{key}": value for key, value in line.given.items()} if line else {}
    missing = [place for place in PLACE.findall(str(rule)) if place not in values]
    if missing and line and missing[0].startswith("item."):
        wanted = missing[0].removeprefix("item.")
        raise Problem(f"{line.where}: setting {wanted!r} is missing, and dvc.yaml needs it in every {line.rule} line")
    if missing:
        raise Problem(f"dvc.yaml: {name} mentions ${{{missing[0]}}}; {unknown('name', missing[0], list(values))}")
    wrote = [*rule.get("outs", []), *rule.get("metrics", []), *rule.get("plots", [])]
    command = PLACE.sub(lambda place: str(values[place[1]]), str(rule.get("cmd", "")))
    return Stage(name, line, paths(rule.get("deps", []), values), paths(wrote, values), command)


def paths(entries: Iterable[Any], values: Settings) -> tuple[str, ...]:
    """Entries of deps or outs, which may be {path: options}, with their places filled in."""
    named = [str(next(iter(entry))) if isinstance(entry, dict) else str(entry) for entry in entries]
    return tuple(PLACE.sub(lambda place: str(values[place[1]]), name) for name in named)


def makers(found: Stages) -> dict[str, Stage]:
    """The stage that writes each path."""
    return {out: made for made in found.values() for out in made.outs}


def within(wrote: Mapping[str, Stage]) -> Callable[[str], str]:
    """A function that gives the output which a path is or lies in, such as the folder of the plan; '' for none."""

    @cache
    def holder(path: str) -> str:
        return path if path in wrote else holder(path.rpartition("/")[0]) if path else ""

    return cache(lambda path: path if path in wrote else holder(str(PurePosixPath(path).parent)))


def needed(found: Stages, targets: Iterable[str]) -> Stages:
    """The targets and every stage they are built from, in build order; a circle anywhere is a Problem."""
    wrote = makers(found)
    graph = {made.name: [wrote[at].name for at in map(within(wrote), made.deps) if at] for made in found.values()}
    waiting, seen = list(targets), set[str]()
    if odd := next((name for name in waiting if name not in found), ""):
        raise Problem(unknown("target", odd, list(found)))
    while waiting:
        name = waiting.pop()
        waiting += () if name in seen else graph[name]
        seen.add(name)
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise Problem(f"{found[error.args[1][0]].where} needs itself: {' -> '.join(error.args[1])}") from None
    return {name: found[name] for name in order if name in seen}
