"""Statements: what the statements at the top of a module bind, mention and import, and a hash of what each means.

Reading takes seconds for all modules of a project and what it gives depends on the text alone, so it is kept in the
user's cache folder, by text: `baleen plan` and the stage `plan` read a module once, whatever the project.
"""

import ast
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from platformdirs import user_cache_path

from baleen.project.inputs import PACKAGES

Place = tuple[str, str]  # a module's path in the project and a name in it; '' for the whole module
KEPT_DAYS = 30
READER = sha256(Path(__file__).read_bytes() + sys.version.encode()).digest()  # another one may read another thing


@dataclass(frozen=True)
class Statement:
    """A statement at the top of a module: the names it binds and mentions (with the attribute that is taken of each,
    or ''), the local names in it, what it imports, and the hash of its syntax tree, '' for an import."""

    binds: list[str]
    mentions: list[Place]
    local: list[str]
    imports: dict[str, Place]
    digest: str


def statements(text: bytes, package: str = "") -> list[Statement]:
    """The statements of a module; what only runs when it is the program itself, and docstrings, are left out. `package`
    is that of the module."""
    file = user_cache_path("baleen") / "statements" / sha256(READER + package.encode() + b"\0" + text).hexdigest()
    with suppress(OSError, ValueError, TypeError):  # not there, or cut off
        return [from_json(one) for one in json.loads(file.read_bytes())]
    body = ast.parse(text).body
    made = [one for node in body if not is_main(node) for one in parsed(node, package)]
    with suppress(OSError):  # a cache that cannot be written is none
        keep(file, made)
    return made


def from_json(one: dict[str, Any]) -> Statement:
    places = [(name, attribute) for name, attribute in one["mentions"]]
    imports = {name: (dotted, its) for name, (dotted, its) in one["imports"].items()}
    return Statement(**one | {"mentions": places, "imports": imports})


def keep(file: Path, made: list[Statement]) -> None:
    """Write the statements of a module, after those of long ago are deleted."""
    file.parent.mkdir(parents=True, exist_ok=True)
    prune(file.parent)
    with NamedTemporaryFile("w", dir=file.parent, delete=False) as part:
        json.dump([asdict(one) for one in made], part)
    os.replace(part.name, file)


@cache  # once is enough for a process
def prune(folder: Path) -> None:
    for old in folder.iterdir():
        if old.stat().st_mtime < time.time() - KEPT_DAYS * 86400:
            old.unlink()


def is_main(node: ast.stmt) -> bool:
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return docstring or (isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'")


def parsed(node: ast.stmt, package: str) -> Iterator[Statement]:
    """A statement as one, an import as one for each of its names: others may be added to it."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        for name, place in imported(node, package).items():
            yield Statement([name], [], [], {name: place}, "")
        return
    nodes = [*ast.walk(node)]  # parents come before what is in them
    inside = [found for found in nodes if isinstance(found, ast.Import | ast.ImportFrom)]
    imports = {name: place for found in inside for name, place in imported(found, package).items()}
    digest = sha256(repr(meaning(node)).encode()).hexdigest()[:16]
    yield Statement(bound(node), sorted({*mentioned(nodes)}), sorted({*local(nodes)}), imports, digest)


def imported(node: ast.Import | ast.ImportFrom, package: str = "") -> dict[str, Place]:
    """What an import binds: each name with the dotted module and the name in it; '' for the module itself. `package` is
    that of the module, which relative imports count from."""
    if isinstance(node, ast.Import):
        return {alias.asname or alias.name.partition(".")[0]: (alias.name, "") for alias in node.names}
    above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    module = ".".join(filter(None, [*above, node.module or ""]))
    return {alias.asname or alias.name: (module, alias.name) for alias in node.names}


def bound(node: ast.stmt) -> list[str]:
    """The names that a definition or an assignment gives a value; none for a statement that always counts."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    names = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return (
        [name.id for name in names if isinstance(name, ast.Name)] if all(isinstance(n, ast.Name) for n in names) else []
    )


def mentioned(nodes: list[ast.AST]) -> Iterator[Place]:
    """Names with the attribute taken of them or '', and texts that name a module of the project."""
    bases = set[ast.AST]()
    for found in nodes:
        if isinstance(found, ast.Attribute) and isinstance(found.value, ast.Name):
            bases.add(found.value)
            yield found.value.id, found.attr
        elif isinstance(found, ast.Attribute) and (module := imported_here(found.value)):
            bases.add(module)
            yield str(module.value), found.attr
        elif isinstance(found, ast.Name) and found not in bases:
            yield found.id, ""
        elif isinstance(found, ast.Constant) and found not in bases and is_module(found.value):
            yield str(found.value), ""


def imported_here(node: ast.expr) -> ast.Constant | None:
    """The name of a module of the project in a call import_module("a.b"), None for anything else."""
    if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith("import_module"):
        return None
    name = node.args[0]
    return name if isinstance(name, ast.Constant) and is_module(name.value) else None


def local(nodes: list[ast.AST]) -> Iterator[str]:
    """Parameters and other names that get a value inside a statement: there they may stand for no module."""
    for found in nodes:
        if isinstance(found, ast.arg):
            yield found.arg
        elif isinstance(found, ast.Name) and isinstance(found.ctx, ast.Store):
            yield found.id


def is_module(value: object) -> bool:
    """Whether a value may be the dotted name of a module of the project."""
    name = value.partition(".")[0] if isinstance(value, str) and value.replace(".", "").isidentifier() else ""
    return name in PACKAGES and name != value


def meaning(node: Any) -> Any:
    """A syntax tree as tuples, without docstrings, places and empty fields, which differ between versions of Python."""
    if isinstance(node, list):
        return [meaning(item) for item in node]
    if not isinstance(node, ast.AST):
        return (type(node).__name__, repr(node))
    parts = (
        (name, without_docstring(node, value) if name == "body" else value) for name, value in ast.iter_fields(node)
    )
    return (type(node).__name__, *((name, meaning(value)) for name, value in parts if value not in (None, [])))


def without_docstring(node: ast.AST, value: Any) -> Any:
    """The statements of a class or function after its docstring; anything else as it is."""
    if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or value is not node.body:
        return value
    return value[1:] if ast.get_docstring(node, clean=False) is not None else value
