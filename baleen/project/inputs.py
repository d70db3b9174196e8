"""The guard: what a stage reads is noted when it is read, and looked at again before anything is written.

DVC hashes the dependencies of a stage after its command has ended, so a file edited meanwhile would be recorded as the
origin of rows that were made without it. Nothing is noted outside `watching`, which every command line enters. What is
edited between the last look, at the end of the program, and DVC's own is not seen.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path

from baleen.errors import Problem
from baleen.project import inputs

SMALL = 1 << 20  # bytes; a smaller file is compared by content, so that saving it unchanged is no change
CODE = Path(__file__).resolve().parents[2]
OWN = "methods"  # the folder of a project with modules of the user's own
# Modules that cannot change a row: being a process, storage, speed, words on the screen, and reading settings, whose
# values the plan holds anyway. A better progress line retrains no model. tests/project/test_silent.py shows it of each.
SILENT = (
    "baleen/project/",
    "baleen/engines/ray/",
    "baleen/engines/openai/rate_limit.py",
    *(
        f"baleen/memo/{name}.py"
        for name in ("ask", "dry_run", "keys", "segments", "store", "throughput", "write_behind")
    ),
    "baleen/training/checkpoints.py",
    "baleen/models/sizes.py",
    "baleen/training/memory.py",
    "baleen/training/requirements.py",
    "baleen/training/dry_run.py",
    "baleen/errors.py",
    "baleen/__init__.py",
    "stages/__init__.py",
)
PACKAGES = {"baleen", "pocket", "stages", "__main__", OWN}
Look = Callable[[], object]
_watched: list[dict[str, tuple[Look, object]]] = []  # of the runs in progress; the last one notes


def file_state(path: Path) -> object:
    """What tells two states of a file or folder apart; None when there is nothing."""
    if path.is_dir():
        return [(str(found), stamp(found)) for found in sorted(path.rglob("*")) if is_tracked(found.relative_to(path))]
    if not path.is_file():
        return None
    return sha256(path.read_bytes()).hexdigest() if path.stat().st_size < SMALL else stamp(path)


def stamp(path: Path) -> tuple[int, int, int] | None:
    """Inode, size and time of the last change of a file; None for a folder and for a link to nothing."""
    if not path.exists():
        return None
    found = path.stat()
    return (found.st_ino, found.st_size, found.st_mtime_ns) if path.is_file() else None


def is_tracked(path: Path) -> bool:
    """Whether a file of a folder counts; what an editor or the system hides there does not."""
    return not any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def module_path(name: str | Path) -> Path:
    """Where a module or package lies, such as baleen/tables/rows.py: the user's own in the current folder, all others
    beside this package."""
    return beside(name) or Path(name).resolve()


@cache
def beside(name: str | Path) -> Path | None:
    """The path of a module beside this package, None of one of the user's own."""
    return None if Path(name).parts[:1] == (OWN,) else CODE / name


def sources() -> dict[Path, object]:
    """The state of every module of the project that can change a row."""
    files = [path for folder in ("baleen", "pocket", "stages") for path in (CODE / folder).rglob("*.py")]
    own = {path: file_state(path) for path in sorted(module_path(OWN).rglob("*.py"))}
    return {path: file_state(path) for path in files if not silent(path.relative_to(CODE))} | own


def silent(module: Path) -> bool:
    """Whether a module, by its path in the project, cannot change a row."""
    return module.as_posix().startswith(SILENT)


CODE_AT_START = sources()  # `stages` imports this module before it imports a verb


@contextmanager
def watching() -> Iterator[None]:
    """Note what is read from here on."""
    _watched.append({})
    try:
        yield
    finally:
        _watched.pop()


def watch(name: str, now: Look, was: object) -> None:
    """Have something looked at again before outputs are written; its state when it was first read counts."""
    if _watched:
        _watched[-1].setdefault(name, (now, was))


def reads(path: Path) -> Path:
    """The path, noted; to be called before it is opened."""
    if _watched and str(path) not in _watched[-1]:
        watch(str(path), lambda: file_state(path), file_state(path))
    return path


def watched() -> set[str]:
    """Names of what has been noted."""
    return set(_watched[-1]) if _watched else set()


def loaded() -> set[Path]:
    """Files of the project's modules that this process has imported."""
    ours = [module for name, module in sys.modules.items() if name.partition(".")[0] in PACKAGES]
    return {Path(file).resolve() for module in ours if (file := getattr(module, "__file__", None))}


def changed() -> str:
    """The first thing that is not as it was when it was read, or ''."""
    if not _watched:
        return ""
    files = loaded()
    code = (path for path, was in CODE_AT_START.items() if path in files and file_state(path) != was)
    found = next((str(path.relative_to(CODE if path.is_relative_to(CODE) else Path.cwd())) for path in code), "")
    return found or next((name for name, (now, was) in _watched[-1].items() if now() != was), "")


def unchanged() -> None:
    """A Problem when anything this run has read, or its code, has been edited since; to be asked before writing."""
    if found := inputs.changed():
        stage = os.environ.get("DVC_STAGE") or " ".join([Path(sys.argv[0]).stem, *sys.argv[1:2]])
        raise Problem(f"{found} changed while {stage} ran; nothing was written, run the same command again")
