"""Own tables: which lines still read the generated world where it has no place, under a profile of a trained model.

The generated world is there for models that are pre-trained on it. A model of a hub, a path or a server would answer
about towns that do not exist, and its figures would say nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

from baleen.errors import Problem
from baleen.project import layers, recipes
from baleen.project.recipes import Line
from baleen.project.settings import Settings, profile

Reads = Callable[[Line], Mapping[str, set[str]]]
TRAINED = {"hub", "path", "gguf", "endpoint"}  # of `origin`: where a model is that somebody has trained
GIVEN = {"id", "origin", "source", "lineage"}  # columns that no file has to hold
WORLD_ALONE = {"truth"}  # read by lines that measure the generated world, which no file of a user's can stand for
ADVICE = "`baleen new` writes a project on your own files, and docs/own-data.md says how lines are changed by hand"


def is_trained(sections: Settings) -> bool:
    """Whether the base model of a profile is one that somebody has trained."""
    return bool(TRAINED & (sections.get("origin") or {}).keys())


def wanted(lines: Iterable[Line], reads: Reads, adds: Callable[[Line], set[str]]) -> Callable[[str], set[str]]:
    """The columns that are read of a table, by these lines or of what they make of it."""
    users = [(line, reads(line)) for line in lines]

    @cache
    def columns(name: str) -> set[str]:
        found = set[str]()
        for line, tables in users:
            if name in tables:
                later = set[str]() if line.verb in recipes.NO_TABLE else columns(line.name) - adds(line)
                found |= tables[name] | later
        return found - GIVEN - WORLD_ALONE

    return columns


def require(lines: Iterable[Line], columns: Callable[[str], set[str]], profile_name: str) -> None:
    """A Problem that names every line of the generated world, with the columns that its table must have."""
    parts = [line for line in lines if "part" in line.given]
    if parts:
        named = [f"{line.where} ({', '.join(sorted(columns(line.name))) or 'any column'})" for line in parts]
        raise Problem(
            f"profile {profile_name} has a trained model, and {len(parts)} tables are of the generated world; give "
            f"them files with these columns: {'; '.join(named)}; {ADVICE}"
        )


def refuse(where: str) -> None:
    """A Problem where a part of the generated world would be built under the profile in force."""
    name = layers.profile_in_force() if Path(layers.PARAMS).is_file() else ""
    if name and is_trained(profile(name)):
        raise Problem(f"{where}: profile {name} has a trained model, and this is of the generated world; {ADVICE}")
