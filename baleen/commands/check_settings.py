"""Are the settings of profiles and recipes of the types of the verbs that use them, whatever profile is in force?"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from baleen.errors import Problem, unknown
from baleen.models import pins
from baleen.project import layers, recipes, settings, shipped
from baleen.project.layers import Project
from baleen.project.recipes import Line
from stages import verbs

NAMES = (*recipes.LINKS, "prompt", "prompts", "writes")  # of tables, models, prompts
KEYS = ("profile", "scorer", "language")  # of params.yaml, beside its sections
ALMOST = 0.85  # how alike a name is to one that is read if it is that name misspelt: generat, langage, curat
VERBS = tuple(dict.fromkeys(rule.verb for rule in recipes.RULES.values()))


def check_profile(path: Path, known: dict[str, str]) -> None:
    """Every section of a profile has the type of its verb; `known` has the verb of each that lines name."""
    for name, section in settings.load_yaml(path).items():
        where = f"{path}: {name}"
        if name == "speed":
            settings.paced(section, where)
        elif name == "origin":
            pins.declared(section or {}, where)
        elif name != "scorer" and (not suits_its_verb(name, section or {}, where, known) or is_misspelt(name, known)):
            raise Problem(f"{path}: {unknown('section', str(name), [*known, 'speed', 'origin'])}")


def check_params(project: Project, lines: list[Line]) -> None:
    """No key of params.yaml that neither a line nor dvc.yaml names is almost one that is read."""
    rules = Path("dvc.yaml").read_text(encoding="utf-8")
    read = [*KEYS, *dict.fromkeys(str(line.given["knobs"]) for line in lines if "knobs" in line.given)]
    for name in project.params:
        if is_misspelt(name, read) and name not in rules:
            raise Problem(f"{layers.PARAMS}: {unknown('key', str(name), read)}")


def is_misspelt(name: str, known: Iterable[str]) -> bool:
    """Whether a name that nothing reads is almost one that is read; what recipes of the package read is none."""
    if name in known or not get_close_matches(name, known, cutoff=ALMOST):
        return False
    shipped_lines = recipes.lines(sorted((shipped.folder() / "recipes").rglob("*.yaml")))
    return name not in {str(line.given.get(key)) for line in shipped_lines for key in ("settings", "knobs")}


def verbs_of(lines: list[Line]) -> dict[str, str]:
    """The verb of every group of settings: those that lines name, and those of the rules."""
    defaults = {str(rule.adds["settings"]): rule.verb for rule in recipes.RULES.values() if "settings" in rule.adds}
    known = {name: rule.verb for name, rule in recipes.RULES.items()} | defaults
    for line in lines:
        name = str(line.given.get("settings", line.verb))
        if known.setdefault(name, line.verb) != line.verb:
            raise Problem(f"{line.where}: settings {name!r} are of {known[name]} lines, not of {line.verb} lines")
    return known


def check_groups(project: Project, known: dict[str, str]) -> None:
    """Every group of settings in a recipe has the type of the verb whose lines name it."""
    for name, group in project.groups.items():
        where = f"{group.file}: {recipes.SETTINGS}.{name}"
        if not suits_its_verb(name, group.values, where, known) and group.values:
            raise Problem(f"{where}: no line names it, and no verb has these settings; correct or delete it")


def suits_its_verb(name: str, section: settings.Settings, where: str, known: dict[str, str]) -> bool:
    """Whether settings that no line names are of some verb; those that lines name are a Problem if they are not of
    theirs."""
    if name in known:
        settings.layered(verbs.options_of(known[name]), where, section)
    return name in known or any(suits(verb, where, section) for verb in VERBS)


def suits(verb: str, where: str, section: settings.Settings) -> bool:
    """Whether a section that no line names could be of a verb: it serves a recipe that the project has not."""
    try:
        return bool(section) and bool(settings.layered(verbs.options_of(verb), where, section))
    except Problem:
        return False


def settings_key(line: Line) -> str:
    """The same for lines that differ in nothing but names, whose settings a profile makes good or bad together."""
    return repr([line.rule, sorted((key, repr(given)) for key, given in line.given.items() if key not in NAMES)])


def values_of(line: Line, project: Project) -> list[settings.Settings]:
    return [layer.values for layer in layers.layers(line, project)]


def check_under(profiles: Iterable[Path], chosen: list[Line], project: Project) -> None:
    """Every line resolves under other profiles too, so that changing the profile is all it takes."""
    lines = {settings_key(line): line for line in chosen}.values()
    here = [(line, values_of(line, project)) for line in lines]
    for path in profiles:
        other = layers.under(path.stem, project)
        try:
            for line in (line for line, values in here if values_of(line, other) != values):
                verbs.resolved(line, other)
        except Problem as problem:
            raise Problem(f"{path}: {str(problem).removeprefix(f'{path}: ')}") from None


def unlisted(files: list[Path], listed: list[Path]) -> str:
    """What to say of the first recipe of a user's own that dvc.yaml does not list: it is checked, but DVC does not
    build it."""
    own = (path for path in files if path not in listed and not (shipped.folder() / path).is_file())
    path = next(own, None)
    return f"; dvc.yaml does not list {path}: `baleen add {path.stem}` lets DVC build it" if path else ""
