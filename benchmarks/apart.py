"""Work in a process of its own, whose peak memory is its own."""

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")


def apart(work: Callable[..., Result], *given: object) -> Result:
    """What `work` returns in a new process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, given)


def peak_mb() -> float:
    """Peak resident memory of this process in MiB; that of getrusage begins with the peak of its parent."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
