"""plan: what every target depends on, one file a target: python -m stages.plan

It runs in seconds whenever a recipe, a prompt, a profile, params.yaml or the code changed. A target is built again only
if its file, data/plan/<target>.yaml, became another. Targets of recipes that dvc.yaml does not list are planned too.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path

from baleen import prompts
from baleen.engines import table
from baleen.errors import Problem
from baleen.models import identity, pins
from baleen.project import code_hashes, layers, lookup, plan, recipes
from baleen.project.command_line import run
from baleen.project.layers import Project
from baleen.project.plan import Planned
from baleen.project.recipes import Line
from baleen.project.statements import Place
from stages import verbs


def places_named(kind: str, name: str) -> list[Place]:
    """The module, and the name in it, of something that a line names; an engine has its class and its version."""
    if kind == "engine":
        return [(table.module_of(name), "ENGINE"), (table.module_of(name), "SEMANTICS")]
    return [(lookup.module_of(kind, name), name.rpartition(".")[2])]


def places_of(named: list[tuple[str, str]], texts: dict[str, prompts.Prompt]) -> list[Place]:
    """The functions and modules that a line names, itself and by the formats of its prompts."""
    things = [pair for pair in named if pair[0] != "prompt"] + [("format", prompt.format) for prompt in texts.values()]
    worlds = [(lookup.WORLD, "records") for kind, _ in named if kind == "part"]
    return sorted({*(place for pair in things for place in places_named(*pair)), *worlds})


@cache
def hashes(verb: str, places: tuple[Place, ...]) -> dict[str, str]:
    """The code of a verb and of what its line names; many lines name the same."""
    return code_hashes.digests(verb, places)


def of_line(line: Line, project: Project) -> Planned:
    """The plan of a line."""
    options = verbs.resolved(line, project)
    named = verbs.names(line.verb, options)
    texts = {name: prompts.load(name) for kind, name in sorted(set(named)) if kind == "prompt"}
    places = places_of(named, texts)
    named_places = [f"{module}:{name}" for module, name in places]
    digests = {name: prompt.digest for name, prompt in texts.items()}
    chosen = asdict(options)
    if chosen.get("instead"):
        chosen["instead"] = identity.noted(chosen["instead"], line.where)
    return Planned(line.verb, chosen, named_places, digests, hashes(line.verb, tuple(places)))


def everything(files: list[Path]) -> Iterator[tuple[str, Planned]]:
    """Every target of some recipes with its plan; `origin` and `report` are stages that no recipe speaks of."""
    project = layers.current()
    if "origin" in project.profile:
        given = identity.noted(pins.origin_section(project.profile_name), "origin")
        yield "origin", Planned("origin", given, code=hashes("origin", ()))
    yield "report", Planned("report", {}, code=hashes("report", ()))
    for line in recipes.lines(files):
        try:
            yield line.name, of_line(line, project)
        except Problem as problem:
            raise line.located(problem) from None


def main(argv: list[str]) -> None:
    if {"--help", "-h"} & set(argv):
        return print(__doc__)
    if argv:
        raise Problem(f"usage: python -m stages.plan, without {argv[0]}")
    if Path("dvc.yaml").is_file():
        verbs.check_here(recipes.lines(recipes.files()), layers.current())
    plans = dict(everything(recipes.all_files()))
    pinned = [plans["origin"].settings] if "origin" in plans else []
    pinned += [planned.settings.get("instead") or {} for planned in plans.values()]
    identity.link_all(Path("profiles", identity.LINKS), pinned)  # DVC sees through them that the weights changed
    part = Path(f"{plan.FOLDER}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for target, planned in plans.items():
        (part / f"{target}.yaml").write_text(plan.text_of(planned), encoding="utf-8")
    shutil.rmtree(plan.FOLDER, ignore_errors=True)
    os.replace(part, plan.FOLDER)


if __name__ == "__main__":
    run(main)
