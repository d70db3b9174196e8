"""Lifetime: a process whose parent is killed ends at once."""

import ctypes
import os
import signal
import sys
from pathlib import Path
from select import select
from threading import Thread

BUILD = "BALEEN_BUILD"  # the process of DVC that runs this stage, and when it began


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
    parent = dvc = os.getppid()
    exit_if_orphaned(parent)
    die_with(parent)
    if is_command_shell(parent):
        dvc = parent_of(parent)
        exit_if_orphaned(dvc)
        die_with_other(dvc)
    os.environ.setdefault(BUILD, f"{dvc}-{''.join(process_status(dvc)[19:20])}")


def exit_if_orphaned(parent: int) -> None:
    """End this process when its expected ancestor is of another process group, or gone."""
    try:
        orphan = os.getpgid(parent) != os.getpgid(0)
    except ProcessLookupError:
        orphan = True
    if orphan:
        sys.exit("baleen: the dvc that started this stage is gone; run dvc repro again")


def is_command_shell(pid: int) -> bool:
    """Whether a process is a shell that runs one command; False without /proc."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return len(words) > 2 and words[0].endswith(b"sh") and words[1] == b"-c"


def parent_of(pid: int) -> int:
    """The parent of a process; 1 (init) when the process is gone, as for an orphan."""
    return int((process_status(pid) or ["", "1"])[1])


def die_with_other(pid: int) -> None:
    """Kill this process when another one, not its parent, ends."""
    try:
        end = os.pidfd_open(pid)
    except ProcessLookupError:
        os.kill(os.getpid(), signal.SIGKILL)

    def kill_after_end() -> None:
        select([end], [], [])
        os.kill(os.getpid(), signal.SIGKILL)

    Thread(target=kill_after_end, daemon=True).start()


def alive(pid: int) -> bool:
    """Whether a process of this machine is running; one that was killed and not yet waited for is not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not has_ended(pid)


def has_ended(pid: int) -> bool:
    """Whether a process is a zombie (ended, not yet waited for); False without /proc."""
    return process_status(pid)[:1] in (["Z"], ["X"])


def process_status(pid: int) -> list[str]:
    """State, parent and more of a process, the fields of /proc/<pid>/stat after its name; [] when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
