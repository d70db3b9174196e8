"""A stage in a fork of the test, which has imported what takes long: it can be killed, and costs no start."""

import faulthandler
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from select import select

from baleen.project import command_line, preload

Main = Callable[[list[str]], None]


def fork_stage(main: Main, words: list[str], log: Path) -> int:
    """Run a stage in a fork with stderr in a file; its process id."""
    if not (child := os.fork()):
        os.dup2(os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC), 2)
        sys.stderr, sys.argv = os.fdopen(2, "w", buffering=1), ["stage", *words]
        preload.renew_threads()
        faulthandler.dump_traceback_later(900, exit=True)  # a fork may begin with a lock that nobody will open
        try:
            command_line.run(main)
        except SystemExit as end:
            os._exit(int(end.code or 0))
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(70)
    return child


def exit_code(child: int) -> int:
    """Exit code of a stage, negative when a signal ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_when(ready: Callable[[], bool], child: int) -> None:
    """Kill a stage as soon as `ready()`, which must be before it ends."""
    with os.fdopen(os.pidfd_open(child)) as end:
        while not ready():
            assert not select([end], [], [], 0.01)[0], "the stage ended before it was to be killed"
    os.kill(child, signal.SIGKILL)
    assert exit_code(child) == -signal.SIGKILL
