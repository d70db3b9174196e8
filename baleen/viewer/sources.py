"""Sources: the tables of a project as they are shown: the rows that were kept, those that were dropped, or both."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import file_digest
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from baleen.errors import Problem, unknown
from baleen.project import plan
from baleen.tables.rows import GRADES

DROPPED = ".dropped"
PARTS = ("kept", "dropped", "all")
HIGHER_IS_BETTER = ("rating", "gain", "probability")
Filters = dict[str, dict[str, Any]]  # settings by target


@dataclass(frozen=True)
class Source:
    """Rows that are shown as one table: its files, kept rows before dropped ones. Rows have numbers from 0 on through
    all files. `whole` are the files of the table, of which a part may lack columns."""

    name: str
    part: str
    files: tuple[Path, ...]
    whole: tuple[Path, ...]

    @property
    def stamp(self) -> tuple[Any, ...]:
        """What differs when a file was written anew."""
        return (self.files, *((path.stat().st_mtime_ns, path.stat().st_size) for path in self.files))

    @property
    def sizes(self) -> list[int]:
        return [footer(path)[0] for path in self.files]

    @property
    def columns(self) -> dict[str, str]:
        """The kind of each column of the table."""
        return {name: kind for path in reversed(self.whole) for name, kind in footer(path)[1].items()}


def footer(path: Path) -> tuple[int, dict[str, str]]:
    """Number of rows and kinds of the columns of a file."""
    return read_footer(path, path.stat().st_mtime_ns, path.stat().st_size)


@lru_cache(maxsize=1024)
def read_footer(path: Path, *_stamp: int) -> tuple[int, dict[str, str]]:
    try:
        found = pq.read_metadata(path)
        columns = found.schema.to_arrow_schema()
    except (pa.ArrowException, OSError) as error:
        raise Problem(f"{path} is not a Parquet table ({error}); build it again") from None
    return int(found.num_rows), {one.name: kind_of(one.type) for one in columns}


def kind_of(type_: pa.DataType) -> str:
    if pa.types.is_string(type_) or pa.types.is_large_string(type_):
        return "text"
    return "number" if pa.types.is_integer(type_) or pa.types.is_floating(type_) else "other"


@dataclass(frozen=True)
class Project:
    """The tables of a folder, and those of other revisions by names such as t@main."""

    folder: Path = Path("data")
    others: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)

    def names(self) -> list[str]:
        """The targets that have a table, newest last, and those of other revisions."""
        here = [path for path in self.folder.glob("*.parquet") if not path.stem.endswith(DROPPED)]
        return [path.stem for path in sorted(here, key=lambda path: (path.stat().st_mtime_ns, path.name))] + [
            *self.others
        ]

    def files(self, name: str) -> tuple[Path, ...]:
        """The table of a target and, where there is one, what it dropped."""
        if name in self.others:
            return self.others[name]
        if name not in (names := self.names()):
            raise Problem(unknown("table", name, names))
        paths = (self.folder / f"{name}.parquet", self.folder / f"{name}{DROPPED}.parquet")
        return tuple(path.absolute() for path in paths if path.is_file())

    def source(self, name: str, part: str = "kept") -> Source:
        """The rows of a target that were kept, dropped, or all of them."""
        if part not in PARTS:
            raise Problem(unknown("part", part, list(PARTS)))
        files = self.files(name)
        return Source(name, part, {"kept": files[:1], "dropped": files[1:], "all": files}[part], files)

    def described(self, name: str, filters: Filters | None = None) -> dict[str, Any]:
        """What a page needs to know of a table; `error` alone when it cannot be read. `filters` are the planned ones,
        where they are known."""
        try:
            whole = self.source(name, "all")
            sizes, columns = whole.sizes, whole.columns
        except Problem as problem:
            return {"name": name, "error": str(problem)}
        numbers = [column for column, kind in columns.items() if kind == "number"]
        cut = cut_of(name.partition("@")[0], columns, planned_settings("filter") if filters is None else filters)
        return {
            "name": name,
            "rows": sizes[0],
            "dropped": sum(sizes[1:]),
            "columns": columns,
            "scores": sorted(numbers, key=lambda column: (column not in GRADES, column == "tokens")),
            "cut": vars(cut) if cut else None,
        }


@dataclass(frozen=True)
class Cut:
    """The score by which the rows of a table are kept: the column, whether high is good, and the filter that does."""

    column: str
    highest: bool
    filter: str = ""


def cut_of(target: str, columns: Iterable[str], filters: Filters) -> Cut | None:
    """How a table's rows are chosen: by the filter that wrote it, else by the first that reads it, else by the first
    score it has; None when it has none."""
    there = set(columns)
    own = [filters[target]] if target in filters else []
    readers = [(name, given) for name, given in sorted(filters.items()) if given["input"] == target]
    for name, given in [*((target, one) for one in own), *readers]:
        if given.get("best") in there:
            return Cut(str(given["best"]), bool(given.get("highest")), name)
    column = next((name for name in GRADES if name in there and name not in ("tokens", "reasons")), "")
    return Cut(column, column in HIGHER_IS_BETTER) if column else None


def planned_settings(verb: str) -> Filters:
    """The settings of the planned targets of a verb, by target."""
    stamps = tuple((path, path.stat().st_mtime_ns) for path in sorted(plan.FOLDER.absolute().glob("*.yaml")))
    return read_settings(verb, stamps)


@lru_cache(maxsize=8)
def read_settings(verb: str, stamps: tuple[tuple[Path, int], ...]) -> Filters:
    names = [path.stem for path, _ in stamps if f'verb: "{verb}"' in path.read_text(encoding="utf-8")]
    return {name: found.settings for name in names if (found := plan.planned(name))}


def md5_of(path: Path) -> str:
    """The MD5 of a file, as dvc.lock has it."""
    with open(path, "rb") as file:
        return file_digest(file, "md5").hexdigest()
