"""Locks: one process at a time holds a file; a second one waits, or learns who holds it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from pathlib import Path
from typing import IO


def root() -> Path:
    """The folder of the memo."""
    return Path(os.environ.get("BALEEN_MEMO") or Path(os.environ.get("DVC_ROOT") or ".", ".memo"))


@contextmanager
def locked(path: Path, wait: Callable[[str], None] = lambda who: None) -> Iterator[None]:
    """Hold a file lock; `wait` is told once who holds it when it is not free."""
    with open(path, "a+", encoding="utf-8") as file:
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            wait(holder(file))
            flock(file, LOCK_EX)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            flock(file, LOCK_UN)


@contextmanager
def free(path: Path) -> Iterator[bool]:
    """Hold a file lock if nobody does, and say whether."""
    with open(path, "a+", encoding="utf-8") as file:
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            try:
                yield True
            finally:
                flock(file, LOCK_UN)


def holder(file: IO[str]) -> str:
    file.seek(0)
    return f"process {file.read().strip() or 'unknown'}"
