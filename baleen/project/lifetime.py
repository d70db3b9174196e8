"""Orphans: a process whose parent is killed ends at once, instead of working on for nobody."""

import ctypes
import os
import signal
import sys
from pathlib import Path
from select import select
from threading import Thread


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, however it ends (prctl PR_SET_PDEATHSIG, Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)


def die_with_dvc() -> None:
    """End with the DVC that runs this stage: killed, it would leave a stage that writes into the next build.

    DVC starts a stage in its own process group; a parent of another group has adopted a stage whose DVC is gone.
    Between the two stands a shell, unless it gives its place to the stage, as bash does and dash does not.
    """
    if "DVC_STAGE" not in os.environ:
        return
    parent = os.getppid()
    adopted(parent)
    die_with(parent)
    if shell(parent):
        dvc = above(parent)
        adopted(dvc)
        watch(dvc)


def adopted(parent: int) -> None:
    """End this process when one that should be above it is of another group, or gone."""
    try:
        orphan = os.getpgid(parent) != os.getpgid(0)
    except ProcessLookupError:
        orphan = True
    if orphan:
        sys.exit("baleen: the dvc that started this stage is gone; run dvc repro again")


def shell(pid: int) -> bool:
    """Whether a process is a shell that runs one command; not known without /proc."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return len(words) > 2 and words[0].endswith(b"sh") and words[1] == b"-c"


def above(pid: int) -> int:
    """The parent of a process; the first process of all when it is gone, as for one that is adopted."""
    return int((status(pid) or ["", "1"])[1])


def watch(pid: int) -> None:
    """Kill this process when another one ends that is not its parent."""
    try:
        end = os.pidfd_open(pid)
    except ProcessLookupError:
        os.kill(os.getpid(), signal.SIGKILL)

    def wait() -> None:
        select([end], [], [])
        os.kill(os.getpid(), signal.SIGKILL)

    Thread(target=wait, daemon=True).start()


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
    return status(pid)[:1] in (["Z"], ["X"])


def status(pid: int) -> list[str]:
    """State, parent and more of a process, as proc(5) has them after its name; nothing when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
