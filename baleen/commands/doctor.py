"""What this machine can do, and which profiles it can run, for `baleen doctor`. Answers in seconds and never fails."""

import json
from dataclasses import asdict
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from baleen.errors import Problem
from baleen.memo.dry_run import disk_size
from baleen.models import load
from baleen.project import layers, machine, recipes, settings
from baleen.project.command_line import EXTRAS
from baleen.training import requirements
from stages import verbs

RULES = Path("dvc.yaml")
Report = dict[str, Any]


def report() -> Report:
    """Machine, hub, extras, and for each profile of the project what this machine lacks for it."""
    here = machine.this_machine()
    found = asdict(here) | {"bf16": here.bf16, "hub": machine.hub_error(), "extras": extras()}
    return found | {"profiles": profiles(here, str(found["hub"])) if RULES.is_file() else {}}


def version(shown: bool) -> None:
    """Print the version of baleen and exit, for `baleen --version`."""
    if shown:
        print(f"baleen {metadata.version('baleen-build')}")
        raise typer.Exit


def options(
    _: Annotated[
        bool, typer.Option("--version", callback=version, is_eager=True, help="the version of baleen")
    ] = False,
) -> None:
    """The options that stand before a command."""


def extras() -> dict[str, bool]:
    """Whether all that an extra of baleen needs is installed."""
    names = {name: {package for package, extra in EXTRAS.items() if extra == name} for name in EXTRAS.values()}
    return {name: all(find_spec(package) for package in packages) for name, packages in sorted(names.items())}


def profiles(here: machine.Machine, hub_error: str) -> dict[str, str]:
    """What this machine lacks for the lines of the project under each profile, '' for nothing."""
    lines, project, found = recipes.lines(recipes.files(RULES)), layers.current(), dict[str, str]()
    for path in sorted(Path("profiles").glob("*.yaml")):
        try:
            under = layers.under(path.stem, project)
            speed = settings.paced(under.profile.get("speed"), f"{path}: speed")
            origin = under.profile.get("origin") or {}
            load.check_origin(origin)
            lacks = requirements.lacks(verbs.jobs(lines, under), speed, origin, here)
            found[path.stem] = "; ".join([*lacks, *filter(None, [requirements.hub_lacks(origin, hub_error)])])
        except Problem as problem:
            found[path.stem] = str(problem)
    return found


def text(found: Report) -> str:
    """The report for people, a line each."""
    gpus = ", ".join(f"{gpu['name']}, {disk_size(gpu['memory'])}" for gpu in found["gpus"])
    there, missing = ([name for name, has in found["extras"].items() if has is wanted] for wanted in (True, False))
    lines = {
        "processors": found["processors"],
        "memory": disk_size(found["memory"]),
        "disk": f"{disk_size(found['disk'])} free",
        "GPU": gpus or found["unused"] or "none",
        "bf16": "yes" if found["bf16"] else "no",
        "hub": found["hub"] or "answers",
        "extras": (", ".join(there) or "none") + (f"; not installed: {', '.join(missing)}" if missing else ""),
    }
    shown = [f"{name:<12}{value}" for name, value in lines.items()]
    return "\n".join(shown + [f"profile {name:<8}{lack or 'can run here'}" for name, lack in found["profiles"].items()])


def as_json(found: Report) -> str:
    return json.dumps(found, indent=2)
