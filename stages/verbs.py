"""The verbs by name: the options of each, declared beside it, and what it says of them.

Every verb's module has a class <Verb>Options, `check(options, where)`, which raises a Problem for settings that cannot
be meant, and `names(options)`, the (kind, name) of every function, engine, prompt or part of a world that they name.
"""

from importlib import import_module
from typing import Any


def options_of(verb: str) -> type[Any]:
    """The settings class of a verb."""
    return getattr(import_module(f"stages.{verb}"), f"{verb.capitalize()}Options")  # type: ignore[no-any-return]


def check(verb: str, options: Any, where: str) -> None:
    """A Problem for settings of a verb that cannot be meant."""
    import_module(f"stages.{verb}").check(options, where)


def names(verb: str, options: Any) -> list[tuple[str, str]]:
    """What the settings of a verb name: each name with its kind."""
    return list(import_module(f"stages.{verb}").names(options))
