"""Shipped: the recipes, prompts, profiles and rules that come with this version of baleen, for projects to start from.

In a checkout they are the checkout's own; in an installed package they lie beside this module (pyproject.toml says so).
"""

import re
import shutil
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

from baleen.project.inputs import CODE
from baleen.project.recipes import SETTINGS, Line, is_method, lines_of

PLOTS = ".dvc/plots"
INSTALLED = Path(__file__).parents[1] / "shipped"
ENTRY = re.compile(r"  ([A-Za-z0-9][A-Za-z0-9_-]*): ")  # a line of a recipe: one target, or one group of settings


def folder() -> Path:
    """The folder that holds recipes/, prompts/, profiles/, dvc.yaml and params.yaml."""
    return INSTALLED if INSTALLED.is_dir() else CODE


def copy_plots(to: Path) -> None:
    """Copy the templates of `dvc plots` into a project that is under DVC, unless it is the one that they are in."""
    if (folder() / PLOTS).resolve() == (to / PLOTS).resolve():
        return
    shutil.copytree(folder() / PLOTS, to / PLOTS, dirs_exist_ok=True)


def recipe(name: str) -> Path:
    return folder() / "recipes" / f"{name}.yaml"


def profile(name: str) -> Path:
    return folder() / "profiles" / f"{name}.yaml"


@cache
def lines() -> dict[str, Line]:
    """Every target of the recipes directly in recipes/, by name; `file` is relative to a project."""
    paths = sorted((folder() / "recipes").glob("*.yaml"))
    return {
        line.name: Line(line.name, line.rule, line.given, f"recipes/{path.name}")
        for path in paths
        for line in lines_of(path)
    }


def methods() -> list[str]:
    """The names of all methods: recipes that train a model of their own name."""
    return [path.stem for path in sorted((folder() / "recipes").glob("*.yaml")) if is_method(path)]


def texts(path: Path) -> dict[tuple[str, str], str]:
    """The text of every line of a recipe, by rule and name, comments above it included."""
    rule, above, result = "", list[str](), dict[tuple[str, str], str]()
    for text in path.read_text(encoding="utf-8").splitlines(keepends=True):
        entry = ENTRY.match(text)
        if entry and rule:
            result[rule, entry[1]] = "".join([*above, text])
            above = []
        elif text.startswith("  "):
            above.append(text)
        elif text[:1].isalpha():
            rule, above = text.partition(":")[0], []
    return result


def head(path: Path) -> str:
    """The comments at the top of a recipe: the paper and the equation."""
    every = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(every[: next((at for at, text in enumerate(every) if not text.startswith("#")), len(every))])


def part(path: Path, wanted: Collection[tuple[str, str]], changed: Mapping[str, str]) -> str:
    """A recipe with the targets of these (rule, name) and all its settings; some lines have another text."""
    sections = dict[str, list[str]]()
    for (rule, name), text in texts(path).items():
        if rule == SETTINGS or (rule, name) in wanted:
            sections.setdefault(rule, []).append(text if rule == SETTINGS else changed.get(name, text))
    return head(path) + "".join(f"{rule}:\n{''.join(entries)}" for rule, entries in sections.items())
