"""Engine: questions about tables of any size, each answered in a moment or in the background.

What takes long (a sort, a search) is done once in a thread and kept as an array of row numbers, 8 bytes a row, so that
the next page of the same rows is a slice.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass, field, is_dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from baleen.viewer.held import Held

Array = NDArray[Any]
WAIT = 0.4  # seconds that an answer waits for a work; then it says how far the work is
KEPT = 1 << 30  # bytes of results; those that nobody wanted for longest are forgotten first
FORGOTTEN = 5.0  # seconds without a question after which an unfinished work is given up
SETTINGS = (
    "temp_directory=''",  # nothing is written but labels
    "autoinstall_known_extensions=false",
    "autoload_known_extensions=false",
    "parquet_metadata_cache=true",
    "allocator_background_threads=true",  # what is dropped goes back to the system
    "lock_configuration=true",
)


class Pending(Exception):
    """A work that is not done yet; `share` of it is, and `rows` are those found so far."""

    def __init__(self, share: float, rows: Array) -> None:
        super().__init__(f"{100 * share:.0f} % done")
        self.share, self.rows = share, rows


class GivenUp(Exception):
    """A work that nobody has wanted for a while."""


@dataclass
class Work:
    """Something that is being computed: how much of it is done, the row numbers found so far, and when somebody last
    wanted it."""

    share: float = 0.0
    parts: list[Array] = field(default_factory=list)
    wanted: float = field(default_factory=time.monotonic)
    future: Future[Any] = field(default_factory=Future)

    def report(self, share: float, part: Array) -> None:
        """Note progress; ends the work when nobody wants it any more."""
        self.parts.append(part)
        self.share = share
        if time.monotonic() - self.wanted > FORGOTTEN:
            raise GivenUp


def succeeded(future: Future[Any]) -> bool:
    """Whether a work has ended with a result."""
    return future.done() and not future.cancelled() and future.exception() is None


def size_of(result: Any) -> int:
    """The bytes of the arrays in a result."""
    if isinstance(result, np.ndarray):
        return result.nbytes
    parts = result if isinstance(result, tuple) else [*vars(result).values()] if is_dataclass(result) else []
    return sum(size_of(part) for part in parts)


def in_order(values: Array) -> Array:
    """The places of values from the smallest on, equal ones in their order. numpy's stable sort takes twice as long."""
    places = np.argsort(values)
    ordered = values[places]
    new = np.append(True, ordered[1:] != ordered[:-1])[: len(values)]
    if new.all():
        return places
    runs = np.cumsum(new) * len(values)
    found: Array = np.sort(runs + places) - runs
    return found


class Engine:
    """DuckDB with a cache of works, and tables in memory."""

    def __init__(self, wait: float = WAIT, room: int | None = None) -> None:
        self.wait = wait
        self._db = duckdb.connect(":memory:")
        for setting in SETTINGS:
            self._db.execute(f"SET {setting}")
        self._pool = ThreadPoolExecutor(2)
        self._works = OrderedDict[Hashable, Work]()
        self._lock = threading.Lock()
        self.held = Held(self._db, self._calm, room)

    def _calm(self) -> bool:
        """Whether nothing is being computed."""
        with self._lock:
            return all(work.future.done() for work in self._works.values())

    def query(self, sql: str, values: list[Any], **tables: pa.Table) -> "duckdb.DuckDBPyConnection":
        """A result to be fetched; every question has a connection of its own, as threads ask at once. `tables` are
        such as this question alone may name."""
        cursor = self._db.cursor()
        for name, table in tables.items():
            cursor.register(name, table)
        return cursor.execute(sql, values)

    def numbers(self, sql: str, values: list[Any], **tables: pa.Table) -> Array:
        """The first column of a result as whole numbers."""
        [column] = self.query(sql, values, **tables).fetchnumpy().values()
        return np.asarray(column, dtype=np.int64)

    def start(self, key: Hashable, compute: Callable[[Work], Any]) -> Work:
        """The work of a key, begun if it is new, was given up or failed."""
        with self._lock:
            work = self._works.get(key)
            if work is None or (work.future.done() and work.future.exception()):
                work = self._works[key] = Work()
                work.future = self._pool.submit(compute, work)
            work.wanted = time.monotonic()
            self._works.move_to_end(key)
            self._forget()
            return work

    def _forget(self) -> None:
        """Forget old results, but never the last one."""
        sizes = {key: size_of(work.future.result()) for key, work in self._works.items() if succeeded(work.future)}
        for key in [*sizes][:-1]:
            if sum(sizes.values()) <= KEPT:
                return
            del self._works[key], sizes[key]

    def result(self, key: Hashable, compute: Callable[[Work], Any]) -> Any:
        """What `compute` returns, computed once for a key; Pending when it takes longer than an answer may."""
        work = self.start(key, compute)
        try:
            return work.future.result(self.wait)
        except (TooLate, GivenUp):
            raise Pending(work.share, np.concatenate([*work.parts, np.zeros(0, np.int64)])) from None

    def ready(self, works: list[Work]) -> None:
        """Wait until all works are done; Pending when they take longer than an answer may."""
        done, late = wait([work.future for work in works], self.wait)
        if late:
            raise Pending(len(done) / len(works), np.zeros(0, np.int64))

    def close(self) -> None:
        self.held.close()
        self._pool.shutdown(cancel_futures=True)
        self._db.close()
