"""Rows: plain dicts in memory, one Parquet table per target on disk, read and written in record batches.

Every row that enters a verb leaves it: kept in the table or in `<target>.dropped.parquet` with a reason, and counted
in `<target>.json`. A table is written under a temporary name and renamed at the end; equal rows give equal bytes.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from baleen.errors import Problem
from baleen.project import inputs
from baleen.project.inputs import unchanged
from baleen.project.lifetime import alive
from baleen.tables.row_groups import Places, RowGroups, ahead, first_places, fitting_table

T = TypeVar("T")
Row = dict[str, Any]
BATCH = 1024  # rows held in memory by a reader or a writer
LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # half of a surrogate pair, which no file can hold

TEXT, NUMBER = pa.string(), pa.float64()
SOURCE = pa.struct([("file", TEXT), ("position", pa.int64()), ("span", TEXT), ("licence", TEXT)])
STEP = ("target", "columns", "prompt", "model", "sampling", "key", "row")  # `row`: the id asked about in the input
LINEAGE = pa.list_(pa.struct([(k, TEXT) for k in STEP]))
GRADES = ("rating", "loss", "worst", "tokens", "probability", "mass", "gain", "reasons")  # what `score` writes
TYPES = {"id": TEXT, "origin": TEXT, "source": SOURCE, "constraints": pa.list_(TEXT), "lineage": LINEAGE} | {
    name: NUMBER for name in GRADES
}
TYPES |= {"vector": pa.list_(NUMBER), "reasons": TEXT}
TYPES |= {"kwargs": pa.list_(TEXT)}  # of verifiable instructions, each a JSON object


def row_id(*texts: str) -> str:
    """16 hex digits that depend only on the content, so that rebuilding or reordering never renames a row."""
    return sha256("\x1f".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def table_path(name: str) -> Path:
    """data/<name>.parquet for a target; a name with a slash or a suffix is taken as a path."""
    return Path(name) if "/" in name or name.endswith(".parquet") else Path("data", f"{name}.parquet")


def schema(path: Path, needs: Iterable[str] = ()) -> pa.Schema:
    """The columns of a table, read without its rows; a missing file or column is a Problem that names it."""
    if not inputs.reads(path).is_file():
        raise Problem(f"no table {path}; build it first with dvc repro, or check the name")
    try:
        found = pq.read_schema(path)
    except pa.ArrowInvalid as error:
        raise Problem(f"{path} is not a Parquet table ({error}); delete it and build it again") from None
    return require_columns(path, found, needs)


def require_columns(path: Path, columns: pa.Schema, needs: Iterable[str]) -> pa.Schema:
    """The schema unchanged; a Problem when a needed column is missing."""
    if missing := [column for column in needs if column not in columns.names]:
        raise Problem(f"{path} has no column {', '.join(missing)}; it has {', '.join(columns.names)}")
    return columns


def size(path: Path) -> int:
    """Number of rows, from the footer."""
    schema(path)
    return int(pq.read_metadata(path).num_rows)


def read(path: Path, needs: Iterable[str] = (), columns: Sequence[str] | None = None) -> Iterator[Row]:
    """Rows in file order, a batch in memory at a time."""
    schema(path, [*needs, *(columns or ())])
    for batch in read_batches(path, columns):
        yield from batch.to_pylist()


def read_batches(
    path: Path, columns: Sequence[str] | None = None, groups: Sequence[int] | None = None
) -> Iterator[pa.RecordBatch]:
    """The rows of a table, or of these row groups, as columns, at most BATCH rows at a time; a thread reads ahead."""
    with pq.ParquetFile(path, pre_buffer=False) as file:  # with it all that was read of the file stays in memory
        names, chosen = list(columns) if columns else None, None if groups is None else list(groups)
        yield from ahead(file.iter_batches(BATCH, chosen, names))


@dataclass(frozen=True)
class Table:
    """A table on disk that can be read more than once."""

    path: Path

    def __iter__(self) -> Iterator[Row]:
        return read(self.path)


def extend_schema(columns: pa.Schema, more: Mapping[str, pa.DataType]) -> pa.Schema:
    """A schema with columns added, or retyped where it has them already."""
    return pa.schema([*({field.name: field.type for field in columns} | dict(more)).items()])


def column_type(column: str, value: object) -> pa.DataType:
    """The declared type of a known column, else the type that the value suggests."""
    if column in TYPES:
        return TYPES[column]
    if isinstance(value, bool | int | float):
        return NUMBER
    if isinstance(value, list):
        return pa.list_(NUMBER if value and isinstance(value[0], int | float) else TEXT)
    return TEXT


@dataclass
class TableWriter:
    """One Parquet file being written; columns are fixed by the first batch and rows that differ are refused.

    `known` gives types of columns that the rows may have, where `columns` does not say which they have.
    """

    path: Path
    columns: pa.Schema | None = None
    known: pa.Schema | None = None
    rows: int = 0
    rest: Path | None = None  # a table whose rows come last
    _buffer: list[Row] = field(default_factory=list)
    _first: Places = field(default_factory=dict)
    _file: RowGroups | None = None

    @property
    def temporary(self) -> Path:
        return self.path.with_name(f".{self.path.name}.{os.getpid()}.part")

    def add(self, row: Row) -> None:
        self._buffer.append(row)
        self.rows += 1
        if len(self._buffer) >= BATCH:
            self.flush()

    def add_batch(self, batch: pa.RecordBatch) -> None:
        """Add rows that are given as columns; equal rows give equal bytes either way."""
        if self._buffer:
            self.flush()
        self.columns = self.columns or batch.schema
        self._open(self.columns).append([batch])
        self.rows += batch.num_rows

    def flush(self) -> None:
        """Write what is buffered; the first call fixes the schema."""
        if self.columns is None:
            self.columns = infer_schema(self._buffer, self.known)
            self._first = first_places(self._buffer, self.columns.names)
        table = fitting_table(self._buffer, self.columns, f"{self.path}", self._first)
        self._open(self.columns).append(table.to_batches())
        self._buffer = []

    def _open(self, columns: pa.Schema) -> RowGroups:
        self._file = self._file or RowGroups(self.temporary, columns, BATCH)
        return self._file

    def close(self) -> None:
        self.flush()
        assert self._file is not None
        self._file.close(self.rest)

    def abandon(self) -> None:
        """Delete the file, unless it has been renamed."""
        if self._file:
            self._file.abandon()
        self.temporary.unlink(missing_ok=True)  # Ctrl-C may come when it is created and not yet held here


def infer_schema(rows: Sequence[Row], known: pa.Schema | None = None) -> pa.Schema:
    """A schema from known types, declared types and the first value of each column that is not null."""
    firsts = {n: next((r[n] for r in rows if r.get(n) is not None), None) for n in (rows[0] if rows else ["id"])}
    given = {field.name: field.type for field in known or ()}
    return pa.schema(
        [(n, given[n] if n in given and fits_type(x, given[n]) else column_type(n, x)) for n, x in firsts.items()]
    )


def fits_type(value: object, kind: pa.DataType) -> bool:
    """Whether a value fits a type: a dropped row may still have a column in the type of an earlier step."""
    number = kind == NUMBER and isinstance(value, bool | int | float)
    return value is None or number or bool(pa.infer_type([value]).id == kind.id)


class Output:
    """The three files a verb writes: table, dropped rows with their reason, counts; all or none of them.

    Use it as a context manager; `keep` and `drop` rows, add figures to `notes`; nothing is left on an error.
    """

    def __init__(self, path: Path, columns: pa.Schema | None = None) -> None:
        self.path, self.notes = path, dict[str, Any]()
        self.kept = TableWriter(path, columns)
        self.dropped = TableWriter(path.with_suffix(".dropped.parquet"), known=columns)
        self.reasons = Counter[str]()
        self.flawed = Counter[str]()  # rows kept in spite of a reply that could not be read

    def keep(self, row: Row) -> None:
        self.kept.add(row)

    def keep_batch(self, batch: pa.RecordBatch) -> None:
        """Keep rows that are given as columns, which are those of the table."""
        self.kept.add_batch(batch)

    def keep_last(self, path: Path) -> None:
        """Keep the rows of a table after all others, its row groups as they lie in its file."""
        self.kept.rest = path
        self.kept.rows += size(path)

    def drop_batch(self, batch: pa.RecordBatch, reasons: pa.Array, counted: Iterable[str]) -> None:
        """Write dropped rows that are given as columns, each with its reason; `counted` has its name in the counts,
        or how many rows each name has."""
        columns = dict(zip(batch.schema.names, batch.columns, strict=True)) | {"reason": reasons}
        self.dropped.add_batch(pa.RecordBatch.from_pydict(columns))
        self.reasons.update(counted)

    def drop(self, row: Row, reason: str, counted: str = "") -> None:
        """Write a dropped row with its reason; `counted` is the name in the counts when the reason has details."""
        self.dropped.add(row | {"reason": reason})
        self.reasons[counted or reason] += 1

    def require_rows(self, where: str, advice: str) -> None:
        """A Problem when no row is kept: no later target could be built."""
        if not self.kept.rows:
            reasons = ", ".join(f"{n} {why}" for why, n in self.reasons.most_common(5)) or "the input is empty"
            raise Problem(f"{where}: no row is left of {self.dropped.rows} ({reasons}); {advice}")

    def counts(self) -> dict[str, Any]:
        whole = {"rows_in": self.kept.rows + self.dropped.rows, "rows_out": self.kept.rows}
        flawed = {"kept_unread": dict(sorted(self.flawed.items()))} if self.flawed else {}
        return whole | {"dropped": dict(sorted(self.reasons.items()))} | flawed | self.notes

    def __enter__(self) -> "Output":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        sinks = (self.kept, self.dropped)
        try:
            if kind is None:
                if self.dropped.columns is None and not self.dropped.rows:
                    self.dropped.columns = dropped_schema()
                for sink in sinks:
                    sink.close()
                unchanged()
                write_json(self.path.with_suffix(".json"), self.counts())
                for sink in sinks:
                    os.replace(sink.temporary, sink.path)
        finally:
            for sink in sinks:
                sink.abandon()


def dropped_schema() -> pa.Schema:
    """The columns of a table of dropped rows that has no rows."""
    return pa.schema([("id", TEXT), ("reason", TEXT)])


def write_json(path: Path, value: object) -> None:
    """Write JSON by rename, so that a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    delete_leftovers(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def delete_leftovers(path: Path) -> None:
    """Delete temporary files of killed runs beside a target."""
    for part in path.parent.glob(f".{path.stem}.*.part"):
        pid = part.name.split(".")[-2]
        if pid.isdigit() and not alive(int(pid)):
            part.unlink(missing_ok=True)


def write(name: str, rows: Iterable[Row]) -> None:
    """Write a small table at once."""
    with Output(table_path(name)) as output:
        for row in rows:
            output.keep(row)


def batches(items: Iterable[T], length: int) -> Iterator[list[T]]:
    """Lists of at most `length` items, in order."""
    left = iter(items)
    return iter(lambda: list(islice(left, length)), [])
