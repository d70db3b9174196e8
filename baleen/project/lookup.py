"""Lookup: what a name in a recipe or a prompt means, and the module that it stands in.

`crab.verify` is `verify` in baleen/methods/crab.py, `pocket.ok` is `ok` in a module of the package pocket, a name
without a dot stands in a generic module. Only names of a module's `__all__` are found, each with its kind: a function
is a measure, one under `@transform` a transform, one that returns `list[int]` a selector, one whose first parameter is
`world` a part of a generated world, and what is assigned a format.
"""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from baleen.project.inputs import CODE

METHODS, WORLD = "baleen.methods", "pocket"
GENERIC = {  # the module, or the package, of the names without a dot
    "measure": "baleen.measures",
    "selector": "baleen.measures",
    "transform": "baleen.transforms",
    "format": "baleen.formats",
    "part": "pocket.parts",
}
T = TypeVar("T")


def modules(name: str) -> list[str]:
    """The module of this dotted name, or the modules of this package in alphabetical order; [] when there is none."""
    path = CODE / Path(*name.split("."))
    if path.is_dir():
        return [f"{name}.{file.stem}" for file in sorted(path.glob("*.py")) if file.stem != "__init__"]
    return [name] if path.with_suffix(".py").is_file() else []


@cache
def exports(module: str) -> dict[str, str]:
    """The kind of each name in `__all__` of a module, read without importing it."""
    tree = ast.parse((CODE / Path(*module.split("."))).with_suffix(".py").read_text(encoding="utf-8"))
    assigned = {ast.unparse(node.targets[0]): node.value for node in tree.body if isinstance(node, ast.Assign)}
    listed = ast.literal_eval(assigned["__all__"]) if "__all__" in assigned else []
    defined = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    return {name: kind_of(defined[name]) if name in defined else "format" for name in listed}


def kind_of(function: ast.FunctionDef) -> str:
    if any(ast.unparse(decorator).startswith("transform(") for decorator in function.decorator_list):
        return "transform"
    if function.returns and ast.unparse(function.returns) == "list[int]":
        return "selector"
    return "part" if function.args.args and function.args.args[0].arg == "world" else "measure"


def places(kind: str, name: str) -> list[str]:
    """The modules in which a name is looked for."""
    above, dot, _ = name.rpartition(".")
    if not dot:
        return modules(GENERIC[kind])
    if kind == "part":
        return modules(f"{WORLD}.{above}")
    return modules(WORLD) if above == WORLD else modules(f"{METHODS}.{above}")


def module_of(kind: str, name: str) -> str:
    """The module that exports a name of a kind, '' when none does."""
    own = name.rpartition(".")[2]
    return next((module for module in places(kind, name) if exports(module).get(own) == kind), "")


def named(kind: str) -> Iterator[tuple[str, str]]:
    """Every name of a kind that there is, with its module."""
    for place in dict.fromkeys((GENERIC[kind], METHODS, WORLD)):
        for module in modules(place):
            own = module.rpartition(".")[2] if place == METHODS or kind == "part" else place
            above = "" if GENERIC[kind] in (place, module) else f"{own}."
            yield from ((above + name, module) for name, found in exports(module).items() if found == kind)


class Named(dict[str, T]):
    """The things of one kind by their names, each imported when it is asked for; others may be added by hand.

    `thing` takes what a module exports and returns what is wanted of it.
    """

    def __init__(self, kind: str, thing: Callable[[Any], T]) -> None:
        super().__init__()
        self.kind, self.thing = kind, thing

    def __missing__(self, name: str) -> T:
        module = module_of(self.kind, name)
        if not module:
            raise KeyError(name)
        self[name] = self.thing(getattr(import_module(module), name.rpartition(".")[2]))
        return self[name]

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or bool(module_of(self.kind, str(name)))

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*(name for name, _ in named(self.kind)), *super().keys()]))

    def keys(self) -> Any:
        return dict.fromkeys(self).keys()

    def items(self) -> Any:
        return {name: self[name] for name in self}.items()

    def __len__(self) -> int:
        return len(list(iter(self)))
