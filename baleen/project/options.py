"""The settings of a verb when it runs: from the plan, from the recipe, or from the flags of its command line."""

from collections.abc import Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar, cast

from baleen.errors import Problem, unknown
from baleen.project import command_line, inputs, layers, recipes
from baleen.project.plan import for_stage, stage_target
from baleen.project.recipes import Line
from baleen.project.settings import ENDLESS, ONCE, REQUIRED, Once, Settings, listed, load_yaml, profile, typed, within

T = TypeVar("T")


def run_flags(argv: Sequence[str]) -> tuple[list[str], Once]:
    """The command line without the flags of `Once`, and those flags."""
    if "--help" in argv or "-h" in argv:
        return list(argv), Once()
    name, given = command_line.read(argv)
    mine = {key: given[key] for key in given if key in Once.__dataclass_fields__}
    rest = [word for key, words in command_line.raw(argv).items() if key not in mine for word in words]
    found = typed(Once, name, mine)
    within(found, name, {"limit": (0, ENDLESS), "budget": (0, ENDLESS)})
    return [name, *rest], found


def options_of_run(kind: type[T], argv: Sequence[str], verb: str, once: Once | None = None) -> tuple[str, T]:
    """Target and settings of a verb from its command line.

    In a stage of DVC they are those of the plan, by hand in a project those of the recipe line, in any other folder, or
    where the target is a path, the flags and, if they name one, a profile. In a project flags may change the settings
    of a preview or a dry run; they are refused where DVC would not know of the table they make.
    """
    if {"--help", "-h"} & set(argv):
        print(usage(kind, verb))
        raise SystemExit(0)
    target, flags = command_line.read(argv)
    given, where = listed(kind, command_line.nested(flags)), f"{verb} {target}"
    if found := for_stage(target):
        if given:
            raise Problem(f"{where}: its settings stand in the recipe; take --{next(iter(given))} out of dvc.yaml")
        return target, typed(kind, where, found.settings)
    if not Path("dvc.yaml").is_file() or stage_target() or "/" in target:
        return target, typed(kind, where, *loose(given, verb))
    return target, by_hand(kind, verb, target, given, once)


def loose(flags: Settings, verb: str) -> list[Settings]:
    """The layers of a line that no recipe holds: the sections of the profile that its flags name, and the flags."""
    given = dict(flags)
    name, group = given.pop("profile", ""), str(given.pop("settings", verb))
    sections = profile(str(name)) if name else {}
    if group != verb and group not in sections:
        raise Problem(f"profiles/{name}.yaml: {unknown('section', group, list(sections))}")
    return [watched(str(name), key, sections.get(key)) for key in dict.fromkeys((verb, group))] + [given]


def watched(name: str, key: str, section: Settings | None) -> Settings:
    """A section of a profile, noted: other sections may change while a verb runs."""
    path = Path("profiles", f"{name}.yaml")
    if name:
        inputs.watch(f"{path}: {key}", lambda: load_yaml(path).get(key), section)
    return dict(section or {})


def by_hand(kind: type[T], verb: str, target: str, flags: Settings, once: Once | None) -> T:
    """The settings of a target of the project, changed by flags for a preview or a dry run."""
    paths = recipes.all_files()
    for path in (layers.PARAMS, *paths):
        inputs.reads(path)
    given, preview = dict(flags), bool(once and (once.dry_run or once.limit))
    project = layers.current()
    if preview and "profile" in given:
        project = layers.under(str(given.pop("profile")), project)
    lines = {line.name: line for line in recipes.lines(paths) if line.verb == verb}
    if target not in lines and not preview:
        raise Problem(f"{verb}: {unknown('target', target, list(lines))}; add a line to a recipe")
    if flags and not preview:
        hint = "add --limit 20 for a preview" if verb in ONCE["limit"] else "DVC would not know of what it makes"
        raise Problem(f"{verb} {target}: write --{next(iter(flags))} in its recipe line instead; {hint}")
    line = lines.get(target) or Line(target, verb, {}, "the command line")
    changed = Line(line.name, line.rule, line.given | given, line.file)
    return layers.resolved(kind, changed, project)


def usage(kind: type[Any], verb: str) -> str:
    """--help: every setting with its type, default and words."""
    own = [f for f in fields(Once) if verb in ONCE[f.name]]
    lines = [f"python -m stages.{verb} TARGET; its settings stand in a recipe, in a profile or in params.yaml:", ""]
    for f in [*fields(kind), *own]:
        default = f.default if f.default is not MISSING else cast(Any, f.default_factory)()
        shown = "required" if default == REQUIRED else f"default {default!r}"
        lines.append(f"  --{f.name.replace('_', '-'):<18} {f.metadata.get('help', '')} [{kind_of(f.type)}, {shown}]")
    return "\n".join(lines)


def kind_of(hint: Any) -> str:
    """How a type is written: str, list[str], dict[str, Any]."""
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")
