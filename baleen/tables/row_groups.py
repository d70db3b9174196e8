"""Row groups: a Parquet file written by groups of a fixed number of rows, so that equal rows give equal bytes."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


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


@dataclass
class RowGroups:
    """A file that is being written, by a thread, while the next rows are made: two groups at most wait in memory."""

    path: Path
    columns: pa.Schema
    length: int  # rows of a group
    _waiting: list[pa.RecordBatch] = field(default_factory=list)
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _written: Future[None] | None = None

    def __post_init__(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        leaves = [leaf for column in self.columns for leaf in repetitive(column.name, column.type)]
        kept = {"use_dictionary": leaves, "write_statistics": False}
        self._writer = pq.ParquetWriter(self.path, self.columns, compression="zstd", **kept)

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
        self._wait()
        self._written = self._thread.submit(self._writer.write_table, whole, row_group_size=self.length)

    def _wait(self) -> None:
        if self._written:
            self._written.result()

    def close(self) -> None:
        """Write what is left; a table without rows has its columns all the same."""
        if sum(map(len, self._waiting)):
            self._write(pa.Table.from_batches(self._waiting))
        self._wait()
        self._writer.close()

    def abandon(self) -> None:
        """End the thread and delete the file, unless it has been renamed."""
        self._thread.shutdown()
        self.path.unlink(missing_ok=True)
