"""Code: the modules that can change what a verb writes, and their hashes, in one file a verb.

DVC would write every module of every stage into dvc.lock, and write that file anew after each stage: with 480 stages
that took a third of the time. So the stage `code` notes them once (stages/code.py), and the others depend on its files.
"""

import ast
import os
import sys
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from baleen.project import inputs, lookup
from baleen.project.inputs import CODE, SILENT


def modules(name: str) -> list[Path]:
    """The files of a dotted name, when they are the project's."""
    path = Path(*name.split("."))
    found = (path.with_suffix(".py"), path / "__init__.py")
    return [file for file in found if (CODE / file).is_file() and (CODE / file).stat().st_size]


@cache
def imports_of(text: bytes) -> list[ast.Import | ast.ImportFrom]:
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]


def imported(file: Path) -> set[Path]:
    """Project modules a file imports itself, at the top or inside a function; by their paths in the project."""
    found = set[Path]()
    for node in imports_of((CODE / file).read_bytes()):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            found.update(path for name in names for path in modules(name))
        if isinstance(node, ast.Import):
            found.update(path for alias in node.names for path in modules(alias.name))
    return found - {file}


NAMES = {  # the kinds of names that the lines of a verb hold; of a prompt that is the format
    "ingest": ["part"], "map": ["transform"], "filter": ["measure", "selector"], "evaluate": ["measure"],
    "generate": ["format"], "score": ["format"], "train": ["format"],
}  # fmt: skip


def nameable(file: Path) -> list[Path]:
    """The modules that export what lines of the verb in this file can name, and their packages."""
    found = [module for kind in NAMES.get(file.stem, []) for _, module in lookup.named(kind)]
    return [path for module in found for name in (module, module.rpartition(".")[0]) for path in modules(name)]


def closure(file: Path) -> set[Path]:
    """The file and every project module it needs, silent ones and what only they need left out."""
    seen, waiting = set[Path](), [file, *(nameable(file) if file.parent.name == "stages" else ())]
    while waiting:
        path = waiting.pop()
        if path not in seen and path.as_posix() not in SILENT:
            seen.add(path)
            waiting += imported(path)
    return seen


def digest(path: Path) -> str:
    """SHA-256 of what a module means, its syntax tree without docstrings, so that comments and layout count for
    nothing; '' when it is gone, and of its bytes when it cannot be parsed."""
    return digest_of(path.read_bytes()) if path.is_file() else ""


@cache
def digest_of(text: bytes) -> str:
    try:
        return sha256(repr(meaning(ast.parse(text))).encode()).hexdigest()
    except SyntaxError:
        return sha256(text).hexdigest()


def meaning(node: Any) -> Any:
    """A syntax tree as tuples, without docstrings, places and empty fields, which differ between versions of Python."""
    if isinstance(node, list):
        return [meaning(item) for item in node]
    if not isinstance(node, ast.AST):
        return (type(node).__name__, repr(node))
    fields = (
        (name, without_docstring(node, value) if name == "body" else value) for name, value in ast.iter_fields(node)
    )
    return (type(node).__name__, *((name, meaning(value)) for name, value in fields if value not in (None, [])))


def without_docstring(node: ast.AST, value: Any) -> Any:
    """The statements of a module, class or function after its docstring; anything else as it is."""
    if (
        not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        or value is not node.body
    ):
        return value
    return value[1:] if ast.get_docstring(node, clean=False) is not None else value


def hashed(files: Iterable[Path]) -> str:
    """A line a file, its digest and its path; the files are noted as read."""
    return "".join(f"{digest(inputs.reads(CODE / file))}  {file.as_posix()}\n" for file in sorted(files))


def at_start(file: Path) -> list[str]:
    """What a file and every module it needs were when this program began: they run, whatever has been edited since."""
    return [f"{inputs.CODE_AT_START.get(CODE / path)}  {path.as_posix()}" for path in sorted(closure(file))]


def noted(verb: str) -> Path:
    """Where the code of a verb is noted, from the project's folder."""
    return Path("data", f"code-{verb}.txt")


def outdated() -> str:
    """A module that is not as DVC saw it when it began, or ''; only in a stage that DVC runs."""
    path = noted(Path(sys.argv[0]).stem)
    if "DVC_STAGE" not in os.environ or not path.is_file():
        return ""
    since = path.stat().st_mtime_ns
    known = (line.split("  ", 1) for line in path.read_text(encoding="utf-8").splitlines())
    return next((name for was, name in known if touched(CODE / name, since) and digest(CODE / name) != was), "")


def touched(path: Path, since: int) -> bool:
    """Whether a file may have been written after a time in ns: parsing every module again would take half a second."""
    return not path.is_file() or path.stat().st_mtime_ns >= since
