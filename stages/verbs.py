"""The verbs by name: the options of each, declared beside it, and what it says of them.

Every verb's module has a class <Verb>Options, `check(options, where)`, which raises a Problem for settings that cannot
be meant, and `names(options)`, the (kind, name) of every function, engine, prompt or part of a world that they name.
"""

from collections.abc import Iterable
from dataclasses import fields
from importlib import import_module
from typing import Any

from baleen.errors import Problem
from baleen.project import layers, recipes, settings
from baleen.project.layers import Project
from baleen.project.plan import Planned
from baleen.project.recipes import Line
from baleen.training import memory, requirements
from baleen.training.requirements import Job


def options_of(verb: str) -> type[Any]:
    """The settings class of a verb."""
    return getattr(import_module(f"stages.{verb}"), f"{verb.capitalize()}Options")  # type: ignore[no-any-return]


def options_of_plan(planned: Planned) -> Any:
    """The settings of a target as its plan has them; those that the verb has no more are left out."""
    kind = options_of(planned.verb)
    known = {one.name for one in fields(kind)}
    return kind(**{name: value for name, value in planned.settings.items() if name in known})


def resolved(line: Line, project: Project) -> Any:
    """The settings of a line as its stage will see them; a Problem for those that cannot be meant."""
    options, where = layers.resolved(options_of(line.verb), line, project), f"{line.verb} {line.name}"
    try:
        check(line.verb, options, where)
    except Problem as problem:
        said = str(problem).removeprefix(f"{where}: ")
        knobs = [layer for layer in layers.layers(line, project) if layer.origin.startswith(f"{layers.PARAMS}: ")]
        place = next((f"{layer.origin}: " for layer in knobs if said.split()[0] in layer.values), "")
        raise Problem(f"{where}: {place}{said}") from None
    return options


def check(verb: str, options: Any, where: str) -> None:
    """A Problem for settings of a verb that cannot be meant."""
    import_module(f"stages.{verb}").check(options, where)


def names(verb: str, options: Any) -> list[tuple[str, str]]:
    """What the settings of a verb name: each name with its kind."""
    return list(import_module(f"stages.{verb}").names(options))


def jobs(lines: Iterable[Line], project: Project) -> list[Job]:
    """The lines that need a model, with their settings."""
    queried = (line for line in lines if line.verb in ("train", "generate", "score"))
    return [Job(line.verb, resolved(line, project), line.name) for line in queried]


def print_memory(target: str) -> None:
    """Print what a target takes of the GPUs that the profile in force is for, in one line, where both are known."""
    project = layers.current()
    speed = settings.paced(project.profile.get("speed"), f"profiles/{project.profile_name}.yaml: speed")
    if speed.device == "cuda" and speed.gpu_gb:
        some = [(job.name, job.verb, job.options) for job in jobs(recipes.lines(recipes.all_files()), project)]
        for need in memory.needs(some, project.profile.get("origin") or {}, speed):
            if need.line == target:
                print(need.words(speed.gpu_gb * 1e9))


def check_here(lines: list[Line], project: Project) -> None:
    """A Problem when this machine cannot run some lines, or the first records of a source cannot be read."""
    check_machine(lines, project)
    import_module("stages.sources").check(lines, project)


def check_machine(lines: Iterable[Line], project: Project) -> None:
    """A Problem when this machine cannot run some lines under the profile in force."""
    speed = settings.paced(project.profile.get("speed"), f"profiles/{project.profile_name}.yaml: speed")
    origin = project.profile.get("origin") or {}
    requirements.check(jobs(lines, project), speed, project.profile_name, origin)
