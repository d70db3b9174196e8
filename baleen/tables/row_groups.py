"""Row groups: a Parquet file written by groups of a fixed number of rows, so that equal rows give equal bytes.

Rows that do not go into one table are refused with the places that they are from.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from baleen.errors import Problem
from baleen.tables import footers

T = TypeVar("T")
Places = dict[str, str]  # where the type of each column was decided; under '' where the first row is from
DEPTH = 4  # batches that are read ahead, and groups that wait to be written, where they are not
LARGE = 1 << 23  # bytes or more: then one alone


def place_of(row: dict[str, Any]) -> str:
    """' in <file>:<position>' for a row that says where it is from, else ''."""
    source = row.get("source")
    if isinstance(source, dict) and source.keys() >= {"file", "position"}:
        return f" in {source['file']}:{source['position']}"
    return ""


def first_places(rows: Sequence[dict[str, Any]], names: Iterable[str]) -> Places:
    """The places of the first row and of the first value of each column that is not null."""
    firsts = {name: next((row for row in rows if row.get(name) is not None), {}) for name in names}
    return {name: place_of(row) for name, row in firsts.items()} | {"": place_of(rows[0]) if rows else ""}


def fitting_table(rows: Sequence[dict[str, Any]], columns: pa.Schema, path: str, places: Places) -> pa.Table:
    """The rows as a table; a Problem for one that has other columns, or a value that does not fit its column."""
    names = set(columns.names)
    if odd := next((row for row in rows if row.keys() != names), None):
        here = f"{sorted(columns.names)}{places.get('', '')} and {sorted(odd)}{place_of(odd)}"
        raise Problem(f"{path}: rows differ in columns, {here}")
    try:
        if has_text_for_list(rows, columns):
            raise pa.ArrowTypeError
        return pa.Table.from_pylist(rows, schema=columns)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        raise Problem(f"{path}: a value does not fit its column, {misfit(rows, columns, places)}") from None


def misfit(rows: Sequence[dict[str, Any]], columns: pa.Schema, places: Places) -> str:
    """What to say of rows of which one has a value that does not fit its column."""
    odd = ((name, row) for row in rows for name in columns.names if not fits_column(row[name], columns.field(name)))
    name, row = next(odd, (columns.names[0], rows[0]))
    kind, value = columns.field(name).type, f"{type(row[name]).__name__} {str(row[name])[:60]!r}"
    return f"{name} is {kind}{places.get(name, '')} and {value}{place_of(row)}; map another field, or make two tables"


def has_text_for_list(rows: Sequence[dict[str, Any]], columns: pa.Schema) -> bool:
    """Whether a text stands in a column of lists: Arrow would make a list of its characters."""
    lists = [column.name for column in columns if pa.types.is_list(column.type)]
    return any(isinstance(row[name], str) for name in lists for row in rows)


def fits_column(value: object, column: pa.Field) -> bool:
    if isinstance(value, str) and pa.types.is_list(column.type):
        return False
    try:
        pa.array([value], column.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return False
    return True


def repetitive(name: str, kind: pa.DataType) -> Iterator[str]:
    """The leaves of a column whose values repeat: the texts in lists and structs, such as steps of a lineage. A
    dictionary of other texts costs time and saves nothing."""
    if pa.types.is_struct(kind):
        for part in kind:
            yield from repetitive(f"{name}.{part.name}", part.type)
    elif pa.types.is_list(kind):
        yield from repetitive(f"{name}.list.element", kind.value_type)
    elif pa.types.is_string(kind) and ("." in name or name == "origin"):
        yield name


def writer(where: Path | BinaryIO, columns: pa.Schema) -> pq.ParquetWriter:
    """A writer of a table with these columns."""
    leaves = [leaf for column in columns for leaf in repetitive(column.name, column.type)]
    return pq.ParquetWriter(where, columns, compression="zstd", use_dictionary=leaves, write_statistics=False)


def fits(path: Path, columns: pa.Schema) -> bool:
    """Whether the row groups of a file can stand in a table with these columns as they are."""
    empty = BytesIO()
    writer(empty, columns).close()
    with path.open("rb") as file:
        mine, theirs = footers.read_footer(file), footers.read_footer(empty)
    return mine is not None and theirs is not None and mine.fits(theirs)


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The items, made by a thread while those before them are used: at most DEPTH of them, and one of large ones."""
    with ThreadPoolExecutor(1) as thread:
        coming = deque([thread.submit(next, items, None)])
        while (item := coming.popleft().result()) is not None:
            depth = DEPTH if getattr(item, "nbytes", LARGE) < LARGE else 1
            while len(coming) < depth:
                coming.append(thread.submit(next, items, None))
            yield item


@dataclass
class RowGroups:
    """A file that is being written, by a thread, while the next rows are made: at most DEPTH groups wait in memory, and
    one where they are large."""

    path: Path
    columns: pa.Schema
    length: int  # rows of a group
    _waiting: list[pa.RecordBatch] = field(default_factory=list)
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _written: deque[Future[None]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = writer(self.path, self.columns)

    def append(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Write the groups that are full; fewer rows than that wait for more."""
        self._waiting += batches
        if sum(map(len, self._waiting)) >= self.length:
            rows = pa.Table.from_batches(self._waiting)
            whole = rows.num_rows - rows.num_rows % self.length
            self._write(rows.slice(0, whole))
            self._waiting = rows.slice(whole).to_batches()

    def _write(self, rows: pa.Table) -> None:
        whole = rows.combine_chunks()  # here, because the thread that compresses has most to do
        self._wait(0 if whole.nbytes >= LARGE else DEPTH - 1)
        self._written.append(self._thread.submit(self._writer.write_table, whole, row_group_size=self.length))

    def _wait(self, most: int) -> None:
        """Wait until no more than so many groups are to be written."""
        while len(self._written) > most:
            self._written.popleft().result()

    def close(self, rest: Path | None = None) -> None:
        """Write what is left, then the row groups of another file; a table without rows has its columns all the
        same."""
        if sum(map(len, self._waiting)):
            self._write(pa.Table.from_batches(self._waiting))
        self._wait(0)
        self._writer.close()
        if rest:
            footers.append_file(self.path, rest)

    def abandon(self) -> None:
        """End the thread and delete the file, unless it has been renamed."""
        self._thread.shutdown(cancel_futures=True)
        self.path.unlink(missing_ok=True)
