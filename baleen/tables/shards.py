"""Shards: the splits of a dataset as files of at most so many rows, in the folders that the hub and trainers read.

data/<split>/<split>-00000-of-00002.parquet, or .jsonl with one row a line.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from baleen.tables.rows import BATCH, batches

ENDINGS = ("parquet", "jsonl")


class Shard(Protocol):
    """A file that is being written."""

    def write(self, table: list[dict[str, Any]]) -> None: ...
    def close(self) -> None: ...


class ParquetShard:
    """One file of Parquet."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.schema, self.file = schema, pq.ParquetWriter(path, schema)

    def write(self, table: list[dict[str, Any]]) -> None:
        self.file.write_table(pa.Table.from_pylist(table, schema=self.schema))

    def close(self) -> None:
        self.file.close()


class JsonlShard:
    """One file of JSON lines."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.names, self.file = schema.names, path.open("w", encoding="utf-8")

    def write(self, table: list[dict[str, Any]]) -> None:
        self.file.writelines(
            json.dumps({name: row[name] for name in self.names}, ensure_ascii=False) + "\n" for row in table
        )

    def close(self) -> None:
        self.file.close()


@dataclass
class Split:
    """One split of a dataset under a folder; its shards get their last names, which count them, when it is closed."""

    folder: Path
    name: str
    ending: str
    schema: pa.Schema
    rows_per_shard: int
    rows: int = 0
    shards: list[Path] = field(default_factory=list)
    _open: Shard | None = None
    _waiting: list[dict[str, Any]] = field(default_factory=list)

    @property
    def place(self) -> Path:
        return self.folder / "data" / self.name

    def add(self, row: dict[str, Any]) -> None:
        self._waiting.append(row)
        self.rows += 1
        if len(self._waiting) == BATCH or not self.rows % self.rows_per_shard:
            self.flush()
        if not self.rows % self.rows_per_shard:
            self.end_shard()

    def flush(self) -> None:
        """Write the rows that wait, which are all of one shard."""
        if not self._waiting:
            return
        if self._open is None:
            self.place.mkdir(parents=True, exist_ok=True)
            self.shards.append(self.place / f"{len(self.shards)}.{self.ending}")
            kind = ParquetShard if self.ending == "parquet" else JsonlShard
            self._open = kind(self.shards[-1], self.schema)
        self._open.write(self._waiting)
        self._waiting = []

    def end_shard(self) -> None:
        if self._open:
            self._open.close()
        self._open = None

    def close(self) -> None:
        self.flush()
        self.end_shard()
        count = len(self.shards)
        final = [self.place / f"{self.name}-{n:05}-of-{count:05}.{self.ending}" for n in range(count)]
        self.shards = [old.rename(new) for old, new in zip(self.shards, final, strict=True)]


def write_splits(splits: Iterable[Split], placed: Iterable[tuple[Split, dict[str, Any]]]) -> None:
    """Write every row into its split."""
    with ExitStack() as closing:
        for split in splits:
            closing.callback(split.close)
        for some in batches(placed, BATCH):
            for split, row in some:
                split.add(row)


def jsonl_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a shard of JSON lines."""
    with path.open(encoding="utf-8") as file:
        yield from (json.loads(line) for line in file)
