"""check: is every recipe, prompt, profile and name well wired? Answers in about a second, without a model.

python -m stages.check
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from baleen import prompts, recipes, settings
from baleen.measures import condition, value
from baleen.problems import Problem, run, unknown
from baleen.recipes import Line
from baleen.rows import Row
from baleen.transforms import TRANSFORMS

Columns = frozenset[str] | None  # None: not known before the file is read
PARAMS = Path("params.yaml")
NOT_OPTIONS = ("pretrain", "backward", "sft")  # sections of a profile that hold training settings


def options_of(verb: str) -> type[Any]:
    """The settings class of a verb, declared beside it."""
    return getattr(import_module(f"stages.{verb}"), f"{verb.capitalize()}Options")  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Book:
    """All lines, those that build a table and those that build a model, and what params.yaml chooses."""

    tables: dict[str, Line]
    models: dict[str, Line]
    params: Row

    def line_settings(self, line: Line) -> Any:
        """The settings of a line as its stage will see them."""
        given = dict(line.given)
        if line.rule == "judge":
            given["prompt"] = self.params.get("scorer", "")
        if line.verb in ("generate", "score", "train", "evaluate"):
            given["profile"] = self.params.get("profile", "")
        try:
            return settings.resolved(options_of(line.verb), line.verb, line.name, given)
        except Problem as problem:
            raise Problem(f"{line.file}: {problem}") from None


def book() -> Book:
    found = recipes.lines(recipes.files())
    tables = {line.name: line for line in found if line.verb not in ("train", "evaluate")}
    return Book(tables, {line.name: line for line in found if line.verb == "train"}, settings.load_yaml(PARAMS))


def check_names(line: Line, made: Any, all_lines: Book) -> None:
    """Tables and models that the line mentions are built by some line, or lie in models/ as a pin."""
    for key in ("input", "other", "against"):
        name = getattr(made, key, None)
        if name and name not in all_lines.tables:
            raise Problem(f"{line.where}: {unknown('table', name, list(all_lines.tables))}")
    pins = [path.parent.name for path in Path("models").glob("*/pin.yaml")]
    for key in ("model", "base"):
        name = getattr(made, key, None)
        if name and name not in {*all_lines.models, *pins, "origin"}:
            raise Problem(f"{line.where}: {unknown('model', name, [*all_lines.models, 'origin'])}")


def needs(line: Line, made: Any) -> set[str]:
    """Columns the line reads from its input."""
    if line.verb in ("generate", "score", "train"):
        prompt = prompts.load(made.prompt, getattr(made, "writes", ""))
        answered = () if line.verb == "generate" or prompt.marks else prompt.writes
        return {*prompt.reads, *answered} - ({"draft"} if line.verb == "generate" else set())
    if line.verb == "filter":
        conditions = [c for text in made.keep for c in condition(text).value.columns]
        return {*conditions, *(value(made.best).columns if made.best else ()), *filter(None, [made.unique])}
    if line.verb == "evaluate":
        return {c for text in made.mean for c in value(text).columns} | {*filter(None, [made.by])}
    if line.verb == "map" and made.apply not in TRANSFORMS:
        raise Problem(f"{line.where}: {unknown('transform', made.apply, list(TRANSFORMS))}")
    return set(TRANSFORMS[made.apply].reads) if line.verb == "map" else set()


def adds(line: Line, made: Any) -> set[str]:
    """Columns the line adds to its input."""
    if line.verb == "generate":
        prompt = prompts.load(made.prompt, made.writes)
        return {*prompt.writes, "lineage"} | ({"draft"} if "draft" in prompt.reads else set())
    if line.verb == "score":
        marks = prompts.load(made.prompt).marks
        return {"rating", "probability", "lineage"} if marks else {"loss", "worst", "tokens", "lineage"}
    return set(TRANSFORMS[made.apply].writes) if line.verb == "map" else set()


def ingested(made: Any) -> Columns:
    """The columns of a source; those of files without a mapping are known only when they are read."""
    if made.columns:
        return frozenset({"id", "origin", "source", *made.columns})
    source = Path(made.source)
    if source.suffix == ".yaml" and source.is_file() and "world" in settings.load_yaml(source):
        from baleen.pocket import records

        first = next(iter(records(made.part, 0, 1)))
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
        return None if other is None else have & other

    return columns


def check_line(line: Line, all_lines: Book, columns: Callable[[str], Columns]) -> None:
    """Everything that can be known about a line before it runs."""
    made = all_lines.line_settings(line)
    check_names(line, made, all_lines)
    if line.verb == "ingest":
        return check_source(line, made)
    try:
        wanted = needs(line, made)
    except Problem as problem:
        raise Problem(f"{line.where}: {problem}") from None
    have = columns(made.input)
    if have is not None and (missing := sorted(wanted - have)):
        raise Problem(f"{line.where} reads {', '.join(missing)}, but {made.input} has {', '.join(sorted(have))}")


def check_source(line: Line, made: Any) -> None:
    if not any(c in made.source for c in "*?[") and not Path(made.source).exists():
        raise Problem(f"{line.where}: no file or folder {made.source}; write the path from the project's folder")


def check_circles(all_lines: Book) -> None:
    """No target may need itself."""

    def follow(line: Line, path: tuple[str, ...]) -> None:
        if line.name in path:
            raise Problem(f"{line.where} needs itself: {' <- '.join([*path, line.name])}")
        for key in ("input", "other", "against"):
            if line.given.get(key) in all_lines.tables:
                follow(all_lines.tables[line.given[key]], (*path, line.name))

    for line in all_lines.tables.values():
        follow(line, ())


def check_profile(path: Path) -> None:
    """Every section of a profile has the type of its verb; training sections that of train."""
    whole = settings.load_yaml(path)
    kinds = {"generate": "generate", "score": "score", "evaluate": "evaluate"} | dict.fromkeys(NOT_OPTIONS, "train")
    for name, section in whole.items():
        where = f"{path}: {name}"
        if name == "speed":
            settings.layered(settings.Speed, where, section or {})
        elif name == "origin":
            import_module("stages.origin").pin(section or {}, where)
        elif name in kinds:
            settings.layered(options_of(kinds[name]), where, section or {})
        else:
            raise Problem(f"{path}: {unknown('section', str(name), [*kinds, 'speed', 'origin'])}")


def check(paths: Iterable[Path]) -> str:
    """One line that says how much was checked; the first mistake is a Problem."""
    for path in paths:
        check_profile(path)
    all_lines = book()
    check_circles(all_lines)
    columns = columns_of(all_lines)
    everything = [*all_lines.tables.values(), *all_lines.models.values(), *evaluations()]
    for line in everything:
        check_line(line, all_lines, columns)
    return f"{len(everything)} targets of {len(recipes.files())} recipes are well wired"


def evaluations() -> list[Line]:
    return [line for line in recipes.lines(recipes.files()) if line.verb == "evaluate"]


def main(argv: list[str]) -> None:
    print(check(sorted(Path("profiles").glob("*.yaml"))))


if __name__ == "__main__":
    run(main)
