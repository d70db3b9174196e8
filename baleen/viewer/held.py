"""Held: the tables that are looked at, read once in the background and kept in memory.

A million rows of 130 words take 0.94 GB and are read in 2.5 processor seconds; a search of them then takes a third of
its time, a sort by length an eighth. What has no room is read from its file for each answer.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from baleen.project.machine import memory
from baleen.viewer.sources import footer

ROOM = 2 << 30  # bytes of all tables that are held; or a quarter of the memory, if that is less
PIECE = 250_000  # rows that are read or searched at once; pieces of 100,000 took 1.2 times as long
RECENT = 60.0  # seconds after the last look at a file during which it is not dropped for another one
PAUSE = 0.02  # seconds until the reading looks again whether nobody waits for an answer
NEAR = 2048  # rows that DuckDB looks at together
SPANS = 64  # of a page; with more, a look at all numbers takes less time than so many parts of a query
STRING = 16  # bytes of a text in memory beside its letters
Stamp = tuple[Path, int, int]


@dataclass
class Pieces:
    """The tables in memory that hold the first pieces of a file, in their order; when somebody last looked at it, and
    whether it has turned out to be too large."""

    names: list[str] = field(default_factory=list)
    wanted: float = field(default_factory=time.monotonic)
    too_large: bool = False


class Held:
    """Pieces of files in the memory of a database; `calm` says whether nobody waits for an answer."""

    def __init__(self, db: duckdb.DuckDBPyConnection, calm: Callable[[], bool], room: int | None = None) -> None:
        self.room = min(ROOM, memory() // 4) if room is None else room
        self._db, self._calm, self._closed = db, calm, False
        self._files = dict[Stamp, Pieces]()
        self._numbers = count()
        self._pool = ThreadPoolExecutor(1)
        self._lock = threading.Lock()

    def want(self, path: Path) -> None:
        """Begin to hold a file that is looked at, if there is room for it."""
        stamp = stamp_of(path)
        with self._lock:
            if stamp in self._files:
                self._files[stamp].wanted = time.monotonic()
            elif not self._closed:
                self._files[stamp] = Pieces()
                self._pool.submit(self._read, stamp)

    def table(self, path: Path) -> str:
        """A whole file as a table in SQL, with file_row_number."""
        names = self._names(path)
        if not names or len(names) * PIECE < footer(path)[0]:
            return in_file(path)
        return f"({' UNION ALL '.join(f'SELECT * FROM {name}' for name in names)})"

    def rows(self, path: Path, numbers: list[int]) -> str:
        """These rows of a file as a table in SQL, with file_row_number: a part of a query for all that lie together, so
        that pieces are not searched where none lies, which takes a quarter of the time."""
        names, spans = self._names(path), dict[tuple[int, int], list[int]]()
        for number in numbers:
            spans.setdefault((number // PIECE, number // NEAR), []).append(number)
        if len(spans) > SPANS or not all(number // PIECE < len(names) for number in numbers):
            return f"(SELECT * FROM {self.table(path)} WHERE {among(numbers)})"
        parts = [
            f"SELECT * FROM {names[piece]} WHERE file_row_number BETWEEN {min(some)} AND {max(some)} AND {among(some)}"
            for (piece, _), some in spans.items()
        ]
        return f"({' UNION ALL '.join(parts)})"

    def piece(self, path: Path, number: int) -> str:
        """A table in SQL that has at least the rows of a piece of a file, with file_row_number."""
        names = self._names(path)
        return names[number] if number < len(names) else in_file(path)

    def _names(self, path: Path) -> list[str]:
        with self._lock:
            return list(self._files.get(stamp_of(path), Pieces()).names)

    def _read(self, stamp: Stamp) -> None:
        """Read the pieces of a file, waiting while somebody waits for an answer."""
        path, pieces = stamp[0], self._files[stamp]
        if not self._has_room(bytes_of(path), stamp):
            return
        for start in range(0, footer(path)[0], PIECE):
            while not (self._calm() or self._closed):
                time.sleep(PAUSE)
            if self._closed or pieces.too_large:
                return
            name = f"held_{next(self._numbers)}"
            self._db.cursor().execute(f"CREATE TABLE {name} AS {piece_sql(path, start)}")
            pieces.names.append(name)
            if self.bytes() > self.room:
                pieces.too_large = True
                self._drop(pieces)

    def _has_room(self, size: int, stamp: Stamp) -> bool:
        """Whether so many bytes more can be held when those files are dropped that nobody has looked at for a while."""
        with self._lock:
            others = sorted((one for one in self._files if one != stamp), key=lambda one: self._files[one].wanted)
            old = [one for one in others if time.monotonic() - self._files[one].wanted > RECENT]
            while old and self.bytes() + size > self.room:
                self._drop(self._files.pop(old.pop(0)))
            if self.bytes() + size > self.room:
                del self._files[stamp]
            return stamp in self._files

    def _drop(self, pieces: Pieces) -> None:
        names, pieces.names = pieces.names, []
        for name in names:
            self._db.cursor().execute(f"DROP TABLE {name}")

    def bytes(self) -> int:
        """What the tables take."""
        sql = "SELECT memory_usage_bytes FROM duckdb_memory() WHERE tag = 'IN_MEMORY_TABLE'"
        return int((self._db.cursor().execute(sql).fetchone() or (0,))[0])

    def wait(self) -> None:
        """Wait until all is read that is to be held."""
        self._pool.submit(int).result()

    def close(self) -> None:
        """Read no more."""
        self._closed = True
        self._pool.shutdown(cancel_futures=True)


def stamp_of(path: Path) -> Stamp:
    """What differs when a file was written anew."""
    state = path.stat()
    return path, state.st_mtime_ns, state.st_size


def bytes_of(path: Path) -> int:
    """The least that a file takes in memory: texts that repeat are counted once a row group."""
    found, kinds = pq.read_metadata(path), footer(path)[1]
    groups = (found.row_group(number) for number in range(found.num_row_groups))
    columns = (group.column(at) for group in groups for at in range(group.num_columns))
    texts = sum(
        int(one.total_uncompressed_size) for one in columns if kinds.get(one.path_in_schema, "other") != "other"
    )
    return texts + STRING * int(found.num_rows) * len(kinds)


def in_file(path: Path) -> str:
    """A file as a table in SQL."""
    return f"read_parquet('{str(path).replace(chr(39), 2 * chr(39))}', file_row_number=true)"


def among(numbers: list[int]) -> str:
    """A test in SQL whether a row is one of these."""
    return f"file_row_number IN ({', '.join(str(int(n)) for n in numbers)})"


def quoted(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def piece_sql(path: Path, start: int) -> str:
    """The rows of a piece of a file; of columns that are neither text nor number, whether there is a value."""
    taken = [
        quoted(name) if kind != "other" else f"CASE WHEN {quoted(name)} IS NOT NULL THEN true END AS {quoted(name)}"
        for name, kind in footer(path)[1].items()
    ]
    where = f"file_row_number >= {start} AND file_row_number < {start + PIECE}"
    return f"SELECT {', '.join([*taken, 'file_row_number'])} FROM {in_file(path)} WHERE {where}"
