"""Where a project is written: a folder that appears when all went well, or over a project that is there; what is of the
user's own in that stays.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from baleen.commands import history
from baleen.commands.own_data import RAW
from baleen.errors import Problem
from baleen.project import own_numbers, shipped

FOLDERS = ("recipes", "prompts", "profiles")


def has_files(folder: Path) -> bool:
    """Whether there is a file of that name, or a folder that is not empty."""
    return folder.is_file() or (folder.is_dir() and any(folder.iterdir()))


def place(folder: Path, replace: bool) -> Path:
    """The absolute path of a folder that is not there or has nothing in it, or, to `replace` it, of a project of ours;
    else a Problem."""
    if has_files(folder) and not replace:
        raise Problem(
            f"{folder} is there already and not empty; name a new folder, or use `baleen add` inside a project"
        )
    if has_files(folder) and not is_ours(folder):
        raise Problem(f"{folder} is no project that `baleen new` has written; name another folder")
    return folder.absolute()


def is_ours(folder: Path) -> bool:
    """Whether `baleen new` has written a project: its requirements name this package."""
    needs = folder / "requirements.txt"
    return (folder / "dvc.yaml").is_file() and needs.is_file() and "baleen-build[" in needs.read_text(encoding="utf-8")


@contextmanager
def whole(to: Path) -> Iterator[Path]:
    """A folder beside `to` that takes its place when all went well; nothing is left of it when not."""
    with beside(to) as part:
        yield part
        if to.is_dir():
            to.rmdir()
        os.replace(part, to)


@contextmanager
def over(to: Path, cache: Path | None) -> Iterator[Path]:
    """A folder beside the project `to` whose files take the place of its own when all went well, in a commit. Files of
    the user's own stay, and edits of ours that are not committed are committed before."""
    with beside(to) as part:
        shutil.copy(to / "requirements.txt", part)
        yield part
        files = [path.relative_to(part) for path in part.rglob("*") if path.is_file() and not is_raw(path, part)]
        (to / ".git/index.lock").unlink(missing_ok=True)  # of a git that was killed while a project was written
        keep_edits([path for path in files if differs(part / path, to / path)], to)
        gone = replace_files(files, part, to)
        raw = [str(move(path, to / RAW / path.name).relative_to(to)) for path in sorted((part / RAW).glob("*"))]
        history.go_on(to, raw, cache, files, gone)


@contextmanager
def beside(to: Path) -> Iterator[Path]:
    """An empty folder beside another, deleted in the end."""
    part = to.with_name(f".{to.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def is_raw(path: Path, part: Path) -> bool:
    return path.is_relative_to(part / RAW)


def differs(new: Path, old: Path) -> bool:
    return old.is_file() and new.read_bytes() != old.read_bytes()


def keep_edits(files: list[Path], to: Path) -> None:
    """Commit those of some files that git does not have as they are, before they are written over, and say so."""
    if not files or not (to / ".git").exists():
        return
    told = history.run_in(to, "git", "status", "--porcelain", "-z", "--", *map(str, files)).split("\0")
    if edited := [entry[3:] for entry in told if entry and entry[1] != "D"]:
        history.run_in(to, "git", "add", "--", *edited)
        history.run_in(to, "git", "commit", "-q", "-m", "Edits before the project was written anew", "--", *edited)
        print(f"{to.name}: your edits of {', '.join(edited)} are in git, in the commit before this one")


def replace_files(files: list[Path], part: Path, to: Path) -> list[Path]:
    """Copy files into a project, and delete those of ours that it no longer has, which are returned."""
    for path in files:
        (to / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(part / path, to / path)
    here = (path.relative_to(to) for name in FOLDERS for path in (to / name).rglob("*.*") if path.is_file())
    ours = [path for path in here if str(path) == own_numbers.FILE or (shipped.folder() / path).is_file()]
    for path in (gone := [path for path in ours if path not in files]):
        (to / path).unlink()
    return gone


def move(path: Path, to: Path) -> Path:
    """Put a file or folder in the place of another; DVC may have linked that to its cache."""
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(to) if to.is_dir() else to.unlink(missing_ok=True)
    shutil.move(path, to)
    return to
