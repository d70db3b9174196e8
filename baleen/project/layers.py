"""Layers: where the settings of a recipe line come from, weakest first, and what they are together.

The defaults of the verb; what the rule adds (RULES of recipes.py); the method's own values, such as those of its paper,
from `settings:` of a recipe; the profile's section for the verb, then its section of the name the line gives;
params.yaml; and the line itself. A score line without a prompt judges candidates as the scorer of params.yaml says.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from baleen.errors import Problem, unknown
from baleen.project import recipes
from baleen.project.recipes import RULES, Group, Line
from baleen.project.settings import Settings, layered, listed, load_yaml, profile, typed

T = TypeVar("T")
PARAMS = Path("params.yaml")
OWN = "profile"  # the scorer of params.yaml that leaves the choice to the profile
SCORERS = ("likelihood", "gain", "rating")  # settings of recipes/sources.yaml; any other is the name of a prompt
RATES = re.compile(r"^format: *rating\s*$", re.MULTILINE)  # in the head of a prompt
SCORER = "gain"  # of a profile that names none: it tells right pairs of real text best (LOG.md)


@dataclass(frozen=True)
class Layer:
    """Some settings and the place they stand in."""

    origin: str
    values: Settings


@dataclass(frozen=True)
class Project:
    """What the files of a project say beside its lines: params.yaml, groups of settings, and the profile in force."""

    params: Settings
    groups: Mapping[str, Group]
    profile: Settings
    profile_name: str


def current() -> Project:
    """The project in the current folder."""
    params, name = load_yaml(PARAMS), profile_in_force()
    return Project(params, recipes.groups(recipes.all_files()), profile(name), name)


def profile_in_force() -> str:
    """The profile that params.yaml names."""
    return str(load_yaml(PARAMS).get("profile", ""))


def under(profile_name: str, project: Project) -> Project:
    """The same project under another profile."""
    return replace(project, profile=profile(profile_name), profile_name=profile_name)


def layers(line: Line, project: Project) -> list[Layer]:
    """The layers of a line above the defaults of its verb, weakest first; empty ones are left out."""
    values, adds = dict(line.given), dict(RULES[line.rule].adds)
    group, knobs = str(values.pop("settings", adds.pop("settings", line.verb))), str(values.pop("knobs", ""))
    made = [Layer(f"rule {line.rule}", adds)]
    if own := project.groups.get(group):
        made.append(Layer(f"{own.file}: settings.{group}", own.values))
    for name in dict.fromkeys((line.verb, line.rule, group)):
        made.append(Layer(f"profiles/{project.profile_name}.yaml: {name}", project.profile.get(name) or {}))
    if line.verb == "score" and "prompt" not in values:
        made += judging(project)
    if knobs:
        made.append(knob_layer(knobs, project))
    if "settings" in line.given and group not in project.groups and not anywhere(group):
        raise Problem(f"{line.where}: no recipe and no profile has settings {group!r}; add the section, or correct it")
    return [layer for layer in [*made, Layer(line.file, values)] if layer.values]


def anywhere(group: str) -> bool:
    """Whether some other profile has a section of this name."""
    return any(group in profile(path.stem) for path in Path("profiles").glob("*.yaml"))


def scorer_in_force(project: Project) -> tuple[str, str]:
    """The scorer that judges candidates, and the place that names it: params.yaml, or there `profile` the profile."""
    name = str(project.params.get("scorer", OWN))
    if name != OWN:
        return name, "params.yaml: scorer"
    own = project.profile.get("scorer")
    return str(own or SCORER), f"profiles/{project.profile_name}.yaml: scorer" if own else "default scorer"


def judging(project: Project) -> list[Layer]:
    """What the scorer in force says: the settings of its name in a recipe, else it is the name of a prompt."""
    name, place = scorer_in_force(project)
    group = project.groups.get(name)
    if not group and not Path("prompts", f"{name}.md").is_file():
        scorers = [*SCORERS, *sorted(path.stem for path in Path("prompts").glob("*.md"))]
        raise Problem(f"{place}: {unknown('scorer', name, scorers)}")
    own = Layer(f"profiles/{project.profile_name}.yaml: {name}", project.profile.get(name) or {})
    return [Layer(place, group.values if group else {"prompt": name}), own]


def knob_layer(name: str, project: Project) -> Layer:
    """A section of params.yaml, by the name the line gives: what it has for the scorer in force, else its values."""
    section = project.params.get(name)
    if not isinstance(section, dict):
        sections = [key for key, value in project.params.items() if isinstance(value, dict)]
        raise Problem(f"params.yaml: {unknown('section', name, sections)}")
    if own := scorer_of_knobs(section, project):
        return Layer(f"params.yaml: {name}.{own}", dict(section[own]))
    return Layer(f"params.yaml: {name}", {key: value for key, value in section.items() if not isinstance(value, dict)})


def scorer_of_knobs(section: Settings, project: Project) -> str:
    """The scorer whose own knobs of a section are in force, `rating` for a prompt that has none and rates; '' where the
    section has none of its own for it."""
    scorer, _ = scorer_in_force(project)
    path = Path("prompts", f"{scorer}.md")
    rates = scorer not in project.groups and path.is_file() and RATES.search(path.read_text(encoding="utf-8"))
    named = [scorer, *["rating"] * bool(rates)]
    return next((name for name in named if isinstance(section.get(name), dict)), "")


def resolved(kind: type[T], line: Line, project: Project) -> T:
    """The settings of a line, all layers put together."""
    made = [replace(layer, values=listed(kind, layer.values)) for layer in layers(line, project)]
    try:
        return typed(kind, f"{line.verb} {line.name}", *[layer.values for layer in made])
    except Problem:
        for layer in made[:-1] if line.given else made:  # one that stands in another file is told with its place
            layered(kind, layer.origin, layer.values)
        raise


def origins(kind: type[Any], line: Line, project: Project) -> dict[str, tuple[Any, str]]:
    """Every setting of a line with its value and the place that it comes from."""
    made = resolved(kind, line, project)
    places = {key: layer.origin for layer in layers(line, project) for key in layer.values}
    return {f.name: (getattr(made, f.name), places.get(f.name, "default")) for f in fields(cast(Any, kind))}
