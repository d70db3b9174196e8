"""Code: the modules that can change what a verb writes, and their hashes, in one file a verb.

DVC would write every module of every stage into dvc.lock, and write that file anew after each stage: with 480 stages
that took a third of the time. So the stage `code` notes them once (stages/code.py), and the others depend on its files.
"""

import ast
import os
import sys
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from baleen.project import inputs, lookup
from baleen.project.inputs import CODE, SILENT


def modules(name: str) -> list[Path]:
    """The files of a dotted name, when they are the project's."""
    path = Path(*name.split("."))
    return [
        p for p in (path.with_suffix(".py"), path / "__init__.py") if (CODE / p).is_file() and (CODE / p).stat().st_size
    ]


def imported(file: Path) -> set[Path]:
    """Project modules a file imports itself, at the top or inside a function; by their paths in the project."""
    found = set[Path]()
    for node in ast.walk(ast.parse((CODE / file).read_text(encoding="utf-8"))):
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
    """The modules that export what lines of the verb in this file can name."""
    found = [module for kind in NAMES.get(file.stem, []) for _, module in lookup.named(kind)]
    return [path for module in found for path in modules(module)]


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
    """SHA-256 of a module; '' when it is gone."""
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def hashed(files: Iterable[Path]) -> str:
    """A line a file, as sha256sum writes it; the files are noted as read."""
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
    known = (line.split("  ", 1) for line in path.read_text(encoding="utf-8").splitlines())
    return next((name for was, name in known if digest(CODE / name) != was), "")
