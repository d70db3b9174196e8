"""Sources: as records whatever is there: a file, a folder, a glob, an archive, a saved data set, a data set of the hub,
the documentation of Python, or a part of a generated world.

Files come in the order of their names. A compressed tar is unpacked into memory, or into an unnamed temporary file
from 256 MB on; members are read from there and never become files.
"""

import ast
import bz2
import glob
import gzip
import lzma
import os
import sysconfig
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from importlib import import_module
from pathlib import Path, PurePosixPath
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

import pyarrow as pa

from baleen.errors import Problem, unknown
from baleen.project import inputs
from baleen.project.lookup import WORLD
from baleen.tables.readers import READERS, OpenFile, Record, docstrings, help_topics
from baleen.tables.rows import Row

SPOOL = 256_000_000  # bytes
DAMAGE = (EOFError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, RuntimeError)


@dataclass(frozen=True)
class Source:
    """Where to read and how: one of `path`, `hub`, `python` and `part` is set. `limit` is the largest document in
    bytes; `rows`, `noise` and `world` are of a generated world, `revision`, `config` and `licence` of the hub."""

    path: str
    match: str = ""
    kind: str = ""
    encoding: str = "utf-8"
    limit: int = 10_000_000
    split: str = ""
    part: str = ""
    rows: int = 0
    noise: float = 0.6
    world: int = 0
    hub: str = ""
    revision: str = ""
    config: str = ""
    python: str = ""
    licence: str = ""


def records(source: Source, notes: Counter[str]) -> Iterator[Record]:
    """All records of a source in order; `notes` counts the files that were read and those of no known kind."""
    for name, reader in (("hub", hub_records), ("python", python_docs), ("part", world_records)):
        if getattr(source, name):
            return reader(source)
    path = inputs.reads(Path(source.path))
    if any((path / name).is_file() for name in ("dataset_info.json", "dataset_dict.json")):
        return saved_records(path, source)
    return file_records(source, notes)


def file_records(source: Source, notes: Counter[str]) -> Iterator[Record]:
    """Records of every file that has a reader; other files are skipped and counted, a Problem when no file has one."""
    passed_over = Counter[str]()
    for name, file in open_files(source):
        kind = source.kind or file_kind(name)
        if not kind:
            passed_over[PurePosixPath(name).suffix or "no suffix"] += 1
            continue
        notes["files"] += 1
        try:
            unpacked = decompress(file, name)
            yield from READERS[kind](OpenFile(name, unpacked, source.encoding, source.limit))
        except (*DAMAGE, OSError) as error:
            raise damage_problem(name, error) from None
    notes["files_passed_over"] = passed_over.total()
    if not notes["files"]:
        found = ", ".join(f"{n} {suffix}" for suffix, n in sorted(passed_over.items())) or "no files"
        known = f"known are {' '.join(SUFFIXES)}, each also with {' '.join(PACKED)}"
        raise Problem(
            f"nothing to read in {source.path} ({found}); {known}; or set --kind, one of {', '.join(READERS)}"
        )


def damage_problem(name: str, error: Exception) -> Exception:
    """A Problem for bytes that cannot be decompressed; an error of the disk unchanged."""
    if isinstance(error, OSError) and error.errno:
        return error
    return Problem(f"{name} is damaged or locked ({error}); download it again")


def file_kind(name: str) -> str:
    """The kind by the suffix of a file name, also under a suffix for compression; '' when it is unknown."""
    path = PurePosixPath(name.lower())
    return SUFFIXES.get(PurePosixPath(path.stem).suffix if path.suffix in PACKED else path.suffix, "")


def decompress(file: BinaryIO, name: str) -> BinaryIO:
    suffix = PurePosixPath(name.lower()).suffix
    return cast(BinaryIO, PACKED[suffix](file)) if suffix in PACKED else file


def open_files(source: Source) -> Iterator[tuple[str, BinaryIO]]:
    """(name, bytes) of the files and archive members that match, sorted by name."""
    path = Path(source.path)
    if path.is_dir():
        files = [(file.relative_to(path).as_posix(), file) for file in files_below(path)]
    elif path.is_file():
        files = [("", path)]
    else:
        files = [(file.as_posix(), file) for file in glob_files(source.path)]
    for inside, file in files:
        archive = is_archive(file)
        if inside and not archive and not matches_pattern(inside, source.match):
            continue
        with file.open("rb") as bytes_:
            if archive:
                yield from archive_members(bytes_, display_path(file), source.match)
            else:
                yield display_path(file), bytes_


def files_below(folder: Path) -> list[Path]:
    """Files under a folder, without dot files and dot folders; links to files are followed, links to folders not."""
    found = [Path(at, name) for at, _, names in os.walk(folder) for name in names]
    return sorted((f for f in found if f.is_file() and is_visible(f.relative_to(folder).as_posix())), key=Path.as_posix)


def glob_files(pattern: str) -> list[Path]:
    """Files that match a glob (`**` for folders at any depth) and all files of folders that do; none is a Problem."""
    paths = [Path(name) for name in glob.glob(pattern, recursive=True)]
    files = {file for path in paths for file in (files_below(path) if path.is_dir() else [path])}
    if not files:
        raise Problem(f"no file or folder {pattern} (read from {Path.cwd().name}/); correct --source")
    return sorted(files, key=Path.as_posix)


def is_visible(name: str) -> bool:
    """False for dot files, what is in dot folders, and what macOS adds to archives."""
    return not any((part.startswith(".") and part != ".") or part == "__MACOSX" for part in PurePosixPath(name).parts)


def matches_pattern(name: str, pattern: str) -> bool:
    """True when the pattern is empty or fits the path inside the source or the file's own name."""
    return not pattern or fnmatchcase(name, pattern) or fnmatchcase(PurePosixPath(name).name, pattern)


def display_path(file: Path) -> str:
    """The path for messages and `source`: relative to the current folder where it lies below it."""
    path = file.relative_to(Path.cwd()) if file.is_absolute() and file.is_relative_to(Path.cwd()) else file
    return path.as_posix()


def is_archive(file: Path) -> bool:
    suffixes = [suffix.lower() for suffix in file.suffixes[-2:]]
    return suffixes[-1:] in ([".zip"], [".tgz"], [".tar"]) or (suffixes[:1] == [".tar"] and suffixes[-1] in PACKED)


def archive_members(file: BinaryIO, name: str, match: str) -> Iterator[tuple[str, BinaryIO]]:
    """Regular files of an archive sorted by name; of two with one name the later."""
    reader = zip_members if name.lower().endswith(".zip") else tar_members
    try:
        for inside, content in reader(file, name, lambda inside: is_visible(inside) and matches_pattern(inside, match)):
            yield f"{name}!{inside}", content
    except (*DAMAGE, OSError) as error:
        raise damage_problem(name, error) from None


def tar_members(file: BinaryIO, name: str, wanted: Callable[[str], bool]) -> Iterator[tuple[str, BinaryIO]]:
    packed = ".gz" if name.lower().endswith(".tgz") else PurePosixPath(name.lower()).suffix
    with SpooledTemporaryFile(SPOOL) as spool:
        if packed in PACKED:
            copyfileobj(PACKED[packed](file), spool, 1 << 20)
            spool.seek(0)
        with tarfile.open(fileobj=cast(BinaryIO, spool) if packed in PACKED else file, mode="r:") as archive:
            found = {m.name.removeprefix("./"): m for m in archive if m.isreg()}
            for inside in sorted(filter(wanted, found)):
                yield inside, cast(BinaryIO, archive.extractfile(found[inside]))


def zip_members(file: BinaryIO, name: str, wanted: Callable[[str], bool]) -> Iterator[tuple[str, BinaryIO]]:
    with zipfile.ZipFile(file) as archive:
        regular = {m.filename: m for m in archive.infolist() if not m.is_dir() and (m.external_attr >> 28) in (0, 8)}
        for inside in sorted(filter(wanted, regular)):
            with archive.open(regular[inside]) as content:
                yield inside, cast(BinaryIO, content)


def numbered_records(name: str, rows: Iterable[Row], licence: str | None = None) -> Iterator[Record]:
    return (Record(name, number, dict(row), "", licence) for number, row in enumerate(rows, 1))


def saved_records(path: Path, source: Source) -> Iterator[Record]:
    """Rows of a folder written by `save_to_disk`; of several splits the chosen one."""
    from datasets import load_from_disk

    return numbered_records(
        display_path(path), choose_split(load_from_disk(str(path)), source.split, display_path(path))
    )


def choose_split(dataset: Any, split: str, name: str) -> Iterable[Row]:
    """The chosen split; the whole data set when it has no splits."""
    if not isinstance(dataset, dict):
        return cast(Iterable[Row], dataset)
    if split not in dataset:
        reason = unknown("split", split, list(dataset)) if split else f"there are splits: {', '.join(dataset)}"
        raise Problem(f"{name}: {reason}; write --split <name>")
    return cast(Iterable[Row], dataset[split])


def hub_records(source: Source) -> Iterator[Record]:
    """Rows of a data set of the Hugging Face hub (or of a folder that `load_dataset` can read), streamed."""
    from datasets import load_dataset

    try:
        found = load_dataset(source.hub, source.config or None, revision=source.revision or None, streaming=True)
    except (OSError, ValueError) as error:
        hint = "check the name, config, revision and the connection"
        raise Problem(f"cannot load the data set {source.hub!r} ({str(error).splitlines()[0]}); {hint}") from None
    return numbered_records(source.hub, choose_split(found, source.split, source.hub), source.licence or None)


def world_records(source: Source) -> Iterator[Record]:
    """Rows of a part of a generated world."""
    rows = import_module(WORLD).records(source.part, source.world, source.rows, source.noise)
    return numbered_records(f"{WORLD} {source.world}", rows)


def python_docs(source: Source) -> Iterator[Record]:
    """The documentation that comes with this Python: public docstrings of the standard library, then its topics."""
    if source.python != "docs":
        raise Problem(unknown("part of Python", source.python, ["docs"]))
    library = Path(sysconfig.get_path("stdlib"))
    for file in sorted(library.rglob("*.py"), key=Path.as_posix):
        inside = file.relative_to(library)
        parts = [part for part in inside.with_suffix("").parts if part != "__init__"]
        if not any(part in UNDOCUMENTED or part.startswith("_") for part in parts):
            tree = ast.parse(file.read_bytes())
            found = help_topics(tree) if parts == ["pydoc_data", "topics"] else docstrings(tree, ".".join(parts))
            for line, title, text in found:
                at = f"python{sysconfig.get_python_version()}/{inside.as_posix()}"
                yield Record(at, line, {"text": text, "title": title}, "text", "PSF-2.0")


UNDOCUMENTED = {"test", "tests", "idlelib", "lib2to3", "turtledemo", "site-packages", "dist-packages"}
PACKED: dict[str, Callable[[BinaryIO], Any]] = {
    ".gz": partial(gzip.open, mode="rb"),
    ".bz2": partial(bz2.open, mode="rb"),
    ".xz": partial(lzma.open, mode="rb"),
    ".zst": partial(pa.CompressedInputStream, compression="zstd"),
}
KINDS = {
    "jsonl": ".jsonl .ndjson",
    "json": ".json",
    "parquet": ".parquet",
    "csv": ".csv",
    "tsv": ".tsv",
    "text": ".txt .text .rst",
    "markdown": ".md .markdown",
    "html": ".html .htm .xhtml",
}
SUFFIXES = {suffix: kind for kind, suffixes in KINDS.items() for suffix in suffixes.split()}
