"""Files: those of a source, on this disk or on one that fsspec knows (s3://, https:// ...), sorted by name."""

import glob
import io
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from baleen.errors import Problem
from baleen.project import inputs
from baleen.project.graph import is_remote
from baleen.tables.archives import DAMAGE, SPOOL, archive_members, damage_problem, is_archive
from baleen.tables.ingest_options import IngestOptions
from baleen.tables.records import count
from baleen.tables.splits import chosen_files, is_visible, matches_pattern

POINTER = b"version https://git-lfs.github.com/spec/"  # specification of Git LFS, "The Pointer"


@dataclass(frozen=True)
class Entry:
    """A file of a source: its path inside, '' for the source itself, its name for messages, and how to open it."""

    inside: str
    name: str
    open: Callable[[], BinaryIO]


def chosen_entries(o: IngestOptions, notes: Counter[str]) -> list[Entry]:
    """The files that are read, sorted by name; an archive is one."""
    entries = {entry.inside: entry for entry in (remote_entries if is_remote(o.place) else local_entries)(o, notes)}
    if [*entries] != [""]:
        chosen = chosen_files([*entries], lambda inside: small(entries[inside]), o, o.place, notes)
        return [entries[inside] for inside in chosen]
    if not is_archive(entries[""].name):
        check_single(o)
    return [*entries.values()]


def open_files(entry: Entry, o: IngestOptions, notes: Counter[str]) -> Iterator[tuple[str, BinaryIO]]:
    """(name, bytes) of a file, or of the members of an archive that are read."""
    with entry.open() as file:
        check_pointer(file, entry.name)
        if not is_archive(entry.name):
            yield entry.name, file
            return
        choose = partial(chosen_members, o=o, name=entry.name, notes=notes, inner=bool(entry.inside))
        for name, content in archive_members(file, entry.name, choose):
            check_pointer(content, name)
            yield name, content


def chosen_members(
    names: list[str], opened: Callable[[str], BinaryIO], o: IngestOptions, name: str, notes: Counter[str], inner: bool
) -> list[str]:
    """The members of an archive that are read; an archive inside a folder is no data set of its own."""
    if inner:
        return [inside for inside in names if is_visible(inside) and matches_pattern(inside, o.match)]
    return chosen_files(names, lambda inside: opened(inside).read(1 << 20), o, name, notes)


def small(entry: Entry) -> bytes:
    """The first MB of a file."""
    with entry.open() as file:
        return file.read(1 << 20)


def check_single(o: IngestOptions) -> None:
    """A Problem for settings that choose files, where the source is one file."""
    for name in ("split", "match", "config"):
        if value := getattr(o, name):
            raise Problem(f"{o.place} is one file, so {name} {value} has no effect; take it out")


def check_pointer(file: BinaryIO, name: str) -> None:
    """A Problem for a file that stands for one that Git LFS has not fetched."""
    try:
        head = cast(Any, file).peek(len(POINTER))
    except DAMAGE as error:
        raise damage_problem(name, error) from None
    if head.startswith(POINTER):
        raise Problem(f"{name} is a pointer of Git LFS, not the file itself; fetch it with git lfs pull")


def local_entries(o: IngestOptions, notes: Counter[str]) -> list[Entry]:
    """The files of a folder, a glob or a path on this disk."""
    path = Path(o.place)
    if path.is_dir():
        return [local_entry(file.relative_to(path).as_posix(), file) for file in files_below(path, notes)]
    if path.is_file():
        return [local_entry("", path)]
    if path.is_symlink():
        raise Problem(f"{o.place} is a link to {os.readlink(path)}, which is not there; correct the link or --source")
    files = glob_files(o.place, notes)
    base = Path(os.path.commonpath([file.parent for file in files]))
    return [local_entry(file.relative_to(base).as_posix(), file) for file in files]


def local_entry(inside: str, file: Path) -> Entry:
    return Entry(inside, display_path(file), cast(Callable[[], BinaryIO], partial(open, file, "rb")))


def display_path(file: Path) -> str:
    """The path for messages and `source`: relative to the current folder where it lies below it."""
    path = file.relative_to(Path.cwd()) if file.is_absolute() and file.is_relative_to(Path.cwd()) else file
    return path.as_posix()


def files_below(folder: Path, notes: Counter[str]) -> list[Path]:
    """Files under a folder, also behind links, without what is hidden; dead links are counted, a linked folder is a
    Problem, because neither this nor DVC looks behind it."""
    files = list[Path]()
    for at, folders, names in os.walk(folder):
        inside = [Path(at, name) for name in (*folders, *names)]
        visible = [path for path in inside if is_visible(path.relative_to(folder).as_posix())]
        if link := next((path for path in visible if path.is_symlink() and path.is_dir()), None):
            target = os.readlink(link)
            raise Problem(f"{link} is a link to the folder {target}, which is not followed; name that one or copy it")
        files += [path for path in visible if path.is_file()]
        count(notes, "dead_links", sum(path.is_symlink() and not path.exists() for path in visible))
    return sorted(files, key=Path.as_posix)


def glob_files(pattern: str, notes: Counter[str]) -> list[Path]:
    """Files that match a glob (`**` for folders at any depth) and all files of folders that do; none is a Problem."""
    paths = [Path(name) for name in glob.glob(pattern, recursive=True)]
    count(notes, "dead_links", sum(not path.exists() for path in paths))
    files = {file for path in paths for file in (files_below(path, notes) if path.is_dir() else [path])}
    if not (files := {file for file in files if file.exists()}):
        raise Problem(f"no file or folder {pattern} (read from {Path.cwd().name}/); correct --source")
    return sorted(files, key=Path.as_posix)


def remote_entries(o: IngestOptions, _: Counter[str]) -> list[Entry]:
    """The files of a folder, a glob or a path on a file system of fsspec; what is on the web is always one file."""
    from fsspec.core import url_to_fs

    with remote_problems(o.place):
        system, root = url_to_fs(o.place)
        if urlsplit(o.place).scheme in ("http", "https"):
            return [remote_entry(system, root, "")]
        folder = system.isdir(root)
        files = sorted(system.find(root) if folder else filter(system.isfile, system.glob(root)))
        if not files:
            raise FileNotFoundError("there is no such file or folder")
    if files == [root]:
        return [remote_entry(system, root, "")]
    base = root if folder else os.path.commonpath([os.path.dirname(path) for path in files])
    return [remote_entry(system, path, os.path.relpath(path, base)) for path in files]


def remote_entry(system: Any, path: str, inside: str) -> Entry:
    """A file of another file system; a query, which may hold a key, is not part of its name."""
    name = system.unstrip_protocol(path)
    return Entry(inside, name.partition("?")[0], partial(fetched, system, path, name.partition("?")[0]))


def fetched(system: Any, path: str, name: str) -> BinaryIO:
    """A copy of a file in memory, or in an unnamed temporary file from 256 MB on; it is looked at again at the end."""
    with remote_problems(name), ExitStack() as stack:
        inputs.watch(name, partial(remote_state, system, path), remote_state(system, path))
        spool = stack.enter_context(SpooledTemporaryFile(SPOOL))
        with system.open(path, "rb") as file:
            copyfileobj(file, spool, 1 << 20)
        spool.seek(0)
        stack.pop_all()  # from here on the reader closes it
        return cast(BinaryIO, io.BufferedReader(cast(Any, spool)))


def remote_state(system: Any, path: str) -> str:
    """What tells two states of a file apart, as far as its file system says."""
    system.invalidate_cache()
    return str(sorted((key, str(value)) for key, value in system.info(path).items()))


@contextmanager
def remote_problems(name: str) -> Iterator[None]:
    """A Problem for whatever goes wrong: each file system has errors of its own."""
    try:
        yield
    except ImportError as error:
        hint = "pip install 'baleen-build[s3]'" if name.startswith("s3://") else str(error)
        raise Problem(f"{name} needs a package that is not installed; {hint}") from None
    except Exception as error:
        what = (str(error).strip() or type(error).__name__).partition("\n")[0].partition("?")[0]
        where = name.partition("?")[0]
        raise Problem(f"cannot read {where} ({what}); check the name, the connection and your keys") from None
