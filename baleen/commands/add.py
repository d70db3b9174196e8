"""add: more to build in the project that is here: a method, a recipe of recipes/more, or a recipe of one's own."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from baleen.commands.new import SOURCES, copy_prompts, pin
from baleen.errors import Problem, unknown
from baleen.project import assemble, layers, own_numbers, recipes, shipped
from baleen.project.assemble import Lines, Selection

RULES, REQUIREMENTS, MORE = Path("dvc.yaml"), Path("requirements.txt"), Path("recipes/more")


def add(names: list[str]) -> list[str]:
    """Build more in the project in the current folder; returns the recipes that it builds now.

    A name is a method, a recipe of recipes/more, or a file of the project's own recipes/. Lines of the shipped recipes
    that are here already stay as they are, edited or not; prompts that lines name are copied where they come with
    baleen and are not here. On a user's own data every model that is taught to answer is measured.
    """
    recipes.check_here(RULES)
    names = [name.removeprefix("recipes/").removeprefix("more/").removesuffix(".yaml") for name in names]
    methods = [name for name in names if name in shipped.methods()]
    files = [str(recipe_here(name)) for name in names if name not in methods]
    here = lines_here([*recipes.files(), *map(Path, files)])
    own = {name: line for name, line in here.items() if line.file == SOURCES}
    selection = assemble.to_add(methods, here, own, layers.current().profile) if methods else Selection({})
    numbers = measured({**selection.lines, **here}, files)
    files = [*assemble.write_recipes(Path(), selection), *files, *assemble.write_recipes(Path(), numbers)]
    every = {**selection.lines, **numbers.lines, **here}
    copy_prompts(Path(), every)
    built = [path.stem for path in [*recipes.files(), *map(Path, files)] if recipes.is_method(path)]
    report = assemble.report_of(every, dict.fromkeys([*built, *methods]))
    text = assemble.rules(RULES.read_text(encoding="utf-8"), files, report)
    shipped.copy_plots(Path())
    RULES.write_text(text, encoding="utf-8")
    if REQUIREMENTS.is_file():  # not in baleen's own checkout
        pin(layers.current().profile)
    return [str(path) for path in recipes.files()]


def measured(every: Lines, files: list[str]) -> Selection:
    """The lines that measure what some recipes teach to answer, in a project that has such lines for its models."""
    more = own_numbers.measures_of(every)
    if more is None:
        return Selection({})
    before = {name: line for name, line in every.items() if line.file not in files}
    methods, profile = [line.name for line in every.values() if line.ends_method], layers.current().profile
    known, made = (own_numbers.number_lines(lines, methods, profile, more) for lines in (before, every))
    lines = {name: line for name, line in made.items() if name not in {**known, **every}}
    return Selection(lines, {name: assemble.entry(line) for name, line in lines.items()})


def lines_here(files: list[Path]) -> Lines:
    """The lines of some recipes, each read once."""
    return {line.name: line for line in recipes.lines(list(dict.fromkeys(files)))}


def recipe_here(name: str) -> Path:
    """The recipe of the project of this name, brought from recipes/more where it is not there yet; a Problem when
    nothing has this name."""
    path, more = Path(f"recipes/{name}.yaml"), MORE / f"{name}.yaml"
    if "/" not in name and (path.is_file() or more.is_file()):
        return path if path.is_file() else more
    source = shipped.folder() / more
    if "/" in name or not source.is_file():
        known = [*shipped.methods(), *(one.stem for one in sorted((shipped.folder() / MORE).glob("*.yaml")))]
        own = Path("recipes", f"{Path(name).name}.yaml")
        raise Problem(f"{unknown('method or recipe', name, known)}; a recipe of your own is {own}")
    more.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, more)
    return more


@contextmanager
def undone_by_a_problem() -> Iterator[None]:
    """dvc.yaml, recipes and prompts are as they were when what is added cannot be built, or it was stopped."""
    before = {path: path.read_bytes() for path in written()}
    try:
        yield
    except BaseException:
        for path in {*written()} - {*before}:
            path.unlink()
        for path, content in before.items():
            path.write_bytes(content)
        raise


def written() -> list[Path]:
    """The files that `add` may write."""
    prompts = [path for path in Path("prompts").rglob("*") if path.is_file()]
    return [*filter(Path.is_file, [RULES, REQUIREMENTS]), *recipes.all_files(), *prompts]
