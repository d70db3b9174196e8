"""Assemble: which lines of the shipped recipes a project needs, and the files that hold them.

A project takes a method's own recipe, its arms and, of other recipes, the lines that these are built from. With data
of its user's own, lines that measure or make the generated world are left out or read the user's tables instead.
"""

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from baleen.errors import Problem, unknown
from baleen.project import shipped
from baleen.project.recipes import LINKS, Line
from baleen.project.settings import Settings

Lines = dict[str, Line]
WORLD = re.compile(r"\bpocket\.")  # a measure of the generated world
REPORT = re.compile(r"\n  report:.*?(?=\n  \w|\Z)", re.DOTALL)
LISTED = re.compile(r"(?:^  - recipes/.*\n)+", re.MULTILINE)


@dataclass(frozen=True)
class Selection:
    """The lines of a project by name, and the text of those that differ from the shipped ones."""

    lines: Lines
    changed: dict[str, str] = field(default_factory=dict)

    def files(self) -> dict[str, list[str]]:
        """The targets of each recipe file, in the order of the shipped ones."""
        found = dict[str, list[str]]()
        for line in self.lines.values():
            found.setdefault(line.file, []).append(line.name)
        return found


def parents(line: Line) -> list[str]:
    """The tables and models that a line reads."""
    return [str(line.given[key]) for key in LINKS if key in line.given]


def closure(wanted: Iterable[str], lines: Mapping[str, Line]) -> Lines:
    """The wanted lines and all that they are built from, in the order of `lines`."""
    waiting, needed = [*wanted], set[str]()
    while waiting:
        name = waiting.pop()
        if name in lines and name not in needed:
            needed.add(name)
            waiting += parents(lines[name])
    return {name: line for name, line in lines.items() if name in needed}


def of_methods(names: Iterable[str], lines: Mapping[str, Line]) -> list[str]:
    """The targets of these methods and of their arms."""
    known = shipped.methods()
    for name in names:
        if name not in known:
            raise Problem(unknown("method", name, known))
    return [line.name for line in lines.values() if belongs(Path(line.file).stem, names)]


def belongs(recipe: str, names: Iterable[str]) -> bool:
    """Whether a recipe is one of these methods or the arms of one."""
    return any(recipe == name or (recipe.startswith(f"{name}-") and recipe.endswith("-arms")) for name in names)


def without_world(lines: Lines) -> Lines:
    """The lines that neither measure the generated world nor are built from one that does."""
    left = {name: line for name, line in lines.items() if not WORLD.search(str(line.given))}
    while gone := {name for name, line in left.items() if any(p in lines and p not in left for p in parents(line))}:
        left = {name: line for name, line in left.items() if name not in gone}
    return left


def on_own_data(names: list[str], own: Mapping[str, Settings], profile: Settings) -> Selection:
    """The selection of these methods on a user's tables: `own` has an ingest or filter line for `seed`, `web` ... each.

    A teacher for which the profile has a trained model is not trained, so its lessons are not needed; a base model that
    is trained from scratch reads the corpus.
    """
    lines, changed = dict(shipped.lines()), dict[str, str]()
    for name, given in own.items():
        lines[name] = Line(name, str(given["rule"]), dict(given["line"]), "recipes/sources.yaml")
        changed[name] = entry(lines[name])
    for line in [*lines.values()]:
        given = dict(line.given)
        if "instead" in (profile.get(str(given.get("settings", ""))) or {}):
            given["input"] = "seed"
        if given.get("input") == "prose":
            given["input"] = "web"
        if given != line.given:
            lines[line.name] = replace(line, given=given)
            changed[line.name] = entry(lines[line.name])
    selected = closure(of_methods(names, kept := without_world(lines)), kept)
    if odd := next((line for line in selected.values() if "part" in line.given), None):
        raise Problem(needs_world(odd, names))
    return Selection({**selected, **closure(own, lines)}, changed)


def needs_world(line: Line, names: list[str]) -> str:
    """Why a method cannot be built on a user's own data under a profile."""
    users = [name for name in names if belongs(Path(line.file).stem, [name])] or names
    return (
        f"{' and '.join(users)}: {line.name} comes from the generated world, and this profile has no model to use "
        "instead; choose a profile with an instruct model, such as --profile small"
    )


def entry(line: Line) -> str:
    """A line as a recipe holds it."""
    return f"  {line.name}: {flow(line.given)}\n"


def flow(value: Any) -> str:
    """A value as YAML on one line; texts are quoted where they must be."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return scalar(value) if isinstance(value, str) else str(value)


def scalar(text: str) -> str:
    """A text as a YAML scalar; quoted unless it is a word or a path that nothing else could be read as."""
    simple = re.fullmatch(r"[A-Za-z_./][\w./-]*", text) and text.lower() not in (
        "true",
        "false",
        "null",
        "yes",
        "no",
        "on",
        "off",
    )
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return text if simple else f'"{quoted}"'


def write_recipes(to: Path, selection: Selection) -> list[str]:
    """Write the recipes of a selection, and add the lines that lack in a file that is there; returns all files."""
    for file, names in selection.files().items():
        path = to / file
        path.parent.mkdir(parents=True, exist_ok=True)
        source = shipped.recipe(path.stem)
        if not path.exists():
            extra = {name: text for name, text in selection.changed.items() if name in names}
            path.write_text(with_new(shipped.part(source, names, extra), selection, names), encoding="utf-8")
        else:
            path.write_text(with_new(path.read_text(encoding="utf-8"), selection, names), encoding="utf-8")
    return list(selection.files())


def with_new(text: str, selection: Selection, names: Iterable[str]) -> str:
    """A recipe text with the lines that it lacks, each at the end of its rule's section."""
    for line in map(selection.lines.__getitem__, names):
        if re.search(rf"^  {re.escape(line.name)}:", text, re.MULTILINE):
            continue
        added = selection.changed.get(line.name) or shipped_text(line)
        head = re.search(rf"^{line.rule}:\n(?:  .*\n)*", text, re.MULTILINE)
        text = text[: head.end()] + added + text[head.end() :] if head else f"{text}{line.rule}:\n{added}"
    return text


def shipped_text(line: Line) -> str:
    return shipped.texts(shipped.recipe(Path(line.file).stem))[line.rule, line.name]


def rules(text: str, files: Iterable[str], evaluations: list[str], code: list[str] | None = None) -> str:
    """dvc.yaml with these recipes listed, these evaluations in its report, and, if given, these deps of the plan."""
    listed = dict.fromkeys([*re.findall(r"^  - (recipes/.*)$", text, re.MULTILINE)] if code is None else [])
    every = "".join(f"  - {file}\n" for file in [*listed, *(file for file in files if file not in listed)])
    text = LISTED.sub(lambda _: every, text, count=1)
    if code is not None:
        text = re.sub(
            r"(?<=    deps: )\[baleen, pocket, stages, (.*)\]", lambda m: f"[{', '.join(code)}, {m[1]}]", text, count=1
        )
    return REPORT.sub(lambda _: "\n" + report(evaluations), text.rstrip("\n")).rstrip("\n") + "\n"


def report(evaluations: list[str]) -> str:
    """The rule that makes metrics.json of some evaluations; nothing where there are none."""
    if not evaluations:
        return ""
    deps = "".join(f"      - data/{name}.json\n" for name in evaluations)
    return (
        "  report: # one line a model, for `dvc exp show`\n"
        f"    cmd: python -m stages.report {' '.join(evaluations)}\n"
        f"    deps:\n      - data/plan/report.yaml\n{deps}"
        "    metrics:\n      - metrics.json: {cache: false}\n"
    )


def evaluations(lines: Mapping[str, Line], names: Iterable[str]) -> list[str]:
    """The evaluations that a report shows, one a model: of answers to the held-out questions where there are such."""
    own = [line for line in lines.values() if line.verb == "evaluate" and belongs(Path(line.file).stem, names)]
    firsts = {str(line.given["input"]): line for line in reversed(own)}
    once = [line for line in own if firsts[str(line.given["input"])] is line]
    return [line.name for line in once if lines[str(line.given["input"])].rule == "answer"] or [
        line.name for line in once
    ]


def copy_named(to: Path, folder: str, names: Iterable[str]) -> None:
    """Copy shipped files or folders of a folder, leaving alone what is there."""
    for name in names:
        source, target = shipped.folder() / folder / name, to / folder / name
        if source.exists() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
