"""The projects of a claim on real text: written by `baleen new`, with the lines of the claim, and built by DVC.

A project that is there is written anew and goes on where it was stopped: tables are DVC's, replies the memo's.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from string import Template

from baleen.errors import Problem
from baleen.project import assemble, recipes, shipped
from baleen.project.settings import load_yaml
from baleen.project.yaml_files import yaml_text
from benchmarks import dtypes
from benchmarks.claims.real import Real, for_seed, lines
from benchmarks.small_project import program_path

HERE = Path(__file__).parents[3]
BALEEN = [sys.executable, "-P", "-c", "from baleen.commands.command import main; main()"]


@dataclass(frozen=True)
class Place:
    """Where projects, DVC's cache and the memo are; where the data is; the seeds of training; and the processes of one
    training (0 for the profile's own number)."""

    folder: Path
    data: Path
    seeds: tuple[int, ...] = (0, 1, 2)
    processes: int = 0

    def project(self, method: str, name: str) -> Path:
        return self.folder / f"{method}-{name}"

    def environment(self) -> dict[str, str]:
        own = {"BALEEN_MEMO": str(self.folder / "memo"), "PYTHONPATH": str(HERE), "PATH": program_path()}
        return os.environ | own


def build(method: str, claim: Real, name: str, place: Place) -> Path:
    """The project's folder with everything that the claim compares: one pair after the other, so that what is there
    when it is stopped is compared over all seeds."""
    folder = write(method, claim, name, place)
    for pair in claim.pairs.values():
        repro(folder, stages(folder, [pair.better, pair.other], place.seeds), place)
    repro(folder, stages(folder, [Path(file).name for file, *_ in claim.figures.values()], place.seeds), place)
    return folder


def repro(folder: Path, targets: list[str], place: Place) -> None:
    """Build some stages; what DVC says goes to build.log."""
    command = [sys.executable, "-m", "stages.warm", "dvc", "repro", *targets]
    with (folder / "build.log").open("a", encoding="utf-8") as log:
        done = subprocess.run(command, cwd=folder, env=place.environment(), stdout=log, stderr=log) if targets else None
    if done and done.returncode:
        raise Problem(f"dvc repro failed in {folder}; its build.log says why. The same command goes on from here")


def write(method: str, claim: Real, name: str, place: Place) -> Path:
    """Write a project, or write it anew around what is built in it."""
    folder, project = place.project(method, name).absolute(), claim.projects[name]
    filled = {"data": place.data.absolute(), "here": HERE}
    words = [Template(word).substitute(filled) for word in (*project.new, *project.files)]
    if missing := next((word for word in words if Path(word).is_absolute() and not Path(word).exists()), ""):
        origin = "docs/methods.md says where its files come from"
        raise Problem(f"no {missing}; name the folder that has the data with --data; {origin}")
    cache = ["--profile", claim.profile, "--cache", str((place.folder / "cache").absolute()), "--replace"]
    run = [*BALEEN, "new", str(folder), *words[: len(project.new)], *cache]
    subprocess.run(run, check=True, cwd=HERE, env=place.environment(), stdout=sys.stderr)
    for word in words[len(project.new) :]:
        shutil.copy(word, folder / "data/raw")
    for name, table in project.made.items():
        made = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in table(place.data))
        (folder / "data/raw" / name).write_text(made, encoding="utf-8")
    add_lines(folder, lines(claim.lines, place.seeds, project.names))
    write_sections(folder / f"profiles/{claim.profile}.yaml", claim, place)
    params = folder / "params.yaml"
    params.write_text(yaml_text(load_yaml(params) | dict(claim.params)), encoding="utf-8")
    check = [sys.executable, "-m", "baleen", "check"]
    subprocess.run(check, check=True, cwd=folder, env=place.environment(), stdout=sys.stderr)
    return folder


def add_lines(folder: Path, text: str) -> None:
    """Add a recipe to a project with its prompts; its lines take the place of the project's lines of the same name,
    and its sections of settings that of sections."""
    path = folder / "recipes/real.yaml"
    path.write_text(text, encoding="utf-8")
    prompts = {f"{line.given['prompt']}.md" for line in recipes.lines([path]) if "prompt" in line.given}
    assemble.copy_named(folder, "prompts", sorted(prompts))
    own = {(rule == "settings", name) for rule, name in shipped.texts(path)}
    for other in (one for one in (folder / "recipes").glob("*.yaml") if one != path):
        sections = dict[str, str]()
        for (rule, name), words in shipped.texts(other).items():
            if (rule == "settings", name) not in own:
                sections[rule] = sections.get(rule, "") + words
        head = shipped.head(other)
        other.write_text(head + "".join(f"{rule}:\n{words}" for rule, words in sections.items()), encoding="utf-8")
    rules, sources = folder / "dvc.yaml", "  - recipes/sources.yaml\n"
    text = rules.read_text(encoding="utf-8")
    rules.write_text(text.replace(sources, f"{sources}  - recipes/{path.name}\n"), encoding="utf-8")


def write_sections(path: Path, claim: Real, place: Place) -> None:
    """The sections of the claim in a profile, and the dtype that is faster here, which is measured once."""
    sections = load_yaml(path) | dict(claim.sections)
    if place.processes:
        sections["speed"] = dict(sections["speed"]) | {"processes": place.processes, "threads": 1}
    path.write_text(dtypes.with_dtype(yaml_text(sections), dtypes.known(place.folder / "dtype")), encoding="utf-8")


def stages(folder: Path, tables: Iterable[str], seeds: Iterable[int]) -> list[str]:
    """The stages of DVC that make some tables or evaluations, those with $seed for each seed."""
    with chdir(folder):
        known = {line.name: line for line in recipes.lines(recipes.files())}
    wanted = dict.fromkeys(for_seed(table, seed) for table in tables for seed in seeds)
    if odd := next((name for name in wanted if name not in known), ""):
        raise Problem(f"{folder}: no line makes {odd}, which the claim compares; correct the claim or its recipe")
    return [f"{known[name].rule}@{name}" for name in wanted]
