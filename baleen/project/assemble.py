"""Assemble: which lines of the shipped recipes a project needs, and the files that hold them.

A project takes a method's own recipe, its arms and, of other recipes, the lines that these are built from. With data
of its user's own, lines that measure or make the generated world are left out or read the user's tables instead.
"""

import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from baleen.errors import Problem, unknown
from baleen.project import own_numbers, shipped
from baleen.project.own_numbers import Measures
from baleen.project.recipes import LINKS, Line, chain
from baleen.project.report_rule import Report
from baleen.project.settings import Settings

Lines = dict[str, Line]
WORLD = re.compile(r"\bpocket\.")  # a measure of the generated world
# the table of a user's own that stands for a part of the generated world
OWN = {"prose": "web", "web": "web", "cycle.forum": "web", "seed": "seed", "heldout": "heldout"}
OWN["crab.conversations"] = "seed"  # its general half; better are conversations of another source
OWN["calibration"] = "calibration"  # seeds that no model learns, to measure scores on
OWN["round_trip.heldout_reworded"] = "rt-held-asked"  # held-out seeds beside what came back of them
PIVOTS = {"qaa": "es", "qab": "zh"}  # of round trips, in place of the world's near and far ones
OWN |= {"self_lengthen.tasks": "seed", "self_lengthen.heldout": "heldout"}  # their instructions are the requests
OF_REQUESTS = {"prose": "seed", "self_lengthen.tasks": "seed", "self_lengthen.heldout": "asked"}  # without a corpus
WORDS_OF_YAML = ("true", "false", "null", "yes", "no", "on", "off")  # words that some reader takes for no text
REPORT = re.compile(r"\n  report:.*?(?=\n  \w|\Z)", re.DOTALL)
LISTED = re.compile(r"(?:^  - recipes/.*\n)+", re.MULTILINE)
UTTERANCES_ALONE = "linguist"  # the method that reads labelled utterances, and nothing else of a user's own
WITH_REFERENCE = {"air", "crab"}  # whose constraints are of the answers held out


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


def without(lines: Lines, gone: Callable[[Line], bool]) -> Lines:
    """The lines without some, and without those that are built from one of these."""
    left = {name: line for name, line in lines.items() if not gone(line)}
    while more := {name for name, line in left.items() if any(p in lines and p not in left for p in parents(line))}:
        left = {name: line for name, line in left.items() if name not in more}
    return left


def of_world(line: Line) -> bool:
    """Whether a line makes or measures the generated world."""
    return "part" in line.given or bool(WORLD.search(str(line.given)))


def of_answers(line: Line) -> bool:
    """Whether a line takes lengths from the answers to held-out requests, which have none."""
    return line.given.get("input") == OF_REQUESTS["self_lengthen.heldout"] and line.given.get("settings") == "demands"


def on_own_data(
    names: list[str],
    own: Mapping[str, Line],
    profile: Settings,
    more: Measures | None = None,
    texts: str = "",
) -> Selection:
    """The selection of these methods on a user's tables, of which `own` has the lines: web, seed, heldout ...

    A line that reads what stands for these in the generated world reads them. A teacher for which the profile has a
    trained model is not trained, so its lessons are not needed. Arms that need the generated world are left out; a
    method that does is a Problem. Every model that is taught to answer is measured on the held-out seeds. `texts` is
    the table that stands for corpus and seeds where a method has neither.
    """
    ship = shipped.lines()
    tables = OWN if texts or "web" in own else OF_REQUESTS
    stand_in = {
        line.name: texts or tables[part] for line in ship.values() if (part := line.given.get("part", "")) in tables
    }
    adapted = {name: on_tables(line, stand_in, profile, texts) for name, line in ship.items()} | dict(own)
    kept = without(adapted, lambda line: of_world(line) or of_answers(line))
    if UTTERANCES_ALONE in names and not texts:
        raise Problem(
            f"{UTTERANCES_ALONE} reads neither a corpus nor pairs but labelled utterances (docs/own-data.md); begin a "
            f"project for it alone: baleen new my-data --method {UTTERANCES_ALONE} --seeds FOLDER"
        )
    for name in names:
        own_recipe = [line.name for line in adapted.values() if line.file == f"recipes/{name}.yaml"]
        needed = closure([at for at in own_recipe if "part" not in adapted[at].given], adapted)
        if odd := next((line for line in needed.values() if of_world(line)), None):
            raise Problem(needs_world(name, odd))
        require_teacher(name, needed.values(), profile)
    selected = closure([*of_methods(names, kept), *own], kept)
    measures = own_numbers.number_lines(selected, names, profile, more or Measures("verifiable" in own))
    kept = own_numbers.beside_seeds_alone(kept, measures) | measures
    selected = closure([*selected, *measures], kept)
    return Selection(selected, {name: entry(line) for name, line in selected.items() if line != ship.get(name)})


def to_add(names: list[str], here: Lines, own: Lines, profile: Settings) -> Selection:
    """What a project that has lines `here` lacks for more methods; where it is on tables of a user's, which `own` are,
    as on_own_data says."""
    measures = own_numbers.measures_of(here)
    if measures is None:
        lines = {**shipped.lines(), **here}
        return Selection(closure(of_methods(names, lines), lines))
    columns = own["pairs"].given.get("columns", {}) if "pairs" in own else {}
    if (needing := sorted(WITH_REFERENCE & {*names})) and "response" in columns and "reference" not in columns:
        place = f"{own['pairs'].file}: pairs: write reference: {columns['response']} beside its other columns"
        raise Problem(f"{needing[0]} compares with the answers held out; {place}, and add it again")
    whole = on_own_data(names, own, profile, measures)
    lines = {name: line for name, line in whole.lines.items() if name not in here}
    return Selection(lines, {name: text for name, text in whole.changed.items() if name in lines})


def on_tables(line: Line, stand_in: Mapping[str, str], profile: Settings, texts: str = "") -> Line:
    """A line that reads the user's tables instead of those that they stand for: a teacher that the profile names is
    taken as it is, whatever its rows, and pages that a base has read are the corpus."""
    given = {key: stand_in.get(value, value) if key in LINKS else value for key, value in line.given.items()}
    group = str(given.get("settings", ""))
    if line.verb == "train" and "instead" in (profile.get(group) or {}):
        given = {"input": texts or "seed", "base": given["base"], "prompt": "reply", "settings": group}
    if (own := given.get("set", {})).get("pivot") in PIVOTS:
        given |= {"set": own | {"pivot": PIVOTS[own["pivot"]]}}
    if group == "pages":
        given = {"input": texts or "web", "base": given["base"], "prompt": "text", "settings": group}
    return replace(line, given=given)


def require_teacher(method: str, lines: Iterable[Line], profile: Settings) -> None:
    """A Problem where a profile has no instruct model in the place of one that seeds alone would have to teach."""
    for line in lines:
        group = str(line.given.get("settings", ""))
        taught = line.verb == "train" and group in own_numbers.TEACHERS and line.given.get("input") == "seed"
        if taught and "instead" not in (profile.get(group) or {}):
            raise Problem(
                f"{method}: {line.name} must be an instruct model, and the profile has none; choose one that has, such "
                "as --profile laptop, or another method"
            )


def needs_world(method: str, line: Line) -> str:
    """Why a method cannot be built on a user's own data under a profile."""
    return (
        f"{method}: {line.name} is a table of the generated world, in place of which your own data needs an instruct "
        "model; choose a profile that has one, such as --profile laptop, or another method"
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
    simple = re.fullmatch(r"[A-Za-z_./][\w./-]*", text) and text.lower() not in WORDS_OF_YAML
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return text if simple else f'"{quoted}"'


def write_recipes(to: Path, selection: Selection) -> list[str]:
    """Write the recipes of a selection, and add the lines that lack in a file that is there; returns all files."""
    for file, names in selection.files().items():
        path = to / file
        path.parent.mkdir(parents=True, exist_ok=True)
        source = shipped.recipe(path.stem)
        pairs = {(selection.lines[name].rule, name) for name in names}
        made = shipped.part(source, pairs, selection.changed) if source.is_file() else own_numbers.HEAD
        text = path.read_text(encoding="utf-8") if path.exists() else made
        if (whole := with_new(text, selection, names)) != text or not path.exists():
            path.write_text(whole, encoding="utf-8")
    return list(selection.files())


def with_new(text: str, selection: Selection, names: Iterable[str]) -> str:
    """A recipe text with the lines that it lacks, each at the end of its rule's section."""
    for line in map(selection.lines.__getitem__, names):
        head = re.search(rf"^{line.rule}:[ \t]*(?:#.*)?\n(?:  .*\n)*", text, re.MULTILINE)
        if head and re.search(rf"^  {re.escape(line.name)}:", head[0], re.MULTILINE):
            continue
        added = selection.changed.get(line.name) or shipped_text(line)
        text = text[: head.end()] + added + text[head.end() :] if head else f"{text}{line.rule}:\n{added}"
    return text


def shipped_text(line: Line) -> str:
    return shipped.texts(shipped.recipe(Path(line.file).stem))[line.rule, line.name]


def rules(text: str, files: Iterable[str], report: Report, code: list[str] | None = None) -> str:
    """dvc.yaml with these recipes listed, this report, and, if given, these deps of the plan."""
    listed = dict.fromkeys([*re.findall(r"^  - (recipes/.*)$", text, re.MULTILINE)] if code is None else [])
    every = "".join(f"  - {file}\n" for file in [*listed, *(file for file in files if file not in listed)])
    text = LISTED.sub(lambda _: every, text, count=1)
    if code is not None:
        text = re.sub(
            r"(?<=    deps: )\[baleen, pocket, stages, (.*)\]", lambda m: f"[{', '.join(code)}, {m[1]}]", text, count=1
        )
    return REPORT.sub(lambda _: "\n" + report.rule(), text.rstrip("\n")).rstrip("\n") + "\n"


def report_of(lines: Mapping[str, Line], names: Iterable[str]) -> Report:
    """What the report of these methods shows and draws."""
    named = [*names]
    models, calibrations = (
        [line.name for line in lines.values() if line.verb == verb] for verb in ("train", "calibrate")
    )
    taught = [str(line.given.get("input", "")) for line in lines.values() if line.ends_method]
    tables = dict.fromkeys(table for last in taught for table in chain(lines, last))
    return Report(evaluations(lines, named), every_evaluation(lines, named), models, calibrations, [*tables])


def every_evaluation(lines: Mapping[str, Line], names: Iterable[str]) -> list[str]:
    """Every evaluation of these methods, their arms and their numbers."""
    own = (line for line in lines.values() if line.verb == "evaluate")
    return [line.name for line in own if line.file == own_numbers.FILE or belongs(Path(line.file).stem, names)]


def evaluations(lines: Mapping[str, Line], names: Iterable[str]) -> list[str]:
    """What a report shows: the table of the rows that each method keeps, then one evaluation a model, of losses on
    held-out answers where nothing better is known, of answers to the held-out questions, or of anything else."""
    own = [lines[name] for name in every_evaluation(lines, names)]
    firsts = {str(line.given["input"]): line for line in reversed(own)}
    once = [line for line in own if firsts[str(line.given["input"])] is line]
    world = any(of_world(line) for line in lines.values())
    losses = [line.name for line in once if line.given.get("settings") == "losses"]
    asked = {name for name, line in lines.items() if line.rule == "answer"}
    answers = [line.name for line in once if line.given["input"] in asked]
    shown = (answers if world or not losses else losses) or [line.name for line in once]
    return [*filter(None, (kept_by(name, lines) for name in names)), *shown]


def kept_by(method: str, lines: Mapping[str, Line]) -> str:
    """The table of the rows that a method's model learns beside seeds; '' when the method is not there."""
    if method not in lines:
        return ""
    table = lines.get(str(lines[method].given["input"]))
    return str(table.given["other"] if table and table.verb == "mix" else lines[method].given["input"])


def copy_named(to: Path, folder: str, names: Iterable[str]) -> None:
    """Copy shipped files or folders of a folder, leaving alone what is there."""
    for name in names:
        source, target = shipped.folder() / folder / name, to / folder / name
        if source.exists() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
