"""Is every recipe, prompt, profile and name well wired, can this machine run it, and can the first records of every
source be read? Answers in a few seconds, without a model.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

from baleen import prompts, transforms
from baleen.commands import check_models
from baleen.commands.check_settings import check_groups, check_params, check_profile, check_under, unlisted, verbs_of
from baleen.engines import table
from baleen.errors import Problem, unknown
from baleen.measures import languages, screening
from baleen.measures.expressions import parse_condition, parse_value
from baleen.models import load
from baleen.project import assemble, graph, layers, lookup, own_tables, recipes, settings, shipped
from baleen.project.graph import Stage, Stages
from baleen.project.layers import Project
from baleen.project.recipes import Line
from baleen.tables.readers import RECORDS, SUFFIXES
from baleen.tables.trees import MAPPED
from stages import verbs

Columns = frozenset[str] | None  # None: not known before the file is read
RULES = Path("dvc.yaml")
POCKET = (
    "; it measures against the pocket world: take the recipe out of dvc.yaml (vars, and `report`), or check only what "
    "you build, like baleen check train@humpback"
)


@dataclass(frozen=True)
class Book:
    """All lines, those that build a table and those that build a model, and the project whose lines they are."""

    tables: dict[str, Line]
    models: dict[str, Line]
    project: Project
    known: dict[str, Any] = field(default_factory=dict)
    calibrations: list[str] = field(default_factory=list)

    def line_settings(self, line: Line) -> Any:
        """The settings of a line as its stage will see them, every value possible."""
        if line.name not in self.known:
            self.known[line.name] = verbs.resolved(line, self.project)
        return self.known[line.name]

    def pin_of(self, name: str) -> settings.Settings:
        """What the pin of a model says, or will say once it is built; {} for one with weights in its folder."""
        if name in self.models:
            return dict(self.line_settings(self.models[name]).instead)
        return check_models.pin_given(name, self.project.profile.get("origin") or {})


def book(lines: list[Line], project: Project) -> Book:
    tables = {line.name: line for line in lines if line.verb not in recipes.NO_TABLE}
    calibrations = [line.name for line in lines if line.verb == "calibrate"]
    return Book(tables, {line.name: line for line in lines if line.verb == "train"}, project, calibrations=calibrations)


def check_names(made: Any, all_lines: Book) -> None:
    """Tables and models that the line mentions are built by some line, or lie in models/; engines exist."""
    for key in ("input", "other", "against"):
        name = getattr(made, key, None)
        if name and name not in all_lines.tables:
            raise Problem(unknown("table", name, list(all_lines.tables)))
    if (name := getattr(made, "calibration", "")) and name not in all_lines.calibrations:
        raise Problem(unknown("calibration", name, all_lines.calibrations))
    steps = getattr(made, "steps_of", "")
    if steps and steps not in all_lines.models:
        raise Problem(unknown("model", steps, list(all_lines.models)))
    given = all_lines.project.profile.get("origin") or {}
    for name in {str(getattr(made, key, "")) for key in ("model", "base")} - {"", *all_lines.models}:
        load.check_origin(given) if name == "origin" else load.check_weights(name, [*all_lines.models, "origin"])
    load.check_origin(getattr(made, "instead", {}))
    if (engine := getattr(made, "engine", "hf")) not in table.ENGINES:
        raise Problem(unknown("engine", engine, list(table.ENGINES)))
    check_models.check_engine(made, all_lines.pin_of)


def check_prompt(line: Line, made: Any) -> None:
    """A Problem with a remedy for a prompt that comes with baleen and is not in the project, and for one by which every
    row would get the same reply."""
    name = getattr(made, "prompt", "")
    if name and not Path(file := f"prompts/{name}.md").is_file() and (shipped.folder() / file).is_file():
        raise Problem(f"no {file} here; `baleen add {Path(line.file).stem}` copies the one that comes with baleen")
    if line.verb == "generate" and not prompts.load(name, made.writes).reads:
        raise Problem(f"{file} shows the model no column, so that every row asks the same; write one as $response")


def needs(line: Line, made: Any, there: Columns) -> set[str]:
    """Columns the line reads from its input, which has these."""
    if line.verb in ("filter", "evaluate", "calibrate"):
        return {*import_module(f"stages.{line.verb}").needed(made)}
    if line.verb == "train" and made.prompts:
        return {"prompt"}
    if line.verb == "generate":
        generate, prompt = import_module("stages.generate"), prompts.load(made.prompt, made.writes)
        return {*generate.needed(made, prompt, there or ())}
    if line.verb == "score":
        return {*prompts.load(made.prompt).reads, *import_module("stages.score").scorer(made).graded}
    if line.verb == "train":
        prompt = prompts.load(made.prompt, made.writes)
        return {*prompt.reads, *prompt.writes, *[made.rejected] * bool(made.rejected)}
    return (
        {*transforms.columns_read([*map(transforms.parse_transform, made.apply)])} - {*made.set}
        if line.verb == "map"
        else set()
    )


def adds(line: Line, made: Any) -> set[str]:
    """Columns the line adds to its input."""
    if line.verb == "generate":
        prompt = prompts.load(made.prompt, made.writes)
        return {*import_module("stages.generate").added(prompt, made.again)}
    if line.verb == "score":
        return {*import_module("stages.score").scorer(made).columns, "lineage"}
    return (
        {*transforms.columns_written([*map(transforms.parse_transform, made.apply)]), *made.set}
        if line.verb == "map"
        else set()
    )


def ingested(made: Any) -> Columns:
    """The columns of a source; those of records without a mapping are known only when they are read."""
    own = ("id", "origin", "source")
    if made.columns or made.trees:
        return frozenset({*own, *(made.columns or MAPPED)})
    if made.part:
        return frozenset({*own, *first_keys(made.part, made.world, made.rows, made.noise)})
    kind = made.kind or SUFFIXES.get(Path(made.source).suffix.lower(), "")
    is_document = kind and kind not in RECORDS and (made.kind or Path(made.source).is_file())
    return frozenset({*own, "response"}) if made.python or is_document else None


@cache
def first_keys(part: str, world: int, rows: int, noise: float) -> tuple[str, ...]:
    """The fields of the first record of a part of the generated world, for which some parts draw thousands."""
    return tuple(next(iter(import_module(lookup.WORLD).records(part, world, rows, noise))))


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


def tables_read(line: Line, made: Any, columns: Callable[[str], Columns]) -> dict[str, set[str]]:
    """The columns that a line reads of each of its tables; none of lessons for which the profile has a model."""
    if line.verb == "ingest":
        return {}
    taught = line.verb != "train" or bool(made.steps and not made.instead)
    wanted = {made.input: needs(line, made, columns(made.input)) if taught else set[str]()}
    if line.verb == "mix":
        wanted[made.other] = set()
    if line.verb == "filter" and made.against:
        wanted[made.against] = {*screening.columns_compared(made)} - {*made.text} | {*made.against_text}
    if line.verb == "evaluate":
        scores = {c for text in made.auc for c in parse_value(text.removeprefix("-")).columns}
        wanted[made.against] = wanted.get(made.against, set()) | wanted[made.input] | scores
    if line.verb == "calibrate" and made.against:
        calibrate = import_module("stages.calibrate")
        wanted[made.against] = wanted.get(made.against, set()) | {*calibrate.scored(made)}
    return wanted


def check_world(lines: list[Line], all_lines: Book, columns: Callable[[str], Columns]) -> None:
    """No line makes a part of the generated world under a profile of a trained model."""
    made = all_lines.line_settings
    if own_tables.is_trained(all_lines.project.profile):
        reads = {line.name: tables_read(line, made(line), columns) for line in lines}
        wanted = own_tables.wanted(lines, lambda line: reads[line.name], lambda line: adds(line, made(line)))
        own_tables.require(lines, wanted, all_lines.project.profile_name)


def check_line(line: Line, all_lines: Book, columns: Callable[[str], Columns]) -> None:
    """Everything that can be known about a line before it runs."""
    made = all_lines.line_settings(line)
    check_names(made, all_lines)
    check_prompt(line, made)
    if getattr(made, "steps_of", "") and line.rule != "arm":
        raise Problem("steps_of is a setting of lines under arm:, where DVC waits for the other model; move the line")
    if line.verb == "ingest":
        return check_source(made)
    check_languages(line, made, all_lines)
    for name, reads in tables_read(line, made, columns).items():
        have = columns(name)
        if have is not None and (missing := sorted(reads - have)):
            told = f"{reader(made, missing)} reads {', '.join(missing)}, but {name} has {', '.join(sorted(have))}"
            raise Problem(told + (POCKET if "truth" in missing else ""))


def reader(made: Any, columns: list[str]) -> str:
    """What reads columns for a line: its prompt, or the line's own settings."""
    name = getattr(made, "prompt", "")
    return f"prompts/{name}.md" if name and {*columns} <= {*prompts.load(name).reads} else "it"


def check_languages(line: Line, made: Any, all_lines: Book) -> None:
    """A Problem when a filter asks for a language that cannot be identified, before anything is translated into it."""
    values = [parse_condition(text).value for text in (made.keep if line.verb == "filter" else [])]
    for column in (value.columns[1] for value in values if value.measure == "speaks"):
        before = assemble.closure([line.name], all_lines.tables).values()
        given = {all_lines.line_settings(one).set.get(column) for one in before if one.verb == "map"}
        for name in sorted(filter(None, given)):
            languages.require(name)


def check_source(made: Any) -> None:
    local = "" if graph.is_remote(made.source) else made.source
    if local and not Path(local).exists() and any(c in local for c in "*?["):
        raise Problem(f"DVC watches files and folders, not {local}; write the folder, and match: such as '*.md'")
    if local and not Path(local).exists():
        raise Problem(f"no file or folder {local}; write the path from the project's folder")
    ingested(made)


def check_stage(stage: Stage, all_lines: Book, columns: Callable[[str], Columns], made: Callable[[str], str]) -> None:
    """The line of the stage, and every path that it depends on is there or will be."""
    try:
        if stage.line:
            check_line(stage.line, all_lines, columns)
        for path in stage.deps:
            if not made(path) and not graph.is_remote(path) and not Path(path).exists():
                raise Problem(f"nothing builds {path}, and it is not there; correct the name")
    except Problem as problem:
        raise (stage.line.located(problem) if stage.line else Problem(f"{stage.where}: {problem}")) from None


@dataclass(frozen=True)
class Checked:
    """What was checked, in words; the lines of the chosen targets; and a function that looks for tables of the
    generated world, which nobody needs to replace for a machine that cannot run them."""

    words: str
    lines: list[Line]
    project: Project
    check_tables: Callable[[], None]


def check_here(targets: list[str]) -> str:
    """The same as `check`, and whether this machine can run the targets, all that dvc.yaml lists if there are none, and
    the first records of their sources can be read."""
    checked, listed = wired(targets), {str(path) for path in recipes.files(RULES)}
    verbs.check_here([line for line in checked.lines if targets or line.file in listed], checked.project)
    checked.check_tables()
    return checked.words


def check(targets: list[str]) -> str:
    """One line that says how much was checked; the first mistake is a Problem. Recipes that dvc.yaml does not list are
    checked too, for they are planned too."""
    checked = wired(targets)
    checked.check_tables()
    return checked.words


def wired(targets: list[str]) -> Checked:
    """The targets, all if there are none, are well wired."""
    listed = recipes.files(RULES)
    files, profiles = recipes.all_files(), sorted(Path("profiles").glob("*.yaml"))
    project, lines = layers.current(), recipes.lines(files)
    known = verbs_of(lines)
    for path in profiles:
        check_profile(path, known)
    check_groups(project, known)
    check_params(project, lines)
    found: Stages = graph.stages(settings.load_yaml(RULES, plain=False)["stages"], lines, project.params)
    chosen = graph.needed(found, targets or found)
    all_lines, chosen_lines = book(lines, project), [stage.line for stage in chosen.values() if stage.line]
    columns, made = columns_of(all_lines), graph.within(graph.makers(found))
    for stage in chosen.values():
        check_stage(stage, all_lines, columns, made)
    check_under(profiles, chosen_lines, project)
    words = f"{len(chosen)} stages of {len(files)} recipes are well wired{unlisted(files, listed)}"
    words += check_models.servers_asked(chosen_lines, all_lines.line_settings, all_lines.pin_of)
    return Checked(words, chosen_lines, project, partial(check_world, chosen_lines, all_lines, columns))
