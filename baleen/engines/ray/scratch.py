"""Scratch files of one run beside the table it makes: what the workers write and others read.

They are named as the other temporary files of a target, so the next run deletes those of a killed one.
"""

import os
import pickle
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from baleen.tables.rows import Output, delete_leftovers


@dataclass(frozen=True)
class Scratch:
    """The scratch files of the process that makes a table."""

    target: Path
    process: int

    @classmethod
    def of(cls, target: Path) -> "Scratch":
        """Those of this process; what killed ones left is deleted."""
        target.parent.mkdir(parents=True, exist_ok=True)
        delete_leftovers(target)
        return cls(target, os.getpid())

    def path(self, kind: str, number: int) -> Path:
        return self.target.with_name(f".{self.target.stem}.{kind}-{number}.{self.process}.part")

    def save(self, kind: str, number: int, values: NDArray[Any]) -> None:
        with self.path(kind, number).open("wb") as file:
            np.save(file, values, allow_pickle=False)

    def load(self, kind: str, number: int, whole: bool = True) -> NDArray[Any]:
        """An array that was saved; not read but mapped into memory unless `whole`."""
        path = self.path(kind, number)
        found: NDArray[Any] = np.load(path, mmap_mode=None if whole else "r")
        return found

    def __enter__(self) -> "Scratch":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for path in self.target.parent.glob(f".{self.target.stem}.*-*.{self.process}.part"):
            path.unlink(missing_ok=True)


class Filed:
    """Rows that a worker keeps and drops, as a file that the process which makes the table reads back."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("wb")

    def keep_batch(self, batch: pa.RecordBatch) -> None:
        pickle.dump(("keep_batch", batch), self.file, protocol=5)

    def drop_batch(self, batch: pa.RecordBatch, reasons: pa.Array, counted: Iterable[str]) -> None:
        pickle.dump(("drop_batch", batch, reasons, Counter(counted)), self.file, protocol=5)

    def __enter__(self) -> "Filed":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()


def entries(path: Path) -> Iterator[Any]:
    """What was written to a file one after the other; then it is deleted."""
    with path.open("rb") as file:
        while file.peek(1):
            yield pickle.load(file)
    path.unlink()


def replay(path: Path, output: Output) -> None:
    """Keep and drop in a table what a worker has filed."""
    for call, *given in entries(path):
        getattr(output, call)(*given)
