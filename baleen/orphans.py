"""Orphans: a process whose parent is killed ends at once, instead of working on for nobody."""

import ctypes
import os
import signal
import sys


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, however it ends (prctl PR_SET_PDEATHSIG, Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)


def die_with_dvc() -> None:
    """End with the DVC that runs this stage: killed, it would leave a stage that writes into the next build.

    DVC starts a stage in its own process group; a parent of another group has adopted a stage whose DVC is gone.
    """
    if "DVC_STAGE" not in os.environ:
        return
    parent = os.getppid()
    try:
        orphan = os.getpgid(parent) != os.getpgid(0)
    except ProcessLookupError:
        orphan = True
    if orphan:
        sys.exit("baleen: the dvc that started this stage is gone; run dvc repro again")
    die_with(parent)


def alive(pid: int) -> bool:
    """Whether a process of this machine is running; one that was killed and not yet waited for is not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not ended(pid)


def ended(pid: int) -> bool:
    """Whether a process has ended and only waits for its parent to notice; not known without /proc."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] in ("Z", "X")
    except (OSError, IndexError):
        return False
