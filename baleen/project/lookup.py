"""Lookup: what a name in a recipe or a prompt means, and the module that it stands in.

`crab.verify` is `verify` in baleen/methods/crab.py, `pocket.ok` is `ok` in a module of the package pocket, a name
without a dot stands in a generic module, and `mine.shout` is `shout` in methods/mine.py of the user's project. Only
names of a module's `__all__` are found, each with its kind: a function is a measure, one under `@transform` a
transform, one that returns `list[int]` a selector, one whose first parameter is `world` a part of a generated world,
and what is assigned a format.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from baleen.errors import Problem
from baleen.project import code_hashes
from baleen.project.inputs import OWN, module_path

METHODS, WORLD = "baleen.methods", "pocket"
GENERIC = {  # the module, or the package, of the names without a dot
    "measure": "baleen.measures",
    "selector": "baleen.measures",
    "transform": "baleen.transforms",
    "format": "baleen.formats",
    "part": "pocket.parts",
}
KINDS = {  # how one is written
    "measure": "write a function of columns that returns a number or None",
    "selector": "write a function of values and a count that returns list[int]",
    "transform": "write @transform((columns it reads), {column it writes: type}) above a function of a row",
    "format": "assign a Format(read, show)",
    "part": "write a function whose first parameter is world",
}
T = TypeVar("T")


def modules(name: str) -> list[str]:
    """The module of this dotted name, or the modules of this package in alphabetical order; [] when there is none."""
    path = module_path(Path(*name.split(".")))
    if path.is_dir():
        return [f"{name}.{file.stem}" for file in sorted(path.glob("*.py")) if file.stem != "__init__"]
    return [name] if path.with_suffix(".py").is_file() else []


def own_modules() -> list[str]:
    """The user's own modules; a Problem for one that could not be named, or whose name the library has."""
    for module in (found := modules(OWN)):
        name, file = module.partition(".")[2], f"{module.replace('.', '/')}.py"
        if not name.isidentifier():
            raise Problem(f"{file} cannot be named in a recipe; rename it, with letters, digits and _ alone")
        if name == WORLD or modules(f"{METHODS}.{name}"):
            raise Problem(f"{file} has the name of a module of baleen; rename it, and what recipes say of it")
    return found


def file_of(module: str) -> Path:
    """The file of a module, its path as users know it where it is their own."""
    return module_path(Path(*module.split("."))).with_suffix(".py")


def exports(module: str) -> dict[str, str]:
    """The kind of each name in `__all__` of a module, read without importing it."""
    path = file_of(module)
    return exports_at(module, path, path.stat().st_mtime_ns)


@cache  # a hundred lines name things of the same few modules
def exports_at(module: str, path: Path, _: int) -> dict[str, str]:
    exported = listed(module)
    return {name: kind for name, kind in definitions(module).items() if name in exported}


def listed(module: str) -> list[str]:
    """`__all__` of a module; a Problem when it is no list of names."""
    for node in parsed(file_of(module)).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id == "__all__":
            try:
                return [str(name) for name in ast.literal_eval(node.value)]  # type: ignore[attr-defined]
            except (TypeError, ValueError):
                file = module.replace(".", "/")
                raise Problem(f'{file}.py: __all__ must be a list of names, such as __all__ = ["shout"]') from None
    return []


def definitions(module: str) -> dict[str, str]:
    """The kind of each function of a module, and of each name that its `__all__` has beside them."""
    functions = [node for node in parsed(file_of(module)).body if isinstance(node, ast.FunctionDef)]
    return dict.fromkeys(listed(module), "format") | {node.name: kind_of(node) for node in functions}


def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file as it is now; a Problem when it is no Python."""
    return tree_at(path, path.stat().st_mtime_ns)


@cache
def tree_at(path: Path, _: int) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:  # a ValueError is of bytes that are not UTF-8
        place = f"{path.parent.name}/{path.name}:{getattr(error, 'lineno', None) or 1}"
        raise Problem(f"{place}: {getattr(error, 'msg', error)}; correct it") from None


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
    own = f"{OWN}.{above}"
    return modules(WORLD) if above == WORLD else [own] if own in own_modules() else modules(f"{METHODS}.{above}")


def module_of(kind: str, name: str) -> str:
    """The module that exports a name of a kind, '' when none does; a Problem when a user's module has it otherwise."""
    own = name.rpartition(".")[2]
    for module in places(kind, name):
        if exports(module).get(own) == kind:
            return module
        if module.startswith(f"{OWN}."):
            explain(kind, own, module)
    return ""


def explain(kind: str, name: str, module: str) -> None:
    """A Problem for a name of a user's module that it does not export, or not as this kind."""
    file, has = f"{module.replace('.', '/')}.py", definitions(module)
    if has.get(name) == kind:
        raise Problem(f'{file} does not export {name}; add it there: __all__ = ["{name}"]')
    if name in has:
        raise Problem(f"{file}: {name} is a {has[name]}, not a {kind}; {KINDS[kind]}")


def named(kind: str) -> Iterator[tuple[str, str]]:
    """Every name of a kind that there is, with its module."""
    for place in dict.fromkeys((GENERIC[kind], METHODS, WORLD, OWN)):
        for module in own_modules() if place == OWN else modules(place):
            own = module.rpartition(".")[2] if place in (METHODS, OWN) or kind == "part" else place
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
        if module.startswith(f"{OWN}."):
            code_hashes.code_of(code_hashes.module_file(module))  # refuses imports that cannot be followed
            sys.path[:0] = [str(Path.cwd())] * (str(Path.cwd()) not in sys.path)
        exported = getattr(import_module(module), name.rpartition(".")[2], None)
        if exported is None:
            raise Problem(f"{module.replace('.', '/')}.py has no {name.rpartition('.')[2]}, which its __all__ lists")
        self[name] = self.thing(exported)
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
