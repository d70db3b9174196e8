"""One process of a test worker that has imported torch: stages that tests run begin as copies of it, as in `make demo`.

It is started by the first test that runs a program in a project and imports nothing before the first stage connects.
"""

import atexit
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from baleen.project import preload
from baleen.training.processes import QUIET


@cache
def variables() -> dict[str, str]:
    """What the environment of a program holds so that its stages find the process; {} where there can be none."""
    if sys.platform != "linux":
        return {}
    folder = Path(mkdtemp(prefix="baleen-"))  # the name of a socket may have 107 bytes, too few for tmp_path
    command = [sys.executable, "-P", preload.__file__, str(folder / "door")]
    quiet = subprocess.DEVNULL
    env = {**QUIET, **os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}  # for projects that hold no code
    running = subprocess.Popen(command, cwd=folder, env=env, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet)
    assert running.stdout

    def end() -> None:
        running.kill()
        running.communicate()
        rmtree(folder, ignore_errors=True)

    atexit.register(end)
    running.stdout.readline()
    return {preload.DOOR: f"{sys.prefix}{os.pathsep}{folder / 'door'}"}
