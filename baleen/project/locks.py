"""Locks on files: one process at a time holds one; a second waits, or gets the name of the holder."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from pathlib import Path
from typing import IO

NUMBER = 10  # characters of a process's number, at the start of the file


def memo_folder() -> Path:
    """The folder of the memo."""
    return Path(os.environ.get("BALEEN_MEMO") or Path(os.environ.get("DVC_ROOT") or ".", ".memo"))


@contextmanager
def locked(path: Path, wait: Callable[[str], None] = lambda who: None) -> Iterator[None]:
    """Hold a file lock; when it is taken, `wait` is called once with the holder before waiting."""
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0) as file:
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            wait(holder(file))
            flock(file, LOCK_EX)
        # written over, since to cut the file short first waits for a second on a disk that is busy
        os.pwrite(file.fileno(), b"%-*d" % (NUMBER, os.getpid()), 0)
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


def holder(file: IO[bytes]) -> str:
    """'process 123', whose number the holder wrote into the file."""
    file.seek(0)
    return f"process {file.read().decode().strip() or 'unknown'}"
