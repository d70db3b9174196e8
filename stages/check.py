"""check: is every recipe, prompt, profile and name well wired? Answers in a few seconds, without a model.

python -m stages.check [STAGE ...], such as train@humpback: only these and what they are built from; else everything.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from baleen import prompts, transforms
from baleen.engines import table
from baleen.errors import Problem, unknown
from baleen.measures.expressions import value
from baleen.models import pins
from baleen.project import graph, recipes, settings
from baleen.project.command_line import run
from baleen.project.graph import Stage, Stages
from baleen.project.recipes import Line
from baleen.tables.rows import Row

Columns = frozenset[str] | None  # None: not known before the file is read
PARAMS, RULES = Path("params.yaml"), Path("dvc.yaml")
SECTIONS = {"generate": "generate", "score": "score"}  # of a profile, by the verb whose settings they hold
NAMES = ("input", "other", "against", "model", "base", "prompt", "prompts", "writes")  # of tables, models, prompts
PROFILED, NAMED = settings.LAYERS["profile"], settings.LAYERS["settings"]  # verbs with a section, and which name theirs
POCKET = (
    "; it measures against the pocket world: take the recipe out of dvc.yaml (vars, and `report`), or check only what "
    "you build, like python -m stages.check train@humpback"
)


def options_of(verb: str) -> type[Any]:
    """The settings class of a verb, declared beside it."""
    return getattr(import_module(f"stages.{verb}"), f"{verb.capitalize()}Options")  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Book:
    """All lines, those that build a table and those that build a model, and what params.yaml chooses."""

    tables: dict[str, Line]
    models: dict[str, Line]
    params: Row
    known: dict[tuple[str, str], Any] = field(default_factory=dict)

    def line_settings(self, line: Line) -> Any:
        """The settings of a line as its stage will see them, every value possible."""
        at = (line.rule, line.name)
        if at not in self.known:
            self.known[at] = self.resolved(line)
        return self.known[at]

    def resolved(self, line: Line) -> Any:
        given = dict(line.given)
        if line.rule == "judge":
            given["prompt"] = self.params.get("scorer", "")
        if line.verb in PROFILED:
            given["profile"] = self.params.get("profile", "")
        made = settings.resolved(options_of(line.verb), line.verb, line.name, given)
        import_module(f"stages.{line.verb}").check(made, f"{line.verb} {line.name}")
        return made


def book(lines: list[Line], params: Row) -> Book:
    tables = {line.name: line for line in lines if line.verb not in ("train", "evaluate")}
    return Book(tables, {line.name: line for line in lines if line.verb == "train"}, params)


def check_names(made: Any, all_lines: Book) -> None:
    """Tables and models that the line mentions are built by some line, or lie in models/ as a pin; engines exist."""
    for key in ("input", "other", "against"):
        name = getattr(made, key, None)
        if name and name not in all_lines.tables:
            raise Problem(unknown("table", name, list(all_lines.tables)))
    pins = [path.parent.name for path in Path("models").glob("*/pin.yaml")]
    for key in ("model", "base"):
        name = getattr(made, key, None)
        if name and name not in {*all_lines.models, *pins, "origin"}:
            raise Problem(unknown("model", name, [*all_lines.models, *pins, "origin"]))
    if (engine := getattr(made, "engine", "hf")) not in table.ENGINES:
        raise Problem(unknown("engine", engine, list(table.ENGINES)))


def rates(line: Line, made: Any, prompt: prompts.Prompt) -> bool:
    """Whether a line weighs marks, for which no answer must be there."""
    return line.verb == "score" and bool(prompt.marks) and not made.embed


def needs(line: Line, made: Any, there: Columns) -> set[str]:
    """Columns the line reads from its input, which has these."""
    if line.verb in ("filter", "evaluate"):
        return {*import_module(f"stages.{line.verb}").needed(made)}
    if line.verb == "train" and made.prompts:
        return {"prompt"}
    if line.verb == "generate":
        generate, prompt = import_module("stages.generate"), prompts.load(made.prompt, made.writes)
        return {*generate.needed(made, prompt, there or ())}
    if line.verb in ("score", "train"):
        prompt = prompts.load(made.prompt, "" if line.verb == "score" else made.writes)
        return {*prompt.reads, *(() if rates(line, made, prompt) else prompt.writes)}
    return {*transforms.reads([*map(transforms.named, made.apply)])} - {*made.set} if line.verb == "map" else set()


def adds(line: Line, made: Any) -> set[str]:
    """Columns the line adds to its input."""
    if line.verb == "generate":
        prompt = prompts.load(made.prompt, made.writes)
        return {*prompt.writes, "lineage"} | ({"draft"} if "draft" in prompt.reads else set())
    if line.verb == "score":
        return {*import_module("stages.score").asking(prompts.load(made.prompt), made)[1], "lineage"}
    return {*transforms.writes([*map(transforms.named, made.apply)]), *made.set} if line.verb == "map" else set()


def ingested(made: Any) -> Columns:
    """The columns of a source; those of files without a mapping are known only when they are read."""
    if made.columns:
        return frozenset({"id", "origin", "source", *made.columns})
    source = Path(made.source)
    if source.suffix == ".yaml" and source.is_file() and "records" in settings.load_yaml(source):
        from pocket import records

        first = next(iter(records(made.part, 0, made.rows, made.noise)))
        return frozenset({"id", "origin", "source", *first})
    return None


def columns_of(all_lines: Book) -> Callable[[str], Columns]:
    """The columns a table will have, read off the recipes without building anything."""

    @cache
    def columns(name: str) -> Columns:
        line = all_lines.tables[name]
        made = all_lines.line_settings(line)
        if line.verb == "ingest":
            return ingested(made)
        have = columns(made.input)
        if have is None or line.verb != "mix":
            return None if have is None else have | adds(line, made)
        other = columns(made.other)
        return None if other is None else have & other | {"lineage"} & (have | other)

    return columns


def check_line(line: Line, all_lines: Book, columns: Callable[[str], Columns]) -> None:
    """Everything that can be known about a line before it runs."""
    made = all_lines.line_settings(line)
    check_names(made, all_lines)
    if line.verb == "ingest":
        return check_source(made)
    wanted = {made.input: needs(line, made, columns(made.input))}
    if line.verb == "evaluate":
        scores = {c for text in made.auc for c in value(text).columns}
        wanted[made.against] = wanted.get(made.against, set()) | wanted[made.input] | scores
    for name, reads in wanted.items():
        have = columns(name)
        if have is not None and (missing := sorted(reads - have)):
            told = f"it reads {', '.join(missing)}, but {name} has {', '.join(sorted(have))}"
            raise Problem(told + (POCKET if "truth" in missing else ""))


def check_source(made: Any) -> None:
    if not Path(made.source).exists() and any(c in made.source for c in "*?["):
        raise Problem(f"DVC watches files and folders, not {made.source}; write the folder, and match: such as '*.md'")
    if not Path(made.source).exists():
        raise Problem(f"no file or folder {made.source}; write the path from the project's folder")
    ingested(made)


def check_profile(path: Path, used: dict[str, str]) -> None:
    """Every section of a profile has the type of its verb; `used` says which verb's lines name it."""
    whole = settings.load_yaml(path)
    for name, section in whole.items():
        where = f"{path}: {name}"
        if name == "speed":
            settings.paced(section, where)
        elif name == "origin":
            pins.declared(section or {}, where)
        elif verb := (SECTIONS | used).get(name):
            settings.layered(options_of(verb), where, section or {})
        elif not any(suits(verb, where, section or {}) for verb in NAMED):
            raise Problem(f"{path}: {unknown('section', str(name), [*SECTIONS, *used, 'speed', 'origin'])}")


def suits(verb: str, where: str, section: settings.Settings) -> bool:
    """Whether a section that no line names could be of a verb: it serves a recipe that dvc.yaml does not list."""
    try:
        return bool(section) and bool(settings.layered(options_of(verb), where, section))
    except Problem:
        return False


def check_stage(stage: Stage, all_lines: Book, columns: Callable[[str], Columns], made: frozenset[str]) -> None:
    """The line of the stage, and every path that it depends on is there or will be."""
    try:
        if stage.line:
            check_line(stage.line, all_lines, columns)
        for path in stage.deps:
            if path not in made and not Path(path).exists():
                raise Problem(f"nothing builds {path}, and it is not there; correct the name")
    except Problem as problem:
        own = f"{stage.line.verb} {stage.line.name}: " if stage.line else ""
        raise Problem(f"{stage.where}: {str(problem).removeprefix(own)}") from None


def alike(line: Line) -> str:
    """The same for lines that differ in nothing but names, whose settings a profile makes good or bad together."""
    return repr([line.rule, sorted((key, repr(given)) for key, given in line.given.items() if key not in NAMES)])


def check_under(path: Path, chosen: list[Line], lines: list[Line], params: Row) -> None:
    """Every line resolves under another profile too, so that changing the profile is all it takes."""
    there = book(lines, params | {"profile": path.stem})
    try:
        for line in {alike(line): line for line in chosen if line.verb in PROFILED}.values():
            there.line_settings(line)
    except Problem as problem:
        raise Problem(f"{path}: {str(problem).removeprefix(f'{path}: ')}") from None


def check(targets: list[str]) -> str:
    """One line that says how much was checked; the first mistake is a Problem."""
    params, files = settings.load_yaml(PARAMS), recipes.files(RULES)
    settings.profile(str(params.get("profile", "")))
    lines = recipes.lines(files)
    used = {line.given["settings"]: line.verb for line in lines if isinstance(line.given.get("settings"), str)}
    for path in sorted(Path("profiles").glob("*.yaml")):
        check_profile(path, used)
    found: Stages = graph.stages(settings.load_yaml(RULES, plain=False)["stages"], lines, params)
    chosen = graph.needed(found, targets or found)
    all_lines = book(lines, params)
    columns, made = columns_of(all_lines), frozenset(graph.makers(found))
    for stage in chosen.values():
        check_stage(stage, all_lines, columns, made)
    for path in sorted(Path("profiles").glob("*.yaml")):
        check_under(path, [stage.line for stage in chosen.values() if stage.line], lines, params)
    return f"{len(chosen)} stages of {len(files)} recipes are well wired"


def main(argv: list[str]) -> None:
    if {"--help", "-h"} & set(argv):
        return print(__doc__)
    print(check(argv))


if __name__ == "__main__":
    run(main)
