"""Locks on files: one process at a time holds one; a second waits, or gets the name of the holder."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from pathlib import Path
from typing import IO


def memo_folder() -> Path:
    """The folder of the memo."""
    return Path(os.environ.get("BALEEN_MEMO") or Path(os.environ.get("DVC_ROOT") or ".", ".memo"))


@contextmanager
def locked(path: Path, wait: Callable[[str], None] = lambda who: None) -> Iterator[None]:
    """Hold a file lock; when it is taken, `wait` is called once with the holder before waiting."""
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
def try_lock(path: Path) -> Iterator[bool]:
    """Hold a file lock if it is free; yields whether it was."""
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
    """'process 123', whose number the holder wrote into the file."""
    file.seek(0)
    return f"process {file.read().strip() or 'unknown'}"
